package hop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lossy is a bus in memory whose faults a test decides.
type lossy struct {
	mu   sync.Mutex
	subs map[string]map[int]func([]byte)
	ids  int
	fate func(subject string) int // how often it arrives
}

func (l *lossy) Publish(subject string, b []byte) error {
	l.mu.Lock()
	n := 1
	if l.fate != nil {
		n = l.fate(subject)
	}
	var fs []func([]byte)
	for _, f := range l.subs[subject] {
		fs = append(fs, f)
	}
	l.mu.Unlock()
	for range n {
		for _, f := range fs {
			go f(append([]byte(nil), b...)) // in any order
		}
	}
	return nil
}

func (l *lossy) Subscribe(subject string, f func([]byte)) (func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.subs == nil {
		l.subs = map[string]map[int]func([]byte){}
	}
	if l.subs[subject] == nil {
		l.subs[subject] = map[int]func([]byte){}
	}
	l.ids++
	id := l.ids
	l.subs[subject][id] = f
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subs[subject], id)
	}, nil
}

func (l *lossy) set(f func(string) int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fate = f
}

// seen collects what a node is told.
type seen struct {
	mu    sync.Mutex
	view  []Node
	got   []string
	lost  int
	reset int
}

func (s *seen) View(n []Node) { s.mu.Lock(); defer s.mu.Unlock(); s.view = n }
func (s *seen) Message(_ string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, string(b))
}
func (s *seen) Reset(_ string, lost [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reset++
	s.lost += len(lost)
}

func node(t *testing.T, bus Bus, id string) (*Mesh, *seen) {
	t.Helper()
	s := &seen{}
	m, err := Start(Default(id), bus, s)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

// Whatever the bus loses, doubles and reorders, what was sent arrives once and
// in order.
func TestOnceAndInOrder(t *testing.T) {
	for _, loss := range []float64{0, 0.1, 0.5, 0.7} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dice := rand.New(rand.NewPCG(1, 2))
				bus := &lossy{}
				a, _ := node(t, bus, "a")
				defer a.Close()
				b, sb := node(t, bus, "b")
				defer b.Close()
				synctest.Wait()
				bus.set(func(subject string) int {
					switch {
					case subject == "beat":
						return 1 // the nodes know each other
					case dice.Float64() < loss:
						return 0
					case dice.Float64() < 0.1:
						return 2
					}
					return 1
				})
				n := 2000
				if loss > 0.6 { // where nearly every round is sent again
					n = 300
				}
				for i := range n {
					if err := a.Send("b", fmt.Append(nil, i)); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(30 * time.Minute) // of the bubble's time
				synctest.Wait()
				sb.mu.Lock()
				defer sb.mu.Unlock()
				if len(sb.got) != n {
					t.Fatalf("%d of %d arrived", len(sb.got), n)
				}
				for i, g := range sb.got {
					if g != fmt.Sprint(i) {
						t.Fatalf("%s arrived in place of %d", g, i)
					}
				}
				if c := a.Counts(); loss > 0 && c.Resent == 0 || c.Lost != 0 {
					t.Errorf("counts %+v", c)
				}
			})
		})
	}
}

// A node that is not heard is given up: the sender learns what it may not
// have, and after the split both go on with new streams.
func TestSplitAndHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &lossy{}
		a, sa := node(t, bus, "a")
		defer a.Close()
		b, sb := node(t, bus, "b")
		defer b.Close()
		synctest.Wait()
		a.Send("b", []byte("before"))
		synctest.Wait()
		bus.set(func(string) int { return 0 })
		for range 3 {
			a.Send("b", []byte("during"))
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if sa.lost != 3 || sa.reset != 1 || len(sa.view) != 1 {
			t.Errorf("lost %d with %d resets, view %+v", sa.lost, sa.reset, sa.view)
		}
		if err := a.Send("b", nil); !errors.Is(err, ErrNoNode) {
			t.Errorf("to a node that is not there: %v", err)
		}
		bus.set(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		a.Send("b", []byte("after"))
		b.Send("a", []byte("back"))
		time.Sleep(time.Second)
		synctest.Wait()
		if fmt.Sprint(sb.got, sa.got) != "[before after] [back]" {
			t.Errorf("%v, %v", sb.got, sa.got)
		}
	})
}

// Only one side gave the other up: the stream that is not known ends with a
// word, not with silence.
func TestForgottenStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &lossy{}
		a, sa := node(t, bus, "a")
		defer a.Close()
		b, sb := node(t, bus, "b")
		defer b.Close()
		synctest.Wait()
		a.Send("b", []byte("one"))
		time.Sleep(time.Second)
		b.mu.Lock()
		b.nodes["a"].from, b.nodes["a"].in = "", 0
		b.mu.Unlock()
		a.Send("b", []byte("two"))
		time.Sleep(time.Second)
		synctest.Wait()
		if sa.reset != 1 || sa.lost != 1 {
			t.Errorf("%d resets, %d lost", sa.reset, sa.lost)
		}
		a.Send("b", []byte("three"))
		time.Sleep(time.Second)
		synctest.Wait()
		if fmt.Sprint(sb.got) != "[one three]" {
			t.Error(sb.got)
		}
	})
}

// What waits for a node that takes nothing is bounded.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &lossy{}
		s := &seen{}
		cfg := Default("a")
		cfg.Limit = 10
		a, err := Start(cfg, bus, s)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		b, _ := node(t, bus, "b")
		defer b.Close()
		synctest.Wait()
		bus.set(func(subject string) int {
			if subject == "beat" {
				return 1
			}
			return 0
		})
		for range 10 {
			if err := a.Send("b", nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Send("b", nil); err == nil {
			t.Error("the eleventh was taken")
		}
		synctest.Wait()
		if s.lost != 10 || a.Counts().Lost != 10 {
			t.Errorf("lost %d, counts %+v", s.lost, a.Counts())
		}
	})
}

// The oldest leads; one that leaves comes last.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &lossy{}
		z, sz := node(t, bus, "z")
		defer z.Close()
		time.Sleep(time.Second)
		a, _ := node(t, bus, "a")
		defer a.Close()
		time.Sleep(time.Second)
		synctest.Wait()
		if sz.view[0].ID != "z" {
			t.Errorf("view %+v", sz.view)
		}
		z.Leave()
		a.SetReign("r")
		synctest.Wait()
		if sz.view[0].ID != "a" || sz.view[0].Reign != "r" || !sz.view[1].Leaving {
			t.Errorf("view %+v", sz.view)
		}
	})
}
