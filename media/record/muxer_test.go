package record

import (
	"bytes"
	"encoding/hex"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/media"
)

var update = flag.Bool("update", false, "write the golden files")

// memory is a file in memory that has room for so many bytes; 0: all.
type memory struct {
	data []byte
	room int
	err  error
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	end := int(at) + len(b)
	if m.room > 0 && end > m.room {
		return 0, m.err
	}
	if end > len(m.data) {
		m.data = append(m.data, make([]byte, end-len(m.data))...)
	}
	return copy(m.data[at:], b), nil
}

func (m *memory) Sync() error  { return nil }
func (m *memory) Close() error { return nil }

var _ io.WriterAt = (*memory)(nil)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// twoTracks writes a small file and returns where each of its clusters ends.
func twoTracks(t *testing.T, f *memory) (m *muxer, ends []int) {
	t.Helper()
	m, err := newMuxer(f, t0, []track{
		{codec: media.VP8, name: "Jörg", width: 640, height: 360, preferred: true},
		{codec: media.Opus, name: "Jörg", preferred: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range [][]block{
		{{track: 0, key: true, data: []byte{0x10, 1, 2}}, {track: 1, key: true, data: silence}, {track: 1, at: ms(20), key: true, data: silence}},
		{{track: 0, at: ms(400), data: []byte{0x11}}, {track: 1, at: ms(420), key: true, data: silence}},
		{{track: 1, at: ms(390), key: true, data: silence}, {track: 0, at: ms(833), key: true, data: bytes.Repeat([]byte{0x10}, 300)}},
	} {
		if err := m.cluster(c, ms(400*(i+1))); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(f.data))
	}
	return m, ends
}

func TestMuxerGolden(t *testing.T) {
	f := &memory{}
	m, _ := twoTracks(t, f)
	for name, finish := range map[string]func() error{"crashed": func() error { return nil }, "closed": m.close} {
		if name == "crashed" { // before the other, whatever the order of the map
			continue
		}
		golden(t, "crashed", f.data)
		if err := finish(); err != nil {
			t.Fatal(err)
		}
		golden(t, name, f.data)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".hex")
	dump := []byte(hex.Dump(got))
	if *update {
		if err := os.WriteFile(path, dump, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(dump, want) {
		t.Errorf("%s: got\n%swant\n%s", name, dump, want)
	}
}

func TestWhatIsWrittenCanBeRead(t *testing.T) {
	f := &memory{}
	m, _ := twoTracks(t, f)
	if err := m.close(); err != nil {
		t.Fatal(err)
	}
	r := read(t, f.data)
	want := []struct {
		track int
		at    time.Duration
		key   bool
		size  int
	}{{0, 0, true, 3}, {1, 0, true, 3}, {1, ms(20), true, 3}, {0, ms(400), false, 1}, {1, ms(420), true, 3}, {1, ms(390), true, 3}, {0, ms(833), true, 300}}
	if len(r.blocks) != len(want) {
		t.Fatalf("%d blocks, want %d", len(r.blocks), len(want))
	}
	for i, w := range want {
		if b := r.blocks[i]; b.track != w.track || b.at != w.at || b.key != w.key || len(b.data) != w.size {
			t.Errorf("block %d: %+v, want %+v", i, b, w)
		}
	}
	if r.duration != 1200 || !r.sized {
		t.Errorf("duration %v ms, size known %t", r.duration, r.sized)
	}
	if len(r.cues) != 2 || r.cues[1].at != ms(833) {
		t.Fatalf("cues %+v", r.cues)
	}
	for _, c := range append(r.cues, cue{cluster: r.seeks[idCues]}) {
		if c.cluster <= 0 || int(r.segment+c.cluster) >= len(f.data) {
			t.Errorf("position %d is not in the file", c.cluster)
		}
	}
	for id, at := range r.seeks {
		if got := uint32At(f.data[r.segment+at:]); got != id {
			t.Errorf("the seek head has %x where %x is", id, got)
		}
	}
	for _, c := range r.cues {
		if got := uint32At(f.data[r.segment+c.cluster:]); got != idCluster {
			t.Errorf("a cue leads to %x", got)
		}
	}
}

func uint32At(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// Cut anywhere, a file has what its whole clusters hold.
func TestCutAnywhere(t *testing.T) {
	f := &memory{}
	_, ends := twoTracks(t, f)
	all := read(t, f.data)
	per := []int{3, 2, 2}
	first := len(f.data) - (len(f.data) - all.clusters[0])
	for n := first; n <= len(f.data); n++ {
		want := 0
		for i, e := range ends {
			if n >= e {
				want += per[i]
			}
		}
		r := read(t, f.data[:n])
		if whole := r.whole; whole != want {
			t.Fatalf("cut at %d of %d: %d blocks in whole clusters, want %d", n, len(f.data), whole, want)
		}
		if r.duration != 1200 { // as of the last cluster that was written
			t.Fatalf("cut at %d: duration %v", n, r.duration)
		}
	}
}

func TestFullDisk(t *testing.T) {
	for _, room := range []int{10, 400, 700} {
		f := &memory{room: room, err: io.ErrShortWrite}
		m, err := newMuxer(f, t0, []track{{codec: media.Opus, name: "x"}})
		if room == 10 {
			if err == nil {
				t.Error("a head without room for it")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; ; n++ {
			if err := m.cluster([]block{{at: ms(n), key: true, data: make([]byte, 30)}}, ms(n)); err != nil {
				break
			}
		}
		if err := m.close(); err != nil { // no picture, no cues: nothing has to grow
			t.Errorf("not closed: %v", err)
		}
		if r := read(t, f.data); r.whole != n || n == 0 && room > 400 {
			t.Errorf("room for %d: %d of %d clusters can be read", room, r.whole, n)
		}
	}
}
