package virtual

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// wavFormat is what the "fmt " chunk of a RIFF file says.
type wavFormat struct {
	rate     int
	channels int
	bits     int  // per sample: 8, 16, 24, 32 or 64
	float    bool // IEEE 754 instead of integers
}

func (f wavFormat) frame() int { return f.channels * f.bits / 8 }

// Codes of the "fmt " chunk.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavExtensible = 0xFFFE
)

// parseWAVFormat reads the body of a "fmt " chunk.
func parseWAVFormat(b []byte) (wavFormat, error) {
	if len(b) < 16 {
		return wavFormat{}, errors.New("its format chunk is too short")
	}
	code := binary.LittleEndian.Uint16(b)
	f := wavFormat{
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
		bits:     int(binary.LittleEndian.Uint16(b[14:])),
	}
	if code == wavExtensible {
		if len(b) < 26 {
			return wavFormat{}, errors.New("its extensible format chunk is too short")
		}
		code = binary.LittleEndian.Uint16(b[24:]) // the first two bytes of the GUID
	}
	f.float = code == wavFloat
	switch {
	case code != wavPCM && code != wavFloat:
		return wavFormat{}, fmt.Errorf("its sound is coded in format %d, only PCM can be read", code)
	case f.channels < 1 || f.channels > 32:
		return wavFormat{}, fmt.Errorf("it has %d channels, 1 to 32 can be read", f.channels)
	case f.rate < 1000 || f.rate > 384000:
		return wavFormat{}, fmt.Errorf("its rate is %d Hz, 1000 to 384000 can be read", f.rate)
	case f.float && f.bits != 32 && f.bits != 64,
		!f.float && f.bits != 8 && f.bits != 16 && f.bits != 24 && f.bits != 32:
		return wavFormat{}, fmt.Errorf("its samples have %d bits", f.bits)
	}
	return f, nil
}

// findWAV walks the chunks of a RIFF file and returns the format, where the
// samples are and how many bytes of them.
func findWAV(r io.ReaderAt, size int64) (f wavFormat, off, length int64, err error) {
	var head [12]byte
	if _, err := r.ReadAt(head[:], 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return f, 0, 0, errors.New("it is not a wav file: it does not start with RIFF and WAVE")
	}
	known := false
	for pos := int64(12); ; {
		var c [8]byte
		if _, err := r.ReadAt(c[:], pos); err != nil {
			return f, 0, 0, errors.New("it has no sound: the data chunk is missing")
		}
		n := int64(binary.LittleEndian.Uint32(c[4:]))
		pos += 8
		switch string(c[:4]) {
		case "fmt ":
			b := make([]byte, min(n, 64))
			if _, err := r.ReadAt(b, pos); err != nil {
				return f, 0, 0, errors.New("it is cut off in its format chunk")
			}
			if f, err = parseWAVFormat(b); err != nil {
				return f, 0, 0, err
			}
			known = true
		case "data":
			if !known {
				return f, 0, 0, errors.New("its data comes before its format")
			}
			// A program that wrote to a pipe could not go back to fill in the
			// size: it leaves 0xFFFFFFFF, or 0x7FFFFFFF rounded down somehow.
			if n >= 0x7FFF0000 {
				n = min(n, size-pos)
			}
			if pos+n > size {
				return f, 0, 0, fmt.Errorf("it is cut off: %d of %d bytes of sound are there", size-pos, n)
			}
			n -= n % int64(f.frame())
			if n == 0 {
				return f, 0, 0, errors.New("it has no sound: the data chunk is empty")
			}
			return f, pos, n, nil
		}
		pos += n + n&1
	}
}

// mix turns interleaved samples into mono in ±1.
func (f wavFormat) mix(b []byte, dst []float32) []float32 {
	width := f.bits / 8
	for ; len(b) >= f.frame(); b = b[f.frame():] {
		var sum float64
		for c := range f.channels {
			sum += f.sample(b[c*width:])
		}
		v := sum / float64(f.channels)
		if !(v >= -16 && v <= 16) { // a float file may hold NaN and infinity
			v = 0
		}
		dst = append(dst, float32(v))
	}
	return dst
}

func (f wavFormat) sample(b []byte) float64 {
	switch {
	case f.float && f.bits == 32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case f.float:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	case f.bits == 8:
		return (float64(b[0]) - 128) / 128
	case f.bits == 16:
		return float64(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
	case f.bits == 24:
		return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
	}
	return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
}
