package peer

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/media"
)

func TestHowOftenSoundIsRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		lost    float64
		path    int
		picture bool
		want    int
	}{
		"nothing lost":                         {0, 3_000_000, true, 0},
		"one in 100":                           {0.01, 1_000_000, true, 1},
		"one in 100 of a narrow path":          {0.01, 300_000, true, 0},
		"one in 20":                            {0.05, 600_000, true, 1},
		"one in 10":                            {0.10, 600_000, true, 2},
		"one in 10 of a narrow path":           {0.10, 230_000, true, 1},
		"one in 5, the path thought narrow":    {0.20, 160_000, true, 2},
		"a path that holds nothing but sound":  {0.20, 60_000, true, 0},
		"sound alone":                          {0.20, 100_000, false, 1},
		"sound alone, nothing lost":            {0, 100_000, false, 0},
		"more lost than a call can be held on": {1, 1_000_000, true, maxRepeats},
	} {
		if got := repeats(c.lost, c.path, c.picture); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestREDPacks(t *testing.T) {
	sound := func(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }
	old, before, now := block{1000, sound(80, 1)}, block{1960, sound(70, 2)}, block{2920, sound(60, 3)}
	for name, c := range map[string]struct {
		red  red
		now  block
		want []block
	}{
		"not negotiated":      {red{repeats: 2, past: [maxRepeats]block{before, old}}, now, []block{now}},
		"not wanted":          {red{pt: 63, past: [maxRepeats]block{before, old}}, now, []block{now}},
		"the first packet":    {red{pt: 63, repeats: 2}, now, []block{now}},
		"the second":          {red{pt: 63, repeats: 2, past: [maxRepeats]block{before}}, now, []block{before, now}},
		"once":                {red{pt: 63, repeats: 1, past: [maxRepeats]block{before, old}}, now, []block{before, now}},
		"twice":               {red{pt: 63, repeats: 2, past: [maxRepeats]block{before, old}}, now, []block{old, before, now}},
		"after a long pause":  {red{pt: 63, repeats: 2, past: [maxRepeats]block{before, old}}, block{1960 + redMaxOffset + 1, now.data}, []block{{1960 + redMaxOffset + 1, now.data}}},
		"time wraps":          {red{pt: 63, repeats: 1, past: [maxRepeats]block{{^uint32(0) - 959, old.data}}}, block{0, now.data}, []block{{^uint32(0) - 959, old.data}, {0, now.data}}},
		"too long for a form": {red{pt: 63, repeats: 1, past: [maxRepeats]block{{1960, sound(redMaxLength+1, 2)}}}, now, []block{now}},
		"too long to send":    {red{pt: 63, repeats: 2, past: [maxRepeats]block{{1960, sound(600, 2)}, {1000, sound(600, 2)}}}, now, []block{{1960, sound(600, 2)}, now}},
	} {
		payload, packed := c.red.pack(111, c.now.ts, c.now.data)
		if len(payload) > maxPayload {
			t.Errorf("%s: %d bytes, at most %d can be sent", name, len(payload), maxPayload)
		}
		got := []block{{c.now.ts, payload}}
		if packed {
			got = unpack(nil, c.now.ts, payload)
		}
		if !slices.EqualFunc(got, c.want, func(a, b block) bool { return a.ts == b.ts && bytes.Equal(a.data, b.data) }) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestWhatWasLostComesWithLaterOnes: of packets that repeat n before them all
// are there in order, unless more than n in a row are lost.
func TestWhatWasLostComesWithLaterOnes(t *testing.T) {
	for name, c := range map[string]struct {
		repeats int
		arrive  []uint16 // numbers from 0, in order of arrival
		want    []uint16
	}{
		"nothing lost":                  {2, []uint16{0, 1, 2, 3}, []uint16{0, 1, 2, 3}},
		"one lost":                      {1, []uint16{0, 2, 3}, []uint16{0, 1, 2, 3}},
		"two in a row, repeated once":   {1, []uint16{0, 3, 4}, []uint16{0, 2, 3, 4}},
		"two in a row, repeated twice":  {2, []uint16{0, 3, 4}, []uint16{0, 1, 2, 3, 4}},
		"three in a row":                {2, []uint16{0, 4, 5}, []uint16{0, 2, 3, 4, 5}},
		"the first one":                 {1, []uint16{1, 2}, []uint16{0, 1, 2}},
		"overtaken: it has been there":  {1, []uint16{0, 2, 1, 3}, []uint16{0, 1, 2, 3}},
		"doubled by the network":        {1, []uint16{0, 2, 2, 3}, []uint16{0, 1, 2, 3}},
		"the sender begins anew, lower": {1, []uint16{500, 501, 3, 5}, []uint16{499, 500, 501, 2, 3, 4, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			data := func(n uint16) []byte { return fmt.Appendf(nil, "packet %d", n) }
			at := func(n uint16) uint32 { return uint32(n)*960 - 2000 }
			var r redReader
			var got []uint16
			note := func(p *rtp.Packet) {
				if p.Timestamp != at(p.SequenceNumber) || !bytes.Equal(p.Payload, data(p.SequenceNumber)) {
					t.Errorf("packet %d is %q at %d", p.SequenceNumber, p.Payload, p.Timestamp)
				}
				got = append(got, p.SequenceNumber)
			}
			for _, n := range c.arrive {
				sender := red{pt: 63, repeats: c.repeats}
				for i := c.repeats; i > 0; i-- {
					if int(n)-i >= 0 {
						sender.sent(at(n-uint16(i)), data(n-uint16(i)))
					}
				}
				payload, packed := sender.pack(111, at(n), data(n))
				p := &rtp.Packet{Header: rtp.Header{SequenceNumber: n, Timestamp: at(n)}, Payload: payload}
				fresh, ok := r.take(p, packed)
				if !ok {
					t.Fatalf("packet %d is refused", n)
				}
				for q, ok := r.next(); ok; q, ok = r.next() {
					note(q)
				}
				if fresh {
					note(p)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("given out %v, want %v", got, c.want)
			}
		})
	}
}

// TestRepeatedSoundArrives: where a fifth is lost, hardly anything of the sound
// is, once it is known that a fifth is lost.
func TestRepeatedSoundArrives(t *testing.T) {
	for name, c := range map[string]struct {
		told        float64
		least, most float64 // share of the packets missing
	}{
		"nobody says":  {0, 0.10, 0.30},
		"it is known":  {0.2, 0, 0.05},
		"it lost less": {0.05, 0, 0.10}, // once is enough for most
	} {
		t.Run(name, func(t *testing.T) {
			net, a, b := direct(t)
			p := newPair(t, a.Net(), b.Net())
			p.connect()
			l := listen(p.callee.RemoteAudio())
			track := p.caller.AudioTrack()
			tick := time.NewTicker(2 * time.Millisecond) // the queue holds a second of sound
			defer tick.Stop()
			sent := 0
			say := func(n int) (last uint16) {
				for range n {
					<-tick.C
					u := media.Unit{Codec: media.Opus, Data: []byte("sound"), PTS: time.Duration(sent) * 20 * time.Millisecond, Dur: 20 * time.Millisecond, Key: true}
					if err := track.WriteUnit(u); err != nil {
						t.Fatal(err)
					}
					sent++
				}
				track.mu.Lock()
				defer track.mu.Unlock()
				return track.seq - 1
			}
			const n = 1000
			p.caller.SetSoundLoss(c.told)
			say(10)
			net.SetLoss(0.2)
			say(n)
			net.SetLoss(0)
			got := l.until(t, say(10))
			if missing := 1 - float64(got)/float64(sent); missing < c.least || missing > c.most {
				t.Errorf("%.1f %% missing, want %.0f to %.0f", 100*missing, 100*c.least, 100*c.most)
			}
		})
	}
}

func FuzzRED(f *testing.F) {
	r := red{pt: 63, repeats: 2, past: [maxRepeats]block{{960, []byte("before")}, {0, []byte("old")}}}
	good, _ := r.pack(111, 1920, []byte("now"))
	f.Add(good)
	f.Add(good[:len(good)-8])                              // a block that is cut off
	f.Add([]byte{})                                        //
	f.Add([]byte{0x80 | 111, 0})                           // a header that is cut off
	f.Add(bytes.Repeat([]byte{0x80 | 111, 0, 0, 0}, 12))   // headers without end
	f.Add([]byte{0x80 | 111, 0xff, 0xff, 0xff, 111, 1, 2}) // longer than the packet
	f.Add([]byte{0x80 | 111, 0, 0, 0, 111, 'n', 'o', 'w'}) // an empty block
	f.Fuzz(func(t *testing.T, b []byte) {
		blocks := unpack(nil, 5000, b)
		if blocks == nil {
			return
		}
		size := len(blocks)*redHeader - (redHeader - 1)
		for _, x := range blocks {
			size += len(x.data)
		}
		if size != len(b) || len(blocks) > maxBlocks+1 {
			t.Errorf("%d blocks of %d bytes with their headers, in a payload of %d", len(blocks), size, len(b))
		}
	})
}
