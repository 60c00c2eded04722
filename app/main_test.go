package main

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	// Whole programs wait for services and people here, not for the processor.
	_ = flag.Set("test.parallel", "8") // a flag of the command line counts more
	os.Exit(m.Run())
}
