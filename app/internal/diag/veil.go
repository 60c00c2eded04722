package diag

import (
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Veil takes out of a text what says whose computer it is from: names of
// people, of the computer, of the login, and the home folder.
type Veil struct {
	home  string
	names []*regexp.Regexp // longest first
}

// shortest is how long a name has to be to be looked for: shorter ones are
// parts of everything.
const shortest = 3

// NewVeil hides home (as ~) and names, each as a whole and by its words.
func NewVeil(home string, names ...string) *Veil {
	v := &Veil{}
	if home != "" && home != string(filepath.Separator) {
		v.home = filepath.Clean(home)
	}
	var all []string
	for _, n := range names {
		for _, part := range append(strings.Fields(n), strings.TrimSpace(n)) {
			part = strings.Trim(part, ",;()")
			if utf8.RuneCountInString(part) >= shortest && !slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, part) }) {
				all = append(all, part)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	for _, n := range all {
		v.names = append(v.names, regexp.MustCompile("(?i)"+regexp.QuoteMeta(n)))
	}
	return v
}

// OfThisComputer is a veil over this login and this computer, and more names.
func OfThisComputer(names ...string) *Veil {
	home, _ := os.UserHomeDir()
	if host, err := os.Hostname(); err == nil && host != "localhost" {
		short, _, _ := strings.Cut(host, ".")
		names = append(names, host, short)
	}
	if u, err := user.Current(); err == nil {
		full, _, _ := strings.Cut(u.Name, ",") // GECOS: name, room, telephone
		_, login, domain := strings.Cut(u.Username, `\`)
		if !domain {
			login = u.Username
		}
		names = append(names, u.Username, login, full)
	}
	return NewVeil(home, names...)
}

// Over returns text with what is hidden replaced.
func (v *Veil) Over(text string) string {
	if v.home != "" {
		text = replaceWords(text, regexp.MustCompile(regexp.QuoteMeta(v.home)), "~")
	}
	for _, n := range v.names {
		text = replaceWords(text, n, "…")
	}
	return text
}

// replaceWords replaces matches that are no part of a longer word.
func replaceWords(text string, re *regexp.Regexp, with string) string {
	var out strings.Builder
	at := 0
	for _, m := range re.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:m[0]])
		after, _ := utf8.DecodeRuneInString(text[m[1]:])
		if inWord(before) || inWord(after) {
			continue
		}
		out.WriteString(text[at:m[0]])
		out.WriteString(with)
		at = m[1]
	}
	return out.String() + text[at:]
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
