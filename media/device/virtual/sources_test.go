package virtual

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"parley/media"
	"parley/media/device"
)

func TestToneHasItsPitchAndLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := device.NewClock()
		for hz, mic := range map[float64]*Tone{440: NewTone(440, clock), 880: NewTone(880, clock)} {
			var heard []int16
			for range 50 {
				b, err := mic.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				heard = append(heard, b.Samples...)
			}
			if got := 20 * math.Log10(Goertzel(heard, media.SampleRate, hz)); math.Abs(got+12) > 0.1 {
				t.Errorf("%.0f Hz at %.2f dBFS, want -12", hz, got)
			}
			time.Sleep(time.Second) // nobody reads
			if _, err := mic.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if lost := mic.Lost(); lost != 99*media.BlockSamples { // one is delivered
				t.Errorf("%d samples lost in a second, want 47520", lost)
			}
			mic.Close()
			if _, err := mic.Next(t.Context()); !errors.Is(err, media.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
		silent, err := NewSilence(clock).Next(t.Context())
		if err != nil || Goertzel(silent.Samples, media.SampleRate, 440) != 0 {
			t.Errorf("silence is not silent, %v", err)
		}
	})
}

func TestCloseEndsAWaitingNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := device.NewClock()
		card := NewCard(CardConfig{Format: device.VideoFormat{Width: 320, Height: 180, FPS: 0.1}, Clock: clock})
		f, err := card.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.Release()
		got := make(chan error)
		go func() { _, err := card.Next(t.Context()); got <- err }()
		synctest.Wait()
		card.Close()
		if err := <-got; !errors.Is(err, media.ErrClosed) {
			t.Errorf("Next returned %v", err)
		}
	})
}

func TestCardCountsAtItsRateAndFollowsTheName(t *testing.T) {
	name := "Ada"
	synctest.Test(t, func(t *testing.T) {
		card := NewCard(CardConfig{
			Format: device.VideoFormat{Width: 320, Height: 180, FPS: 25}, Clock: device.NewClock(),
			Person: func() string { return name },
		})
		for n := range 6 {
			if n == 3 {
				name = "Bertha"
			}
			f, err := card.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got, err := ReadFrame(f)
			if err != nil || got != (Code{uint32(n), name}) || f.PTS != time.Duration(n)*40*time.Millisecond {
				t.Errorf("picture %d reads %+v, %v, at %v", n, got, err, f.PTS)
			}
			f.Release()
		}
		time.Sleep(time.Second)
		f, err := card.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := ReadFrame(f); got.Frame != 30 {
			t.Errorf("a second later it shows picture %d, want 30", got.Frame)
		}
		f.Release()
	})
}

func TestSpeakerWritesWhatItPulls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.wav")
	sel := device.Selector{Choice: device.File, Value: path}
	synctest.Test(t, func(t *testing.T) {
		s := NewSpeakers(device.NewClock())
		n := 0
		spk, err := s.OpenSpeaker(t.Context(), sel, func(out []int16) {
			for i := range out {
				out[i] = int16(n)
				n++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		// Readable while it is being written, up to the last whole second.
		b, _ := os.ReadFile(path)
		if _, off, length, err := findWAV(bytes.NewReader(b), int64(len(b))); err != nil || length != 2*2*media.SampleRate || off != wavHeadBytes {
			t.Errorf("while it is written: %d bytes of sound, %v", length, err)
		}
		if err := s.Close(); err != nil { // closes the speaker
			t.Fatal(err)
		}
		if err := spk.Close(); err != nil {
			t.Fatal(err)
		}
		pulled := n
		b, _ = os.ReadFile(path)
		f, off, length, err := findWAV(bytes.NewReader(b), int64(len(b)))
		if err != nil || f != (wavFormat{rate: 48000, channels: 1, bits: 16}) || length != int64(2*pulled) {
			t.Fatalf("%+v, %d bytes of sound for %d samples, %v", f, length, pulled, err)
		}
		if pulled != 251*media.BlockSamples {
			t.Errorf("%d samples pulled in 2.5 s", pulled)
		}
		for i := range pulled {
			if v := int16(binary.LittleEndian.Uint16(b[off+2*int64(i):])); v != int16(i) {
				t.Fatalf("sample %d is %d", i, v)
			}
		}
	})
}

func TestSpeakerIsLostWhenTheDiskIsFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	link := filepath.Join(t.TempDir(), "out.wav")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	s := NewSpeakers(device.NewClock())
	defer s.Close()
	_, err := s.OpenSpeaker(t.Context(), device.Selector{Choice: device.File, Value: link}, func([]int16) {})
	if err == nil || device.ReasonOf(err) == 0 {
		t.Errorf("a full disk gave %v", err)
	}
	_, err = s.OpenSpeaker(t.Context(), device.Selector{Choice: device.File, Value: "/nowhere/out.wav"}, func([]int16) {})
	if device.ReasonOf(err) != device.Missing {
		t.Errorf("a folder that is not there gave %v", err)
	}
}

// failing takes n bytes.
type failing struct{ n int }

func (f *failing) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}
func (f *failing) Seek(int64, int) (int64, error) { return 0, nil }

func TestWAVWriterReportsAFailure(t *testing.T) {
	w, err := newWAVWriter(&failing{n: 100}, media.SampleRate)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if err = w.write(make([]int16, media.BlockSamples)); err != nil {
			return
		}
	}
	t.Error("a full disk went unnoticed")
}

func FuzzY4M(f *testing.F) {
	good := y4m("YUV4MPEG2 W4 H4 F25:1 C420jpeg", 4, 4, 2)
	f.Add(good)
	f.Add(good[:30])
	f.Add([]byte("YUV4MPEG2 W16384 H16384 F1000:1\nFRAME\n"))
	f.Add([]byte("YUV4MPEG2 W1 H1 C\nFRAME Ip\n\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, frames, err := indexY4M(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, at := range frames {
			if at < 0 || at+int64(h.frameBytes()) > int64(len(b)) {
				t.Fatalf("a picture at %d of a file of %d bytes", at, len(b))
			}
		}
	})
}

func FuzzWAV(f *testing.F) {
	f.Add(wav(wavPCM, 1, 8000, 16, []byte{1, 2, 3, 4}))
	f.Add(wav(wavFloat, 2, 44100, 32, bytes.Repeat([]byte{0xFF}, 64)))
	f.Add(wav(wavExtensible, 1, 384000, 24, []byte{1, 2, 3, 4}))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := newWAVLoop(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out [media.BlockSamples]int16
		for range 3 {
			if err := l.read(out[:]); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
	})
}
