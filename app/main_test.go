package main

import (
	"context"
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "--graphics" { // as --diagnose asks for it
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	// Whole programs wait for services and people here, not for the processor.
	_ = flag.Set("test.parallel", "8") // a flag of the command line counts more
	os.Exit(m.Run())
}
