// Command parley is the desktop program: it opens the window, or with
// --headless makes calls without one.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
