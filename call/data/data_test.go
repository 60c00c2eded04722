package data

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/media"
)

var update = flag.Bool("update", false, "write golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMessagesAreAsInTheGoldens(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	for name, m := range map[string]any{
		"chat":      Chat{ID: "A1", Text: "Grüße <b> & \"quotes\"\nsecond line", At: at},
		"delivered": Delivered{ID: "A1"},
		"state":     Media{Mic: true, Screen: true, Waiting: true},
		"quiet":     Media{},
		"health":    Health{CPU: true, Narrow: true, Away: true, MaxKbps: 250},
		"record":    Record{Ask: 2, On: true, Answer: 1, Allow: true},
	} {
		got, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got)+"\n" != string(want) {
			t.Errorf("%s: %s, golden %s", name, got, want)
		}
		back, err := Decode(got)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(m) {
			t.Errorf("%s came back as %+v (%v)", name, back, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want error
	}{
		{``, ErrMalformed},
		{`[]`, ErrMalformed},
		{`{}`, ErrMalformed},
		{`{"v":1}`, ErrMalformed},
		{`{"v":0,"kind":"chat","id":"a","text":"x"}`, ErrMalformed},
		{`{"v":"1","kind":"chat"}`, ErrMalformed},
		{`{"v":1,"kind":"chat","id":"a"}`, ErrMalformed},
		{`{"v":1,"kind":"chat","id":"a","text":"\u0000\u0007"}`, ErrMalformed},
		{`{"v":1,"kind":"chat","id":"","text":"x"}`, ErrMalformed},
		{`{"v":1,"kind":"chat","id":"a b","text":"x"}`, ErrMalformed},
		{`{"v":1,"kind":"chat","id":"` + strings.Repeat("a", MaxID+1) + `","text":"x"}`, ErrMalformed},
		{`{"v":1,"kind":"chat","id":"a","text":"` + strings.Repeat("x", MaxText+1) + `"}`, ErrMalformed},
		{`{"v":1,"kind":"chat","id":"a","text":"` + strings.Repeat("x", MaxMessage) + `"}`, ErrMalformed},
		{`{"v":1,"kind":"state","mic":true}`, ErrMalformed},
		{`{"v":1,"kind":"delivered"}`, ErrMalformed},
		{`{"v":1,"kind":"reaction","id":[1,2]}`, ErrUnknown},
		{`{"v":2,"kind":"chat","text":{"rich":true}}`, ErrUnknown},
	} {
		if m, err := Decode([]byte(c.in)); !errors.Is(err, c.want) || m != nil {
			t.Errorf("%.60s: %v, %v; want %v", c.in, m, err, c.want)
		}
	}
	if _, err := Decode([]byte(`{"v":1,"kind":"delivered","id":"a","later":{"x":1}}`)); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestLongestTextFits(t *testing.T) {
	for _, unit := range []string{"x", `"`, "\\", "\n", "ß", "\u2028", "<"} {
		text := "a" + strings.Repeat(unit, (MaxText-2)/len(unit)) + "z"
		b, err := Encode(Chat{ID: "a", Text: text})
		if err != nil {
			t.Errorf("%q: %v", unit, err)
			continue
		}
		if m, err := Decode(b); err != nil || m.(Chat).Text != text {
			t.Errorf("%q did not come back: %v", unit, err)
		}
	}
}

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{
		"  hello \n":             "hello",
		"a\r\nb\rc":              "a\nb\nc",
		"tab\there":              "tab\there",
		"\x1b[31mred\x00\x7f":    "[31mred",
		"evil\u202egnp.exe":      "evilgnp.exe",
		"bad\xffutf8":            "badutf8",
		"👩\u200d👩\u200d👧 family": "👩\u200d👩\u200d👧 family",
	} {
		if got, err := CleanText(in); err != nil || got != want {
			t.Errorf("%q: %q (%v), want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]error{"": ErrEmpty, " \t\n": ErrEmpty, "\x00": ErrEmpty, strings.Repeat("x", MaxText+1): ErrTooLong} {
		if _, err := CleanText(in); !errors.Is(err, want) {
			t.Errorf("%.10q: %v, want %v", in, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"chat", "delivered", "state", "record", "health"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"v":1,"kind":"chat","id":"a","text":"\ud800"}`))
	f.Add([]byte(`{"v":9,"kind":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			if m != nil || !(errors.Is(err, ErrMalformed) || errors.Is(err, ErrUnknown)) {
				t.Fatalf("%v, %v", m, err)
			}
			return
		}
		if c, ok := m.(Chat); ok {
			if again, err := CleanText(c.Text); err != nil || again != c.Text {
				t.Fatalf("text is not clean: %q", c.Text)
			}
		}
		out, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(out); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}

// pipe is one end of a channel in memory.
type pipe struct {
	ready, done chan struct{}
	in          chan []byte
	other       *pipe

	mu   sync.Mutex
	full int // sends to refuse
	sent int
}

var errBusy = errors.New("busy")

func newPipes() (a, b *pipe) {
	one := func() *pipe {
		return &pipe{ready: make(chan struct{}), done: make(chan struct{}), in: make(chan []byte, 2000)}
	}
	a, b = one(), one()
	a.other, b.other = b, a
	return a, b
}

func (p *pipe) Ready() <-chan struct{}  { return p.ready }
func (p *pipe) Done() <-chan struct{}   { return p.done }
func (p *pipe) Messages() <-chan []byte { return p.in }

func (p *pipe) Send(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return media.ErrClosed
	default:
	}
	if p.full > 0 {
		p.full--
		return errBusy
	}
	p.sent++
	p.other.in <- b
	return nil
}

// talk runs both ends in virtual time.
func talk(t *testing.T, f func(a, b *Line, pa, pb *pipe)) {
	synctest.Test(t, func(t *testing.T) {
		pa, pb := newPipes()
		a, b := NewLine(pa, nil), NewLine(pb, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = a.Run(ctx) })
		wg.Go(func() { _ = b.Run(ctx) })
		f(a, b, pa, pb)
		cancel()
		wg.Wait()
	})
}

func chat(t *testing.T, l *Line, text string) Entry {
	t.Helper()
	e, err := l.Chat(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDeliveryMarks(t *testing.T) {
	talk(t, func(a, b *Line, pa, pb *pipe) {
		chat(t, a, " hello ")
		a.SetMedia(Media{Mic: true})
		synctest.Wait()
		if e := a.Entries()[0]; e.Status != Sending || !e.Mine || e.Text != "hello" {
			t.Errorf("before the channel is open: %+v", e)
		}
		close(pa.ready)
		synctest.Wait()
		if e := a.Entries()[0]; e.Status != Sent {
			t.Errorf("handed over: %+v", e)
		}
		if e := b.Entries(); len(e) != 1 || e[0].Mine || e[0].Text != "hello" {
			t.Errorf("at the other end: %+v", e)
		}
		if m, ok := b.Remote(); !ok || !m.Mic || m.Camera {
			t.Errorf("state at the other end: %+v %v", m, ok)
		}
		close(pb.ready) // now the mark can travel back
		synctest.Wait()
		if e := a.Entries()[0]; e.Status != Arrived {
			t.Errorf("confirmed: %+v", e)
		}
		select {
		case <-a.Changed():
		default:
			t.Error("nobody was told")
		}
	})
}

func TestOrderIsKeptWhenTheChannelIsFull(t *testing.T) {
	talk(t, func(a, b *Line, pa, pb *pipe) {
		close(pa.ready)
		close(pb.ready)
		pa.mu.Lock()
		pa.full = 3
		pa.mu.Unlock()
		for i := range 5 {
			chat(t, a, fmt.Sprint(i))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		var got []string
		for _, e := range b.Entries() {
			got = append(got, e.Text)
		}
		if s := strings.Join(got, ""); s != "01234" {
			t.Errorf("arrived %q", s)
		}
	})
}

func TestUndeliveredWhenTheCallEnds(t *testing.T) {
	talk(t, func(a, _ *Line, pa, _ *pipe) {
		chat(t, a, "too late")
		close(pa.done)
		synctest.Wait()
		if e := a.Entries()[0]; e.Status != Undelivered {
			t.Errorf("%+v", e)
		}
		if _, err := a.Chat("later"); !errors.Is(err, media.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestEverythingIsBounded(t *testing.T) {
	talk(t, func(a, b *Line, pa, pb *pipe) {
		for range maxQueue {
			chat(t, a, "x")
		}
		if _, err := a.Chat("one more"); !errors.Is(err, ErrFull) {
			t.Errorf("queue full: %v", err)
		}
		// The other side floods.
		for i := range 3 * maxEntries {
			m, err := Encode(Chat{ID: fmt.Sprint(i), Text: "x"})
			if err != nil {
				t.Fatal(err)
			}
			b.receive(m)
			b.receive([]byte("nonsense"))
			b.receive([]byte(`{"v":1,"kind":"reaction"}`))
		}
		b.mu.Lock()
		entries, acks, seen := len(b.entries), len(b.acks), len(b.seen)
		b.mu.Unlock()
		if entries > maxEntries || acks > maxAcks || seen > maxEntries {
			t.Errorf("%d entries, %d marks, %d ids are kept", entries, acks, seen)
		}
		if c := b.Counts(); c.Malformed != 3*maxEntries || c.Unknown != 3*maxEntries || c.AcksDropped == 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestALineThatComesTwiceIsShownOnce(t *testing.T) {
	talk(t, func(_, b *Line, _, _ *pipe) {
		m, err := Encode(Chat{ID: "same", Text: "x"})
		if err != nil {
			t.Fatal(err)
		}
		b.receive(m)
		b.receive(m)
		if n := len(b.Entries()); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

func TestMediaSaysTheLastValueOnly(t *testing.T) {
	talk(t, func(a, b *Line, pa, pb *pipe) {
		for i := range 10 {
			a.SetMedia(Media{Mic: i%2 == 0, Camera: i == 9})
		}
		close(pa.ready)
		synctest.Wait()
		if m, _ := b.Remote(); m.Mic || !m.Camera || pa.sent != 1 {
			t.Errorf("%+v after %d messages", m, pa.sent)
		}
	})
}

func TestRecordSaysTheLastValueOnly(t *testing.T) {
	talk(t, func(a, b *Line, pa, pb *pipe) {
		if _, ok := b.Record(); ok {
			t.Error("nothing was said yet")
		}
		a.SetRecord(Record{Ask: 1})
		a.SetRecord(Record{Ask: 1, On: true})
		close(pa.ready)
		synctest.Wait()
		if r, ok := b.Record(); !ok || r != (Record{Ask: 1, On: true}) || pa.sent != 1 {
			t.Errorf("%+v, %t after %d messages", r, ok, pa.sent)
		}
	})
}
