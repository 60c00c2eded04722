package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
	CgoFiles     []string
}

// rule is one line of the import rules: check returns an import that breaks
// it, or "".
type rule struct {
	name, reason string
	check        func(p pkg) string
}

const mod = "parley/"

func under(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(r string) bool {
		r = mod + r
		return path == r || strings.HasPrefix(path, r+"/")
	})
}

func third(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return path == r || strings.HasPrefix(path, r+"/") })
}

// forbid makes a rule: packages for which applies holds must not import what
// bad names.
func forbid(applies func(path string) bool, bad func(imported string) bool) func(pkg) string {
	return func(p pkg) string {
		if !applies(p.ImportPath) {
			return ""
		}
		if i := slices.IndexFunc(p.Imports, bad); i >= 0 {
			return p.Imports[i]
		}
		return ""
	}
}

func external(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

// testPackages serve tests alone. By its ending the name does not tell:
// "latest" has it, too.
var testPackages = []string{
	"call/calltest", "call/local/localtest", "media/codec/codectest", "media/device/internal/pulsetest",
	"signaling/login/logintest", "signaling/store/storetest", "signaling/turn/coturntest", "ui/present/presenttest",
}

var rules = []rule{
	{"nobody imports app", "it is the composition root", forbid(
		func(p string) bool { return !under(p, "app") },
		func(i string) bool { return under(i, "app") })},
	{"ui is imported only by app", "everything else works without a window", forbid(
		func(p string) bool { return !under(p, "app", "ui") },
		func(i string) bool { return under(i, "ui") })},
	{"call knows no ui, fyne, assets or signaling/client", "it declares the signal interface that it needs", forbid(
		func(p string) bool { return under(p, "call") },
		func(i string) bool {
			return under(i, "ui", "assets", "signaling/client", "signaling/server", "app") || third(i, "fyne.io")
		})},
	{"media knows no call, ui or signaling", "it must serve any program", forbid(
		func(p string) bool { return under(p, "media") },
		func(i string) bool { return under(i, "call", "ui", "signaling", "assets", "app") })},
	{"media, latest and jitter: no third party but pion/rtp", "pure cores are tested without hardware", forbid(
		func(p string) bool { return p == mod+"media" || under(p, "media/latest", "media/jitter") },
		func(i string) bool { return external(i) && !third(i, "github.com/pion/rtp") })},
	{"fyne only in ui (never ui/present) and app", "presenters are tested without a toolkit", forbid(
		func(p string) bool { return !under(p, "ui", "app") || under(p, "ui/present") },
		func(i string) bool { return third(i, "fyne.io") })},
	{"pion/webrtc, ice and interceptor only in call", "one place speaks WebRTC", forbid(
		func(p string) bool { return !under(p, "call") },
		func(i string) bool {
			return third(i, "github.com/pion/webrtc/v4", "github.com/pion/ice/v4", "github.com/pion/interceptor")
		})},
	{"pion/mediadevices only in media/device/native", "its codecs and tracks are not used", forbid(
		func(p string) bool { return !under(p, "media/device/native", "media/codec") },
		func(i string) bool { return third(i, "github.com/pion/mediadevices") })},
	{"cgo only under media/internal and media/device", "C memory has one kind of owner", func(p pkg) string {
		if len(p.CgoFiles) > 0 && !under(p.ImportPath, "media/internal", "media/device") {
			return p.CgoFiles[0]
		}
		return ""
	}},
	{"gorilla/websocket only in signaling/client and signaling/server", "the edge is in two places", forbid(
		func(p string) bool { return !under(p, "signaling/client", "signaling/server") },
		func(i string) bool { return third(i, "github.com/gorilla/websocket") })},
	{"signaling/wire: standard library only", "it is the specification", forbid(
		func(p string) bool { return under(p, "signaling/wire") },
		func(i string) bool { return external(i) || strings.HasPrefix(i, mod) && !under(i, "signaling/wire") })},
	{"signaling/room and desk: standard library and wire", "pure state machines", forbid(
		func(p string) bool { return under(p, "signaling/room", "signaling/desk") },
		func(i string) bool {
			return external(i) || strings.HasPrefix(i, mod) && !under(i, "signaling/wire", "signaling/room", "signaling/desk")
		})},
	{"nothing under signaling reaches media, call, ui or assets", "the service is built without cgo", func(p pkg) string {
		if !under(p.ImportPath, "signaling") {
			return ""
		}
		if i := slices.IndexFunc(p.Deps, func(d string) bool { return under(d, "media", "call", "ui", "assets", "app") }); i >= 0 {
			return p.Deps[i]
		}
		return ""
	}},
	{"chromedp only in call/calltest/chrome", "one place drives browsers, and no release does", forbid(
		func(p string) bool { return !under(p, "call/calltest/chrome") },
		func(i string) bool { return third(i, "github.com/chromedp") })},
	{"testing is imported by test packages alone", "so it is clear what a release must not carry", forbid(
		func(p string) bool { return !under(p, testPackages...) },
		func(i string) bool { return i == "testing" })},
	{"test packages reach no main", "a release carries no test code", func(p pkg) string {
		if p.ImportPath != mod+"app" && p.ImportPath != mod+"signaling/cmd/parleyd" {
			return ""
		}
		if i := slices.IndexFunc(p.Deps, func(d string) bool {
			return under(d, testPackages...) || third(d, "fyne.io/fyne/v2/test")
		}); i >= 0 {
			return p.Deps[i]
		}
		return ""
	}},
	{"PostgreSQL, NATS and OpenID Connect are linked by parleyd alone", "the desktop program stays small", func(p pkg) string {
		if p.ImportPath != mod+"app" {
			return ""
		}
		if i := slices.IndexFunc(p.Deps, func(d string) bool {
			return under(d, "signaling/store/postgres", "signaling/bus/nats", "signaling/login") ||
				third(d, "github.com/jackc/pgx", "github.com/nats-io", "github.com/coreos/go-oidc", "golang.org/x/oauth2")
		}); i >= 0 {
			return p.Deps[i]
		}
		return ""
	}},
}

func TestImportRules(t *testing.T) {
	packages := list(t)
	if len(packages) < 10 {
		t.Fatalf("go list found %d packages of ours", len(packages))
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, p := range packages {
				if bad := r.check(p); bad != "" {
					t.Errorf("%s has %s: %s, because %s", p.ImportPath, bad, r.name, r.reason)
				}
			}
		})
	}
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps,CgoFiles", "./...")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var ours []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return ours
		} else if err != nil {
			t.Fatal(fmt.Errorf("go list: %w", err))
		}
		if strings.HasPrefix(p.ImportPath, mod) {
			ours = append(ours, p)
		}
	}
}
