package login

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"parley/signaling/language"
)

//go:embed page
var files embed.FS

// page is what the browser shows.
type page struct {
	index  *template.Template
	style  []byte
	words  map[string]map[string]string // by language and name
	host   string                       // of the service
	at     string                       // the provider's
	policy string
}

func newPage(g *Gate) (*page, error) {
	p := &page{words: map[string]map[string]string{}, host: hostOf(g.base), at: hostOf(g.cfg.Issuer)}
	// Chromium holds form-action against where a form is sent on, too: to the
	// provider, and on to whichever it trusts in turn.
	forms := "'self' https:"
	if u, err := url.Parse(g.cfg.Issuer); err == nil && u.Scheme == "http" {
		forms += " http://" + u.Host
	}
	p.policy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action " + forms
	var err error
	if p.index, err = template.ParseFS(files, "page/index.html"); err != nil {
		return nil, fmt.Errorf("login page: %w", err)
	}
	if p.style, err = files.ReadFile("page/style.css"); err != nil {
		return nil, fmt.Errorf("login page: %w", err)
	}
	for _, l := range language.Codes() {
		b, err := files.ReadFile("page/lang/" + l + ".json")
		if err != nil {
			return nil, fmt.Errorf("login page: %w", err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(b, &words); err != nil {
			return nil, fmt.Errorf("login page: %s: %w", l, err)
		}
		p.words[l] = words
	}
	return p, nil
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

// view is what the template sees.
type view struct {
	status int
	title  string // names of sentences
	text   string
	Again  string // where to try again; "": it makes no sense

	Code, Name, Client, Token string // of the question who it is

	Lang, Host string
	page       *page
}

// T is a sentence in the page's language.
func (v view) T(name string) string {
	return strings.ReplaceAll(v.page.words[v.Lang][name], "{provider}", v.page.at)
}

// Title is that of the page.
func (v view) Title() string { return v.T(v.title) }

// Text is what it says.
func (v view) Text() string { return v.T(v.text) }

func (p *page) secure(h http.Header) {
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

func (p *page) show(w http.ResponseWriter, r *http.Request, v view) error {
	v.page, v.Host, v.Lang = p, p.host, language.Pick(r.Header.Get("Accept-Language"))
	h := w.Header()
	p.secure(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", v.Lang)
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(v.status)
	return p.index.Execute(w, v)
}
