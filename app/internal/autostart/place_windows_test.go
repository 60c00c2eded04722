package autostart

import "testing"

func TestRunKey(t *testing.T) {
	e := Entry{ID: "org.parley.Test", Name: "Test", Args: []string{"--background"}}
	is := func(want bool) {
		t.Helper()
		if on, err := e.On(); err != nil || on != want {
			t.Errorf("on: %v, %v, want %v", on, err, want)
		}
	}
	is(false)
	for _, on := range []bool{false, true, true, false, false} {
		if err := e.Set(on); err != nil {
			t.Fatal(err)
		}
		is(on)
	}
}
