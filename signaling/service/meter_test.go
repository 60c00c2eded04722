package service

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pion "github.com/pion/turn/v5"

	"parley/signaling/store"
	"parley/signaling/turn"
)

// books is a meter's store in memory, which can be away.
type books struct {
	mu   sync.Mutex
	away bool
	days map[time.Time]map[string]int64 // by month
	gone time.Time
}

var errAway = errors.New("away")

func (b *books) AddRelayUse(_ context.Context, day time.Time, uses []store.RelayUse) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	m := store.Month(day)
	if b.days[m] == nil {
		b.days[m] = map[string]int64{}
	}
	for _, u := range uses {
		b.days[m][u.Person] += u.Bytes
	}
	return nil
}

func (b *books) RelayOver(_ context.Context, from time.Time, most int64) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return nil, errAway
	}
	var ids []string
	for id, n := range b.days[from] {
		if n >= most {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (b *books) ForgetRelayUse(_ context.Context, before time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = before
	return nil
}

// A quota is over within seconds of what used it up, survives a store that is
// away, counts what other nodes wrote, and begins anew with the month.
func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &books{days: map[time.Time]map[string]int64{}}
		var log strings.Builder
		m := newMeter(b, 1000, slog.New(slog.NewTextHandler(&log, nil)))
		var mu sync.Mutex
		var next []turn.Used
		uses := func(us ...turn.Used) {
			mu.Lock()
			next = append(next, us...)
			mu.Unlock()
		}
		m.start(func() []turn.Used {
			mu.Lock()
			defer mu.Unlock()
			us := next
			next = nil
			return us
		})
		over := func(want ...string) {
			t.Helper()
			synctest.Wait()
			for _, p := range []string{"ann", "bob", "cy"} {
				if got := m.refuse(p); got != slices.Contains(want, p) {
					t.Errorf("%s is refused: %t", p, got)
				}
			}
		}
		over()
		uses(turn.Used{Person: "ann", Bytes: 600}, turn.Used{Person: "bob", Bytes: 900})
		time.Sleep(meterEvery)
		over()
		uses(turn.Used{Person: "ann", Bytes: 400})
		time.Sleep(meterEvery)
		over("ann")
		over("ann")
		if n := strings.Count(log.String(), "used up --turn-quota"); n != 1 {
			t.Errorf("it is said %d times:\n%s", n, log.String())
		}

		b.mu.Lock()
		b.away = true
		b.mu.Unlock()
		for range 3 {
			uses(turn.Used{Person: "bob", Bytes: 50})
			time.Sleep(meterEvery)
		}
		over("ann") // what was known stands
		b.mu.Lock()
		b.away = false
		b.mu.Unlock()
		time.Sleep(meterEvery)
		over("ann", "bob") // nothing was lost
		if m.failed.Load() != 3 {
			t.Errorf("%d writes failed", m.failed.Load())
		}

		if err := b.AddRelayUse(t.Context(), time.Now(), []store.RelayUse{{Person: "cy", Bytes: 5000}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(spentEvery + meterEvery)
		over("ann", "bob", "cy") // another node wrote it

		april := store.Month(time.Now()).AddDate(0, 1, 0)
		time.Sleep(time.Until(april))
		over()
		if want := time.Now().AddDate(0, -keptMonths, -2); b.gone.Before(want) {
			t.Errorf("forgot what was before %s", b.gone)
		}
		uses(turn.Used{Person: "cy", Bytes: 7})
		m.close() // writes what is left
		if n := b.days[april]["cy"]; n != 7 {
			t.Errorf("%d bytes of the last moments are kept", n)
		}
	})
}

// No quota: nobody is asked about.
func TestMeterWithoutQuota(t *testing.T) {
	m := newMeter(nil, 0, slog.New(slog.DiscardHandler))
	if m.over("ann") || m.refuse("ann") {
		t.Error("refused")
	}
	m.close()
}

// What went through the relay is in the database after the service has ended,
// and who is over the quota is told so and gets no relay after a restart.
func TestRelayUseIsKept(t *testing.T) {
	dir := t.TempDir()
	db := func(f func(*store.SQL)) {
		t.Helper()
		st, err := store.Open(t.Context(), filepath.Join(dir, store.File))
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		f(st)
	}
	var ann string
	db(func(st *store.SQL) {
		p, err := st.Claim(t.Context(), make([]byte, 32), "Ann", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		ann = p.ID
	})
	cfg := loopback(dir)
	cfg.RelayQuota = 1000
	allocate := func(s *Service, f func(net.PacketConn)) error {
		t.Helper()
		given := s.cfg.server(s.relay, s.meter).ICE(ann, ann).Servers[1]
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c, err := pion.NewClient(&pion.ClientConfig{STUNServerAddr: s.RelayAddr(), TURNServerAddr: s.RelayAddr(), Conn: conn,
			Username: given.Username, Password: given.Credential, Realm: "parley"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Listen(); err != nil {
			t.Fatal(err)
		}
		relay, err := c.Allocate()
		if err != nil {
			return err
		}
		defer relay.Close()
		f(relay)
		return nil
	}
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = allocate(s, func(relay net.PacketConn) {
		peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		if _, err := relay.WriteTo(make([]byte, 1200), peer.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := peer.ReadFrom(make([]byte, 1500)); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db(func(st *store.SQL) {
		us, err := st.RelayUses(t.Context(), time.Now())
		if want := []store.RelayUse{{Person: ann, Bytes: 1200, Relays: 1}}; err != nil || !slices.Equal(us, want) {
			t.Errorf("kept: %+v, %v, want %+v", us, err, want)
		}
	})
	if s, err = Start(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for !s.meter.over(ann) { // it reads the store in the background
		if t.Context().Err() != nil {
			t.Fatal("the quota is not known")
		}
		time.Sleep(time.Millisecond)
	}
	if !s.cfg.server(s.relay, s.meter).ICE(ann, ann).RelaySpent {
		t.Error("the person is not told")
	}
	if err := allocate(s, func(net.PacketConn) {}); err == nil {
		t.Error("a relay beyond the quota")
	}
	if m := get(t, s.URL()+"/metrics"); !strings.Contains(m, `parley_turn_refused_total{reason="month"} 1`) || !strings.Contains(m, "parley_turn_spent 1") || strings.Contains(m, ann) {
		t.Errorf("metrics:\n%s", m)
	}
}
