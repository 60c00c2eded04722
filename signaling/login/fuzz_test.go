package login

import (
	"encoding/json"
	"log/slog"
	"testing"

	"parley/signaling/wire"
)

// Whatever claims a provider makes of somebody, the name that is proposed is
// one, and only who is meant to is let in.
func FuzzClaims(f *testing.F) {
	for _, s := range []string{
		`{"name":"Ada","email":"ada@example.org","email_verified":true,"groups":["staff"]}`,
		`{"name":7,"preferred_username":"ada","email":"@","email_verified":"true","groups":"staff"}`,
		`{"name":"a\u202eb","email":["ada@example.org"],"groups":[["staff"],7,null]}`, `{}`, `null`,
	} {
		f.Add([]byte(s))
	}
	cfg := Default()
	cfg.Domains, cfg.Groups = []string{"example.org"}, []string{"staff"}
	p := newProvider(cfg, "", slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, in []byte) {
		claims := map[string]any{}
		if json.Unmarshal(in, &claims) != nil {
			return
		}
		if name := p.name(claims); name != "" {
			if again, err := wire.CleanName(name); err != nil || again != name {
				t.Errorf("proposes %q: %v", name, err)
			}
		}
		_ = p.lacking(claims)
		mail, isText := claims["email"].(string)
		if p.allowed(claims) == nil && (!isText || len(mail) < len("x@example.org") || claims["groups"] == nil) {
			t.Errorf("lets in %s", in)
		}
	})
}
