package sound

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"parley/media"
	"parley/media/device"
	"parley/media/device/internal/pulsetest"
)

// A sound server that crashes takes its devices along and gives them back when
// it is started again.
func TestPulseCrashes(t *testing.T) {
	pa := pulsetest.Start(t, []string{"desk"}, []string{"table_mic"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := New(Config{Clock: device.NewClock()}, testLog(t))
	mic, err := s.OpenMicrophone(ctx, device.Selector{Choice: device.ByDevice, Value: "table_mic"})
	if err != nil {
		t.Fatal(err)
	}
	spk, err := s.OpenSpeaker(ctx, device.Selector{}, func([]int16) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mic.Next(ctx); err != nil {
		t.Fatal(err)
	}
	pa.Kill()
	start := time.Now()
	if list, err := s.List(ctx, device.Microphone); len(list) != 0 {
		t.Errorf("a dead server lists %+v, %v", list, err)
	}
	for err = nil; err == nil; {
		_, err = mic.Next(ctx)
	}
	if !errors.Is(err, media.ErrSourceLost) {
		t.Errorf("the microphone got %v", err)
	}
	select {
	case <-spk.Lost():
	case <-ctx.Done():
		t.Error("the speaker noticed nothing")
	}
	t.Logf("both lost after %v", time.Since(start))
	if err := errors.Join(mic.Close(), spk.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.OpenMicrophone(ctx, device.Selector{Choice: device.ByDevice, Value: "table_mic"}); err == nil {
		t.Error("a microphone of a dead server opened")
	} else {
		t.Log(err)
	}
	pa.Restart(t)
	s.lock <- struct{}{}
	s.looks = looks{} // ten seconds later
	<-s.lock
	again, err := s.OpenMicrophone(ctx, device.Selector{Choice: device.ByDevice, Value: "table_mic"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Next(ctx); err != nil {
		t.Error(err)
	}
	if err := errors.Join(again.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

// A sound server that hangs costs nobody more than his patience.
func TestPulseHangs(t *testing.T) {
	pa := pulsetest.Start(t, []string{"desk"}, []string{"table_mic"})
	s := New(Config{Clock: device.NewClock()}, testLog(t))
	if _, err := s.List(t.Context(), device.Speaker); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pa.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.List(ctx, device.Speaker); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("listing: %v", err)
	}
	_, err := s.OpenSpeaker(ctx, device.Selector{}, func([]int16) {})
	if device.ReasonOf(err) != device.Broken || !errors.Is(err, errHangs) {
		t.Errorf("opening: %v", err)
	}
	if err := syscall.Kill(pa.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	spk, err := s.OpenSpeaker(t.Context(), device.Selector{}, func([]int16) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(spk.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

func TestNoSoundSystem(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("PULSE_SERVER", "unix:"+t.TempDir()+"/none")
	t.Setenv("PULSE_RUNTIME_PATH", t.TempDir())
	s := New(Config{Clock: device.NewClock()}, testLog(t))
	defer s.Close()
	list, err := s.List(t.Context(), device.Microphone)
	if err != nil {
		t.Errorf("listing: %v", err)
	}
	if len(list) > 0 {
		t.Skipf("this computer has microphones without PulseAudio: %+v", list)
	}
	_, err = s.OpenMicrophone(t.Context(), device.Selector{})
	if device.ReasonOf(err) != device.Missing {
		t.Errorf("%v, want missing", err)
	}
	_, err = s.OpenSpeaker(t.Context(), device.Selector{}, func([]int16) {})
	if device.ReasonOf(err) != device.Missing {
		t.Errorf("%v, want missing", err)
	}
}
