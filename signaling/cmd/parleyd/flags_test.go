package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"context"

	"github.com/alecthomas/kong"

	"parley/signaling/wire"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parleyd.toml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const example = `
listen = ":8443"
data = "/srv/parley"
public_url = "https://parley.example.org"
directory = false
strangers = "refuse"
origins = ["https://www.example.org", "https://example.org"]

[turn]
listen = "192.0.2.7:3478"
public_ip = "203.0.113.7"
ports = "50000-51000"
max-per-user = 5

[client]
newest = "1.4.0"
page = "https://parley.example.org/get"
`

func TestFileEnvironmentFlags(t *testing.T) {
	path := write(t, example)
	t.Setenv("PARLEYD_DATA", "/from/environment")
	t.Setenv("PARLEYD_LISTEN", ":2")
	f, err := parseFlags([]string{"serve", "--config", path, "--listen", ":3"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if f.Listen != ":3" || f.Data != "/from/environment" || f.PublicURL != "https://parley.example.org" {
		t.Errorf("listen %q is not the flag's, data %q not the environment's, or public url %q not the file's", f.Listen, f.Data, f.PublicURL)
	}
	cfg, err := f.config(nil)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Directory || len(cfg.Origins) != 2 || cfg.Relay.MinPort != 50000 || cfg.Relay.MaxPort != 51000 || cfg.Relay.PerUser != 5 ||
		cfg.Relay.PublicIP != "203.0.113.7" || cfg.Relay.Listen != "192.0.2.7:3478" {
		t.Errorf("the settings are %+v %+v", cfg, cfg.Relay)
	}
	if cfg.Newest == nil || *cfg.Newest != (wire.Release{Version: "1.4.0", Page: "https://parley.example.org/get"}) {
		t.Errorf("the newest version: %+v", cfg.Newest)
	}
	if cfg.Strangers != wire.RuleRefuse {
		t.Errorf("strangers: %q", cfg.Strangers)
	}
	t.Setenv("PARLEYD_CONFIG", path)
	if f, err = parseFlags(nil, io.Discard, io.Discard); err != nil || f.command != "serve" || f.TurnPublicIP != "203.0.113.7" {
		t.Errorf("the file named by the environment: %+v, %v", f, err)
	}
}

func TestDefaults(t *testing.T) {
	for _, c := range []struct{ args, listen, url string }{
		{"", ":8080", ""},
		{"--acme-domain parley.example.org", ":443", "https://parley.example.org"},
		{"--acme-domain parley.example.org --listen :8443 --public-url https://p.example.org:8443", ":8443", "https://p.example.org:8443"},
	} {
		f, err := parseFlags(strings.Fields(c.args), io.Discard, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := f.config(nil)
		if err != nil || cfg.Listen != c.listen || cfg.PublicURL != c.url || !cfg.Directory || cfg.Relay.AllowPrivate {
			t.Errorf("%q gives %+v, %v", c.args, cfg, err)
		}
	}
}

// Every setting that cannot be used is named, with what to do.
func TestBadSettings(t *testing.T) {
	cert, key, _ := certificate(t)
	_, otherKey, _ := certificate(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	notFolder := write(t, "")
	for _, c := range []struct {
		name, args string
		says       []string
	}{
		{"unknown flag", "--listn :1", []string{"--listn", "--help"}},
		{"unknown command", "start", []string{"start"}},
		{"unknown setting", "--config " + write(t, "listn = ':1'"), []string{"listn", "no setting"}},
		{"unknown setting in a table", "--config " + write(t, "[turn]\nlistn = ':1'"), []string{"turn-listn"}},
		{"broken file", "--config " + write(t, "listen = "), []string{"line 1", "--config"}},
		{"wrong type in the file", "--config " + write(t, "directory = 'perhaps'"), []string{"directory"}},
		{"no file", "--config /does/not/exist.toml", []string{"--config", "no such file"}},
		{"listen", "--listen 8080", []string{"listen", "8080", ":8080"}},
		{"public url", "--public-url parley.example.org", []string{"public_url", "https://"}},
		{"turn listen", "--turn-listen 3478", []string{"relay Listen", ":3478"}},
		{"turn public ip", "--turn-public-ip example.org", []string{"--turn-public-ip", "203.0.113.7"}},
		{"turn ports", "--turn-ports 50000", []string{"--turn-ports", "49152-65535"}},
		{"turn ports with rubbish", "--turn-ports 50000-51000x", []string{"--turn-ports"}},
		{"relay elsewhere without a secret", "--turn-external turn:relay.example.org", []string{"--turn-external", "--turn-secret"}},
		{"relay elsewhere", "--turn-external relay.example.org --turn-secret 0123456789abcdef", []string{"relay.example.org", "turn:"}},
		{"turn secret", "--turn-secret short", []string{"--turn-secret", "16"}},
		{"one of two files", "--tls-cert " + cert, []string{"--tls-cert", "--tls-key"}},
		{"no certificate file", "--tls-cert /does/not/exist --tls-key " + key, []string{"--tls-cert", "/does/not/exist"}},
		{"files of two certificates", "--tls-cert " + cert + " --tls-key " + otherKey, []string{"--tls-cert", "private key"}},
		{"two ways to a certificate", "--tls-cert " + cert + " --tls-key " + key + " --acme-domain a.example", []string{"choose one"}},
		{"acme without a domain", "--acme-email a@b.example", []string{"--acme-domain"}},
		{"acme for an address", "--acme-domain 203.0.113.7", []string{"--acme-domain", "domain name"}},
		{"log level", "--log-level loud", []string{"log-level", "debug"}},
		{"version without a page", "--client-newest 1.4.0", []string{"--client-newest", "--client-page"}},
		{"page without https", "--client-newest 1.4.0 --client-page http://a.example", []string{"--client-page", "page", "https://"}},
		{"drain", "--drain-for 2h", []string{"--drain-for"}},
		{"port in use", "--listen " + busy.Addr().String(), []string{"in use by another program", "--listen"}},
		{"relay's port in use", "--listen 127.0.0.1:0 --turn-listen " + busy.Addr().String(), []string{"in use by another program"}},
		{"not this machine", "--listen 192.0.2.200:0", []string{"not an address of this machine"}},
		{"data is a file", "--data " + notFolder, []string{notFolder, "not a folder", "--data"}},
		{"data within a file", "--data " + notFolder + "/x", []string{notFolder, "not a folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := strings.Fields(c.args)
			if !strings.Contains(c.args, "--data") {
				args = append(args, "--data", t.TempDir())
			}
			err := run(t.Context(), args, io.Discard, io.Discard)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("the error %q does not say %q", err, s)
				}
			}
		})
	}
}

func TestCheckConfig(t *testing.T) {
	out, err := checks(t, "--config", write(t, example))
	has(t, out, "ok    settings")
	if err == nil || !strings.Contains(err.Error(), "192.0.2.7:3478 is not an address of this machine") {
		t.Error(err)
	}
	out, err = checks(t, "--turn-ports", "1")
	has(t, out, "fail  settings: --turn-ports 1")
	if err == nil {
		t.Error("a bad setting passes")
	}
}

func TestVersionAndHelp(t *testing.T) {
	for flag, want := range map[string]string{"--version": "parleyd " + version, "--help": "--turn-public-ip"} {
		var out strings.Builder
		if err := run(t.Context(), []string{flag}, &out, io.Discard); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s prints %q, %v", flag, out.String(), err)
		}
	}
}

// An end that was asked for before the start is no error.
func TestEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, []string{"--data", t.TempDir(), "--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0"}, io.Discard, io.Discard)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The page of the file has every setting that the file may have, in its table,
// and none that the file may not have.
func TestPageOfTheFile(t *testing.T) {
	var out strings.Builder
	if _, err := parseFlags([]string{"--manual=man5"}, &out, io.Discard); !errors.Is(err, errHelp) {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(out.String(), `\-`, "-")
	told := map[string]bool{}
	table := ""
	for _, l := range strings.Split(text, "\n") {
		if name, ok := strings.CutPrefix(l, ".SH "); ok {
			table = ""
			if name, ok := strings.CutPrefix(name, "TABLE ["); ok {
				table = strings.ToLower(strings.TrimSuffix(name, "]")) + "-"
			}
		}
		if key, ok := strings.CutPrefix(l, `\fB`); ok {
			key, _, _ = strings.Cut(key, `\fR = `)
			told[table+key] = true
		}
	}
	var f flags
	parser, err := kong.New(&f)
	if err != nil {
		t.Fatal(err)
	}
	decoder := file{names: map[string]bool{}, values: map[string]string{}}
	decoder.known(settings(parser.Model))
	for name := range decoder.names {
		if !told[name] {
			t.Errorf("parleyd.toml(5) does not have %s", name)
		}
	}
	for name := range told {
		decoder.values[name] = ""
	}
	if err := decoder.unknown(); err != nil || len(told) < 40 {
		t.Errorf("parleyd.toml(5) has what the file may not have, or too little (%d settings): %v\n%s", len(told), err, text)
	}
	for _, bad := range []string{"config", "version", "help", "manual", "uses", "yes"} {
		if told[bad] || decoder.names[bad] {
			t.Errorf("the file may set %s", bad)
		}
	}
}
