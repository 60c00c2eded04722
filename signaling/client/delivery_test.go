package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling/wire"
)

// Nothing is lost and nothing comes twice, in order, over many cuts at any
// moment, in both directions.
func TestNothingIsLostOverCuts(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		const cuts, each = 300, 3
		c := run(t, f, func(cfg *Config) { cfg.Backoff = func(int) time.Duration { return 0 } })
		c.reach(Online)
		s := f.session()
		rnd := rand.New(rand.NewPCG(1, 2))
		var got []string
		sent := 0
		for range cuts {
			for range each {
				sent++
				f.push(s, wire.Envelope{Kind: wire.KindCandidates, Call: strconv.Itoa(sent)})
				if err := c.Send(wire.KindCandidates, strconv.Itoa(sent), wire.Candidates{}); err != nil {
					t.Fatal(err)
				}
			}
			if rnd.IntN(2) == 0 {
				time.Sleep(time.Duration(rnd.IntN(int(400 * time.Millisecond))))
			}
			f.cut()
			if rnd.IntN(3) == 0 {
				time.Sleep(time.Duration(rnd.IntN(int(2 * time.Second))))
			}
			got = append(got, drain(c)...)
		}
		time.Sleep(5 * time.Minute) // what is left, at the pace that is allowed
		got = append(got, drain(c)...)
		var want []string
		for i := range sent {
			want = append(want, "candidates "+strconv.Itoa(i+1))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d of %d messages came in, or in another order", len(got), sent)
		}
		out := f.got(s, wire.KindCandidates)
		for i, e := range out {
			if e.Call != strconv.Itoa(i+1) {
				t.Fatalf("the service got %s as message %d", e.Call, i+1)
			}
		}
		if len(out) != sent {
			t.Errorf("the service got %d of %d", len(out), sent)
		}
		if f.count(&f.hellos) != 1 || f.count(&f.resumes) < cuts/2 {
			t.Errorf("%d hellos, %d resumes", f.count(&f.hellos), f.count(&f.resumes))
		}
	})
}

func drain(c *running) []string {
	synctest.Wait()
	var out []string
	for {
		select {
		case e := <-c.Incoming():
			out = append(out, string(e.Kind)+" "+e.Call)
		default:
			return out
		}
	}
}

// A request is answered once, over a cut between it and its answer.
func TestRequestOverACut(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		s := f.session()
		f.set(func() {
			f.answer = func(s *fakeSession, e wire.Envelope) *wire.Envelope {
				if e.Kind == wire.KindInvite {
					go f.cut() // the answer is stored, and does not get through now
				}
				ok := envelope(wire.KindOK, wire.Invited{Devices: 2})
				return &ok
			}
		})
		e, err := c.Request(t.Context(), wire.KindInvite, "call1", wire.Invite{To: "Ben"})
		if err != nil {
			t.Fatal(err)
		}
		if in, err := wire.Body[wire.Invited](e); err != nil || in.Devices != 2 {
			t.Errorf("the answer is %+v, %v", in, err)
		}
		if n := len(f.got(s, wire.KindInvite)); n != 1 {
			t.Errorf("the service got %d invitations", n)
		}
	})
}

func TestRequestRefused(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.answer = func(_ *fakeSession, e wire.Envelope) *wire.Envelope {
			no := envelope(wire.KindError, wire.Error{Code: wire.CodeGlare, Message: "Ben is calling you.", Call: "other"})
			return &no
		}
		c := run(t, f, nil)
		c.reach(Online)
		_, err := c.Request(t.Context(), wire.KindInvite, "call1", wire.Invite{To: "Ben"})
		var w *wire.Error
		if !errors.As(err, &w) || w.Code != wire.CodeGlare || w.Call != "other" {
			t.Errorf("the error is %v", err)
		}
	})
}

// The service forgets the session: what may have been done is said to have
// failed, the rest is done in the new session, and calls hear of it first.
func TestSessionLost(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		synctest.Wait()
		f.set(func() { f.deaf = true })
		type result struct {
			kind wire.Kind
			err  error
		}
		results := make(chan result, 4)
		ask := func(kind wire.Kind, body any) {
			go func() {
				_, err := c.Request(context.Background(), kind, "call1", body)
				results <- result{kind, err}
			}()
		}
		ask(wire.KindInvite, wire.Invite{To: "Ben"})
		ask(wire.KindHistory, wire.HistoryQuery{})
		if err := c.Send(wire.KindHangup, "call0", wire.Reason{Reason: wire.EndHangup}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		f.set(func() { f.deaf, f.refuse = false, func(int) int { return 502 } })
		f.forget()
		f.cut()
		c.reach(Reconnecting)
		ask(wire.KindLinkCreate, wire.LinkCreate{}) // never sent in the old session
		synctest.Wait()
		f.set(func() { f.refuse = nil })
		got := map[wire.Kind]error{}
		for range 3 {
			r := <-results
			got[r.kind] = r.err
		}
		if !errors.Is(got[wire.KindInvite], ErrSessionLost) || got[wire.KindHistory] != nil || got[wire.KindLinkCreate] != nil {
			t.Errorf("the requests end with %v", got)
		}
		synctest.Wait()
		s := f.session()
		if len(f.got(s, wire.KindHangup)) != 1 || len(f.got(s, wire.KindInvite)) != 0 || len(f.got(s, wire.KindWatch)) != 1 {
			t.Errorf("the new session got %+v", f.got(s, ""))
		}
		f.push(s, wire.Envelope{Kind: wire.KindRinging, Call: "call2"})
		if got := drain(c); !slices.Equal(got, []string{"resync ", "ringing call2"}) {
			t.Errorf("incoming are %q", got)
		}
	})
}

// A caller of ours that does not read gets everything all the same, later.
func TestIncomingNotRead(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		s := f.session()
		const n = 3 * incomingSize
		for i := range n {
			f.push(s, wire.Envelope{Kind: wire.KindCandidates, Call: strconv.Itoa(i)})
		}
		time.Sleep(10 * time.Second)
		var got []string
		for len(got) < n {
			more := drain(c)
			got = append(got, more...)
			if len(more) == 0 {
				time.Sleep(time.Second)
			}
		}
		for i, g := range got {
			if g != "candidates "+strconv.Itoa(i) {
				t.Fatalf("message %d is %s", i, g)
			}
		}
		if f.count(&f.hellos) != 1 {
			t.Errorf("%d hellos", f.count(&f.hellos))
		}
	})
}

func TestQueueFull(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.refuse = func(int) int { return 502 }
		c := run(t, f, nil)
		for i := range outboxMessages {
			if err := c.Send(wire.KindRinging, "x", nil); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		if err := c.Send(wire.KindRinging, "x", nil); !errors.Is(err, ErrQueueFull) {
			t.Errorf("one more: %v", err)
		}
		if _, err := c.Request(t.Context(), wire.KindHistory, "", nil); !errors.Is(err, ErrQueueFull) {
			t.Errorf("a request more: %v", err)
		}
		if err := c.Send(wire.KindAnswer, "x", wire.Answer{Answer: wire.Description{SDP: string(make([]byte, wire.MaxMessage))}}); wire.AsError(err).Code != wire.CodeTooLarge {
			t.Errorf("a message that is too large: %v", err)
		}
	})
}

// What nobody waits for any more is not sent.
func TestRequestGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.refuse = func(int) int { return 502 }
		c := run(t, f, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.Request(ctx, wire.KindInvite, "call1", wire.Invite{To: "Ben"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		f.set(func() { f.refuse = nil })
		c.reach(Online)
		synctest.Wait()
		if n := len(f.got(f.session(), wire.KindInvite)); n != 0 {
			t.Errorf("%d invitations were sent", n)
		}
	})
}

func TestLastMessagesAreSentBeforeBye(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		synctest.Wait()
		for range 100 { // more than may be sent at once otherwise
			if err := c.Send(wire.KindHangup, "call1", wire.Reason{Reason: wire.EndHangup}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.finish(); err != nil {
			t.Fatal(err)
		}
		s := f.session()
		if n := len(f.got(s, wire.KindHangup)); n != 100 || !f.saidBye(s) {
			t.Errorf("the service got %d of 100, bye %t", n, f.saidBye(s))
		}
	})
}

func TestServiceSaysResync(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		synctest.Wait()
		f.tell(wire.Envelope{Kind: wire.KindResync})
		if got := drain(c); !slices.Equal(got, []string{"resync "}) {
			t.Errorf("incoming are %q", got)
		}
		if n := len(f.got(f.session(), wire.KindWatch)); n != 2 {
			t.Errorf("presence was asked for %d times", n)
		}
	})
}

// The service had to discard what it kept: a request whose answer was among it
// is repeated with its id.
func TestResyncRepeatsRequests(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		synctest.Wait()
		var ids []string
		f.set(func() {
			f.answer = func(_ *fakeSession, e wire.Envelope) *wire.Envelope {
				if e.Kind == wire.KindLinkCreate {
					if ids = append(ids, e.ID); len(ids) == 1 {
						return nil // the answer that is discarded
					}
				}
				ok := envelope(wire.KindOK, wire.Link{Code: "abc"})
				return &ok
			}
		})
		end := make(chan error, 1)
		go func() {
			_, err := c.Request(context.Background(), wire.KindLinkCreate, "", wire.LinkCreate{})
			end <- err
		}()
		synctest.Wait()
		f.tell(wire.Envelope{Kind: wire.KindResync})
		if err := <-end; err != nil {
			t.Error(err)
		}
		if len(ids) != 2 || ids[0] != ids[1] {
			t.Errorf("the requests had the ids %q", ids)
		}
	})
}
