package send

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/media"
	"parley/media/latest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeEncoder makes one byte of every picture; it takes a time.
type fakeEncoder struct {
	took   time.Duration
	target Choice
	fail   error
	closed int
	frames int
}

func (e *fakeEncoder) Encode(f *media.Frame, key bool) (media.Unit, error) {
	time.Sleep(e.took)
	if e.fail != nil {
		return media.Unit{}, e.fail
	}
	e.frames++
	return media.Unit{Codec: media.VP8, Data: []byte{1}, PTS: f.PTS, Key: key, NTP: f.NTP}, nil
}
func (e *fakeEncoder) SetTarget(c Choice) error { e.target = c; return nil }
func (e *fakeEncoder) Close() error             { e.closed++; return nil }

type collector struct {
	units   []media.Unit
	err     error
	backlog time.Duration
}

func (c *collector) Backlog() time.Duration { return c.backlog }

func (c *collector) WriteUnit(u media.Unit) error {
	c.units = append(c.units, u)
	return c.err
}

func (c *collector) keys() (n int) {
	for _, u := range c.units {
		if u.Key {
			n++
		}
	}
	return n
}

// camera puts pictures into a slot at 30 a second for so long.
func camera(slot *latest.Slot[*media.Frame], d time.Duration, w, h int) {
	start := time.Now()
	for time.Since(start) < d {
		f := media.NewFrame(w, h)
		f.PTS = time.Since(epoch)
		if old, dropped := slot.Put(f); dropped {
			old.Release()
		}
		time.Sleep(time.Second / 30)
	}
	synctest.Wait()
}

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of a synctest bubble

func bubble(t *testing.T, enc *fakeEncoder, f func(*Video, *latest.Slot[*media.Frame])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		slot := latest.New[*media.Frame]()
		v := NewVideo(VideoConfig{Source: slot, NewEncoder: func(c Choice) (VideoEncoder, error) {
			enc.target = c
			return enc, nil
		}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- v.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		f(v, slot)
	})
}

func TestEncodesOnceForAll(t *testing.T) {
	enc := &fakeEncoder{}
	bubble(t, enc, func(v *Video, slot *latest.Slot[*media.Frame]) {
		camera(slot, time.Second, 64, 36)
		if enc.frames > 0 {
			t.Error("encoded although nobody receives")
		}
		a, b := &collector{}, &collector{err: errors.New("full")}
		la, lb := v.Attach(a), v.Attach(b)
		camera(slot, time.Second, 64, 36)
		if len(a.units) < 28 || len(a.units) != len(b.units) || enc.frames != len(a.units) {
			t.Errorf("encoded %d, sent %d and %d", enc.frames, len(a.units), len(b.units))
		}
		if !a.units[0].Key || a.keys() != 1 {
			t.Errorf("%d key frames, want the first alone", a.keys())
		}
		if lb.Errors() != uint64(len(b.units)) || la.Errors() != 0 {
			t.Errorf("errors %d and %d", la.Errors(), lb.Errors())
		}
		la.Close()
		lb.Close()
		synctest.Wait()
		if enc.closed != 1 {
			t.Error("nobody receives any more, but the encoder is open")
		}
		if st := v.Stats(); st.Frames != uint64(enc.frames) || st.Bytes != uint64(enc.frames) || st.Width != 64 {
			t.Errorf("stats: %+v", st)
		}
	})
}

func TestKeyFrameRequestsAreCoalesced(t *testing.T) {
	enc := &fakeEncoder{}
	bubble(t, enc, func(v *Video, slot *latest.Slot[*media.Frame]) {
		a := &collector{}
		leg := v.Attach(a)
		camera(slot, time.Second, 64, 36)
		before := len(a.units)
		leg.RequestKey()
		camera(slot, 40*time.Millisecond, 64, 36)
		if len(a.units) <= before || !a.units[before].Key {
			t.Fatal("the first request was not honoured at once")
		}
		a.units = nil
		for range 10 { // everybody asks all the time, for a second
			leg.RequestKey()
			v.RequestKey()
			camera(slot, 100*time.Millisecond, 64, 36)
		}
		if n := a.keys(); n < 4 || n > 6 {
			t.Errorf("%d key frames in a second of requests, want one per 200 ms", n)
		}
	})
}

func TestSlowestLinkDecides(t *testing.T) {
	enc := &fakeEncoder{}
	bubble(t, enc, func(v *Video, slot *latest.Slot[*media.Frame]) {
		a, b := v.Attach(&collector{}), v.Attach(&collector{})
		camera(slot, 200*time.Millisecond, 1280, 720)
		if enc.target.Width != 640 {
			t.Fatalf("at the start %d wide", enc.target.Width)
		}
		a.SetRate(2_500_000)
		b.SetRate(300_000)
		camera(slot, time.Second, 1280, 720)
		if enc.target.Bitrate != 300_000 || enc.target.Width != 480 {
			t.Errorf("links of 2500 and 300 kbit/s: sent %+v", enc.target)
		}
		b.Close()
		camera(slot, 100*time.Millisecond, 1280, 720)
		if enc.target.Bitrate != 2_500_000 {
			t.Errorf("the slow one has left: sent %d", enc.target.Bitrate)
		}
	})
}

func TestFullPathGetsFewerPictures(t *testing.T) {
	enc := &fakeEncoder{}
	bubble(t, enc, func(v *Video, slot *latest.Slot[*media.Frame]) {
		c := &collector{}
		leg := v.Attach(c)
		camera(slot, time.Second, 64, 36)
		for _, full := range []func(bool){
			func(on bool) { c.backlog = map[bool]time.Duration{true: time.Second}[on] },
			func(on bool) { leg.SetRate(map[bool]int{false: 600_000}[on]) },
		} {
			before := len(c.units)
			full(true)
			camera(slot, time.Second, 64, 36)
			if len(c.units) != before {
				t.Errorf("%d pictures into a full path", len(c.units)-before)
			}
			full(false)
			camera(slot, time.Second, 64, 36)
			if len(c.units) < before+28 {
				t.Errorf("%d pictures in the second after", len(c.units)-before)
			}
		}
		if c.keys() != 1 {
			t.Error("leaving out pictures took a key frame")
		}
	})
}

func TestSlowEncoderNeverHoldsUpTheCamera(t *testing.T) {
	enc := &fakeEncoder{took: 100 * time.Millisecond}
	bubble(t, enc, func(v *Video, slot *latest.Slot[*media.Frame]) {
		a := &collector{}
		v.Attach(a)
		camera(slot, 4*time.Second, 1280, 720)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(a.units) < 35 || len(a.units) > 45 {
			t.Errorf("%d pictures in 4 s at 100 ms each", len(a.units))
		}
		if slot.Dropped() == 0 {
			t.Error("nothing was overwritten")
		}
		if !v.Stats().SlowCPU || enc.target.Width >= 960 {
			t.Errorf("too slow, but %+v is sent", enc.target)
		}
	})
}

func TestEncoderThatFailsIsOpenedAgain(t *testing.T) {
	enc := &fakeEncoder{fail: errors.New("broken")}
	bubble(t, enc, func(v *Video, slot *latest.Slot[*media.Frame]) {
		a := &collector{}
		v.Attach(a)
		camera(slot, 2500*time.Millisecond, 64, 36)
		if enc.closed < 2 || enc.closed > 3 {
			t.Errorf("opened %d times in 2.5 s, want once a second", enc.closed)
		}
		enc.fail = nil
		camera(slot, 2*time.Second, 64, 36)
		if len(a.units) < 25 || !a.units[0].Key {
			t.Errorf("%d pictures after it works again", len(a.units))
		}
	})
}
