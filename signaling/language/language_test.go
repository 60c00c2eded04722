package language

import "testing"

func TestPick(t *testing.T) {
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.8": "de", "it, fr;q=0.5, es;q=0.7": "es", "en;q=0.1, FR-ca;q=0.2": "fr",
		"*": "en", "ja": "en", "de;q=x, es": "es", "de;q=0": "en", ";;,,": "en",
	} {
		if got := Pick(accept); got != want {
			t.Errorf("%q: %s, want %s", accept, got, want)
		}
	}
}
