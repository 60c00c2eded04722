package manual_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"parley/signaling/manual"
)

type cli struct {
	Listen  string   `placeholder:"ADDR" help:"Where. It's 'quoted' [so]: \\ and -x."`
	Config  string   `placeholder:"FILE" help:".Begins with a dot."`
	Turn    bool     `default:"true" negatable:"" help:"Relay."`
	Level   string   `enum:"low,high" default:"low" help:"How much."`
	Verbose bool     `short:"v" help:"More."`
	Secret  bool     `hidden:"" help:"Nobody's business."`
	Serve   struct{} `cmd:"" default:"1" help:"Run."`
	User    struct {
		Delete struct {
			Yes  bool   `help:"Do it."`
			Name string `arg:"" help:"Whose."`
		} `cmd:"" help:"Forget somebody."`
	} `cmd:"" help:"People."`
}

func write(t *testing.T, kind string) string {
	t.Helper()
	p, err := kong.New(&cli{}, kong.Name("prog"), kong.Description("Does things."))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	err = manual.Write(&b, kind, p.Model, manual.Page{Section: 8, Summary: "does things", Version: "1.0", Date: "2026-01-02",
		Sections: []manual.Section{{Title: "Files", Lines: []string{"/etc/x\tSettings.", "Text."}}}})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every flag and command is in each of them, and nothing that is hidden.
func TestNothingIsMissing(t *testing.T) {
	for _, kind := range []string{"man", "bash", "zsh", "fish"} {
		text := strings.ReplaceAll(write(t, kind), `\-`, "-")
		for _, want := range []string{"listen", "config", "no-turn", "level", "verbose", "yes", "serve", "user", "delete", "low"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not have %s:\n%s", kind, want, text)
			}
		}
		if strings.Contains(text, "secret") {
			t.Errorf("%s tells of a hidden flag", kind)
		}
	}
	if err := manual.Write(&strings.Builder{}, "html", nil, manual.Page{}); err == nil || !strings.Contains(err.Error(), "fish") {
		t.Errorf("a kind that is none: %v", err)
	}
}

func TestManPage(t *testing.T) {
	text := write(t, "man")
	for _, want := range []string{
		".TH PROG 8 \"2026-01-02\" \"prog 1.0\" \"Parley\"\n", "\\fB\\-\\-listen\\fR=\\fIADDR\\fR\n", "\\&.Begins with a dot.\n",
		"\\fB\\-\\-verbose\\fR, \\fB\\-v\\fR\n", "\\e and \\-x.", "Default: low.\n", ".SS user delete\nForget somebody.\n", ".SH FILES\n.TP\n.B /etc/x\nSettings.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have %q:\n%s", want, text)
		}
	}
}

// The shells take what is written for them; where one is not installed, the
// packages' checks do the same.
func TestShells(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), shell)
		if err := os.WriteFile(file, []byte(write(t, shell)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	for words, want := range map[string]string{
		"prog|":                "serve user --help --listen --config --turn --no-turn --level --verbose",
		"prog|us":              "user",
		"prog|user|":           "delete --help --listen --config --turn --no-turn --level --verbose",
		"prog|user|delete|--y": "--yes",
		"prog|--level|":        "low high",
		"prog|--level|=|h":     "high",
		"prog|--listen|":       "",
	} {
		script := write(t, "bash") + `
IFS='|' read -ra COMP_WORDS <<< "$1 "
COMP_WORDS[-1]=${COMP_WORDS[-1]% }
COMP_CWORD=$((${#COMP_WORDS[@]}-1))
_prog
echo "${COMPREPLY[*]}"`
		out, err := exec.Command("bash", "-c", script, "bash", words).Output()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %q (%v), want %q", words, out, err, want)
		}
	}
}

// A settings file stands for flags: each is there once, in its table, written
// as TOML has it.
func TestSettingsFile(t *testing.T) {
	p, err := kong.New(&struct {
		Listen    string        `placeholder:"ADDR" help:"Where, but for --turn-secret or with --no-turn."`
		Turn      bool          `default:"true" negatable:"" help:"Relay."`
		TurnMax   int           `placeholder:"N" default:"12" help:"How many."`
		TurnURLs  []string      `name:"turn-urls" placeholder:"URL,..." default:"a,b" help:"Where."`
		TurnPause time.Duration `placeholder:"DURATION" default:"3s" help:"How long."`
		LogLevel  string        `enum:"low,high" default:"low" help:"How much."`
	}{}, kong.Name("prog"))
	if err != nil {
		t.Fatal(err)
	}
	flags := slices.DeleteFunc(slices.Clone(p.Model.Flags), func(f *kong.Flag) bool { return f.Name == "help" })
	page := manual.Page{Version: "1.0", Date: "2026-01-02", File: &manual.File{
		Name: "prog.toml", Summary: "settings", Intro: []string{"A file.", "Of text."}, Groups: manual.Groups(flags),
		Sections: []manual.Section{{Title: "Example", Code: true, Lines: []string{`a = "b"`, "[turn]"}}, {Title: "See also", Lines: []string{"prog(1)"}}},
	}}
	var b strings.Builder
	if err := manual.Write(&b, "man5", p.Model, page); err != nil {
		t.Fatal(err)
	}
	want := `.TH PROG.TOML 5 "2026-01-02" "prog.toml 1.0" "Parley"
.SH NAME
prog.toml \- settings
.SH DESCRIPTION
A file.
.PP
Of text.
.SH FIRST IN THE FILE
.TP
\fBlisten\fR = "ADDR"
Where, but for turn\-secret or with turn = false.
.TP
\fBturn\fR = true or false
Relay.
Default: true.
.TP
\fBlog\-level\fR = "low" or "high"
How much.
Default: "low".
.SH TABLE [TURN]
.TP
\fBmax\fR = N
How many.
Default: 12.
.TP
\fBurls\fR = ["URL", ...]
Where.
Default: ["a", "b"].
.TP
\fBpause\fR = "DURATION"
How long.
Default: "3s".
.SH EXAMPLE
.nf
a = "b"
[turn]
.fi
.SH SEE ALSO
prog(1)
`
	if b.String() != want {
		t.Errorf("the page is\n%s\nwant\n%s", b.String(), want)
	}
	if err := manual.Write(&b, "man5", p.Model, manual.Page{}); err == nil || !strings.Contains(err.Error(), "no settings file") {
		t.Errorf("a program without one: %v", err)
	}
}
