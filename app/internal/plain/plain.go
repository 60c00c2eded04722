// Package plain spares the person the complaint of Fyne about the plain
// language of a system that has none: with LANG=C.UTF-8, the default of
// containers and of Debian's minimal images, every start, even of --version,
// would print three lines about a "user locale C".
//
// Fyne reads the environment while its package lang is initialised, before
// main. This package is imported for its init, which comes first: packages are
// initialised in the order of their import paths as soon as all that they
// import is (Go specification, "Program initialization"). This one needs os
// alone, Fyne's needs os and text/template, which sorts behind "parley".
package plain

import (
	"os"
	"strings"
)

func init() {
	if l, ok := languages(os.Getenv); ok {
		_ = os.Setenv("LANGUAGE", l) // at worst the three lines
	}
}

// languages is what $LANGUAGE has to be so that no language in it is the plain
// one; ok is false if it can stay as it is. $LANGUAGE says what messages are
// written in and nothing else: letters and the keyboard follow the others.
func languages(getenv func(string) string) (l string, ok bool) {
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale = getenv(name); locale != "" {
			break
		}
	}
	was := getenv("LANGUAGE")
	if locale == "C" || locale == "POSIX" || locale == "" && was == "" {
		return "", false // Fyne looks no further and takes English
	}
	if was == "" {
		was = locale
	}
	var kept []string
	for l := range strings.SplitSeq(was, ":") {
		if name, _, _ := strings.Cut(l, "."); name != "C" && name != "POSIX" && name != "" {
			kept = append(kept, l)
		}
	}
	if len(kept) == 0 {
		kept = []string{"en"}
	}
	l = strings.Join(kept, ":")
	return l, l != was
}
