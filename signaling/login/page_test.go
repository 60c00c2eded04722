package login

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"parley/signaling/language"
	"parley/signaling/wire"
)

// Every language has every sentence with the same blanks, and every sentence
// that is asked for is there.
func TestSentences(t *testing.T) {
	cfg := Default()
	cfg.Issuer, cfg.ClientID, cfg.Public = "https://login.example.org", "x", "https://parley.example.org"
	g, err := New(cfg, nil, nil, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	words := g.page.words
	for _, l := range language.Codes() {
		if len(words[l]) != len(words["en"]) {
			t.Errorf("%s has %d sentences, en %d", l, len(words[l]), len(words["en"]))
		}
		for name, en := range words["en"] {
			if text := words[l][name]; strings.TrimSpace(text) == "" || strings.Contains(en, "{provider}") != strings.Contains(text, "{provider}") {
				t.Errorf("%s: %s is %q", l, name, text)
			}
		}
	}
	b, err := fs.ReadFile(files, "page/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\.T "(\w+)"`).FindAllStringSubmatch(string(b), -1) {
		if words["en"][m[1]] == "" {
			t.Errorf("no sentence %s", m[1])
		}
	}
	for _, r := range []wire.LoginReason{wire.LoginDenied, wire.LoginNotAllowed, wire.LoginExpired, wire.LoginProvider} {
		if words["en"][string(r)] == "" {
			t.Errorf("no sentence for %s", r)
		}
	}
}
