package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"parley/assets"
)

func load(t *testing.T) *Catalog {
	t.Helper()
	c, err := Load(assets.Translations())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var param = regexp.MustCompile(`\{[a-z]+\}`)

func params(t text) string {
	found := map[string]bool{}
	for _, p := range param.FindAllString(t.one+t.other, -1) {
		found[p] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), " ")
}

func TestLanguagesAreComplete(t *testing.T) {
	c := load(t)
	if got := c.Languages(); !slices.Equal(got, []string{"de", "en", "es", "fr"}) {
		t.Fatalf("languages %v", got)
	}
	english := c.langs[Fallback]
	for code, texts := range c.langs {
		for key, want := range english {
			got, ok := texts[key]
			switch {
			case !ok:
				t.Errorf("%s.json lacks %q", code, key)
			case got.plural != want.plural:
				t.Errorf("%s.json: %q has one and other in only one of the languages", code, key)
			case params(got) != params(want):
				t.Errorf("%s.json: %q has the parameters %q, English has %q", code, key, params(got), params(want))
			case strings.TrimSpace(got.other) == "" || got.plural && got.one == "":
				t.Errorf("%s.json: %q is empty", code, key)
			}
		}
		for key := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s.json has %q, which English lacks", code, key)
			}
		}
	}
}

// The keys are those that the program asks for: the first argument of T and N,
// and every text that looks like a key in ui/present/words.go, where keys are
// chosen from tables.
func TestKeysAreThoseInUse(t *testing.T) {
	used := map[string]bool{}
	key := regexp.MustCompile(`^[a-z]+(\.[a-z0-9_]+)+$`)
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && key.MatchString(s) {
				used[s] = true
			}
		}
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		table := strings.HasSuffix(filepath.ToSlash(path), "present/words.go")
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "T" || sel.Sel.Name == "N") && len(n.Args) > 0 {
					add(n.Args[0])
				}
			case *ast.BasicLit:
				if table {
					add(n)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	english := load(t).langs[Fallback]
	for k := range used {
		if _, ok := english[k]; !ok {
			t.Errorf("the program asks for %q, which en.json lacks", k)
		}
	}
	for k := range english {
		if !used[k] {
			t.Errorf("en.json has %q, which nothing asks for", k)
		}
	}
}

func TestPick(t *testing.T) {
	c := load(t)
	for wish, want := range map[string]string{
		"": "en", "de": "de", "de_AT.UTF-8": "de", "fr-CA": "fr", "es_ES@euro": "es", "DE": "de", "ja": "en", "C.UTF-8": "en",
	} {
		if got := c.Pick(wish).Code; got != want {
			t.Errorf("Pick(%q) is %s, want %s", wish, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	c, err := Load(fstest.MapFS{
		"en.json": {Data: []byte(`{"a":"Hello {name}","n":{"one":"{n} call","other":"{n} calls"},"only":"x"}`)},
		"fr.json": {Data: []byte(`{"a":"Bonjour {name}","n":{"one":"{n} appel","other":"{n} appels"}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	en, fr := c.Pick("en"), c.Pick("fr")
	for _, x := range []struct{ got, want string }{
		{en.T("a", "name", "Ann"), "Hello Ann"}, {fr.T("a", "name", "{name}"), "Bonjour {name}"},
		{en.N("n", 1), "1 call"}, {en.N("n", 0), "0 calls"}, {fr.N("n", 0), "0 appel"}, {fr.N("n", 2), "2 appels"},
		{fr.T("only"), "x"}, {en.T("gone"), "gone"}, {en.T("a", "name"), "Hello {name}"},
	} {
		if x.got != x.want {
			t.Errorf("got %q, want %q", x.got, x.want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"no English":  {"de.json": {Data: []byte(`{}`)}},
		"broken JSON": {"en.json": {Data: []byte(`{`)}},
		"half plural": {"en.json": {Data: []byte(`{"a":{"one":"x"}}`)}},
	} {
		if _, err := Load(files); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
