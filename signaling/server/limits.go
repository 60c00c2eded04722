package server

import (
	"net/netip"
	"sync"
	"time"
)

// bucket is a token bucket. Its owner locks.
type bucket struct {
	rate, burst float64 // per second; at most
	have        float64
	at          time.Time
}

func newBucket(rate float64, burst int) bucket {
	return bucket{rate: rate, burst: float64(burst), have: float64(burst)}
}

// take takes n tokens, or returns how long it is until they are there.
func (b *bucket) take(now time.Time, n float64) (wait time.Duration, ok bool) {
	if !b.at.IsZero() && b.have < b.burst {
		b.have = min(b.burst, b.have+now.Sub(b.at).Seconds()*b.rate)
	}
	b.at = now
	if b.have >= n {
		b.have -= n
		return 0, true
	}
	return time.Duration((n - b.have) / b.rate * float64(time.Second)), false
}

// save lets more than a burst have gathered, up to most, while there was no way
// to take any: a client whose link was cut sends at once what it queued.
func (b *bucket) save(now time.Time, most float64) {
	if !b.at.IsZero() {
		b.have = max(b.have, min(most, b.have+now.Sub(b.at).Seconds()*b.rate))
		b.at = now
	}
}

// full reports whether nothing was taken lately: the bucket can be forgotten.
func (b *bucket) full(now time.Time) bool {
	return b.have+now.Sub(b.at).Seconds()*b.rate >= b.burst
}

// keyed is a bucket per key. Full ones are forgotten, so that its size follows
// the number of active keys.
type keyed struct {
	rate  float64
	burst int

	mu    sync.Mutex
	m     map[string]*bucket
	sweep int // entries at which to look for full ones
}

func newKeyed(perMinute int) *keyed {
	return &keyed{rate: float64(perMinute) / 60, burst: perMinute, m: map[string]*bucket{}, sweep: 64}
}

func (k *keyed) take(now time.Time, key string) (wait time.Duration, ok bool) {
	return k.takeN(now, key, 1)
}

// peek reports whether take would succeed, and takes nothing.
func (k *keyed) peek(now time.Time, key string) (wait time.Duration, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.m[key]
	if b == nil {
		return 0, true
	}
	c := *b
	return c.take(now, 1)
}

func (k *keyed) takeN(now time.Time, key string, n float64) (wait time.Duration, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.m[key]
	if b == nil {
		if len(k.m) >= k.sweep {
			for other, ob := range k.m {
				if ob.full(now) {
					delete(k.m, other)
				}
			}
			k.sweep = max(64, 2*len(k.m))
		}
		n := newBucket(k.rate, k.burst)
		b = &n
		k.m[key] = b
	}
	return b.take(now, n)
}

// addresses counts connections that have not signed in, by network address.
type addresses struct {
	most int

	mu sync.Mutex
	n  map[string]int
}

func newAddresses(most int) *addresses { return &addresses{most: most, n: map[string]int{}} }

// enter counts one more, or refuses it.
func (a *addresses) enter(addr string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n[addr] >= a.most {
		return false
	}
	a.n[addr]++
	return true
}

func (a *addresses) leave(addr string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n[addr]--; a.n[addr] <= 0 {
		delete(a.n, addr)
	}
}

// addressKey is what connections of one subscriber have in common: the IPv4
// address, or the /64 of an IPv6 one.
func addressKey(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}
