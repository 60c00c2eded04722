package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"parley/app/internal/policy"
)

func TestFlagsThatCannotBeUsed(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"--size 12", "1280x720"},
		{"--size 12x9", "64 to 3840"},
		{"--rate 0", "1 to 60"},
		{"--bitrate 1", "50 to 20000"},
		{"--for=-3s", "such as 20s"},
		{"--headless", "--call NAME or --answer"},
		{"--headless --answer --map x", "needs a window"},
		{"--headless --answer --strangers perhaps", "ring, ask or refuse"},
		{"--strangers ask", "Settings, Privacy"},
		{"--record x.webm", "need --headless"},
		{"--allow-recording", "need --headless"},
		{"--headless --answer --record /no/such/folder/x.webm", "no folder /no/such/folder"},
		{"--headless --answer --record flags_test.go", "such a file already"},
		{"--headless https://host/elsewhere", "not a call link"},
		{"--background --headless --answer", "leave it or --headless out"},
		{"--background https://host/j/abcdef", "opens no link"},
		{"nonsense", "not a call link"},
		{"--no-such-flag", "--help"},
	} {
		t.Run(c.args, func(t *testing.T) {
			_, err := parseFlags(strings.Fields(c.args), &bytes.Buffer{}, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v does not say %q", err, c.says)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	for _, c := range []struct{ link, service, code string }{
		{"https://calls.example.org/j/abc-DEF_12", "https://calls.example.org", "abc-DEF_12"},
		{"http://192.168.1.5:8437/j/abcd", "http://192.168.1.5:8437", "abcd"},
		{"parley://calls.example.org/j/abcd", "calls.example.org", "abcd"},
		{" parley://192.168.1.5:8437/j/abcd\n", "192.168.1.5:8437", "abcd"},
	} {
		service, code, err := parseLink(c.link)
		if err != nil || service != c.service || code != c.code {
			t.Errorf("parseLink(%q) = %q, %q, %v", c.link, service, code, err)
		}
	}
	for _, bad := range []string{"", "parley://", "https://h/j/", "https://h/j/a b", "ftp://h/j/abcd", "https://h/x/abcd", "https://h/j/../etc"} {
		if _, _, err := parseLink(bad); err == nil {
			t.Errorf("parseLink(%q) was taken", bad)
		}
	}
}

func TestVersionAndHelpSayThemselves(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"--help"}} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), args, &out, &errOut); code != 0 || !strings.Contains(out.String(), "parley") || errOut.Len() > 0 {
			t.Errorf("%v: exit %d, printed %q, errors %q", args, code, out.String(), errOut.String())
		}
	}
}

// The page of the policy file has every key that a policy may have.
func TestPageOfThePolicy(t *testing.T) {
	var out bytes.Buffer
	if _, err := parseFlags([]string{"--manual=man5"}, &out, &out); !errors.Is(err, errHelp) {
		t.Fatal(err)
	}
	for _, k := range policy.Keys() {
		if entry := "\n.TP\n\\fB" + k.Name + "\\fR = "; !strings.Contains(out.String(), entry) {
			t.Errorf("parley-policy(5) does not have %s:\n%s", k.Name, out.String())
		}
	}
}
