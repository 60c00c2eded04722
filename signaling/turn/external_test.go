package turn

import (
	"slices"
	"testing"
	"time"
)

func TestExternal(t *testing.T) {
	good := External{URLs: []string{"stun:relay.example.org:3478", "turn:relay.example.org:3478?transport=udp", "turns:relay.example.org:443?transport=tcp"},
		Secret: []byte("north-wind-and-the-sun"), TTL: 5 * time.Minute}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*External){
		"no address": func(e *External) { e.URLs = nil },
		"https":      func(e *External) { e.URLs = []string{"https://relay.example.org"} },
		"a host":     func(e *External) { e.URLs = []string{"relay.example.org"} },
		"secret":     func(e *External) { e.Secret = []byte("short") },
		"ttl":        func(e *External) { e.TTL = 0 },
	} {
		e := good
		change(&e)
		if e.Validate() == nil {
			t.Errorf("%s: %+v is accepted", name, e)
		}
	}
	ice := good.Credentials("ada", time.Unix(1_700_000_000, 0))
	if len(ice.Servers) != 2 || ice.ExpiresMS != 300_000 || !slices.Equal(ice.Servers[0].URLs, good.URLs[:1]) || ice.Servers[0].Credential != "" {
		t.Fatalf("%+v", ice)
	}
	// printf 1700000300:ada | openssl dgst -sha1 -hmac north-wind-and-the-sun -binary | base64
	if s := ice.Servers[1]; !slices.Equal(s.URLs, good.URLs[1:]) || s.Username != "1700000300:ada" || s.Credential != "5e8QtsIt7Z2En3C8HoKH/EEIeWQ=" {
		t.Errorf("%+v", s)
	}
}
