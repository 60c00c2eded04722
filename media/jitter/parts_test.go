package jitter

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"parley/media"
)

func TestSequence(t *testing.T) {
	type step struct {
		seq   uint16
		ext   int64 // relative to the first
		reset bool
		ok    bool
	}
	tests := []struct {
		name  string
		first uint16
		steps []step
	}{
		{"forward", 10, []step{{11, 1, false, true}, {13, 3, false, true}, {12, 2, false, true}}},
		{"across the wrap", 65534, []step{{65535, 1, false, true}, {1, 3, false, true}, {0, 2, false, true}, {65533, -1, false, true}}},
		{"before the first", 3, []step{{65530, -9, false, true}}},
		{"one stray packet", 100, []step{{30000, 0, false, false}, {101, 1, false, true}, {30000, 0, false, false}, {102, 2, false, true}, {30001, 0, false, false}}},
		{"a new run", 100, []step{{30000, 0, false, false}, {30001, 30001 - 100 + 2<<16, true, true}, {30002, 30002 - 100 + 2<<16, false, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Sequence
			first, _, _ := s.Extend(tt.first)
			for i, st := range tt.steps {
				ext, reset, ok := s.Extend(st.seq)
				if ok != st.ok || reset != st.reset || ok && ext-first != st.ext {
					t.Fatalf("step %d: %d is %d, reset %v, ok %v; want %+v", i, st.seq, ext-first, reset, ok, st)
				}
			}
		})
	}
}

func TestTimestampWraps(t *testing.T) {
	var c Timestamp
	first := c.Extend(0xffffff00)
	if d := c.Extend(0x100) - first; d != 0x200 {
		t.Errorf("across the wrap %d, want 512", d)
	}
	if d := c.Extend(0xffffff80) - first; d != 0x80 {
		t.Errorf("back across the wrap %d, want 128", d)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		n, rate int64
		want    time.Duration
	}{
		{0, 90000, 0}, {90, 90000, time.Millisecond}, {-90, 90000, -time.Millisecond}, {1, 48000, 20833},
		{90000 * 3600 * 48, 90000, 48 * time.Hour}, {math.MaxInt64, 90000, maxTicks}, {math.MinInt64, 48000, -maxTicks},
	} {
		if got := Ticks(c.n, c.rate); got != c.want {
			t.Errorf("%d of %d Hz: %v, want %v", c.n, c.rate, got, c.want)
		}
	}
}

func TestParseVP8(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want VP8
		data int // octets of data, -1: corrupt
	}{
		{"empty", nil, VP8{}, -1},
		{"only the first octet", []byte{0x10}, VP8{}, -1},
		{"plain start", []byte{0x10, 1, 2}, VP8{Start: true}, 2},
		{"partition 1 is no start", []byte{0x11, 1}, VP8{}, 1},
		{"not referenced", []byte{0x30, 1}, VP8{Start: true, NonReference: true}, 1},
		{"no extension octet", []byte{0x90}, VP8{}, -1},
		{"no picture id", []byte{0x90, 0x80}, VP8{}, -1},
		{"7 bits", []byte{0x90, 0x80, 0x11, 1}, VP8{Start: true, PictureID: 0x11, PictureIDBits: 7}, 1},
		{"15 bits", []byte{0x90, 0x80, 0x91, 0x22, 1}, VP8{Start: true, PictureID: 0x1122, PictureIDBits: 15}, 1},
		{"15 bits cut", []byte{0x90, 0x80, 0x91}, VP8{}, -1},
		{"no TL0PICIDX", []byte{0x90, 0x40}, VP8{}, -1},
		{"TID without KEYIDX", []byte{0x80, 0x20, 0xbf, 1}, VP8{HasTID: true, TID: 2, LayerSync: true}, 1},
		{"KEYIDX without TID", []byte{0x80, 0x10, 0xff, 1}, VP8{HasKeyIndex: true, KeyIndex: 31}, 1},
		{"no TID octet", []byte{0x80, 0x20}, VP8{}, -1},
		{"all", []byte{0x90, 0xf0, 0x80, 0x05, 7, 0x63, 1, 2, 3}, VP8{Start: true, PictureID: 5, PictureIDBits: 15, HasTL0: true, TL0PICIDX: 7, HasTID: true, TID: 1, LayerSync: true, HasKeyIndex: true, KeyIndex: 3}, 3},
		{"all and no data", []byte{0x90, 0xf0, 0x80, 0x05, 7, 0x63}, VP8{}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, data, err := ParseVP8(tt.in)
			if tt.data < 0 {
				if !errors.Is(err, media.ErrCorrupt) {
					t.Fatalf("error %v, want corrupt", err)
				}
				return
			}
			if err != nil || d != tt.want || len(data) != tt.data {
				t.Fatalf("got %+v, %d octets, %v; want %+v, %d", d, len(data), err, tt.want, tt.data)
			}
		})
	}
}

func TestKeySizeVP8(t *testing.T) {
	if w, h, ok := KeySizeVP8(frameHead(true, 1280, 720)); !ok || w != 1280 || h != 720 {
		t.Errorf("%dx%d %v, want 1280x720", w, h, ok)
	}
	for name, f := range map[string][]byte{
		"delta": frameHead(false, 0, 0), "no extent": frameHead(true, 0, 720),
		"short": frameHead(true, 1280, 720)[:9], "empty": nil, "start code": {0, 0, 0, 1, 2, 3, 4, 0, 4, 0},
	} {
		if _, _, ok := KeySizeVP8(f); ok {
			t.Errorf("%s: a size was read", name)
		}
	}
}

func FuzzParseVP8(f *testing.F) {
	f.Add([]byte{0x90, 0xf0, 0x80, 0x05, 7, 0x63, 1, 2, 3})
	f.Add([]byte{0x10, 0, 0, 0, 0x9d, 1, 0x2a, 1, 0, 1, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		_, data, err := ParseVP8(in)
		if err == nil && (len(data) == 0 || len(data) >= len(in)) {
			t.Fatalf("%d of %d octets are data", len(data), len(in))
		}
		KeySizeVP8(data)
	})
}

func TestArrivalsFollowDriftAndPath(t *testing.T) {
	a := NewArrivals(2*time.Second, 256)
	at := func(i int, delay time.Duration) time.Duration {
		media := time.Duration(i) * 20 * ms
		return a.Add(start.Add(media+delay), media)
	}
	at(0, 50*ms)
	if late := at(1, 80*ms); late != 30*ms {
		t.Errorf("30 ms later than the fastest is %v late", late)
	}
	if late := at(2, 40*ms); late != 0 {
		t.Errorf("the fastest is %v late", late)
	}
	for i := 3; i < 300; i++ {
		late := at(i, 140*ms)
		if i < 95 && late != 100*ms || i > 103 && late != 0 {
			t.Fatalf("packet %d after the path became 100 ms longer is %v late", i, late)
		}
	}
}

func TestHistogramQuantile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	h := NewHistogram(10*ms, 100, 0.983)
	if h.Quantile(0.95) != 0 {
		t.Error("an empty histogram knows a delay")
	}
	h.Add(0)
	if q := h.Quantile(0.95); q != 10*ms {
		t.Errorf("%v after one packet in time, want one bucket", q)
	}
	for range 500 {
		h.Add(time.Duration(rng.IntN(100)) * ms)
	}
	if q := h.Quantile(0.95); q < 90*ms || q > 100*ms {
		t.Errorf("%v for 0 to 100 ms, want 95 ms", q)
	}
	for range 200 {
		h.Add(0)
	}
	if q := h.Quantile(0.95); q > 10*ms {
		t.Errorf("%v after 200 packets in time", q)
	}
	h.Add(time.Hour)
	h.Add(-time.Hour)
}

func TestInterarrivalJitter(t *testing.T) {
	var j Interarrival
	for i := range 500 {
		media := time.Duration(i) * 20 * ms
		j.Add(media+time.Duration(i%2)*16*ms, media)
	}
	// Each differs from the one before by 16 ms.
	if s := j.Seconds(); s < 0.0155 || s > 0.0165 {
		t.Errorf("jitter %.4f s, want 0.016", s)
	}
}

func TestClockMap(t *testing.T) {
	c := NewClockMap(48000)
	if _, ok := c.Wall(5); ok {
		t.Error("a time without a report")
	}
	c.Report(0, 5)
	if _, ok := c.Wall(5); ok {
		t.Error("a time from a report without one")
	}
	c.Report(uint64(3900000000)<<32|1<<31, 0xffffff00)
	want := time.Unix(3900000000-2208988800, 5e8)
	for ts, d := range map[uint32]time.Duration{0xffffff00: 0, 0x100 + 48000 - 0x200: time.Second, 0xffffff00 - 4800: -100 * ms} {
		if got, ok := c.Wall(ts); !ok || !got.Equal(want.Add(d)) {
			t.Errorf("timestamp %#x is %v, want %v", ts, got, want.Add(d))
		}
	}
}

func TestSyncBringsSoundAndPictureTogether(t *testing.T) {
	for _, skew := range []time.Duration{300 * ms, -300 * ms, 25 * ms, -25 * ms, 70 * ms} {
		var s Sync
		var audio, video time.Duration
		last := start
		var lastAudio, lastVideo time.Duration
		for i := range 80 {
			now := start.Add(time.Duration(i) * 250 * ms)
			a, v, changed := s.Update(now, 5*time.Second+skew+audio, 5*time.Second+video)
			if changed {
				if now.Sub(last) < time.Second {
					t.Errorf("skew %v: moved twice within %v", skew, now.Sub(last))
				}
				if (a-lastAudio).Abs() > 80*ms || (v-lastVideo).Abs() > 80*ms {
					t.Errorf("skew %v: moved by more than 80 ms", skew)
				}
				last, lastAudio, lastVideo = now, a, v
			}
			audio, video = a, v
			if a != 0 && v != 0 {
				t.Errorf("skew %v: both are delayed", skew)
			}
		}
		if left := skew + audio - video; left.Abs() > 30*ms {
			t.Errorf("skew %v: %v left after 20 s", skew, left)
		}
		if skew.Abs() < 30*ms && (audio != 0 || video != 0) {
			t.Errorf("skew %v was corrected: nobody notices it", skew)
		}
	}
}

func TestSyncTakesBackWhatIsNotNeeded(t *testing.T) {
	var s Sync
	var audio, video time.Duration
	for i := range 100 {
		skew := 200 * ms
		if i >= 50 {
			skew = -100 * ms
		}
		audio, video, _ = s.Update(start.Add(time.Duration(i)*time.Second), skew+audio, video)
	}
	if video != 0 || audio < 70*ms || audio > 130*ms {
		t.Errorf("audio %v, video %v later; want 100 ms and none", audio, video)
	}
}

func TestFreezes(t *testing.T) {
	var m FreezeMeter
	now := start
	show := func(gap time.Duration) {
		now = now.Add(gap)
		m.Shown(now)
	}
	for range 60 {
		show(33 * ms)
	}
	show(180 * ms) // avg+150 ms is 183
	if c := m.Counts(); c.FreezeCount != 0 {
		t.Errorf("%+v after a gap of 180 ms", c)
	}
	for range 60 {
		show(33 * ms)
	}
	show(300 * ms)
	for range 60 {
		show(33 * ms)
	}
	show(6 * time.Second)
	show(33 * ms)
	want := Freezes{FreezeCount: 1, TotalFreezesDuration: 300 * ms, PauseCount: 1, TotalPausesDuration: 6 * time.Second}
	if c := m.Counts(); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	// max(3*avg, avg+150 ms): 600 ms at five frames a second, 180 ms at 33.
	for _, tt := range []struct {
		avg, gap time.Duration
		want     uint64
	}{{200 * ms, 340 * ms, 0}, {200 * ms, 600 * ms, 1}, {30 * ms, 170 * ms, 0}, {30 * ms, 180 * ms, 1}} {
		var m FreezeMeter
		at := start
		for range 40 {
			at = at.Add(tt.avg)
			m.Shown(at)
		}
		m.Shown(at.Add(tt.gap))
		if c := m.Counts(); c.FreezeCount != tt.want {
			t.Errorf("a gap of %v after %v each: %d freezes, want %d", tt.gap, tt.avg, c.FreezeCount, tt.want)
		}
	}
}
