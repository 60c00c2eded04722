package peer

import (
	"encoding/binary"
	"slices"

	"github.com/pion/rtp"
)

// Sound that is lost is there again with the packet after it, which repeats
// what was in the ones before (RFC 2198): at once, on a path of any length.
// Opus' own repair data is coarser, of one packet only, and of speech only: a
// steady tone has none after 0.6 s.
const (
	maxRepeats = 2
	// A call begins with one, while nobody has said what is lost.
	firstRepeats = 1

	redHeader      = 4         // bytes before each repeated block, section 3
	redMaxOffset   = 1<<14 - 1 // how long before, in ticks of RTP
	redMaxLength   = 1<<10 - 1 // bytes of a block
	repeatBPS      = 36_000    // bit/s that one more block takes
	lossOnce       = 0.005     // share lost from which sound is repeated once
	lossTwice      = 0.07      // and twice
	repeatsPerLoss = 2.5       // share of the path that repeating may take, for each that is lost,
	repeatsAtLeast = 0.05      // and at least
)

// repeats is how often each packet of sound is repeated where this share is
// lost, of what a path of so many bit/s brings. A link that drops because it is
// full is not helped by sending more: only where much is lost may repeating take
// much of it. Where no picture is wanted nobody has tried what the path carries.
func repeats(lost float64, path int, picture bool) int {
	n := 0
	switch {
	case lost >= lossTwice:
		n = 2
	case lost >= lossOnce:
		n = 1
	}
	if !picture {
		return min(n, 1)
	}
	return min(n, int(max(repeatsPerLoss*lost, repeatsAtLeast)*float64(path)/repeatBPS))
}

// SetSoundLoss says which share of what is sent, 0 to 1, does not arrive: the
// sound is sent so that it is heard nevertheless.
func (p *Peer) SetSoundLoss(share float64) {
	p.flow.mu.Lock()
	path, picture := p.flow.est.Target(), p.flow.wanted > leastVideo
	p.flow.mu.Unlock()
	t := p.tracks[Audio]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.red.repeats = repeats(share, path, picture)
}

// red makes packets that repeat those before them. The zero value has a payload
// type that nobody has agreed to.
type red struct {
	pt      uint8 // 0: not negotiated
	repeats int
	past    [maxRepeats]block // latest first
}

// block is sound as it was sent once.
type block struct {
	ts   uint32
	data []byte
}

// pack returns the payload for data of type opus in its place after what was
// sent before, and whether it is in the form of RFC 2198.
func (r *red) pack(opus uint8, ts uint32, data []byte) ([]byte, bool) {
	if r.pt == 0 || r.repeats == 0 {
		return data, false
	}
	n, size := 0, 1+len(data)
	for _, b := range r.past[:r.repeats] {
		size += redHeader + len(b.data)
		if len(b.data) == 0 || len(b.data) > redMaxLength || ts-b.ts > redMaxOffset || size > maxPayload {
			break
		}
		n++
	}
	if n == 0 {
		return data, false
	}
	out := make([]byte, 0, size)
	for _, b := range slices.Backward(r.past[:n]) {
		out = append(out, 0x80|opus)
		out = append(out, byte((ts-b.ts)>>6), byte((ts-b.ts)<<2)|byte(len(b.data)>>8), byte(len(b.data)))
	}
	out = append(out, opus)
	for _, b := range slices.Backward(r.past[:n]) {
		out = append(out, b.data...)
	}
	return append(out, data...), true
}

// sent remembers a packet that is to be repeated.
func (r *red) sent(ts uint32, data []byte) {
	copy(r.past[1:], r.past[:])
	r.past[0] = block{ts, data}
}

// unpack takes a payload of RFC 2198 apart: dst gets the blocks, oldest first,
// the packet's own at the end. It returns nil where the payload is malformed.
func unpack(dst []block, ts uint32, b []byte) []block {
	var lengths [maxBlocks]int
	n := 0
	for ; ; n++ {
		if len(b) == 0 || n == len(lengths) {
			return nil
		}
		if b[0]&0x80 == 0 {
			b = b[1:]
			break
		}
		if len(b) < redHeader {
			return nil
		}
		v := binary.BigEndian.Uint32(b)
		dst = append(dst, block{ts: ts - v>>10&redMaxOffset})
		lengths[n] = int(v & redMaxLength)
		b = b[redHeader:]
	}
	for i, size := range lengths[:n] {
		if size > len(b) {
			return nil
		}
		dst[i].data, b = b[:size:size], b[size:]
	}
	return append(dst, block{ts: ts, data: b})
}

// maxBlocks is how many blocks before its own a packet may have: what is older
// than 180 ms has been missed.
const maxBlocks = 9

// AttributeRepeated marks a packet of Remote.ReadRTP that did not come: what
// was in it came with a later one.
const AttributeRepeated = "parley_repeated"

// redReader gives out what was lost before the packet that repeats it. Owned by
// the reading goroutine.
type redReader struct {
	seen    arrivals
	blocks  [maxBlocks + 1]block
	waiting []rtp.Packet // to be given out, in order
}

// take looks at a packet that came, leaves in it what is its own, and keeps for
// next what did not come before it. What is its own is not new if a later packet
// has brought it. It is not ok if it is malformed.
func (r *redReader) take(p *rtp.Packet, packed bool) (fresh, ok bool) {
	if int16(p.SequenceNumber-r.seen.newest) <= -arrivalsKnown {
		r.seen = arrivals{} // the sender began anew
	}
	fresh = r.seen.note(p.SequenceNumber)
	if !packed {
		return fresh, true
	}
	blocks := unpack(r.blocks[:0], p.Timestamp, p.Payload)
	if blocks == nil {
		return false, false
	}
	last := len(blocks) - 1
	for i, b := range blocks[:last] {
		seq := p.SequenceNumber - uint16(last-i)
		if len(b.data) == 0 || !r.seen.note(seq) {
			continue
		}
		q := rtp.Packet{Header: p.Header, Payload: b.data}
		q.SequenceNumber, q.Timestamp, q.Marker, q.Extensions = seq, b.ts, false, nil
		r.waiting = append(r.waiting, q)
	}
	p.Payload = blocks[last].data
	return fresh, true
}

// next is a packet that did not come itself.
func (r *redReader) next() (*rtp.Packet, bool) {
	if len(r.waiting) == 0 {
		return nil, false
	}
	p := r.waiting[0]
	if r.waiting = r.waiting[1:]; len(r.waiting) == 0 {
		r.waiting = nil
	}
	return &p, true
}

const arrivalsKnown = 64

// arrivals remembers which of the last 64 numbers there have been.
type arrivals struct {
	begun  bool
	newest uint16
	bits   uint64 // the lowest is newest's
}

// note reports whether seq is new; what is too old to be known is not.
func (a *arrivals) note(seq uint16) bool {
	if !a.begun {
		a.begun, a.newest, a.bits = true, seq, 1
		return true
	}
	d := int16(seq - a.newest)
	switch {
	case d > 0:
		a.newest = seq
		a.bits = a.bits<<min(uint(d), arrivalsKnown) | 1
		return true
	case d <= -arrivalsKnown:
		return false
	}
	bit := uint64(1) << uint(-d)
	was := a.bits&bit != 0
	a.bits |= bit
	return !was
}
