package latest

import (
	"sync"
	"testing"
)

func TestBellWakesEachListenerOnce(t *testing.T) {
	var b Bell
	b.Ring() // nobody listens
	one, stop := b.Subscribe()
	two, _ := b.Subscribe()
	for range 3 {
		b.Ring()
	}
	for name, c := range map[string]<-chan struct{}{"one": one, "two": two} {
		select {
		case <-c:
		default:
			t.Errorf("%s was not woken", name)
		}
		select {
		case <-c:
			t.Errorf("%s was woken twice", name)
		default:
		}
	}
	stop()
	stop()
	b.Ring()
	if len(one) != 0 || len(two) != 1 {
		t.Errorf("after the end of one: %d and %d wake-ups", len(one), len(two))
	}
}

func TestBellMissesNoChange(t *testing.T) {
	var (
		b  Bell
		mu sync.Mutex
		n  int
		wg sync.WaitGroup
	)
	changed, stop := b.Subscribe()
	defer stop()
	for range 4 {
		wg.Go(func() {
			for range 250 {
				mu.Lock()
				n++
				b.Ring()
				mu.Unlock()
			}
		})
	}
	for seen := 0; seen < 1000; {
		<-changed
		mu.Lock()
		seen = n
		mu.Unlock()
	}
	wg.Wait()
}
