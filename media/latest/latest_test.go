package latest

import (
	"testing"
	"testing/synctest"
)

func TestSlotKeepsNewest(t *testing.T) {
	s := New[int]()
	if _, ok := s.Take(); ok {
		t.Fatal("an empty slot gave a value")
	}
	if _, dropped := s.Put(1); dropped {
		t.Fatal("first Put reported a drop")
	}
	if old, dropped := s.Put(2); !dropped || old != 1 {
		t.Fatalf("second Put gave back %d, %v; want 1, true", old, dropped)
	}
	if v, ok := s.Take(); !ok || v != 2 {
		t.Fatalf("Take = %d, %v; want the newest, 2", v, ok)
	}
	if s.Dropped() != 1 {
		t.Fatalf("Dropped = %d, want 1", s.Dropped())
	}
}

func TestSlotWakesReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New[int]()
		got := make(chan int, 1)
		go func() {
			<-s.Wake()
			v, _ := s.Take()
			got <- v
		}()
		synctest.Wait()
		s.Put(7)
		if v := <-got; v != 7 {
			t.Fatalf("reader got %d, want 7", v)
		}
	})
}
