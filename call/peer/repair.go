package peer

import (
	"math/rand/v2"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// historySize is how many packets can be asked for again: 10 s of 1 Mbit/s.
// It divides 2^16, so that a sequence number has one place.
const historySize = 1024

// repairGap is the least time between two retransmissions of one packet, on a
// path whose round trip is not known or shorter.
const repairGap = 10 * time.Millisecond

// Retransmissions may take a share of what is sent the first time, over a while
// that is as long as a burst of loss. Without a bound a link that got slow is
// filled by repeating what it dropped: after a drop from 1 Mbit/s to 300 kbit/s
// 1.2 Mbit/s of retransmissions were measured, under which the sound of four
// seconds was lost. A third is enough for a loss of a quarter.
const (
	repairShare = 1.0 / 3  // of the bytes sent
	repairBurst = 24 << 10 // bytes: a key frame of 640x360
	repairLeast = 2000     // bytes/s, also while nothing new is sent: the last picture is completed
)

// history keeps sent packets for retransmission (RFC 4588). Each
// retransmission gets a sequence number of its own: pion's responder gives one
// per original packet, and sending that twice would encrypt two packets with
// one nonce and be dropped by the receiver as a replay. Not safe for
// concurrent use.
type history struct {
	newest uint16 // number of the last packet added
	padded uint16 // how far back repeat has gone

	ssrc uint32 // of the retransmission stream; 0: not negotiated
	pt   uint8
	seq  uint16
	ring []kept    // nil before the first packet
	left int       // bytes that may be repeated now
	grew time.Time // when left last grew by itself
}

type kept struct {
	header rtp.Header
	again  []byte // the payload behind its sequence number; nil: empty place
	resent time.Time
}

func newHistory() *history {
	return &history{seq: uint16(rand.UintN(1 << 15)), left: repairBurst}
}

func (h *history) add(p *packet) {
	if h.ssrc != 0 {
		if h.ring == nil {
			h.ring = make([]kept, historySize)
		}
		h.newest, h.padded = p.header.SequenceNumber, 0
		h.ring[p.header.SequenceNumber%historySize] = kept{header: p.header, again: p.again}
		h.left = min(repairBurst, h.left+int(repairShare*float64(len(p.payload))))
	}
}

// again returns the packet of that number in its retransmission form, unless
// it is gone, was sent again less than gap ago, or too much is repeated.
func (h *history) again(seq uint16, now time.Time, gap time.Duration) (rtp.Header, []byte, bool) {
	if h.ring == nil {
		return rtp.Header{}, nil, false
	}
	if least := int(repairLeast * now.Sub(h.grew).Seconds()); least > 0 {
		h.left, h.grew = min(repairBurst, h.left+least), now
	}
	k := &h.ring[seq%historySize]
	if k.again == nil || k.header.SequenceNumber != seq || now.Sub(k.resent) < gap || h.left < len(k.again)-rtxHeader {
		return rtp.Header{}, nil, false
	}
	k.resent = now
	h.left -= len(k.again) - rtxHeader
	head, payload := h.form(k)
	return head, payload, true
}

// form puts a kept packet into its retransmission form.
func (h *history) form(k *kept) (rtp.Header, []byte) {
	head := k.header
	head.SSRC, head.PayloadType, head.SequenceNumber = h.ssrc, h.pt, h.seq
	h.seq++
	return head, k.again
}

// padDepth is how far back a probe repeats before it begins anew: nobody can
// use what is older.
const padDepth = 64

// filler returns a packet sent lately in its retransmission form, each time
// another. It fills a probe of the path, and mends what may have been lost.
func (h *history) filler() (rtp.Header, []byte, bool) {
	if h.ring == nil {
		return rtp.Header{}, nil, false
	}
	for range padDepth {
		seq := h.newest - h.padded
		h.padded = (h.padded + 1) % padDepth
		if k := &h.ring[seq%historySize]; k.header.SequenceNumber == seq && len(k.again) > 200 {
			head, payload := h.form(k)
			return head, payload, true
		}
	}
	return rtp.Header{}, nil, false
}

// repeat is filler as a packet to send.
func (t *Track) repeat() (packet, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stream == nil || t.past.ssrc == 0 {
		return packet{}, false
	}
	head, payload, ok := t.past.filler()
	return packet{track: t, stream: t.stream, header: head, payload: payload, repair: true}, ok
}

// resend answers a NACK. A receiver that has not negotiated retransmission
// gets a key frame instead.
func (t *Track) resend(n *rtcp.TransportLayerNack, now time.Time, rtt time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n.MediaSSRC != t.ssrc || t.stream == nil || t.kind != Video {
		return
	}
	if t.past.ssrc == 0 {
		t.requestKey()
		return
	}
	gap := max(rtt, repairGap)
	for i := range n.Nacks {
		n.Nacks[i].Range(func(seq uint16) bool {
			head, payload, ok := t.past.again(seq, now, gap)
			if !ok {
				return true
			}
			if !t.send.enqueueRepair(packet{track: t, stream: t.stream, header: head, payload: payload, repair: true}) {
				return false
			}
			t.n.resent++
			return true
		})
	}
}
