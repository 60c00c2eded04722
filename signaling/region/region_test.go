package region

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
	"go.uber.org/goleak"

	"parley/signaling/turn"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// regions are of these names, each with a relay at NAME.test.
func regions(names ...string) []wire.ICERegion {
	var rs []wire.ICERegion
	for _, n := range names {
		rs = append(rs, wire.ICERegion{Name: n, Servers: []wire.ICEServer{
			{URLs: []string{"turn:" + n + ".test:3478?transport=tcp", "turn:" + n + ".test:3478?transport=udp"}, Username: "u", Credential: "c"},
		}})
	}
	return rs
}

func TestChoose(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		order string
		trips map[string]time.Duration
		want  string
	}{
		"no regions":                       {"", nil, ""},
		"one":                              {"fra", nil, "fra"},
		"nothing measured":                 {"fra nyc syd", nil, "fra nyc"},
		"the nearest":                      {"fra nyc syd", map[string]time.Duration{"fra": 180 * ms, "nyc": 90 * ms, "syd": 12 * ms}, "syd"},
		"two that are near":                {"fra nyc ams", map[string]time.Duration{"fra": 20 * ms, "nyc": 90 * ms, "ams": 12 * ms}, "ams fra"},
		"just near":                        {"fra ams", map[string]time.Duration{"fra": 10 * ms, "ams": 30 * ms}, "fra ams"},
		"just not":                         {"fra ams", map[string]time.Duration{"fra": 10 * ms, "ams": 31 * ms}, "fra"},
		"three that are near":              {"a b c", map[string]time.Duration{"a": 3 * ms, "b": 2 * ms, "c": 1 * ms}, "c b"},
		"as near: the service's order":     {"a b c", map[string]time.Duration{"a": ms, "b": ms, "c": ms}, "a b"},
		"one answered":                     {"fra nyc syd", map[string]time.Duration{"nyc": 90 * ms}, "nyc"},
		"one that is on the list no more":  {"fra nyc", map[string]time.Duration{"syd": 5 * ms}, "fra nyc"},
		"the nearest is on the list twice": {"fra fra", map[string]time.Duration{"fra": 5 * ms}, "fra fra"},
	} {
		got := strings.Join(Choose(regions(strings.Fields(c.order)...), c.trips), " ")
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestUse(t *testing.T) {
	plain := wire.ICE{Servers: []wire.ICEServer{{URLs: []string{"stun:x"}}}}
	if got := Use(plain, nil); len(got.Servers) != 1 || got.Servers[0].URLs[0] != "stun:x" {
		t.Errorf("without regions: %+v", got)
	}
	ice := wire.ICE{Servers: plain.Servers, Regions: regions("fra", "nyc"), ExpiresMS: 5}
	got := Use(ice, map[string]time.Duration{"nyc": time.Millisecond})
	if len(got.Servers) != 1 || !strings.Contains(got.Servers[0].URLs[0], "nyc.test") || got.ExpiresMS != 5 || len(got.Regions) != 2 {
		t.Errorf("%+v", got)
	}
	if ice.Servers[0].URLs[0] != "stun:x" {
		t.Error("the list itself was changed")
	}
}

// far is a socket to a relay that answers each request after a while: from the
// second answer on after delay, the first after as much again.
type far struct {
	net.Conn // nil: what is not here is not called
	delay    time.Duration
	lose     int // requests that get no answer, from the first
	mess     bool

	mu     sync.Mutex
	sent   int
	till   time.Time
	arrive chan []byte
	closed chan struct{}
	once   sync.Once
}

func (f *far) Write(b []byte) (int, error) {
	ask := &stun.Message{Raw: slices.Clone(b)}
	if err := ask.Decode(); err != nil || ask.Type != stun.BindingRequest {
		return 0, errors.New("not a request")
	}
	f.mu.Lock()
	f.sent++
	nth := f.sent
	f.mu.Unlock()
	if nth <= f.lose {
		return len(b), nil
	}
	answer := func(id [stun.TransactionIDSize]byte, typ stun.MessageType) {
		m, err := stun.Build(&stun.Message{TransactionID: id}, typ)
		if err != nil {
			panic(err)
		}
		f.arrive <- m.Raw
	}
	delay := f.delay
	if nth == 1 {
		delay *= 2
	}
	time.AfterFunc(delay, func() {
		if f.mess { // others' answers, and what is none
			f.arrive <- []byte("no message at all")
			answer(stun.NewTransactionID(), stun.BindingSuccess)
			answer(ask.TransactionID, stun.BindingError)
		}
		answer(ask.TransactionID, stun.BindingSuccess)
	})
	return len(b), nil
}

func (f *far) SetReadDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.till = t
	return nil
}

func (f *far) Read(b []byte) (int, error) {
	f.mu.Lock()
	till := f.till
	f.mu.Unlock()
	limit := time.NewTimer(time.Until(till))
	defer limit.Stop()
	select {
	case m := <-f.arrive:
		return copy(b, m), nil
	case <-limit.C:
		return 0, os.ErrDeadlineExceeded
	case <-f.closed:
		return 0, net.ErrClosed
	}
}

func (f *far) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// In virtual time: each region's round trip is found, all in the time of the
// slowest, and one that is silent costs two seconds and no more.
func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ms = time.Millisecond
		relays := map[string]*far{
			"fra.test:3478": {delay: 20 * ms}, "nyc.test:3478": {delay: 90 * ms, lose: 1}, "syd.test:3478": {delay: 300 * ms, mess: true},
			"off.test:3478": {lose: 9}, "slow.test:3478": {delay: 1500 * ms},
		}
		for _, f := range relays {
			f.arrive, f.closed = make(chan []byte, 32), make(chan struct{})
		}
		dial := func(_ context.Context, network, addr string) (net.Conn, error) {
			if f := relays[addr]; f != nil && network == "udp" {
				return f, nil
			}
			return nil, &net.DNSError{Err: "no such host", Name: addr}
		}
		list := append(regions("fra", "nyc", "syd", "off", "slow", "nowhere"), wire.ICERegion{Name: "tls", Servers: []wire.ICEServer{{URLs: []string{"turns:tls.test:443?transport=tcp", "?"}}}})
		began := time.Now()
		got := Measure(t.Context(), list, dial)
		if want := map[string]time.Duration{"fra": 20 * ms, "nyc": 90 * ms, "syd": 300 * ms}; !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %s", took)
		}
		for at, n := range map[string]int{"fra.test:3478": 3, "nyc.test:3478": 3, "off.test:3478": 2} {
			if relays[at].sent != n {
				t.Errorf("%s was asked %d times, want %d", at, relays[at].sent, n)
			}
		}
		for at, f := range relays {
			select {
			case <-f.closed:
			default:
				t.Errorf("the socket to %s stays open", at)
			}
		}
	})
}

// The end of the context ends it at once.
func TestMeasureIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{lose: 9, arrive: make(chan []byte, 1), closed: make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		got := Measure(ctx, regions("off"), func(context.Context, string, string) (net.Conn, error) { return f, nil })
		if took := time.Since(began); len(got) != 0 || took != 100*time.Millisecond {
			t.Errorf("%v after %s", got, took)
		}
	})
}

// The service's own relay answers as others do.
func TestMeasureARelay(t *testing.T) {
	cfg := turn.Default()
	cfg.Listen = "127.0.0.1:0"
	s, err := turn.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := []wire.ICERegion{{Name: "here", Servers: s.Credentials("ann", "127.0.0.1", time.Now()).Servers}}
	if got := Measure(t.Context(), list, nil); got["here"] <= 0 {
		t.Errorf("%v", got)
	}
}

// FuzzAnswers: what a relay, or somebody else, sends is read without harm.
func FuzzAnswers(f *testing.F) {
	id := [stun.TransactionIDSize]byte{1, 2, 3}
	good, err := stun.Build(&stun.Message{TransactionID: id}, stun.BindingSuccess, &stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 1), Port: 5})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Raw)
	f.Add([]byte{})
	f.Add(good.Raw[:21])
	f.Fuzz(func(t *testing.T, b []byte) {
		if answers(b, id) && (len(b) < 20 || !slices.Equal(b[8:20], id[:])) {
			t.Errorf("%x is taken for the answer", b)
		}
	})
}
