package send

import (
	"errors"
	"testing"
	"time"

	"parley/media"
)

type fakeOpus struct {
	packets int
	loss    int
	closed  bool
	silent  bool
}

func (o *fakeOpus) Encode(s []int16) ([]byte, error) {
	o.packets++
	if o.silent {
		return nil, nil
	}
	return []byte{byte(s[0]), byte(s[media.BlockSamples])}, nil
}
func (o *fakeOpus) SetPacketLoss(p int) error { o.loss = p; return nil }
func (o *fakeOpus) Close() error              { o.closed = true; return nil }

func newTestAudio() (*Audio, *fakeOpus) {
	o := &fakeOpus{}
	return NewAudio(AudioConfig{NewEncoder: func() (AudioEncoder, error) { return o, nil }}), o
}

func block(at time.Duration, v int16) media.PCM {
	s := make([]int16, media.BlockSamples)
	for i := range s {
		s[i] = v
	}
	return media.PCM{Samples: s, Rate: media.SampleRate, Channels: 1, PTS: at}
}

func write(t *testing.T, a *Audio, from time.Duration, n int, v int16) {
	t.Helper()
	for i := range n {
		if err := a.Write(block(from+time.Duration(i)*media.BlockDur, v)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoBlocksAreOnePacket(t *testing.T) {
	a, o := newTestAudio()
	write(t, a, 0, 10, 1)
	if o.packets > 0 {
		t.Fatal("encoded although nobody receives")
	}
	x, y := &collector{}, &collector{}
	detach := a.Attach(x)
	a.Attach(y)
	write(t, a, time.Second, 1, 1)
	write(t, a, time.Second+media.BlockDur, 3, 2)
	if len(x.units) != 2 || len(y.units) != 2 || o.packets != 2 {
		t.Fatalf("%d and %d packets of %d encoded", len(x.units), len(y.units), o.packets)
	}
	if u := x.units[0]; u.PTS != time.Second || u.Dur != 20*time.Millisecond || u.Codec != media.Opus || u.Data[0] != 1 || u.Data[1] != 2 {
		t.Errorf("first packet: %+v", u)
	}
	detach()
	write(t, a, time.Second+4*media.BlockDur, 2, 2)
	if len(x.units) != 2 || len(y.units) != 3 {
		t.Errorf("after one has left: %d and %d", len(x.units), len(y.units))
	}
	if st := a.Stats(); st.Packets != 3 || st.Samples != 6*media.BlockSamples {
		t.Errorf("stats: %+v", st)
	}
	if err := a.Close(); err != nil || !o.closed {
		t.Errorf("closed %v, %v", o.closed, err)
	}
}

func TestAGapStartsAPacket(t *testing.T) {
	a, _ := newTestAudio()
	x := &collector{}
	a.Attach(x)
	write(t, a, 0, 3, 1)                    // one packet and a half
	write(t, a, 500*time.Millisecond, 2, 2) // another device
	if len(x.units) != 2 || x.units[1].PTS != 500*time.Millisecond || x.units[1].Data[0] != 2 {
		t.Fatalf("packets: %+v", x.units)
	}
}

func TestMuted(t *testing.T) {
	a, _ := newTestAudio()
	x := &collector{}
	a.Attach(x)
	write(t, a, 0, 10, 5)
	x.units = nil
	a.SetMuted(true)
	write(t, a, 100*time.Millisecond, 200, 5)
	if len(x.units) != 10 {
		t.Errorf("%d packets in 2 s of mute, want 10 of silence", len(x.units))
	}
	for _, u := range x.units {
		if u.Data[0] != 0 || u.Data[1] != 0 {
			t.Fatal("muted, but sound is sent")
		}
	}
	before := a.Stats()
	a.SetMuted(false)
	write(t, a, 2100*time.Millisecond, 2, 5)
	if last := x.units[len(x.units)-1]; last.PTS != 2100*time.Millisecond || last.Data[0] != 5 {
		t.Errorf("unmuted: %+v", last)
	}
	if l, ok := a.Stats().Level(before); !ok || l <= 0 {
		t.Errorf("level %v, %v", l, ok)
	}
}

func TestSilenceThatNeedNotBeSent(t *testing.T) {
	a, o := newTestAudio()
	o.silent = true
	x := &collector{}
	a.Attach(x)
	write(t, a, 0, 10, 0)
	if len(x.units) != 0 || a.Stats().Packets != 0 {
		t.Errorf("%d packets of nothing", len(x.units))
	}
}

func TestLossIsToldToTheEncoder(t *testing.T) {
	a, o := newTestAudio()
	a.Attach(&collector{})
	a.SetLoss(0.126)
	write(t, a, 0, 2, 1)
	if o.loss != 13 {
		t.Errorf("told %d %%, want 13", o.loss)
	}
}

func TestOtherFormatsAreRefused(t *testing.T) {
	a, _ := newTestAudio()
	p := block(0, 1)
	p.Channels = 2
	if a.Write(p) == nil {
		t.Error("stereo was taken")
	}
}

func TestNoEncoderIsSaidOnce(t *testing.T) {
	a := NewAudio(AudioConfig{NewEncoder: func() (AudioEncoder, error) { return nil, errors.New("no library") }})
	a.Attach(&collector{})
	said := 0
	for i := range 10 {
		if a.Write(block(time.Duration(i)*media.BlockDur, 1)) != nil {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
}
