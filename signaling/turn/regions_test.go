package turn

import (
	"strings"
	"testing"
	"time"
)

func TestRegions(t *testing.T) {
	var rs Regions
	rs.Secret, rs.TTL = []byte("north-wind-and-the-sun"), 5*time.Minute
	for _, s := range []string{"fra=turn:fra.example.org:3478?transport=udp, turns:fra.example.org:5349?transport=tcp", "nyc=stun:nyc.example.org:3478,turn:nyc.example.org:3478"} {
		r, err := ParseRegion(s)
		if err != nil {
			t.Fatal(err)
		}
		rs.Places = append(rs.Places, r)
	}
	if err := rs.Validate(); err != nil {
		t.Fatal(err)
	}
	ice := rs.Credentials("ada", time.Unix(1_700_000_000, 0))
	if len(ice.Regions) != 2 || len(ice.Regions[0].Servers) != 1 || len(ice.Regions[1].Servers) != 2 || ice.ExpiresMS != 300_000 {
		t.Fatalf("%+v", ice)
	}
	// printf 1700000300:ada | openssl dgst -sha1 -hmac north-wind-and-the-sun -binary | base64
	if s := ice.Regions[0].Servers[0]; s.Username != "1700000300:ada" || s.Credential != "5e8QtsIt7Z2En3C8HoKH/EEIeWQ=" || len(s.URLs) != 2 ||
		s.URLs[1] != "turns:fra.example.org:5349?transport=tcp" {
		t.Errorf("%+v", s)
	}
	if len(ice.Servers) != 1 || ice.Servers[0].URLs[0] != ice.Regions[0].Servers[0].URLs[0] {
		t.Errorf("who cannot choose gets %+v", ice.Servers)
	}
	for _, r := range rs.Public() {
		for _, s := range r.Servers {
			if s.Username != "" || s.Credential != "" {
				t.Errorf("everybody sees %+v", s)
			}
		}
	}
	for _, s := range []string{"", "fra", "fra=", "=turn:x"} {
		if r, err := ParseRegion(s); err == nil {
			t.Errorf("%q is %+v", s, r)
		}
	}
	for says, bad := range map[string][]Region{
		"there are 0":         {},
		"twice":               {rs.Places[0], rs.Places[0]},
		"a name has":          {{Name: "two words", URLs: rs.Places[0].URLs}},
		"region fra: externa": {{Name: "fra", URLs: []string{"https://x"}}},
		"over UDP":            {{Name: "fra", URLs: []string{"turn:x?transport=tcp", "turns:x"}}},
	} {
		if err := (Regions{Places: bad, Secret: rs.Secret, TTL: rs.TTL}).Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if err := (Regions{Places: rs.Places, TTL: rs.TTL}).Validate(); err == nil || !strings.Contains(err.Error(), "Secret") {
		t.Error(err)
	}
}

// FuzzRegion: what an operator writes is read without harm.
func FuzzRegion(f *testing.F) {
	for _, s := range []string{"", "=", "a=b", "fra=turn:x,turns:y", ",=,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseRegion(s); err == nil && (r.Name == "" || len(r.URLs) == 0) {
			t.Errorf("%q is %+v", s, r)
		}
	})
}
