// Package guest is the page behind a call link: whoever opens it in a browser
// calls the link's owner, without an account and with nothing to install. The
// page is plain JavaScript modules in the folder page, as they are served:
//
//	main ──> devices        camera, microphone, speaker
//	main ──> line ──parley.v1──> service        (a guest's session)
//	main ──> call ──WebRTC──> the owner's computer
//	main ──> talk ──data channel──> its program (as call/data has it)
//	main ──> view           what is shown
//
// Package server says which state a link is in and serves what is here.
package guest

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"parley/signaling/language"
)

//go:embed page
var files embed.FS

// Prefix is the path under which the page's parts are served.
const Prefix = "/guest/"

// State is what can be done with a link. Link states but OK are the names of
// their sentences without "end_".
type State string

// The states.
const (
	OK         State = "ok"
	Unknown    State = "link_unknown"
	Used       State = "link_used"
	Expired    State = "link_expired"
	Incomplete State = "link_incomplete"
	Storage    State = "storage"
	Internal   State = "service"
)

// Status is the page's HTTP status.
func (s State) Status() int {
	switch s {
	case OK:
		return http.StatusOK
	case Unknown, Incomplete:
		return http.StatusNotFound
	case Used, Expired:
		return http.StatusGone
	case Storage:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Link is what the page is about.
type Link struct {
	State State
	Code  string
	Owner string       // name; "" unless OK
	Open  template.URL // parley://…, for those who have the program
}

// Page serves the page and its parts.
type Page struct {
	index *template.Template
	words map[string]map[string]string // by language and name
	parts map[string]part              // by path below Prefix
}

type part struct {
	kind, tag string
	body      []byte
}

// New reads the page.
func New() (*Page, error) {
	p := &Page{words: map[string]map[string]string{}, parts: map[string]part{}}
	var err error
	if p.index, err = template.ParseFS(files, "page/index.html"); err != nil {
		return nil, fmt.Errorf("guest page: %w", err)
	}
	for _, l := range language.Codes() {
		b, err := files.ReadFile("page/lang/" + l + ".json")
		if err != nil {
			return nil, fmt.Errorf("guest page: %w", err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(b, &words); err != nil {
			return nil, fmt.Errorf("guest page: %s: %w", l, err)
		}
		p.words[l] = words
	}
	err = fs.WalkDir(files, "page", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".html" {
			return err
		}
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		kind := mime.TypeByExtension(path.Ext(name))
		if path.Ext(name) == ".js" { // whatever the system's table says
			kind = "text/javascript; charset=utf-8"
		}
		p.parts[strings.TrimPrefix(name, "page/")] = part{kind: kind, tag: `"` + hex.EncodeToString(sum[:8]) + `"`, body: b}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("guest page: %w", err)
	}
	return p, nil
}

// policy lets the page load its own parts, talk to its own service and use
// camera and microphone, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"media-src 'self' blob: mediastream:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), speaker-selection=(self), geolocation=(), display-capture=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// ServeHTTP serves a part of the page; the path is below Prefix.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.parts[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	secure(h)
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache") // asked for anew each time, sent only if changed
	h.Set("ETag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Write(f.body) //nolint:errcheck // a client that went away
}

// Show serves the page about a link. The error is about writing it.
func (p *Page) Show(w http.ResponseWriter, r *http.Request, l Link) error {
	v := view{Link: l, Lang: language.Pick(r.Header.Get("Accept-Language"))}
	v.words = p.words[v.Lang]
	v.Title, v.Text = v.T("title_bad"), v.T("end_"+string(l.State))
	if l.State == OK {
		v.Title, v.Text = v.T("title"), v.T("wait")
	}
	h := w.Header()
	secure(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", v.Lang)
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(l.State.Status())
	return p.index.Execute(w, v)
}

// view is what the template sees.
type view struct {
	Link
	Lang, Title, Text string
	words             map[string]string
}

// T is a sentence in the page's language.
func (v view) T(name string) string { return strings.ReplaceAll(v.words[name], "{owner}", v.Owner) }
