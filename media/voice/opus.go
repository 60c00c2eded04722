package voice

import (
	"time"

	"parley/media"
)

// maxPacket is the longest Opus packet in samples at 48 kHz: 120 ms.
const maxPacket = 5760

// opusDuration returns the length of an Opus packet in samples at 48 kHz by
// its first octets (RFC 6716, sections 3.1 and 3.2), false when there is none.
func opusDuration(data []byte) (int, bool) {
	if len(data) == 0 {
		return 0, false
	}
	n := 1
	switch data[0] & 3 {
	case 1, 2:
		n = 2
	case 3:
		if len(data) < 2 {
			return 0, false
		}
		n = int(data[1] & 0x3f)
	}
	d := n * opusFrame(data[0]>>3)
	return d, d > 0 && d <= maxPacket
}

// opusFrame returns the samples at 48 kHz of one frame of a configuration.
func opusFrame(config byte) int {
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [...]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		return 120 << (config & 3)
	}
}

// opusHasFEC reports whether an Opus packet carries repair data for the one
// before it: the LBRR flag of its first frame, which in SILK comes right after
// one voice activity bit per 20 ms, in a stereo packet for each channel
// (RFC 6716, section 4.2.3). Those bits have even odds and come first, so they
// stand uncoded at the top of the frame's first octet.
func opusHasFEC(data []byte) bool {
	if len(data) == 0 || data[0]>>3 >= 16 {
		return false // CELT has none
	}
	frame := opusFirstFrame(data)
	if len(frame) < 2 {
		return false
	}
	silk := max(opusFrame(data[0]>>3)/960, 1)
	channels := 1 + int(data[0]>>2&1)
	for c := range channels {
		if frame[0]&(0x80>>((c+1)*(silk+1)-1)) != 0 {
			return true
		}
	}
	return false
}

// opusFirstFrame returns the first frame of a packet, with whatever follows it
// for packings in which its end is not needed here; nil when malformed.
func opusFirstFrame(data []byte) []byte {
	rest := data[1:]
	size := func() (int, bool) { // section 3.2.1
		if len(rest) == 0 {
			return 0, false
		}
		n := int(rest[0])
		rest = rest[1:]
		if n >= 252 {
			if len(rest) == 0 {
				return 0, false
			}
			n += 4 * int(rest[0])
			rest = rest[1:]
		}
		return n, true
	}
	switch data[0] & 3 {
	case 0:
		return rest
	case 1:
		return rest[:len(rest)/2]
	case 2:
		n, ok := size()
		if !ok || n > len(rest) {
			return nil
		}
		return rest[:n]
	}
	if len(rest) == 0 {
		return nil
	}
	head := rest[0]
	rest = rest[1:]
	count, pad := int(head&0x3f), 0
	if count == 0 {
		return nil
	}
	for more := head&0x40 != 0; more; {
		if len(rest) == 0 {
			return nil
		}
		p := int(rest[0])
		rest = rest[1:]
		if more = p == 255; more {
			p = 254
		}
		pad += p
	}
	if pad > len(rest) {
		return nil
	}
	rest = rest[:len(rest)-pad]
	if head&0x80 == 0 {
		return rest[:len(rest)/count]
	}
	first := -1
	for range count - 1 {
		n, ok := size()
		if !ok {
			return nil
		}
		if first < 0 {
			first = n
		}
	}
	if first < 0 {
		return rest
	}
	if first > len(rest) {
		return nil
	}
	return rest[:first]
}

// PacketDuration returns how long the sound of an Opus packet lasts, false
// when it is none.
func PacketDuration(data []byte) (time.Duration, bool) {
	n, ok := opusDuration(data)
	return time.Duration(n) * time.Second / media.SampleRate, ok
}
