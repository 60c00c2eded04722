//go:build !windows

package main

import (
	"os"
	"strings"
)

// systemLanguage is the person's language as the system says, "de_DE.UTF-8".
func systemLanguage() string {
	return strings.ReplaceAll(first(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")), "_", "-")
}
