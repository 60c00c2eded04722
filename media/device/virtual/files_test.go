package virtual

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/media"
	"parley/media/device"
)

// y4m makes a file of n pictures whose luma is the picture's number.
func y4m(header string, w, h, n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", header)
	for i := range n {
		b.WriteString("FRAME\n")
		b.Write(bytes.Repeat([]byte{byte(i)}, w*h))
		b.Write(bytes.Repeat([]byte{100}, (w+1)/2*((h+1)/2)))
		b.Write(bytes.Repeat([]byte{200}, (w+1)/2*((h+1)/2)))
	}
	return b.Bytes()
}

func file(t *testing.T, name string, b []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestY4MPlaysInTimeAndLoops(t *testing.T) {
	for _, c := range []struct {
		header string
		w, h   int
		every  time.Duration
	}{
		{"YUV4MPEG2 W6 H4 F50:1 Ip A1:1 C420jpeg XYSCSS=420JPEG", 6, 4, 20 * time.Millisecond},
		{"YUV4MPEG2 W7 H5 F10:1 C420mpeg2", 7, 5, 100 * time.Millisecond},
		{"YUV4MPEG2 H2 W2 F40:2 C420paldv", 2, 2, 50 * time.Millisecond},
		{"YUV4MPEG2 W1 H1", 1, 1, 40 * time.Millisecond},
	} {
		path := file(t, "a.y4m", y4m(c.header, c.w, c.h, 3))
		synctest.Test(t, func(t *testing.T) {
			cam, err := OpenY4M(path, device.NewClock())
			if err != nil {
				t.Fatal(err)
			}
			defer cam.Close()
			start := time.Now()
			for n := range 7 {
				f, err := cam.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if f.Width != c.w || f.Height != c.h || f.Y[(c.h-1)*f.YStride+c.w-1] != byte(n%3) || f.U[0] != 100 || f.V[(c.h+1)/2*f.UVStride-f.UVStride] != 200 {
					t.Errorf("%s: picture %d is %dx%d, luma %d", c.header, n, f.Width, f.Height, f.Y[0])
				}
				if want := time.Duration(n) * c.every; time.Since(start) != want || f.PTS != want {
					t.Errorf("%s: picture %d came after %v with %v, want %v", c.header, n, time.Since(start), f.PTS, want)
				}
				f.Release()
			}
			// A reader that slept sees what is due now, not what is over.
			time.Sleep(5*c.every + c.every/2)
			f, err := cam.Next(t.Context())
			if err != nil || f.Y[0] != byte(11%3) {
				t.Errorf("%s: after a pause picture %d, %v, want %d", c.header, f.Y[0], err, 11%3)
			}
		})
	}
}

func TestY4MBroken(t *testing.T) {
	good := y4m("YUV4MPEG2 W4 H4 F25:1", 4, 4, 2)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"empty":        {nil, "not a y4m file"},
		"other file":   {[]byte("RIFF....WAVE\n"), "YUV4MPEG2"},
		"no newline":   {bytes.Repeat([]byte("x"), 5000), "not a y4m file"},
		"no size":      {y4m("YUV4MPEG2 F25:1", 4, 4, 1), "no width"},
		"huge":         {y4m("YUV4MPEG2 W99999999 H4", 4, 4, 1), "between 1 and"},
		"negative":     {y4m("YUV4MPEG2 W-4 H4", 4, 4, 1), "between 1 and"},
		"rate":         {y4m("YUV4MPEG2 W4 H4 Fast", 4, 4, 1), "fraction"},
		"4:2:2":        {y4m("YUV4MPEG2 W4 H4 C422", 4, 4, 1), "4:2:0"},
		"10 bits":      {y4m("YUV4MPEG2 W4 H4 C420p10", 4, 4, 1), "4:2:0"},
		"cut off":      {good[:len(good)-3], "cut off in picture 2"},
		"no pictures":  {[]byte("YUV4MPEG2 W4 H4\n"), "no pictures"},
		"out of step":  {append(bytes.Clone(good), "JUNK\n"...), "picture 3 does not start"},
		"cut off line": {append(bytes.Clone(good), "FRA"...), "no line ends"},
	} {
		_, err := OpenY4M(file(t, "a.y4m", c.data), device.Clock{})
		if device.ReasonOf(err) != device.Broken || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want a broken file and %q", name, err, c.says)
		}
	}
	_, err := OpenY4M(filepath.Join(t.TempDir(), "none.y4m"), device.Clock{})
	if device.ReasonOf(err) != device.Missing {
		t.Errorf("a missing file: %v", err)
	}
}

// wav makes a file with one format and raw data.
func wav(code, channels, rate, bits int, data []byte) []byte {
	var b bytes.Buffer
	le := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	le(uint32(36 + len(data)))
	b.WriteString("WAVELIST")
	le(uint32(3)) // odd: padded to four
	b.WriteString("abc\x00fmt ")
	ext := code == wavExtensible
	size := 16
	if ext {
		size = 40
	}
	le(uint32(size))
	le(uint16(code))
	le(uint16(channels))
	le(uint32(rate))
	le(uint32(rate * channels * bits / 8))
	le(uint16(channels * bits / 8))
	le(uint16(bits))
	if ext {
		le(uint16(22))
		le(uint16(bits))
		le(uint32(0))
		le(uint16(wavPCM))
		b.Write(make([]byte, 14))
	}
	b.WriteString("data")
	le(uint32(len(data)))
	b.Write(data)
	return b.Bytes()
}

// sineData gives one second of hz at half of full scale in a wav coding.
func sineData(hz float64, rate, channels, bits int, float bool) []byte {
	var b bytes.Buffer
	le := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	for i := range rate {
		v := 0.5 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
		for range channels {
			switch {
			case float && bits == 64:
				le(v)
			case float:
				le(float32(v))
			case bits == 8:
				b.WriteByte(byte(128 + math.Round(v*127)))
			case bits == 16:
				le(int16(v * 32767))
			case bits == 24:
				n := int32(v * (1<<23 - 1))
				b.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16)})
			case bits == 32:
				le(int32(v * (1<<31 - 1)))
			}
		}
	}
	return b.Bytes()
}

func TestWAVMicHearsTheFile(t *testing.T) {
	for _, c := range []struct {
		code, channels, rate, bits int
	}{
		{wavPCM, 1, 48000, 16},
		{wavPCM, 2, 44100, 16},
		{wavPCM, 1, 8000, 8},
		{wavPCM, 2, 96000, 24},
		{wavPCM, 6, 16000, 32},
		{wavExtensible, 1, 22050, 16},
		{wavFloat, 2, 32000, 32},
		{wavFloat, 1, 192000, 64},
	} {
		data := sineData(600, c.rate, c.channels, c.bits, c.code == wavFloat)
		path := file(t, "a.WAV", wav(c.code, c.channels, c.rate, c.bits, data))
		synctest.Test(t, func(t *testing.T) {
			mic, err := OpenWAV(path, device.NewClock())
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			defer mic.Close()
			start := time.Now()
			var heard []int16
			for n := range 250 { // two and a half times through the file
				b, err := mic.Next(t.Context())
				if err != nil {
					t.Fatalf("%+v: %v", c, err)
				}
				if want := time.Duration(n) * media.BlockDur; time.Since(start) != want || b.PTS != want || len(b.Samples) != media.BlockSamples {
					t.Fatalf("%+v: block %d of %d samples after %v with %v", c, n, len(b.Samples), time.Since(start), b.PTS)
				}
				heard = append(heard, b.Samples...)
			}
			// The file is a whole number of waves, so its seam is not heard: one
			// tone of the right pitch and level and nothing beside it.
			if got := Goertzel(heard, media.SampleRate, 600); math.Abs(got-0.5) > 0.01 {
				t.Errorf("%+v: 600 Hz at %.4f, want 0.5", c, got)
			}
			for _, hz := range []float64{300, 1200, 3000, 7400, 15400} {
				if got := Goertzel(heard, media.SampleRate, hz); got > 0.002 {
					t.Errorf("%+v: %.0f Hz at %.4f, want silence", c, hz, got)
				}
			}
			if mic.Lost() != 0 {
				t.Errorf("%+v: %d samples lost", c, mic.Lost())
			}
		})
	}
}

func TestWAVBroken(t *testing.T) {
	data := sineData(600, 8000, 1, 16, false)
	good := wav(wavPCM, 1, 8000, 16, data)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"empty":        {nil, "RIFF"},
		"other file":   {[]byte("YUV4MPEG2 W4 H4\n"), "RIFF"},
		"compressed":   {wav(2, 1, 8000, 16, data), "only PCM"},
		"no channels":  {wav(wavPCM, 0, 8000, 16, data), "0 channels"},
		"no rate":      {wav(wavPCM, 1, 0, 16, data), "0 Hz"},
		"12 bits":      {wav(wavPCM, 1, 8000, 12, data), "12 bits"},
		"half a float": {wav(wavFloat, 1, 8000, 16, data), "16 bits"},
		"cut off":      {good[:len(good)-100], "cut off"},
		"no data":      {good[:len(good)-len(data)-8], "missing"},
		"no sound":     {wav(wavPCM, 1, 8000, 16, nil), "empty"},
	} {
		_, err := OpenWAV(file(t, "a.wav", c.data), device.Clock{})
		if device.ReasonOf(err) != device.Broken || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want a broken file and %q", name, err, c.says)
		}
	}
	if _, err := OpenWAV(filepath.Join(t.TempDir(), "none.wav"), device.Clock{}); device.ReasonOf(err) != device.Missing {
		t.Errorf("a missing file: %v", err)
	}
}
