package manual

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// File is a settings file that a program reads: its page is in section 5.
type File struct {
	Name     string // of the page, as in parleyd.toml
	Summary  string // one line, for apropos
	Intro    []string
	Groups   []Group
	Sections []Section // after the settings, in their order
}

// Group is a part of a settings file.
type Group struct {
	Title    string // of the part of the page
	Lines    []string
	Settings []Setting
}

// Setting is a key of a settings file.
type Setting struct {
	Key     string
	Value   string // how it is written, as in "ADDR" with its quotes
	Meaning string
	Default string // as it is written; "": none that the page tells
}

func man5(f *File, p Page) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`.TH %s 5 "%s" "%s %s" "Parley"`, roff(strings.ToUpper(f.Name)), p.Date, f.Name, p.Version)
	line(".SH NAME\n%s \\- %s", roff(f.Name), roff(f.Summary))
	line(".SH DESCRIPTION")
	for i, t := range f.Intro {
		if i > 0 {
			line(".PP")
		}
		line("%s", roff(t))
	}
	for _, g := range f.Groups {
		line(".SH %s", strings.ToUpper(roff(g.Title)))
		for i, t := range g.Lines {
			if i > 0 {
				line(".PP")
			}
			line("%s", roff(t))
		}
		for _, s := range g.Settings {
			line(".TP\n\\fB%s\\fR = %s", roff(s.Key), roff(s.Value))
			line("%s", roff(s.Meaning))
			if s.Default != "" {
				line("Default: %s.", roff(s.Default))
			}
		}
	}
	sections(&b, f.Sections)
	return b.String()
}

// Groups are the keys of a TOML file that stands for flags: those whose first
// word others have as well are in a table of that name, first in the file are
// the rest.
func Groups(flags []*kong.Flag) []Group {
	count := map[string]int{}
	for _, f := range flags {
		if table, _, ok := strings.Cut(f.Name, "-"); ok {
			count[table]++
		}
	}
	groups := []Group{{Title: "First in the file"}}
	at := map[string]int{}
	for _, f := range flags {
		table, key, ok := strings.Cut(f.Name, "-")
		if !ok || count[table] < 2 {
			table, key = "", f.Name
		} else if at[table] == 0 {
			at[table] = len(groups)
			groups = append(groups, Group{Title: "Table [" + table + "]"})
		}
		g := &groups[at[table]]
		g.Settings = append(g.Settings, setting(key, f))
	}
	return groups
}

// setting tells of a flag as the key of a file.
func setting(key string, f *kong.Flag) Setting {
	s := Setting{Key: key, Meaning: inFile(f.Help), Default: f.Default}
	text := func(s string) string { return `"` + s + `"` }
	holder, _, _ := strings.Cut(strings.TrimSuffix(value(f), "..."), ";")
	holder = strings.TrimSuffix(holder, ",")
	_, custom := f.Target.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case f.IsBool():
		s.Value = "true or false"
		if s.Default == "" {
			s.Default = "false"
		}
	case len(enum(f)) > 0:
		words := enum(f)
		for i := range words {
			words[i] = text(words[i])
		}
		s.Value = strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
		s.Default = text(f.Default)
	case f.Target.Kind() == reflect.Slice:
		s.Value = "[" + text(holder) + ", ...]"
		if f.Default != "" {
			s.Default = `["` + strings.ReplaceAll(f.Default, ",", `", "`) + `"]`
		}
	case f.Target.CanInt() && !custom && f.Target.Type() != reflect.TypeFor[time.Duration]():
		s.Value = holder
	default:
		s.Value = text(holder)
		if f.Default != "" && f.Default != "0" {
			s.Default = text(f.Default)
		}
	}
	return s
}

var (
	negation = regexp.MustCompile(`--no-([a-z][a-z-]*[a-z])`)
	dashes   = regexp.MustCompile(`--([a-z][a-z-]*[a-z])`)
)

// inFile writes --turn-secret as turn-secret, which a file may have as well.
func inFile(help string) string {
	return dashes.ReplaceAllString(negation.ReplaceAllString(help, "$1 = false"), "$1")
}
