// Package discover finds a Parley service nearby and announces one: on the
// local network by DNS-SD over multicast DNS (RFC 6763, RFC 6762), and between
// programs of one person on one machine by a file, which works without any
// network.
//
//	Announce ──> file in Dir ─────────────────┐
//	    └─> zeroconf ──mDNS──> other machine  │
//	Find <── zeroconf ──mDNS──┘               │
//	  └──────<── file ────────────────────────┘
//
// Programs that start together find nothing and each bring a service. They
// agree without talking: the service with the earliest start time, and among
// equals the smallest ID, is the one (Before). So whoever has announced a
// service looks again once, and moves if Find's first is another.
//
// Measured with zeroconf 2.2.0 between two processes on Linux: an answer comes
// after 1 ms, also over a loopback interface that does not claim multicast.
package discover

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Config says where to look and announce.
type Config struct {
	// Dir has one file per service of this machine. "": a folder of this
	// user's in the system's temporary folder.
	Dir string
	// Self is the ID of the program's own service, which Find leaves out.
	Self string
	// NoNetwork keeps to this machine.
	NoNetwork bool
	Log       *slog.Logger // nil: none

	kind string // "": _parley._tcp
}

func (c Config) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

func (c Config) service() string {
	if c.kind == "" {
		return "_parley._tcp"
	}
	return c.kind
}

// Service is one that was found, and answers.
type Service struct {
	ID    string
	Name  string // for people; may be empty
	URL   string // http://HOST:PORT
	Addr  string // HOST:PORT
	Start time.Time
}

// Before reports whether s is to be preferred to o.
func (s Service) Before(o Service) bool { return compare(s, o) < 0 }

func compare(a, b Service) int {
	// By the millisecond, as announcements say it: a program must order its own
	// service as others do.
	return cmp.Or(cmp.Compare(a.Start.UnixMilli(), b.Start.UnixMilli()), strings.Compare(a.ID, b.ID))
}

// NewID makes the ID of a service.
func NewID() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// Times within Find.
const (
	settle    = 250 * time.Millisecond // after the first answer, for an older service's
	dialIn    = 500 * time.Millisecond
	mostFound = 64
)

// Find looks for services for the given time, the preferred first. It ends a
// quarter of a second after the first that answers. No network means no
// services, not an error.
func Find(ctx context.Context, cfg Config, wait time.Duration) []Service {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	s := &search{cfg: cfg, ctx: ctx, cancel: cancel, tried: map[string]bool{}, found: map[string]Service{}}
	s.wg.Go(func() { watchDesk(ctx, cfg, s.offer) })
	if !cfg.NoNetwork {
		s.wg.Go(func() { browse(ctx, cfg, s.offer) })
		s.wg.Go(func() { // a single question may be lost on its way
			select {
			case <-time.After(wait / 3):
				browse(ctx, cfg, s.offer)
			case <-ctx.Done():
			}
		})
	}
	<-ctx.Done()
	s.wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Service, 0, len(s.found))
	for _, f := range s.found {
		out = append(out, f)
	}
	slices.SortFunc(out, compare)
	return out
}

// offer is what an announcement says, before anybody answered there.
type offer struct {
	id, name string
	start    time.Time
	addrs    []netip.AddrPort // the likeliest first
	stale    func()           // called if nobody is there
}

// search collects what answers.
type search struct {
	cfg    Config
	ctx    context.Context
	cancel func()
	wg     sync.WaitGroup

	mu    sync.Mutex
	tried map[string]bool // by id and first address
	found map[string]Service
}

// offer tries an announced service once.
func (s *search) offer(o offer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := o.id + fmt.Sprint(o.addrs)
	if o.id == s.cfg.Self || s.tried[key] || len(s.tried) >= mostFound || s.ctx.Err() != nil {
		return
	}
	s.tried[key] = true
	s.wg.Go(func() { s.try(o) })
}

func (s *search) try(o offer) {
	addr, ok := firstAnswering(s.ctx, o.addrs)
	if !ok {
		if o.stale != nil && s.ctx.Err() == nil {
			o.stale()
		}
		s.cfg.log().Debug("announced service does not answer", "id", o.id, "addrs", fmt.Sprint(o.addrs))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, known := s.found[o.id]; known && netip.MustParseAddrPort(was.Addr).Addr().IsLoopback() {
		return // the shortest way is known already
	}
	if len(s.found) == 0 {
		time.AfterFunc(settle, s.cancel)
	}
	s.found[o.id] = Service{ID: o.id, Name: o.name, Start: o.start, Addr: addr.String(), URL: "http://" + addr.String()}
}

// firstAnswering asks all addresses at once and takes the first in their order
// that accepts a connection.
func firstAnswering(ctx context.Context, addrs []netip.AddrPort) (netip.AddrPort, bool) {
	ctx, cancel := context.WithTimeout(ctx, dialIn)
	defer cancel()
	answers := make([]chan bool, len(addrs))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for i, a := range addrs {
		answers[i] = make(chan bool, 1)
		wg.Go(func() {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", a.String())
			if err == nil {
				c.Close()
			}
			answers[i] <- err == nil
		})
	}
	for i, a := range addrs {
		if <-answers[i] {
			return a, true
		}
	}
	return netip.AddrPort{}, false
}

// text is the TXT record of a service.
func text(s Service) []string {
	return []string{"v=1", "id=" + s.ID, "start=" + strconv.FormatInt(s.Start.UnixMilli(), 10), "name=" + cleanName(s.Name)}
}

// readText reads one; ok is false if it is not a service's of this version.
func readText(txt []string) (id, name string, start time.Time, ok bool) {
	version := ""
	ms := int64(-1)
	for _, t := range txt {
		key, value, _ := strings.Cut(t, "=")
		switch strings.ToLower(key) {
		case "v":
			version = value
		case "id":
			id = value
		case "name":
			name = cleanName(value)
		case "start":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				ms = n
			}
		}
	}
	if version != "1" || !validID(id) || ms < 0 || ms > 1<<50 {
		return "", "", time.Time{}, false
	}
	return id, name, time.UnixMilli(ms), true
}

// cleanName keeps what can be shown, at most 64 bytes.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, s)
	for len(s) > 64 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}

// validID keeps what strangers send from being a path or a long line.
func validID(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	})
}
