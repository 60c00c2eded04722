package record

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/media"
)

func said(at time.Duration, text byte) media.Unit {
	// CELT, 20 ms; the last byte tells them apart.
	return media.Unit{Codec: media.Opus, PTS: at, Data: []byte{0xF8, 0, text}, Key: true}
}

func seen(at time.Duration, key bool, text byte) media.Unit {
	data := []byte{0x51, 0, 0, text}
	if key {
		data = []byte{0x50, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0, text}
	}
	return media.Unit{Codec: media.VP8, PTS: at, Data: data, Key: key}
}

// story writes what comes out of a timeline: for each block of a track its
// time and its text, "_" for silence and "#" for black.
func story(blocks []block, track int) string {
	var out []string
	for _, b := range blocks {
		if b.track != track {
			continue
		}
		text := string(b.data[len(b.data)-1])
		switch {
		case bytes.Equal(b.data, silence):
			text = "_"
		case bytes.Equal(b.data, blank):
			text = "#"
		}
		out = append(out, fmt.Sprintf("%d%s", b.at.Milliseconds(), text))
	}
	return strings.Join(out, " ")
}

func TestTimeline(t *testing.T) {
	type arrives struct {
		at int // ms
		u  media.Unit
	}
	for name, c := range map[string]struct {
		list  []arrives
		at    int // of taking, ms
		track int
		want  string
	}{
		"in order":                  {[]arrives{{20, said(0, 'a')}, {40, said(ms(20), 'b')}}, 230, myVoice, "0a 20b"},
		"what may still come":       {[]arrives{{20, said(0, 'a')}, {40, said(ms(20), 'b')}}, 215, myVoice, "0a"},
		"overtaken":                 {[]arrives{{20, said(0, 'a')}, {60, said(ms(40), 'c')}, {61, said(ms(20), 'b')}}, 250, myVoice, "0a 20b 40c"},
		"twice":                     {[]arrives{{20, said(0, 'a')}, {40, said(ms(20), 'b')}, {41, said(ms(20), 'b')}}, 230, myVoice, "0a 20b"},
		"lost":                      {[]arrives{{20, said(0, 'a')}, {60, said(ms(40), 'c')}}, 250, myVoice, "0a 20_ 40c"},
		"a hair apart":              {[]arrives{{20, said(0, 'a')}, {45, said(ms(25), 'b')}}, 230, myVoice, "0a 20b"},
		"an odd gap":                {[]arrives{{20, said(0, 'a')}, {95, said(ms(75), 'b')}}, 280, myVoice, "0a 20_ 40_ 75b"},
		"nothing said":              {nil, 260, myVoice, "0_ 20_ 40_"},
		"before it began":           {[]arrives{{10, said(-ms(30), 'x')}, {20, said(0, 'a')}}, 200, myVoice, "0a"},
		"not Opus":                  {[]arrives{{20, media.Unit{Codec: media.Opus}}, {20, said(0, 'a')}}, 205, myVoice, "0a"},
		"picture before its key":    {[]arrives{{5, seen(0, false, 'x')}, {40, seen(ms(33), true, 'k')}, {70, seen(ms(66), false, 'l')}}, 300, myPicture, "33k 66l"},
		"no picture":                {nil, 300, myPicture, "0#"},
		"pictures of the same time": {[]arrives{{5, seen(0, true, 'k')}, {6, seen(0, false, 'l')}}, 300, myPicture, "0k 1l"},
	} {
		t.Run(name, func(t *testing.T) {
			line := newTimeline()
			for _, a := range c.list {
				// Whatever was fastest sets the clock: here it takes nothing.
				line.people[Mine].clock = align{begun: true, best: [2]time.Duration{0, 0}}
				line.put(Mine, a.u, a.u.PTS, true, ms(a.at))
			}
			blocks, _ := line.take(ms(c.at), false)
			if got := story(blocks, c.track); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What comes too late is counted and does not disturb what was written.
func TestLate(t *testing.T) {
	line := newTimeline()
	line.put(Theirs, said(0, 'a'), 0, true, ms(20))
	line.put(Theirs, said(ms(60), 'd'), ms(60), true, ms(80))
	first, _ := line.take(ms(600), false)
	line.put(Theirs, said(ms(20), 'b'), ms(20), true, ms(610))
	line.put(Theirs, said(ms(600), 'z'), ms(600), true, ms(620))
	second, _ := line.take(ms(850), false)
	if got := story(append(first, second...), theirVoice); !strings.HasPrefix(got, "0a 20_ 40_ 60d 80_") || strings.Contains(got, "b") || !strings.Contains(got, "600z") {
		t.Errorf("got %q", got)
	}
	if line.counts.late != 1 {
		t.Errorf("%d late", line.counts.late)
	}
}

func TestBlackIsRepeated(t *testing.T) {
	line := newTimeline()
	var all []block
	for now := time.Duration(0); now <= 11*time.Second; now += writeEvery {
		b, _ := line.take(now, false)
		all = append(all, b...)
	}
	if got := story(all, theirPicture); got != "0# 5000# 10200#" {
		t.Errorf("black at %q", got)
	}
}

func TestAlign(t *testing.T) {
	t.Run("the fastest counts", func(t *testing.T) {
		var a align
		for i := range 20 { // for the first second at once
			a.observe(time.Hour+ms(20*i), ms(20*i+50-i))
		}
		if got := a.place(time.Hour); got != ms(31) {
			t.Errorf("placed at %v, want 31ms", got)
		}
	})
	t.Run("a clock that runs too fast", func(t *testing.T) {
		var a align
		const ppm = 100
		for now := time.Duration(0); now < 10*time.Minute; now += ms(20) {
			a.observe(now+now*ppm/1e6, now+ms(40))
		}
		end := 10 * time.Minute
		if d := a.place(end+end*ppm/1e6) - end - ms(40); d.Abs() > ms(5) {
			t.Errorf("off by %v", d)
		}
	})
	t.Run("jitter does not move it", func(t *testing.T) {
		var a align
		for i := range 3000 {
			a.observe(ms(20*i), ms(20*i+30+i*7919%100))
		}
		if d := a.place(0) - ms(30); d.Abs() > ms(5) {
			t.Errorf("off by %v", d)
		}
	})
	t.Run("somebody sets the clock", func(t *testing.T) {
		var a align
		a.observe(0, ms(30))
		a.observe(time.Hour, ms(60))
		for i := range 2000 {
			a.observe(time.Hour+ms(20*i), ms(60+20*i))
		}
		if d := a.place(time.Hour) - ms(60); d.Abs() > ms(5) {
			t.Errorf("off by %v", d)
		}
	})
}

// Whatever the other side sends, nothing but its own tracks suffers.
func FuzzTimeline(f *testing.F) {
	f.Add([]byte{0x50, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0}, []byte{0xF8, 0xFF, 0xFE}, int64(20), int64(-5))
	f.Add([]byte{}, []byte{3}, int64(1)<<40, int64(1)<<62)
	f.Fuzz(func(t *testing.T, picture, voice []byte, at, wall int64) {
		line := newTimeline()
		out := &memory{}
		mux, err := newMuxer(out, t0, make([]track, trackCount))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			now := ms(100 * i)
			line.put(Theirs, media.Unit{Codec: media.VP8, Data: picture, Key: i%2 == 0, PTS: time.Duration(at) * time.Duration(i)}, time.Duration(wall), i > 1, now)
			line.put(Theirs, media.Unit{Codec: media.Opus, Data: voice, Key: true, PTS: time.Duration(at) * time.Duration(i)}, time.Duration(wall), i > 1, now)
			blocks, _ := line.take(now, i == 3)
			if len(blocks) > 2000 {
				t.Fatalf("%d blocks out of nothing", len(blocks))
			}
			if err := mux.cluster(blocks, now); err != nil {
				t.Fatal(err)
			}
		}
	})
}
