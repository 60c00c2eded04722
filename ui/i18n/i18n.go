// Package i18n finds texts by key in the person's language. Fyne follows the
// desktop's language and cannot be told another; this does as it is told, and
// knows nothing of any toolkit.
//
// A language is a JSON file: a key has a text, or an object with "one" and
// "other" for a number. {name} stands for a parameter.
package i18n

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"parley/assets"
)

// Fallback is the language whose texts are used when a language has none.
const Fallback = "en"

// text is one entry: plain, or one and other.
type text struct {
	one, other string
	plural     bool
}

// UnmarshalJSON reads a string or {"one": …, "other": …}.
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &t.other)
	}
	var forms struct{ One, Other *string }
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	if forms.One == nil || forms.Other == nil {
		return fmt.Errorf("a number needs %q and %q", "one", "other")
	}
	t.one, t.other, t.plural = *forms.One, *forms.Other, true
	return nil
}

// Catalog has every language.
type Catalog struct {
	langs map[string]map[string]text
	order []string
}

// Load reads every *.json of fsys.
func Load(fsys fs.FS) (*Catalog, error) {
	files, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, err
	}
	c := &Catalog{langs: map[string]map[string]text{}}
	for _, f := range files {
		b, err := fs.ReadFile(fsys, f)
		if err != nil {
			return nil, err
		}
		entries := map[string]text{}
		if err := json.Unmarshal(b, &entries); err != nil {
			return nil, fmt.Errorf("translation %s: %w", f, err)
		}
		code := strings.TrimSuffix(path.Base(f), ".json")
		c.langs[code] = entries
		c.order = append(c.order, code)
	}
	if c.langs[Fallback] == nil {
		return nil, fmt.Errorf("translation %s.json is missing", Fallback)
	}
	slices.Sort(c.order)
	c.call(assets.Branding().Name)
	return c, nil
}

// call puts the name of an organisation's program in place of ours.
func (c *Catalog) call(name string) {
	if name == assets.Name {
		return
	}
	for _, texts := range c.langs {
		for key, t := range texts {
			t.one, t.other = strings.ReplaceAll(t.one, assets.Name, name), strings.ReplaceAll(t.other, assets.Name, name)
			texts[key] = t
		}
	}
}

// Languages returns the codes, sorted.
func (c *Catalog) Languages() []string { return slices.Clone(c.order) }

// Pick returns the language for a wish such as "de", "fr_CA.UTF-8" or
// "pt-BR"; English when there is none.
func (c *Catalog) Pick(wish string) *Lang {
	code := strings.ToLower(wish)
	if i := strings.IndexAny(code, "-_.@"); i >= 0 {
		code = code[:i]
	}
	if c.langs[code] == nil {
		code = Fallback
	}
	return &Lang{Code: code, texts: c.langs[code], fallback: c.langs[Fallback]}
}

// Lang has the texts of one language. It is immutable.
type Lang struct {
	Code            string
	texts, fallback map[string]text
}

// T returns the text of key with the parameters, given as name, value, name,
// value, put in. A key that no file has is returned as it is.
func (l *Lang) T(key string, params ...string) string {
	t, ok := l.find(key)
	if !ok {
		return key
	}
	return fill(t.other, params)
}

// N is T for the number n, which is also the parameter {n}.
func (l *Lang) N(key string, n int, params ...string) string {
	t, ok := l.find(key)
	if !ok {
		return key
	}
	s := t.other
	if t.plural && l.singular(n) {
		s = t.one
	}
	return fill(s, append([]string{"n", strconv.Itoa(n)}, params...))
}

func (l *Lang) find(key string) (text, bool) {
	if t, ok := l.texts[key]; ok {
		return t, true
	}
	t, ok := l.fallback[key]
	return t, ok
}

// singular is CLDR's category "one" of whole numbers.
func (l *Lang) singular(n int) bool {
	if l.Code == "fr" {
		return n == 0 || n == 1
	}
	return n == 1
}

func fill(s string, params []string) string {
	if len(params) == 0 || !strings.Contains(s, "{") {
		return s
	}
	pairs := make([]string, 0, len(params))
	for i := 0; i+1 < len(params); i += 2 {
		pairs = append(pairs, "{"+params[i]+"}", params[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
