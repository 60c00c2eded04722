package turn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v4"

	"parley/signaling/wire"
)

// External is a relay that somebody else runs, as coturn with use-auth-secret.
// It shares a secret with the service, and gets no request from it.
type External struct {
	URLs   []string // stun:, turn: and turns:
	Secret []byte   // coturn's static-auth-secret
	TTL    time.Duration
}

// Validate names the first field that is wrong.
func (e External) Validate() error {
	if len(e.URLs) == 0 || len(e.URLs) > 16 {
		return fmt.Errorf("external relay URLs: there are %d; use 1 to 16", len(e.URLs))
	}
	for _, u := range e.URLs {
		if _, err := stun.ParseURI(u); err != nil {
			return fmt.Errorf("external relay URLs: %q is not an address as in turn:relay.example.org:3478?transport=udp (%w)", u, err)
		}
	}
	switch {
	case len(e.Secret) < 16:
		return errors.New("external relay Secret: at least 16 bytes, the same as the relay's")
	case e.TTL < time.Minute:
		return fmt.Errorf("external relay TTL: %s is under a minute", e.TTL)
	}
	return nil
}

// Credentials returns the servers for one person, good for TTL.
func (e External) Credentials(person string, now time.Time) wire.ICE {
	ice := wire.ICE{ExpiresMS: e.TTL.Milliseconds()}
	isSTUN := func(u string) bool { return strings.HasPrefix(u, "stun") }
	if urls := slices.DeleteFunc(slices.Clone(e.URLs), func(u string) bool { return !isSTUN(u) }); len(urls) > 0 {
		ice.Servers = append(ice.Servers, wire.ICEServer{URLs: urls})
	}
	if urls := slices.DeleteFunc(slices.Clone(e.URLs), isSTUN); len(urls) > 0 {
		username, password := credential(e.Secret, person, now.Add(e.TTL))
		ice.Servers = append(ice.Servers, wire.ICEServer{URLs: urls, Username: username, Credential: password})
	}
	return ice
}
