package client

import (
	"errors"
	"io"
	"log"
	"testing"
	"time"

	"parley/signaling/wire"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func TestPlainBackoff(t *testing.T) {
	for n, want := range []float64{0, 0.25, 0.5, 1, 2, 4, 8, 15, 15, 15} {
		if got := plainBackoff(n).Seconds(); got != want {
			t.Errorf("after %d failures: %g s, want %g", n, got, want)
		}
	}
	if got := plainBackoff(1 << 40); got != longestBackoff {
		t.Errorf("after very many: %s", got)
	}
	for range 1000 {
		if d := backoff(3); d < 800*time.Millisecond || d >= 1200*time.Millisecond {
			t.Fatalf("with jitter: %s", d)
		}
	}
	if backoff(0) != 0 {
		t.Error("the first attempt waits")
	}
}

func note(id string) wire.Envelope { return wire.Envelope{Kind: wire.KindRinging, ID: id} }

// pops returns the ids and numbers that have to be written.
func pops(o *outbox) (out []string, last uint64) {
	for {
		e, ok := o.pop()
		if !ok {
			return out, last
		}
		out, last = append(out, e.ID), e.Seq
	}
}

func TestOutbox(t *testing.T) {
	var o outbox
	for _, id := range []string{"a", "b", "c"} {
		if !o.push(note(id)) {
			t.Fatal("no room")
		}
	}
	if out, last := pops(&o); len(out) != 3 || last != 3 || !o.empty() {
		t.Errorf("written %q up to %d", out, last)
	}
	if o.ack(4) {
		t.Error("an acknowledgement of what was never sent was believed")
	}
	o.ack(1)
	o.ack(1)
	o.push(note("d"))
	if !o.rewind(2) {
		t.Fatal("rewind")
	}
	if e, _ := o.pop(); e.ID != "c" || e.Seq != 3 {
		t.Errorf("first again is %s as %d", e.ID, e.Seq)
	}
	o.ack(3) // while it is being written again
	if e, _ := o.pop(); e.ID != "d" || e.Seq != 4 {
		t.Errorf("then comes %s as %d", e.ID, e.Seq)
	}
	o.push(note("e"))
	o.push(note("f"))
	o.withdraw("e")
	o.withdraw("d") // too late
	gone := o.restart(func(e wire.Envelope) bool { return e.ID != "d" })
	if len(gone) != 1 || gone[0].ID != "d" {
		t.Errorf("gone is %+v", gone)
	}
	if e, _ := o.pop(); e.ID != "f" || e.Seq != 1 {
		t.Errorf("the new session begins with %s as %d", e.ID, e.Seq)
	}
	o.ack(1)
	if o.bytes != 0 {
		t.Errorf("%d bytes are left in an empty outbox", o.bytes)
	}
	big := wire.Envelope{Body: make([]byte, outboxBytes/2)}
	if !o.push(big) || o.push(big) {
		t.Error("the limit of bytes is wrong")
	}
}

func linked(now time.Time) *session {
	s := &session{}
	s.begin(now, wire.Ready{Session: "s"}, nil)
	s.link(now, 10*time.Second)
	return s
}

// advance asks for the next step after a time.
func advance(t *testing.T, s *session, now time.Time) step {
	t.Helper()
	st, err := s.next(now)
	if err != nil {
		t.Fatalf("at %s: %v", now, err)
	}
	return st
}

func TestAcknowledgementWaitsForCompany(t *testing.T) {
	now := time.Unix(1000, 0)
	s := linked(now)
	s.took(now, 1)
	if st := advance(t, s, now); st.env.Kind != "" || st.wait != ackAfter {
		t.Errorf("at once: %+v", st)
	}
	s.pong = true
	if st := advance(t, s, now); st.env.Kind != wire.KindPong || st.env.Ack != 1 {
		t.Errorf("with a pong: %+v", st)
	}
	if st := advance(t, s, now.Add(time.Second)); st.env.Kind != "" {
		t.Errorf("it was said already: %+v", st)
	}
	s.hear(now.Add(time.Second), false)
	s.took(now.Add(time.Second), 2)
	if st := advance(t, s, now.Add(time.Second+ackAfter)); st.env.Kind != wire.KindAck || st.env.Ack != 2 {
		t.Errorf("alone: %+v", st)
	}
	for i := range uint64(ackBehind) {
		s.took(now.Add(2*time.Second), 3+i)
	}
	if st := advance(t, s, now.Add(2*time.Second)); st.env.Kind != wire.KindAck {
		t.Errorf("after many: %+v", st)
	}
}

func TestPace(t *testing.T) {
	now := time.Unix(1000, 0)
	s := linked(now)
	for range outboxMessages {
		s.out.push(note("x"))
	}
	written := 0
	for ms := range 5000 {
		at := now.Add(time.Duration(ms) * time.Millisecond)
		s.hear(at, false)
		s.oldest = time.Time{}
		for {
			st := advance(t, s, at)
			if st.env.Kind == "" {
				break
			}
			written++
		}
		// The service allows 20 a second and 100 at once.
		if most := 100 + 20*ms/1000; written > most {
			t.Fatalf("%d messages after %d ms", written, ms)
		}
	}
	if written < paceBurst+4*paceSecond {
		t.Errorf("only %d in 5 s", written)
	}
}

func TestNumbers(t *testing.T) {
	now := time.Unix(1000, 0)
	s := linked(now)
	for _, c := range []struct {
		seq   uint64
		fresh bool
		err   error
	}{{0, true, nil}, {1, true, nil}, {1, false, nil}, {2, true, nil}, {4, false, errGap}, {3, true, nil}} {
		fresh, err := s.take(c.seq)
		if fresh != c.fresh || !errors.Is(err, c.err) {
			t.Errorf("number %d: %t, %v", c.seq, fresh, err)
		}
		if fresh {
			s.took(now, c.seq)
		}
	}
	if s.received != 3 {
		t.Errorf("received is %d", s.received)
	}
}

// A probe is answered by a pong alone, but what comes gives it more time.
func TestProbe(t *testing.T) {
	now := time.Unix(1000, 0)
	s := linked(now)
	s.probe()
	if st := advance(t, s, now); !st.probe {
		t.Fatalf("the next step is %+v", st)
	}
	now = now.Add(probeFor - time.Millisecond)
	s.hear(now, false)
	now = now.Add(probeFor - time.Millisecond)
	advance(t, s, now)
	if _, err := s.next(now.Add(time.Millisecond)); !errors.Is(err, errDead) {
		t.Errorf("without a pong: %v", err)
	}
	s.hear(now, true)
	advance(t, s, now.Add(2*probeFor))
}

// While a call is set up the service pings twice as often, and a dead link is
// noticed within 10 s; afterwards the longer pause is no alarm.
func TestDeadLinkDuringSetup(t *testing.T) {
	start := time.Unix(1000, 0)
	s := linked(start)
	for _, seconds := range []int{10, 20, 25, 30} {
		at := start.Add(time.Duration(seconds) * time.Second)
		s.hear(at, false)
		s.gotPing(at)
	}
	last := start.Add(30 * time.Second)
	for now := last; ; now = now.Add(100 * time.Millisecond) {
		if _, err := s.next(now); errors.Is(err, errDead) {
			if took := now.Sub(last); took > 10*time.Second {
				t.Errorf("noticed after %s", took)
			}
			break
		}
	}
	s.hear(last.Add(10*time.Second), true)
	s.gotPing(last.Add(10 * time.Second))
	if s.expect != 10*time.Second {
		t.Errorf("after the set-up pings are expected every %s", s.expect)
	}
}
