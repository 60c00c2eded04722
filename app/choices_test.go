package main

import (
	"testing"

	"parley/app/internal/settings"
	"parley/ui/present"
)

// What flags say is what the windows begin with, and what the person then
// chooses counts more.
func TestFlagsInTheWindows(t *testing.T) {
	store, err := settings.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := choicesOf{governed: governed{Store: store}, service: "https://calls.example.org"}
	if v := c.Get(); v.Service != "https://calls.example.org" || v.Welcome {
		t.Errorf("the first start begins with %q, welcome %v", v.Service, v.Welcome)
	}
	err = c.Update(func(v *present.Choices) { v.Name, v.Service, v.Welcome = "Anna", "https://other.example.org", true })
	if err != nil {
		t.Fatal(err)
	}
	if v := c.Get(); v.Service != "https://other.example.org" || v.Name != "Anna" {
		t.Errorf("%q at %q, want what was chosen", v.Name, v.Service)
	}
	c.name = "Ben"
	if v := c.Get(); v.Name != "Ben" {
		t.Errorf("--name does not hold: %q", v.Name)
	}
}
