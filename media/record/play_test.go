package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"parley/media/codec"

	"parley/media"
)

// ffmpeg decodes with the system's ffmpeg; the test is skipped without it
// (make test installs it).
func ffmpeg(t *testing.T, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	cmd := exec.Command(path, append([]string{"-v", "error"}, args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Fatalf("ffmpeg %s: %v %s", strings.Join(args, " "), err, said.String())
	}
	return out.Bytes()
}

// sound decodes a sound track by counting samples, as tools do that do not
// look at time stamps, and returns whether it is loud in each 10 ms.
func sound(t *testing.T, path string, n int, hz float64) (loud []bool) {
	t.Helper()
	b := ffmpeg(t, "-i", path, "-map", fmt.Sprintf("0:a:%d", n), "-f", "s16le", "-ar", "48000", "-ac", "1", "-")
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	for ; len(pcm) >= media.BlockSamples; pcm = pcm[media.BlockSamples:] {
		w := 2 * math.Pi * hz / media.SampleRate
		var re, im float64
		for i, v := range pcm[:media.BlockSamples] {
			re += float64(v) * math.Cos(w*float64(i))
			im += float64(v) * math.Sin(w*float64(i))
		}
		loud = append(loud, math.Hypot(re, im)/media.BlockSamples > 1500)
	}
	return loud
}

// picture decodes a picture track and returns how bright it is in each 10 ms.
func picture(t *testing.T, path string, n int) []byte {
	t.Helper()
	return ffmpeg(t, "-i", path, "-map", fmt.Sprintf("0:v:%d", n), "-vf", "scale=1:1,format=gray", "-fps_mode", "cfr", "-r", "100", "-f", "rawvideo", "-")
}

// turn is the first moment from a time on at which something is as wanted.
func turn[T any](list []T, from time.Duration, is func(T) bool) time.Duration {
	for i := int(from / ms(10)); i < len(list); i++ {
		if is(list[i]) {
			return time.Duration(i) * ms(10)
		}
	}
	return -1
}

func on(b bool) bool     { return b }
func off(b bool) bool    { return !b }
func bright(y byte) bool { return y > 130 }
func black(y byte) bool  { return y < 25 }

// near reports whether something is where it should be, by what an eye and an
// ear notice.
func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if d := got - want; got < 0 || d.Abs() > 40*time.Millisecond {
		t.Errorf("%s at %v, want %v", what, got, want)
	}
}

// Both light up and beep at the same moments of their clocks; the way here
// takes 90 ms, and their clock is three hours ahead.
func TestInStep(t *testing.T) {
	f := newFilm(t)
	f.behind = ms(90)
	beep := func(_ Side, at time.Duration) bool { return at%(2*time.Second) >= time.Second }
	f.sound = beep
	f.luma = func(s Side, at time.Duration) byte {
		if beep(s, at) {
			return 220
		}
		return 60
	}
	// I am muted for a while, which sends nothing, and so are they.
	f.mute = func(s Side, at time.Duration) bool {
		return s == Mine && at >= 4*time.Second && at < 5500*time.Millisecond || s == Theirs && at >= 6200*time.Millisecond && at < 6800*time.Millisecond
	}
	f.run(9 * time.Second)
	res := f.end()
	if res.Late > 0 || res.Dropped > 0 || res.Length != 9*time.Second {
		t.Errorf("%+v", res)
	}
	theirs, mine := sound(t, f.path, 1, 440), sound(t, f.path, 2, 880)
	bothTheirs, bothMine := sound(t, f.path, 0, 440), sound(t, f.path, 0, 880)
	theirPic, myPic := picture(t, f.path, 0), picture(t, f.path, 1)
	for _, at := range []time.Duration{time.Second, 3 * time.Second, 7 * time.Second} {
		here := at + f.behind // when it was there
		from := at - 500*time.Millisecond
		near(t, "their beep", turn(theirs, from, on), here)
		near(t, "their light", turn(theirPic, from, bright), here)
		near(t, "my beep", turn(mine, from, on), at)
		near(t, "my light", turn(myPic, from, bright), at)
		near(t, "their beep in both", turn(bothTheirs, from, on), here)
		near(t, "my beep in both", turn(bothMine, from, on), at)
	}
	near(t, "the end of their beep", turn(theirs, 1500*time.Millisecond, off), 2*time.Second+f.behind)
	near(t, "my beep after I was muted", turn(mine, 4500*time.Millisecond, on), 5500*time.Millisecond)
	for name, list := range map[string][]bool{"theirs": theirs, "mine": mine, "both": bothMine} {
		if n := time.Duration(len(list)) * ms(10); n < 8900*time.Millisecond || n > 9*time.Second {
			t.Errorf("%s lasts %v by samples", name, n)
		}
	}
}

// A sender changes the size as its link and its camera do.
func TestSizeChanges(t *testing.T) {
	f := newFilm(t)
	sizes := [][2]int{{320, 180}, {1280, 720}, {360, 640}, {320, 180}}
	f.luma = func(_ Side, at time.Duration) byte { return 50 + 50*byte(at/time.Second) }
	for _, s := range sizes {
		f.size = [sides][2]int{s, s}
		f.run(time.Second)
	}
	f.end()
	for n := range 2 {
		y := picture(t, f.path, n)
		for i := range sizes {
			at := time.Duration(i)*time.Second + 500*time.Millisecond
			want := (50 + 50*i - 16) * 255 / 219 // to full range
			if got := int(y[at/ms(10)]); got < want-20 || got > want+20 {
				t.Errorf("picture %d, size %v: brightness %d, want %d", n, sizes[i], got, want)
			}
		}
	}
}

func TestBlackWhileTheCameraIsOff(t *testing.T) {
	f := newFilm(t)
	f.luma = func(Side, time.Duration) byte { return 200 }
	f.dark = func(s Side, at time.Duration) bool {
		return s == Theirs && (at < 1500*time.Millisecond || at >= 3*time.Second && at < 4*time.Second)
	}
	f.run(3 * time.Second)
	keys := f.keys[Theirs]
	f.r.Camera(Theirs, false)
	f.run(time.Second)
	if f.keys[Theirs] != keys {
		t.Error("a key frame of a camera that is off was asked for")
	}
	f.r.Camera(Theirs, true)
	f.run(2 * time.Second)
	f.end()
	if f.keys[Theirs] == keys {
		t.Error("no key frame was asked for after the camera was off")
	}
	y := picture(t, f.path, 0)
	for at, want := range map[time.Duration]func(byte) bool{
		500 * time.Millisecond: black, 2500 * time.Millisecond: bright, 3700 * time.Millisecond: black, 5900 * time.Millisecond: bright,
	} {
		if !want(y[at/ms(10)]) {
			t.Errorf("brightness at %v is %d", at, y[at/ms(10)])
		}
	}
}

// What a crash leaves plays up to the last second.
func TestCrash(t *testing.T) {
	f := newFilm(t)
	f.mute = func(s Side, at time.Duration) bool { return s == Mine && at > 2*time.Second }
	f.run(5*time.Second + ms(300))
	crashed := f.path + ".crashed.webm"
	b, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	f.end()
	for _, cut := range []int{0, 1, 700} { // of the cluster that was being written
		if err := os.WriteFile(crashed, b[:len(b)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for _, bl := range read(t, b[:len(b)-cut]).blocks {
			last = max(last, bl.at)
		}
		if cut == 0 && last < 4300*time.Millisecond {
			t.Errorf("5.3 s recorded, %v in the file", last)
		}
		if cut > 0 {
			continue // ffmpeg complains, rightly, of the end; TestCutAnywhere reads it
		}
		for n, hz := range []float64{440, 440, 880} {
			if got := time.Duration(len(sound(t, crashed, n, hz))) * ms(10); got < 4300*time.Millisecond {
				t.Errorf("sound %d plays for %v", n, got)
			}
		}
		if got := time.Duration(len(picture(t, crashed, 0))) * ms(10); got < 4300*time.Millisecond {
			t.Errorf("the picture plays for %v", got)
		}
	}
}

func TestBlankIsBlack(t *testing.T) {
	d := codec.NewVideoDecoder(nil)
	defer d.Close()
	p, err := d.Decode(media.Unit{Codec: media.VP8, Data: blank, Key: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	if p.Width != blankWidth || p.Height != blankHeight || p.Y[0] > 18 || p.Y[p.YStride*100+200] > 18 || p.U[0] != 128 {
		t.Errorf("%dx%d, luma %d", p.Width, p.Height, p.Y[0])
	}
}
