package guest

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"parley/signaling/language"
)

func newPage(t *testing.T) *Page {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every language has every sentence with the same blanks, and every sentence
// that the page asks for is there.
func TestSentences(t *testing.T) {
	p := newPage(t)
	blanks := regexp.MustCompile(`\{\w+\}`)
	for _, l := range language.Codes() {
		if len(p.words[l]) != len(p.words["en"]) {
			t.Errorf("%s has %d sentences, en %d", l, len(p.words[l]), len(p.words["en"]))
		}
		for name, en := range p.words["en"] {
			text := p.words[l][name]
			have := map[string]bool{}
			for _, b := range blanks.FindAllString(text, -1) {
				have[b] = true
			}
			for _, b := range blanks.FindAllString(en, -1) {
				if !have[b] {
					t.Errorf("%s: %s has no %s: %q", l, name, b, text)
				}
			}
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is empty", l, name)
			}
		}
	}
	asked := regexp.MustCompile(`\bt\('(\w+)'|\.T "(\w+)"`)
	names := 0
	for _, file := range []string{"index.html", "main.js", "view.js"} {
		b, err := fs.ReadFile(files, "page/"+file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(b), -1) {
			names++
			if name := m[1] + m[2]; p.words["en"][name] == "" {
				t.Errorf("%s asks for %s", file, name)
			}
		}
	}
	if names < 30 {
		t.Errorf("only %d sentences are asked for", names)
	}
	for _, s := range []State{Unknown, Used, Expired, Incomplete, Storage, Internal} {
		if p.words["en"]["end_"+string(s)] == "" {
			t.Errorf("no sentence for %s", s)
		}
	}
	main, err := fs.ReadFile(files, "page/main.js")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)const ends = new Set\(\[(.*?)\]`).FindStringSubmatch(string(main))
	for _, m := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(list[1], -1) {
		if p.words["en"]["end_"+m[1]] == "" {
			t.Errorf("no sentence for the end %s", m[1])
		}
	}
	for _, kind := range []string{"camera", "microphone"} {
		for _, what := range []string{"denied", "none", "busy", "on", "off"} {
			if p.words["en"][kind+"_"+what] == "" {
				t.Errorf("no sentence for %s_%s", kind, what)
			}
		}
	}
}

func TestPageOfALink(t *testing.T) {
	p := newPage(t)
	for _, c := range []struct {
		link   Link
		accept string
		status int
		want   []string
		never  []string
	}{
		{Link{State: OK, Code: "abc", Owner: `Ada <b> "x"`, Open: "parley://h/j/abc"}, "de", 200,
			[]string{`lang="de"`, `data-owner="Ada &lt;b&gt; &#34;x&#34;"`, `data-code="abc"`, "main.js", "anrufen", `href="parley://h/j/abc"`}, []string{"<b> \""}},
		{Link{State: Used}, "", 410, []string{"has been used", "does not work"}, []string{"main.js", "parley:"}},
		{Link{State: Expired}, "fr", 410, []string{"a expiré"}, []string{"main.js"}},
		{Link{State: Unknown}, "es", 404, []string{"no existe"}, []string{"main.js"}},
		{Link{State: Incomplete}, "en", 404, []string{"incomplete"}, []string{"main.js"}},
		{Link{State: Storage}, "en", 503, []string{"storage"}, []string{"main.js"}},
		{Link{State: Internal}, "en", 500, []string{"went wrong"}, []string{"main.js"}},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/j/abc", nil)
		r.Header.Set("Accept-Language", c.accept)
		if err := p.Show(w, r, c.link); err != nil {
			t.Fatal(err)
		}
		body := w.Body.String()
		if w.Code != c.status {
			t.Errorf("%s: status %d", c.link.State, w.Code)
		}
		for _, s := range c.want {
			if !strings.Contains(body, s) {
				t.Errorf("%s: no %s in\n%s", c.link.State, s, body)
			}
		}
		for _, s := range c.never {
			if strings.Contains(body, s) {
				t.Errorf("%s: %s in\n%s", c.link.State, s, body)
			}
		}
	}
}

// Nothing is inline and nothing comes from elsewhere: the policy would keep the
// browser from it.
func TestPolicy(t *testing.T) {
	p := newPage(t)
	w := httptest.NewRecorder()
	if err := p.Show(w, httptest.NewRequest(http.MethodGet, "/j/abc", nil), Link{State: OK, Code: "abc", Owner: "Ada"}); err != nil {
		t.Fatal(err)
	}
	csp := w.Header().Get("Content-Security-Policy")
	for _, s := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, s) {
			t.Errorf("the policy lacks %s: %s", s, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
		t.Errorf("the policy is wide: %s", csp)
	}
	if m := regexp.MustCompile(`<script[^>]*>[^<]|<style|\son\w+=|style=`).FindString(w.Body.String()); m != "" {
		t.Errorf("inline: %s", m)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		r := httptest.NewRecorder()
		p.ServeHTTP(r, httptest.NewRequest(http.MethodGet, m[1], nil))
		if !strings.HasPrefix(m[1], Prefix) || r.Code != http.StatusOK {
			t.Errorf("%s: %d", m[1], r.Code)
		}
	}
}

func TestParts(t *testing.T) {
	p := newPage(t)
	get := func(name, tag string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, Prefix+name, nil)
		r.Header.Set("If-None-Match", tag)
		p.ServeHTTP(w, r)
		return w
	}
	for name := range p.parts {
		w := get(name, "")
		want := map[string]string{".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}[path.Ext(name)]
		if w.Code != 200 || want == "" || !strings.HasPrefix(w.Header().Get("Content-Type"), want) || w.Body.Len() == 0 {
			t.Errorf("%s: %d %s", name, w.Code, w.Header().Get("Content-Type"))
		}
		if again := get(name, w.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s, known already: %d", name, again.Code)
		}
	}
	for _, name := range []string{"index.html", "nothing.js", "../guest.go", ""} {
		if w := get(name, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}
