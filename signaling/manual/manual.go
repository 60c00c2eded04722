// Package manual writes what packages bring along for a program's command line:
// its man page, that of its settings file, and completions for bash, zsh and
// fish. All of it comes from the flags and keys themselves, so it cannot fall
// behind them.
package manual

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Page is what a man page says beyond the flags.
type Page struct {
	Section  int
	Summary  string // one line, for apropos
	Version  string
	Date     string    // yyyy-mm-dd
	Sections []Section // after the flags, in their order
	File     *File     // for the kind man5
}

// Section is a part of a page: paragraphs, or tagged ones as "name\tmeaning".
type Section struct {
	Title string
	Lines []string
	Code  bool // Lines are a file's, kept as they are
}

// Kinds are the values of Write's kind: man is the page of the program, man5
// that of its settings file, the others are shells.
func Kinds() []string { return []string{"man", "man5", "bash", "zsh", "fish"} }

// Write writes one of Kinds for a program. The error is the writer's, or says
// that the kind is not known.
func Write(w io.Writer, kind string, app *kong.Application, p Page) error {
	var text string
	switch kind {
	case "man":
		text = man(app, p)
	case "man5":
		if p.File == nil {
			return fmt.Errorf("%s has no settings file", app.Name)
		}
		text = man5(p.File, p)
	case "bash":
		text = bash(app)
	case "zsh":
		text = zsh(app)
	case "fish":
		text = fish(app)
	default:
		return fmt.Errorf("%q is not one of %s", kind, strings.Join(Kinds(), ", "))
	}
	_, err := io.WriteString(w, text)
	return err
}

// command is a command with the words that lead to it.
type command struct {
	path []string // empty: the program itself
	node *kong.Node
}

// commands lists the program and all its commands that are not hidden.
func commands(app *kong.Application) []command {
	var out []command
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		out = append(out, command{path, n})
		for _, c := range n.Children {
			if !c.Hidden && c.Type == kong.CommandNode {
				walk(c, append(slices.Clone(path), c.Name))
			}
		}
	}
	walk(app.Node, nil)
	return out
}

// flags are those of a node that are not hidden, with the negation of those
// that have one.
func flags(n *kong.Node) []*kong.Flag {
	var out []*kong.Flag
	for _, f := range n.Flags {
		if !f.Hidden {
			out = append(out, f)
		}
	}
	return out
}

// names are how a flag is written, the long way first.
func names(f *kong.Flag) []string {
	out := []string{"--" + f.Name}
	if f.Tag != nil && f.Tag.Negatable != "" {
		out = append(out, "--no-"+f.Name)
	}
	if f.Short != 0 {
		out = append(out, "-"+string(f.Short))
	}
	return out
}

// enum are the values that a flag can have, or nil.
func enum(f *kong.Flag) []string {
	if f.Enum == "" {
		return nil
	}
	return f.EnumSlice()
}

// value is what stands for a flag's value: "" if it has none.
func value(f *kong.Flag) string {
	if f.IsBool() {
		return ""
	}
	if f.PlaceHolder != "" {
		return f.PlaceHolder
	}
	return strings.ToUpper(f.Name)
}

// isFile reports whether a flag or argument takes the name of a file or folder.
func isFile(placeholder string) bool {
	return placeholder == "FILE" || placeholder == "DIR"
}

func man(app *kong.Application, p Page) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`.TH %s %d "%s" "%s %s" "Parley"`, strings.ToUpper(app.Name), p.Section, p.Date, app.Name, p.Version)
	line(".SH NAME")
	line(`%s \- %s`, app.Name, roff(p.Summary))
	line(".SH SYNOPSIS")
	for i, c := range commands(app) {
		if len(c.node.Children) > 0 && len(c.path) > 0 {
			continue
		}
		if i > 0 {
			line(".br")
		}
		var args strings.Builder
		for _, a := range c.node.Positional {
			if a.Required {
				fmt.Fprintf(&args, ` \fI%s\fR`, roff(strings.ToUpper(a.Name)))
			} else {
				fmt.Fprintf(&args, ` [\fI%s\fR]`, roff(strings.ToUpper(a.Name)))
			}
		}
		line(`.B %s`, roff(strings.Join(append([]string{app.Name}, c.path...), " ")))
		line(`[\fIflags\fR]%s`, args.String())
	}
	line(".SH DESCRIPTION")
	line("%s", roff(app.Help))
	writeFlags := func(n *kong.Node) {
		for _, f := range flags(n) {
			if f.Name == "help" {
				continue
			}
			line(".TP")
			var forms []string
			for _, name := range names(f) {
				form := `\fB` + roff(name) + `\fR`
				if v := value(f); v != "" && strings.HasPrefix(name, "--") {
					form += `=\fI` + roff(v) + `\fR`
				}
				forms = append(forms, form)
			}
			line("%s", strings.Join(forms, ", "))
			help := f.Help
			if f.HasDefault && f.Default != "" && !f.IsBool() {
				help += " Default: " + f.Default + "."
			}
			line("%s", roff(help))
		}
	}
	all := commands(app)
	line(".SH OPTIONS")
	writeFlags(app.Node)
	if len(all) > 1 {
		line(".SH COMMANDS")
		for _, c := range all[1:] {
			line(".SS %s", roff(strings.Join(c.path, " ")))
			line("%s", roff(c.node.Help))
			for _, a := range c.node.Positional {
				line(".TP\n\\fI%s\\fR\n%s", roff(strings.ToUpper(a.Name)), roff(a.Help))
			}
			writeFlags(c.node)
		}
	}
	sections(&b, p.Sections)
	return b.String()
}

// sections writes parts of a page.
func sections(b *strings.Builder, all []Section) {
	for _, s := range all {
		fmt.Fprintf(b, ".SH %s\n", strings.ToUpper(roff(s.Title)))
		if s.Code {
			b.WriteString(".nf\n")
			for _, t := range s.Lines {
				fmt.Fprintf(b, "%s\n", roff(t))
			}
			b.WriteString(".fi\n")
			continue
		}
		for i, t := range s.Lines {
			if tag, meaning, ok := strings.Cut(t, "\t"); ok {
				fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(tag), roff(meaning))
				continue
			}
			if i > 0 {
				b.WriteString(".PP\n")
			}
			fmt.Fprintf(b, "%s\n", roff(t))
		}
	}
}

// roff makes text that has no meaning for troff.
func roff(s string) string {
	s = strings.ReplaceAll(s, `\`, `\e`)
	s = strings.ReplaceAll(s, "-", `\-`)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return strings.ReplaceAll(s, "\n", " ")
}

// bash completes commands, flags, the values of those that have a list, and
// files where a file is meant.
func bash(app *kong.Application) string {
	var b strings.Builder
	fn := "_" + strings.ReplaceAll(app.Name, "-", "_")
	fmt.Fprintf(&b, "# bash completion for %s\n%s() {\n", app.Name, fn)
	b.WriteString("  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= w\n")
	b.WriteString("  COMPREPLY=()\n")
	b.WriteString("  # --flag=value comes as three words\n")
	b.WriteString("  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n")
	b.WriteString("  case $prev in\n")
	seen := map[string]bool{}
	for _, c := range commands(app) {
		for _, f := range flags(c.node) {
			if seen[f.Name] {
				continue
			}
			seen[f.Name] = true
			switch {
			case len(enum(f)) > 0:
				fmt.Fprintf(&b, "    --%s) mapfile -t COMPREPLY < <(compgen -W %s -- \"$cur\"); return ;;\n", f.Name, quote(strings.Join(enum(f), " ")))
			case isFile(value(f)):
				fmt.Fprintf(&b, "    --%s) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames; return ;;\n", f.Name)
			case value(f) != "":
				fmt.Fprintf(&b, "    --%s) return ;;\n", f.Name)
			}
		}
	}
	b.WriteString("  esac\n")
	b.WriteString("  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"$path $w\" in\n")
	for _, c := range commands(app)[1:] {
		parent := strings.Join(c.path[:len(c.path)-1], " ")
		if parent != "" {
			parent = " " + parent
		}
		fmt.Fprintf(&b, "      %s) path=%s ;;\n", quote(parent+" "+c.path[len(c.path)-1]), quote(" "+strings.Join(c.path, " ")))
	}
	b.WriteString("    esac\n  done\n  case $path in\n")
	for _, c := range commands(app) {
		path := strings.Join(c.path, " ")
		if path != "" {
			path = " " + path
		}
		fmt.Fprintf(&b, "    %s) w=%s ;;\n", quote(path), quote(strings.Join(words(app, c), " ")))
	}
	b.WriteString("  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$w\" -- \"$cur\")\n}\n")
	fmt.Fprintf(&b, "complete -F %s %s\n", fn, app.Name)
	return b.String()
}

// words are what can follow a command: its commands, its flags, and those of
// the program.
func words(app *kong.Application, c command) []string {
	var out []string
	for _, child := range c.node.Children {
		if !child.Hidden && child.Type == kong.CommandNode {
			out = append(out, child.Name)
		}
	}
	for _, f := range flags(c.node) {
		out = append(out, long(f)...)
	}
	if c.node != app.Node {
		for _, f := range flags(app.Node) {
			out = append(out, long(f)...)
		}
	}
	return out
}

func long(f *kong.Flag) []string {
	return slices.DeleteFunc(names(f), func(n string) bool { return !strings.HasPrefix(n, "--") })
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// zsh completes the same, with what each means.
func zsh(app *kong.Application) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n", app.Name)
	fn := "_" + strings.ReplaceAll(app.Name, "-", "_")
	for _, c := range slices.Backward(commands(app)) {
		name := strings.Join(append([]string{fn}, c.path...), "_")
		fmt.Fprintf(&b, "%s() {\n  local context state state_descr line\n  local -a cmds\n  typeset -A opt_args\n  _arguments -s -S -C", strings.ReplaceAll(name, "-", "_"))
		all := flags(c.node)
		if c.node != app.Node {
			all = append(all, flags(app.Node)...)
		}
		for _, f := range all {
			for _, n := range long(f) {
				spec := n
				if value(f) != "" {
					spec += "="
				}
				spec += "[" + zshText(f.Help) + "]"
				switch v := value(f); {
				case len(enum(f)) > 0:
					spec += ":" + zshText(v) + ":(" + strings.Join(enum(f), " ") + ")"
				case isFile(v):
					spec += ":" + zshText(v) + ":_files"
				case v != "":
					spec += ":" + zshText(v) + ": "
				}
				fmt.Fprintf(&b, " \\\n    %s", quote(spec))
			}
		}
		var children []*kong.Node
		for _, child := range c.node.Children {
			if !child.Hidden && child.Type == kong.CommandNode {
				children = append(children, child)
			}
		}
		if len(children) == 0 {
			b.WriteString("\n}\n")
			continue
		}
		b.WriteString(" \\\n    '1: :->command' '*:: :->args'\n  case $state in\n  command)\n    cmds=(")
		for _, child := range children {
			fmt.Fprintf(&b, "\n      %s", quote(child.Name+":"+zshText(child.Help)))
		}
		b.WriteString("\n    )\n    _describe command cmds ;;\n  args)\n    case $line[1] in\n")
		for _, child := range children {
			fmt.Fprintf(&b, "    %s) %s ;;\n", child.Name, strings.ReplaceAll(name+"_"+child.Name, "-", "_"))
		}
		b.WriteString("    esac ;;\n  esac\n}\n")
	}
	fmt.Fprintf(&b, "%s \"$@\"\n", fn)
	return b.String()
}

func zshText(s string) string {
	return strings.NewReplacer("[", "(", "]", ")", ":", ",", "\n", " ", `\`, "").Replace(s)
}

// fish completes the same.
func fish(app *kong.Application) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %s\ncomplete -c %s -f\n", app.Name, app.Name)
	for _, c := range commands(app) {
		var when []string
		for _, w := range c.path {
			when = append(when, "__fish_seen_subcommand_from "+w)
		}
		var below []string
		for _, child := range c.node.Children {
			if !child.Hidden && child.Type == kong.CommandNode {
				below = append(below, child.Name)
			}
		}
		if len(below) > 0 {
			here := append(slices.Clone(when), "not __fish_seen_subcommand_from "+strings.Join(below, " "))
			for _, child := range c.node.Children {
				if slices.Contains(below, child.Name) {
					fmt.Fprintf(&b, "complete -c %s -n %s -a %s -d %s\n", app.Name, quote(strings.Join(here, "; and ")), child.Name, quote(child.Help))
				}
			}
		}
		for _, f := range flags(c.node) {
			for _, n := range long(f) {
				fmt.Fprintf(&b, "complete -c %s", app.Name)
				if len(when) > 0 {
					fmt.Fprintf(&b, " -n %s", quote(strings.Join(when, "; and ")))
				}
				fmt.Fprintf(&b, " -l %s", strings.TrimPrefix(n, "--"))
				if f.Short != 0 && n == "--"+f.Name {
					fmt.Fprintf(&b, " -s %c", f.Short)
				}
				switch v := value(f); {
				case len(enum(f)) > 0:
					fmt.Fprintf(&b, " -x -a %s", quote(strings.Join(enum(f), " ")))
				case isFile(v):
					b.WriteString(" -r -F")
				case v != "":
					b.WriteString(" -x")
				}
				fmt.Fprintf(&b, " -d %s\n", quote(f.Help))
			}
		}
	}
	return b.String()
}
