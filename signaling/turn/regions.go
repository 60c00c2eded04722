package turn

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v4"

	"parley/signaling/wire"
)

// Regions are relays in several places that share one secret with the service.
// Clients use the nearest; the first is for those who cannot tell.
type Regions struct {
	Places []Region
	Secret []byte
	TTL    time.Duration
}

// Region is one place.
type Region struct {
	Name string   // as wire.ValidID has it, at most 32 letters
	URLs []string // stun:, turn: and turns:
}

const mostRegions = 16

// ParseRegion reads NAME=URL,URL.
func ParseRegion(s string) (Region, error) {
	name, list, found := strings.Cut(s, "=")
	r := Region{Name: strings.TrimSpace(name)}
	for u := range strings.SplitSeq(list, ",") {
		r.URLs = append(r.URLs, strings.TrimSpace(u))
	}
	if !found || r.Name == "" || list == "" {
		return Region{}, fmt.Errorf("%q is not a region as in fra=turn:fra.example.org:3478?transport=udp,turns:fra.example.org:5349?transport=tcp", s)
	}
	return r, nil
}

// Validate names the first region that is wrong.
func (r Regions) Validate() error {
	if len(r.Places) == 0 || len(r.Places) > mostRegions {
		return fmt.Errorf("relay regions: there are %d; use 1 to %d", len(r.Places), mostRegions)
	}
	seen := map[string]bool{}
	for _, p := range r.Places {
		switch {
		case !wire.ValidID(p.Name) || len(p.Name) > 32:
			return fmt.Errorf("relay region %q: a name has up to 32 letters, digits, - and _", p.Name)
		case seen[p.Name]:
			return fmt.Errorf("relay region %s is there twice", p.Name)
		}
		seen[p.Name] = true
		if err := r.external(p).Validate(); err != nil {
			return fmt.Errorf("relay region %s: %w", p.Name, err)
		}
		if !slices.ContainsFunc(p.URLs, overUDP) {
			return fmt.Errorf("relay region %s: without an address over UDP, as in turn:HOST:3478?transport=udp, nobody can tell how far it is", p.Name)
		}
	}
	return nil
}

func overUDP(u string) bool {
	uri, err := stun.ParseURI(u)
	return err == nil && uri.Proto == stun.ProtoTypeUDP && (uri.Scheme == stun.SchemeTypeSTUN || uri.Scheme == stun.SchemeTypeTURN)
}

func (r Regions) external(p Region) External {
	return External{URLs: p.URLs, Secret: r.Secret, TTL: r.TTL}
}

// Credentials returns the servers of all regions for one person, good for TTL.
func (r Regions) Credentials(person string, now time.Time) wire.ICE {
	ice := wire.ICE{ExpiresMS: r.TTL.Milliseconds()}
	for _, p := range r.Places {
		ice.Regions = append(ice.Regions, wire.ICERegion{Name: p.Name, Servers: r.external(p).Credentials(person, now).Servers})
	}
	if len(ice.Regions) > 0 {
		ice.Servers = ice.Regions[0].Servers
	}
	return ice
}

// Public is where the regions are, without credentials.
func (r Regions) Public() []wire.ICERegion {
	var out []wire.ICERegion
	for _, p := range r.Places {
		out = append(out, wire.ICERegion{Name: p.Name, Servers: []wire.ICEServer{{URLs: p.URLs}}})
	}
	return out
}
