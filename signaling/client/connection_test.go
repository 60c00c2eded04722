package client

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling/wire"
)

func TestDeadLink(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(c *running)
		most time.Duration
	}{
		{"idle", func(*running) {}, 20 * time.Second},
		{"while a call is set up", func(c *running) { _ = c.Send(wire.KindRinging, "call1", nil) }, 7 * time.Second},
		{"after a network change", func(c *running) { c.Kick() }, 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				r := run(t, f, nil)
				r.reach(Online)
				time.Sleep(time.Minute)
				if r.State().Phase != Online || f.count(&f.resumes) != 0 {
					t.Fatal("a healthy link was given up")
				}
				f.set(func() { f.deaf, f.refuse = true, func(int) int { return 502 } })
				muteControl(f)
				start := time.Now()
				c.do(r)
				r.reach(Reconnecting)
				if took := time.Since(start); took > c.most {
					t.Errorf("noticed after %s, want %s at most", took, c.most)
				}
				f.set(func() { f.deaf, f.refuse = false, nil })
				r.reach(Online)
				if f.count(&f.resumes) == 0 {
					t.Error("the session was not resumed")
				}
			})
		})
	}
}

// muteControl keeps the fake from answering WebSocket pings.
func muteControl(f *fake) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.live {
		l.ws.SetPingHandler(func(string) error { return nil })
	}
}

func TestKickOnAGoodLinkKeepsIt(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		c.Kick()
		time.Sleep(5 * time.Second)
		if c.State().Phase != Online || f.count(&f.attempts) != 1 {
			t.Errorf("phase %s after %d attempts", c.State().Phase, f.count(&f.attempts))
		}
	})
}

func TestKickTriesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		f.set(func() { f.refuse = func(int) int { return 502 } })
		f.cut()
		time.Sleep(time.Minute)
		s := c.State()
		if wait := time.Until(s.NextTry); s.Phase != Reconnecting || wait < 0 || wait > longestBackoff {
			t.Fatalf("state is %+v, next try in %s", s, wait)
		}
		f.set(func() { f.refuse = nil })
		start := time.Now()
		c.Kick()
		c.reach(Online)
		if took := time.Since(start); took > 0 {
			t.Errorf("back after %s", took)
		}
	})
}

func TestAttemptsAreSpaced(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.refuse = func(n int) int { return map[bool]int{true: 404}[n <= 9] }
		start := time.Now()
		c := run(t, f, nil)
		c.reach(Online)
		// 0 + 0.25 + 0.5 + 1 + 2 + 4 + 8 + 15 + 15
		if took := time.Since(start); took != 45750*time.Millisecond {
			t.Errorf("the tenth attempt was after %s", took)
		}
	})
}

// The service says when to come back.
func TestRetryAfter(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.refuse = func(n int) int { return map[bool]int{true: 503}[n == 1] }
		start := time.Now()
		c := run(t, f, nil)
		c.reach(Online)
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("back after %s, the service asked for 7 s", took)
		}
	})
}

func TestFinalCloseCodes(t *testing.T) {
	for code := range map[int]bool{wire.CloseBadHello: true, wire.CloseReplaced: true, wire.CloseProtocol: true, wire.CloseForbidden: true, 4999: true} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				c := run(t, f, nil)
				c.reach(Online)
				waiting := make(chan error, 1)
				f.set(func() { f.answer = func(*fakeSession, wire.Envelope) *wire.Envelope { return nil } })
				go func() {
					_, err := c.Request(context.Background(), wire.KindHistory, "", wire.HistoryQuery{})
					waiting <- err
				}()
				synctest.Wait()
				f.closeAll(code)
				s := c.reach(Failed)
				if err := c.finish(); err == nil || !errors.Is(s.Err, err) {
					t.Errorf("Run ended with %v, the state has %v", err, s.Err)
				}
				if err := <-waiting; !errors.Is(err, ErrStopped) {
					t.Errorf("the request ended with %v", err)
				}
				if err := c.Send(wire.KindRinging, "x", nil); !errors.Is(err, ErrStopped) {
					t.Errorf("Send says %v", err)
				}
			})
		})
	}
}

func TestRetryableCloseCodes(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		for _, code := range []int{1000, 1001, 1011, 1012, wire.CloseSlow, wire.CloseDead, wire.CloseDrain, wire.CloseRate, wire.CloseStorage} {
			c.reach(Online)
			time.Sleep(time.Minute)
			before := f.count(&f.resumes)
			f.closeAll(code)
			time.Sleep(time.Minute)
			if f.count(&f.resumes) != before+1 || c.State().Phase != Online {
				t.Errorf("after %d: %d resumptions, %s", code, f.count(&f.resumes)-before, c.State().Phase)
			}
		}
	})
}

func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		f.tell(envelope(wire.KindDrain, wire.Drain{AfterMS: 2000}))
		time.Sleep(1999 * time.Millisecond)
		synctest.Wait()
		if f.count(&f.resumes) != 0 {
			t.Fatal("left before the time")
		}
		time.Sleep(time.Second)
		if f.count(&f.resumes) != 1 || c.State().Phase != Online {
			t.Errorf("%d resumptions, %s", f.count(&f.resumes), c.State().Phase)
		}
	})
}

func TestSameService(t *testing.T) {
	for _, c := range []struct {
		dialled, says string
		same          bool
	}{
		{"parley.example.org", "parley.example.org", true},
		{"parley.example.org", "Parley.example.org:8443", true},
		{"parley.example.org", "[::]:8080", true}, // not configured
		{"parley.example.org", "127.0.0.1:8080", true},
		{"parley.example.org", "10.0.0.7:8080", true},
		{"xn--bcher-kva.example", "bücher.example", true},
		{"203.0.113.7", "203.0.113.7:8080", true},
		{"2001:db8::7", "[2001:db8::7]:8080", true},
		{"192.168.1.5", "parley.example.org", true},
		{"evil.example", "parley.example.org", false},
		{"evil.example", "203.0.113.7:8080", false},
		{"203.0.113.8", "203.0.113.7:8080", false},
		{"evil.example", "", false},
	} {
		if got := sameService(c.dialled, c.says); got != c.same {
			t.Errorf("dialled %s, says %s: %t", c.dialled, c.says, got)
		}
	}
}

func TestSecondRun(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		if err := c.Run(t.Context()); err == nil {
			t.Error("two Runs at once")
		}
	})
}
