// Command parley is the desktop program: it opens the window, or with
// --headless makes calls without one.
package main

import (
	"context"
	"os"

	"parley/app/internal/console"
	_ "parley/app/internal/plain" // before Fyne looks at the environment
)

func main() {
	console.Attach()
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
