package main

import (
	"os"
	"strings"

	"golang.org/x/sys/windows"
)

// systemLanguage is the language that the person reads Windows in, "de-DE",
// unless $LANG names another.
func systemLanguage() string {
	if l := first(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")); l != "" {
		return strings.ReplaceAll(l, "_", "-")
	}
	names, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil || len(names) == 0 {
		return "en" // every Windows has one; what the program was written in
	}
	return names[0]
}
