package peer

import (
	"math/rand/v2"
	"time"

	"parley/media"
)

// rtxHeader is how much longer a payload is in its retransmission form: it
// begins with the original sequence number (RFC 4588, section 4).
const rtxHeader = 2

// maxPayload keeps every RTP packet within 1200 bytes: 12 of header, up to 16
// of extensions; SRTP, RTX and a relay's header still fit into 1280.
const maxPayload = 1200 - 12 - 16

// vp8Descriptor is the length of the payload descriptor that we write
// (RFC 7741 section 4.2): X, I, and a picture id of 15 bits.
const vp8Descriptor = 4

// vp8Payloads cuts a picture into payloads of about equal size, each with its
// descriptor, in one allocation: they are kept for retransmission. In front of
// each is room for the number that its retransmission begins with. They are
// appended to dst; an empty picture gives none.
func vp8Payloads(dst [][]byte, data []byte, pictureID uint16) [][]byte {
	if len(data) == 0 {
		return dst
	}
	const room = maxPayload - vp8Descriptor
	n := (len(data) + room - 1) / room
	size, extra := len(data)/n, len(data)%n
	buf := make([]byte, 0, len(data)+n*(rtxHeader+vp8Descriptor))
	for i := range n {
		part := size
		if i < extra {
			part++
		}
		from := len(buf)
		first := byte(0x80) // X
		if i == 0 {
			first |= 0x10 // S: the picture begins here
		}
		buf = append(buf, 0, 0, first, 0x80, 0x80|byte(pictureID>>8), byte(pictureID))
		buf = append(buf, data[:part]...)
		data = data[part:]
		dst = append(dst, buf[from:len(buf):len(buf)])
	}
	return dst
}

// rtpClock turns capture times into RTP timestamps of one stream.
type rtpClock struct {
	rate   uint32
	offset uint32 // RFC 3550 section 5.1: random
	next   uint32 // where the last unit ends
	begun  bool
}

func newRTPClock(rate uint32) rtpClock {
	return rtpClock{rate: rate, offset: rand.Uint32()}
}

// at is the timestamp of a capture time; it wraps as RTP's do.
func (c *rtpClock) at(pts time.Duration) uint32 {
	s, ns := pts/time.Second, pts%time.Second
	return c.offset + uint32(int64(s)*int64(c.rate)+(int64(ns)*int64(c.rate)+int64(time.Second)/2)/int64(time.Second))
}

// audioSnap: a packet that begins this close to the end of the one before it
// follows it exactly, because receivers take every other step for a gap.
const audioSnap = 5 * time.Millisecond

// stamp is the timestamp of a unit, and whether it begins a talk spurt: there
// was a gap before it.
func (c *rtpClock) stamp(u media.Unit, snap bool) (ts uint32, gap bool) {
	ts = c.at(u.PTS)
	if snap && c.begun {
		near := int32(uint64(audioSnap) * uint64(c.rate) / uint64(time.Second))
		if d := int32(ts - c.next); d > -near && d < near {
			ts = c.next
		}
	}
	gap = !c.begun || ts != c.next
	c.next = ts + uint32(uint64(u.Dur)*uint64(c.rate)/uint64(time.Second))
	c.begun = true
	return ts, gap
}
