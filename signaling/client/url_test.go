package client

import (
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://parley.example.org":       "https://parley.example.org",
		" https://Parley.Example.org/ ":    "https://parley.example.org",
		"HTTPS://parley.example.org:8443/": "https://parley.example.org:8443",
		"http://parley.example.org":        "http://parley.example.org",
		"parley.example.org":               "https://parley.example.org",
		"parley.example.org:8443":          "https://parley.example.org:8443",
		"localhost":                        "http://localhost",
		"localhost:8080":                   "http://localhost:8080",
		"127.0.0.1:8080":                   "http://127.0.0.1:8080",
		"192.168.1.5:8080":                 "http://192.168.1.5:8080",
		"10.0.0.1":                         "http://10.0.0.1",
		"8.8.8.8":                          "https://8.8.8.8",
		"ann-pc.local:8080":                "http://ann-pc.local:8080",
		"[::1]:8080":                       "http://[::1]:8080",
		"::1":                              "http://[::1]",
		"fd00::7":                          "http://[fd00::7]",
		"[2a00::1]":                        "https://[2a00::1]",
		"wss://parley.example.org":         "https://parley.example.org",
		"ws://localhost:8080/v1/ws":        "http://localhost:8080",
		"https://parley.example.org/j/abc": "https://parley.example.org",
		"parley://parley.example.org":      "https://parley.example.org",
		"bücher.example":                   "https://xn--bcher-kva.example",
	} {
		u, err := ParseURL(in)
		if err != nil || u.String() != want {
			t.Errorf("%q gives %v, %v; want %s", in, u, err, want)
		}
	}
	for _, in := range []string{
		"", "   ", "ftp://example.org", "https://", "http://:8080", "example.org:", "example.org:0", "example.org:99999",
		"example.org:abc", "https://user:secret@example.org", "https://example.org/path", "https://example.org?x=1",
		"https://example.org#x", "two words", "a..b", ".example.org", "exa<mple.org", "http://[::1", "https://https://x",
	} {
		u, err := ParseURL(in)
		if err == nil {
			t.Errorf("%q was taken for %s", in, u)
		} else if !strings.Contains(err.Error(), "type one like https://") {
			t.Errorf("%q: the error does not say what to type: %v", in, err)
		}
	}
}

// Whatever is typed gives an error or an address that gives itself again.
func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"https://parley.example.org", "localhost:8080", "::1", "[fe80::1%25eth0]:80", "a b", "%zz", "http://[::1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err != nil {
			return
		}
		again, err := ParseURL(u.String())
		if err != nil || again.String() != u.String() {
			t.Errorf("%q gives %s, which gives %v, %v", s, u, again, err)
		}
	})
}
