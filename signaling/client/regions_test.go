package client

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"

	"parley/signaling/wire"
)

// relays are sockets to relays at a distance.
type relays struct {
	mu    sync.Mutex
	far   map[string]time.Duration // by host:port; absent: does not answer
	asked int
}

func (r *relays) dial(_ context.Context, _, addr string) (net.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	delay, ok := r.far[addr]
	if !ok {
		return nil, errors.New("unreachable")
	}
	return &echo{delay: delay, back: make(chan []byte, 8)}, nil
}

func (r *relays) set(far map[string]time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.far = far
}

func (r *relays) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

type echo struct {
	net.Conn // nil: what is not here is not called
	delay    time.Duration
	back     chan []byte
	till     time.Time
}

func (e *echo) Write(b []byte) (int, error) {
	ask := &stun.Message{Raw: append([]byte(nil), b...)}
	if err := ask.Decode(); err != nil {
		return 0, err
	}
	answer, err := stun.Build(&stun.Message{TransactionID: ask.TransactionID}, stun.BindingSuccess)
	if err != nil {
		return 0, err
	}
	time.AfterFunc(e.delay, func() { e.back <- answer.Raw })
	return len(b), nil
}

func (e *echo) SetReadDeadline(t time.Time) error { e.till = t; return nil }
func (e *echo) Close() error                      { return nil }

func (e *echo) Read(b []byte) (int, error) {
	limit := time.NewTimer(time.Until(e.till))
	defer limit.Stop()
	select {
	case m := <-e.back:
		return copy(b, m), nil
	case <-limit.C:
		return 0, os.ErrDeadlineExceeded
	}
}

// The nearest relay is used once it is known which one that is, after a change
// of the network another one; nobody waits for it, and nothing is measured
// without a reason.
func TestNearestRegion(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		for _, name := range []string{"fra", "nyc", "syd"} {
			f.ice.Regions = append(f.ice.Regions, wire.ICERegion{Name: name, Servers: []wire.ICEServer{
				{URLs: []string{"turn:" + name + ":3478?transport=udp"}, Username: "u", Credential: "c"}}})
		}
		f.ice.Servers = f.ice.Regions[0].Servers
		const ms = time.Millisecond
		r := &relays{far: map[string]time.Duration{"fra:3478": 200 * ms, "nyc:3478": 80 * ms, "syd:3478": 300 * ms}}
		c := run(t, f, func(cfg *Config) { cfg.ProbeDial = r.dial })
		uses := func(want ...string) {
			t.Helper()
			began := time.Now()
			ice, err := c.ICE(t.Context())
			if err != nil || time.Since(began) > 0 {
				t.Fatalf("ICE after %s: %v", time.Since(began), err)
			}
			var got []string
			for _, s := range ice.Servers {
				host, _, _ := strings.Cut(strings.TrimPrefix(s.URLs[0], "turn:"), ":")
				got = append(got, host)
			}
			names, _ := c.Regions()
			if strings.Join(got, " ") != strings.Join(want, " ") || strings.Join(names, " ") != strings.Join(want, " ") {
				t.Errorf("uses %v, says %v, want %v", got, names, want)
			}
		}
		c.reach(Online)
		uses("fra", "nyc") // the service's order, at once
		time.Sleep(time.Second)
		synctest.Wait()
		uses("nyc")
		if _, trips := c.Regions(); trips["nyc"] != 80*ms || len(trips) != 3 {
			t.Errorf("round trips %v", trips)
		}
		asked := r.count()
		time.Sleep(time.Hour) // credentials are renewed meanwhile, the list is the same
		if r.count() != asked {
			t.Errorf("measured again for nothing: %d", r.count()-asked)
		}

		r.set(map[string]time.Duration{"fra:3478": 9 * ms, "nyc:3478": 90 * ms, "syd:3478": 20 * ms})
		for range 5 { // changes come in bursts
			c.Kick()
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		uses("fra", "syd")
		if n := r.count() - asked; n > 2*3 {
			t.Errorf("five changes at once: %d questions", n)
		}

		f.set(func() { // the operator moves one
			f.ice.Regions = append([]wire.ICERegion(nil), f.ice.Regions...)
			f.ice.Regions[0].Servers = []wire.ICEServer{{URLs: []string{"turn:fra2:3478?transport=udp"}, Username: "u", Credential: "c"}}
		})
		r.set(map[string]time.Duration{"fra2:3478": 400 * ms, "nyc:3478": 90 * ms, "syd:3478": 20 * ms})
		f.cut() // it resumes, and is told
		time.Sleep(10 * time.Second)
		synctest.Wait()
		uses("syd")

		r.set(nil) // a network that lets no UDP out
		c.Kick()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		uses("syd") // what was known stands
	})
}

// Relays in one place are not asked.
func TestOneRegionIsNotMeasured(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.ice = wire.ICE{Servers: []wire.ICEServer{{URLs: []string{"turn:here:3478"}, Username: "u", Credential: "c"}}}
		r := &relays{}
		c := run(t, f, func(cfg *Config) { cfg.ProbeDial = r.dial })
		c.reach(Online)
		c.Kick()
		time.Sleep(time.Minute)
		if names, _ := c.Regions(); len(names) != 0 || r.count() != 0 {
			t.Errorf("uses %v after %d questions", names, r.count())
		}
	})
}
