package peer

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley/media"
)

// streamID groups sound and picture of one person, so that receivers keep them
// in step.
const streamID = "parley"

// Track sends one kind of media to one peer. It is there from the first offer;
// switching a camera off is writing nothing.
type Track struct {
	// static
	kind       Kind
	send       *sender
	requestKey func()

	mu      sync.Mutex // guards the rest
	stream  webrtc.TrackLocalWriter
	bound   string // context id
	ssrc    uint32
	pt      uint8
	clock   rtpClock
	seq     uint16
	picture uint16
	needKey bool // pictures were dropped: only a key frame can go on
	past    *history
	red     red      // of sound
	parts   [][]byte // reused, as pkts
	pkts    []packet
	sound   []byte // of the last unit of sound
	n       trackCounts
}

type trackCounts struct {
	units, keys, dropped   uint64
	packets, octets        uint32 // as in sender reports: they wrap
	lastSent               time.Time
	lastKey                time.Time
	queueRefused, tooEarly uint64
	resent                 uint64
}

func newTrack(k Kind, s *sender, requestKey func()) *Track {
	return &Track{
		kind: k, send: s, requestKey: requestKey,
		clock: newRTPClock(k.ClockRate()), needKey: k == Video, past: newHistory(),
		red: red{repeats: firstRepeats},
		// Below 2^15, so that the first wrap is far away: srtp loses count
		// when packets are lost around it.
		seq: uint16(rand.UintN(1 << 15)), picture: uint16(rand.UintN(1 << 15)),
	}
}

// WriteUnit queues one encoded unit; its data is copied. It never blocks: what
// cannot be sent is dropped and counted. After a dropped picture nothing is
// sent until a key frame, which KeyRequests asks for. PTS of sound and picture
// must be of one capture clock. The error is media.ErrClosed after Close, or
// says that the codec is not this track's.
func (t *Track) WriteUnit(u media.Unit) error {
	if u.Codec != t.kind.codec() {
		return fmt.Errorf("peer: %v on the %v track", u.Codec, t.kind)
	}
	now := time.Now()
	if !t.send.ready(now, u.PTS) {
		if t.send.isClosed() {
			return media.ErrClosed
		}
		t.mu.Lock()
		t.n.tooEarly++
		t.n.dropped++
		t.needKey = t.kind == Video
		t.mu.Unlock()
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stream == nil || len(u.Data) == 0 || (t.needKey && !u.Key) {
		t.n.dropped++
		return nil
	}
	ts, gap := t.clock.stamp(u, t.kind == Audio)
	pkts := t.packetsLocked(u.Data, ts, gap)
	if !t.send.enqueue(t.kind, pkts) {
		t.n.dropped++
		t.n.queueRefused++
		if t.kind == Video {
			t.needKey = true
			t.requestKey()
		}
		return nil
	}
	for i := range pkts {
		t.past.add(&pkts[i])
	}
	if t.kind == Audio {
		t.red.sent(ts, t.sound)
	}
	t.seq += uint16(len(pkts))
	t.picture = (t.picture + 1) & 0x7fff
	t.n.units++
	if t.kind == Video && u.Key {
		t.n.keys++
		t.n.lastKey = now
	}
	t.needKey = false
	return nil
}

// packetsLocked makes the packets of a unit; they are valid until the next
// call. What it allocates is the data, once for all of them.
func (t *Track) packetsLocked(data []byte, ts uint32, gap bool) []packet {
	t.parts, t.pkts = t.parts[:0], t.pkts[:0]
	skip, pt := 0, t.pt
	if t.kind == Video {
		t.parts, skip = vp8Payloads(t.parts, data, t.picture), rtxHeader
	} else {
		t.sound = append([]byte(nil), data...)
		packed, ok := t.red.pack(t.pt, ts, t.sound)
		if ok {
			pt = t.red.pt
		}
		t.parts = append(t.parts, packed)
	}
	for i, part := range t.parts {
		p := packet{
			track: t, stream: t.stream, payload: part[skip:],
			header: rtp.Header{
				Version: 2, SSRC: t.ssrc, PayloadType: pt, Timestamp: ts,
				SequenceNumber: t.seq + uint16(i),
				Marker:         (t.kind == Video && i == len(t.parts)-1) || (t.kind == Audio && gap),
			},
		}
		if t.kind == Video {
			binary.BigEndian.PutUint16(part, p.header.SequenceNumber)
			p.again = part
		}
		t.pkts = append(t.pkts, p)
	}
	return t.pkts
}

// wantKey makes the next picture sent a key frame: the path is new.
func (t *Track) wantKey() {
	if t.kind != Video {
		return
	}
	t.mu.Lock()
	t.needKey = true
	t.mu.Unlock()
	t.requestKey()
}

// sent counts a packet for sender reports.
func (t *Track) sent(payload int, now time.Time) {
	t.mu.Lock()
	t.n.packets++
	t.n.octets += uint32(payload)
	t.n.lastSent = now
	t.mu.Unlock()
}

// Bind is called by pion when the codec is settled.
func (t *Track) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	want := webrtc.MimeTypeOpus
	if t.kind == Video {
		want = webrtc.MimeTypeVP8
	}
	for _, c := range ctx.CodecParameters() {
		if mimeIs(c.MimeType, want) {
			t.mu.Lock()
			t.stream, t.bound = ctx.WriteStream(), ctx.ID()
			t.ssrc, t.pt = uint32(ctx.SSRC()), uint8(c.PayloadType)
			t.past.ssrc, t.past.pt = rtxOf(ctx, c.PayloadType)
			t.red.pt = redOf(ctx, c.PayloadType)
			t.mu.Unlock()
			return c, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// rtxOf finds the stream that repeats payloads of type pt, zero if there is
// none.
func rtxOf(ctx webrtc.TrackLocalContext, pt webrtc.PayloadType) (ssrc uint32, rtx uint8) {
	apt := fmt.Sprintf("apt=%d", pt)
	for _, c := range ctx.CodecParameters() {
		if mimeIs(c.MimeType, webrtc.MimeTypeRTX) && c.SDPFmtpLine == apt {
			return uint32(ctx.SSRCRetransmission()), uint8(c.PayloadType)
		}
	}
	return 0, 0
}

// redOf finds the payload type that repeats payloads of type pt, zero if there
// is none.
func redOf(ctx webrtc.TrackLocalContext, pt webrtc.PayloadType) uint8 {
	form := fmt.Sprintf("%d/%d", pt, pt)
	for _, c := range ctx.CodecParameters() {
		if mimeIs(c.MimeType, mimeRED) && c.SDPFmtpLine == form {
			return uint8(c.PayloadType)
		}
	}
	return 0
}

// Unbind is called by pion when the track ends.
func (t *Track) Unbind(ctx webrtc.TrackLocalContext) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bound == ctx.ID() {
		t.stream, t.bound = nil, ""
	}
	return nil
}

// ID is the track's id in SDP: "audio" or "video".
func (t *Track) ID() string { return t.kind.String() }

// RID is empty: there is no simulcast.
func (t *Track) RID() string { return "" }

// StreamID is shared by both tracks, so that receivers keep them in step.
func (t *Track) StreamID() string { return streamID }

// Kind is pion's name of the kind.
func (t *Track) Kind() webrtc.RTPCodecType {
	if t.kind == Audio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

// SSRC is the stream's number once negotiated, 0 before.
func (t *Track) SSRC() uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ssrc
}
