package diag

import (
	"os"
	"strings"
	"testing"
)

func TestVeil(t *testing.T) {
	v := NewVeil("/home/jo", "Zoë Brandt", "zoe-laptop.example.org", "zoe-laptop", "jo", "a")
	for text, want := range map[string]string{
		"/home/jo/.config/parley":        "~/.config/parley",
		"/home/johanna/.config":          "/home/johanna/.config",
		"Zoë’s AirPods":                  "…’s AirPods",
		"BRANDT's Phone, zoë":            "…'s Phone, …",
		"Zoë Brandt (USB)":               "… (USB)",
		"Zoëlner 2, Brandter":            "Zoëlner 2, Brandter",
		"http://zoe-laptop:8437":         "http://…:8437",
		"lookup zoe-laptop.example.org.": "lookup ….",
		"jo a":                           "jo a",
		"Headset (USB)":                  "Headset (USB)",
	} {
		if got := v.Over(text); got != want {
			t.Errorf("Over(%q) = %q, want %q", text, got, want)
		}
	}
	if got := NewVeil("/").Over("/etc/x"); got != "/etc/x" {
		t.Errorf("a home of / hides everything: %q", got)
	}
}

func TestVeilOverThisComputer(t *testing.T) {
	host, err := os.Hostname()
	if err != nil || len(host) < shortest || host == "localhost" {
		t.Skip("no name to look for")
	}
	if got := OfThisComputer("Anna").Over("Anna at " + host); strings.Contains(got, host) || strings.Contains(got, "Anna") {
		t.Errorf("it says %q", got)
	}
}
