package policy

import (
	"strings"
	"testing"

	"golang.org/x/sys/windows/registry"

	"parley/signaling/wire"
)

// The registry's kinds become what Decode takes; others are mistakes.
func TestRegistry(t *testing.T) {
	const path = `Software\ParleyPolicyTest`
	if p := loadKey(registry.CURRENT_USER, path); p.There() {
		t.Errorf("no key: %+v", p)
	}
	k, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	t.Cleanup(func() { _ = registry.DeleteKey(registry.CURRENT_USER, path) })
	set := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	set(k.SetStringValue("service", "https://calls.example.org"))
	set(k.SetDWordValue("Relay_Only", 1)) // the registry does not tell cases apart
	set(k.SetDWordValue("allow_recording", 0))
	set(k.SetStringValue("strangers", "ask"))
	p := loadKey(registry.CURRENT_USER, path)
	if p.Problem() != "" || p.Service != "https://calls.example.org" || !p.FixedService || !p.RelayOnly || !p.NoRecording || p.Strangers != wire.RuleAsk || p.NoOwnService {
		t.Errorf("%+v", p)
	}
	for name, write := range map[string]func() error{
		"allow_recording": func() error { return k.SetDWordValue("allow_recording", 2) },
		"relay_only":      func() error { return k.SetStringValue("relay_only", "1") },
		"gain_control":    func() error { return k.SetQWordValue("gain_control", 1) },
		"service":         func() error { return k.SetStringsValue("service", []string{"https://a.example"}) },
	} {
		set(write())
		if p := loadKey(registry.CURRENT_USER, path); !strings.Contains(p.Problem(), name+": write") || !p.NoOwnService || !p.NoRecording || !p.RelayOnly {
			t.Errorf("%s of another kind: %q, %+v", name, p.Problem(), p)
		}
	}
}
