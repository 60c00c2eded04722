package region

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/pion/stun/v4"

	"parley/signaling/wire"
)

const (
	probes      = 3
	probeWithin = time.Second
	mostRegions = 32 // that are asked; a service hands out at most 16
)

// Dial opens a UDP socket to host:port; nil stands for the system's.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// Measure asks the relays of all regions at once by STUN Binding (RFC 8489
// section 3), each up to three times, and returns the shortest round trip of
// each that answered. It takes at most two seconds more than finding their
// names, and less when ctx ends.
func Measure(ctx context.Context, regions []wire.ICERegion, dial Dial) map[string]time.Duration {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	var mu sync.Mutex
	trips := map[string]time.Duration{}
	var wg sync.WaitGroup
	for _, r := range regions[:min(len(regions), mostRegions)] {
		at := target(r)
		if at == "" {
			continue
		}
		wg.Go(func() {
			if trip, ok := measure(ctx, at, dial); ok {
				mu.Lock()
				trips[r.Name] = trip
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return trips
}

// target is where a region answers STUN over UDP, or "".
func target(r wire.ICERegion) string {
	for _, s := range r.Servers {
		for _, u := range s.URLs {
			if uri, err := stun.ParseURI(u); err == nil && uri.Proto == stun.ProtoTypeUDP &&
				(uri.Scheme == stun.SchemeTypeSTUN || uri.Scheme == stun.SchemeTypeTURN) {
				return net.JoinHostPort(uri.Host, strconv.Itoa(uri.Port))
			}
		}
	}
	return ""
}

// measure asks one relay. One that does not answer twice is given up.
func measure(ctx context.Context, at string, dial Dial) (best time.Duration, ok bool) {
	open, cancel := context.WithTimeout(ctx, 2*probeWithin) // finds the name, too
	c, err := dial(open, "udp", at)
	cancel()
	if err != nil {
		return 0, false
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	lost := 0
	for range probes {
		trip, answered := probe(c)
		switch {
		case answered && (!ok || trip < best):
			best, ok = trip, true
		case !answered:
			lost++
		}
		if lost == 2 || ctx.Err() != nil {
			break
		}
	}
	return best, ok
}

// probe sends one request and waits for its answer.
func probe(c net.Conn) (time.Duration, bool) {
	ask, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		return 0, false
	}
	sent := time.Now()
	if c.SetReadDeadline(sent.Add(probeWithin)) != nil {
		return 0, false
	}
	if _, err := c.Write(ask.Raw); err != nil {
		return 0, false
	}
	b := make([]byte, 1500)
	for {
		n, err := c.Read(b)
		if err != nil {
			return 0, false
		}
		if answers(b[:n], ask.TransactionID) {
			return time.Since(sent), true
		}
	}
}

// answers reports whether b is the success that belongs to a request; what
// comes late, from a request before, is none.
func answers(b []byte, id [stun.TransactionIDSize]byte) bool {
	if !stun.IsMessage(b) {
		return false
	}
	m := &stun.Message{Raw: bytes.Clone(b)}
	return m.Decode() == nil && m.Type == stun.BindingSuccess && m.TransactionID == id
}
