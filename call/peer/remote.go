package peer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley/media"
)

// SenderReport ties the other side's RTP timestamps to its wall clock: RTP was
// captured at NTP. Sound and picture of one peer share that clock.
type SenderReport struct {
	NTP time.Time // sender's wall clock
	RTP uint32
	At  time.Time // arrival here
}

// Remote is one kind of media that arrives. It is there before the media is;
// ReadRTP waits for it. One goroutine reads, any may call the rest.
type Remote struct {
	// static
	kind Kind
	peer *Peer

	// owned by the reading goroutine
	slab slab
	red  redReader
	own  held // behind what red has to give out

	mu       sync.Mutex // guards the rest
	track    *webrtc.TrackRemote
	attached chan struct{} // closed when track is set
	report   SenderReport
	repairs  time.Time // retransmissions were asked for and may come until then
	bad      uint64    // packets that could not be parsed
	closed   bool
}

func newRemote(k Kind, p *Peer) *Remote {
	return &Remote{kind: k, peer: p, attached: make(chan struct{})}
}

func (p *Peer) onTrack(t *webrtc.TrackRemote, rec *webrtc.RTPReceiver) {
	r := p.remotes[Audio]
	if t.Kind() == webrtc.RTPCodecTypeVideo {
		r = p.remotes[Video]
	}
	if !r.attach(t) {
		return
	}
	p.spawn(func() { r.readReceiverRTCP(rec) })
}

func (r *Remote) attach(t *webrtc.TrackRemote) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.track != nil {
		return false
	}
	r.track = t
	close(r.attached)
	return true
}

func (r *Remote) detach(t *webrtc.TrackRemote) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.track == t && !r.closed {
		r.track, r.report, r.attached = nil, SenderReport{}, make(chan struct{})
	}
}

func (r *Remote) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	if r.track == nil {
		close(r.attached)
	}
}

// current waits for the track; nil after Close.
func (r *Remote) current() *webrtc.TrackRemote {
	r.mu.Lock()
	c := r.attached
	r.mu.Unlock()
	<-c
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	return r.track
}

// repairWait is how often pion is asked for retransmitted packets while some
// are expected: it hands them out only between two others.
const repairWait = 5 * time.Millisecond

// ReadRTP returns the next packet, retransmitted ones included and already in
// their original form, and so is sound that was lost and repeated with a later
// packet: it comes before that one, with AttributeRepeated. It waits until media arrives; packets that cannot be
// parsed are skipped and counted. The error is io.EOF after Close.
func (r *Remote) ReadRTP() (*rtp.Packet, interceptor.Attributes, error) {
	if p, attr, ok := r.parts(); ok {
		return p, attr, nil
	}
	failures := 0
	for {
		t := r.current()
		if t == nil {
			return nil, nil, io.EOF
		}
		if err := r.setDeadline(t); err != nil {
			r.detach(t)
			continue
		}
		n, attr, err := t.Read(r.slab.room())
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err):
			continue
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe):
			r.detach(t)
			continue
		default:
			if failures++; failures > 100 {
				r.detach(t)
			}
			r.count()
			continue
		}
		p, err := r.slab.packet(n)
		if err != nil {
			r.count()
			continue
		}
		if r.kind == Audio {
			fresh, ok := r.red.take(p, r.packed(t, p))
			if !ok {
				r.count()
				continue
			}
			if fresh {
				r.own = held{p, attr}
			}
			if p, attr, ok = r.parts(); !ok {
				continue
			}
		}
		return p, attr, nil
	}
}

// held is a packet that is given out after those that came with it.
type held struct {
	packet *rtp.Packet
	attr   interceptor.Attributes
}

// parts returns what there is to give out of the last packet of sound that was
// read, one after the other.
func (r *Remote) parts() (*rtp.Packet, interceptor.Attributes, bool) {
	if q, ok := r.red.next(); ok {
		return q, interceptor.Attributes{AttributeRepeated: true}, true
	}
	own := r.own
	r.own = held{}
	return own.packet, own.attr, own.packet != nil
}

// packed reports whether the payload of p, read from t just now, is in the form
// of RFC 2198.
func (r *Remote) packed(t *webrtc.TrackRemote, p *rtp.Packet) bool {
	return uint8(t.PayloadType()) == p.PayloadType && mimeIs(t.Codec().MimeType, mimeRED)
}

// setDeadline lets the next read wait for as long as nothing is to be looked
// for besides. Under mu, so that it does not undo what SendNACK sets.
func (r *Remote) setDeadline(t *webrtc.TrackRemote) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	deadline := time.Time{}
	if now := time.Now(); now.Before(r.repairs) {
		deadline = now.Add(repairWait)
	}
	return t.SetReadDeadline(deadline)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func (r *Remote) count() {
	r.mu.Lock()
	r.bad++
	r.mu.Unlock()
}

// Kind is Audio or Video.
func (r *Remote) Kind() Kind { return r.kind }

// ClockRate is the unit of RTP timestamps in Hz.
func (r *Remote) ClockRate() uint32 { return r.kind.ClockRate() }

// Codec is what the packets hold.
func (r *Remote) Codec() media.Codec { return r.kind.codec() }

// SSRC is the stream's number, 0 until media has arrived.
func (r *Remote) SSRC() uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.track == nil {
		return 0
	}
	return uint32(r.track.SSRC())
}

// SenderReport returns the newest report of the other side, if one has come.
func (r *Remote) SenderReport() (SenderReport, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report, !r.report.At.IsZero()
}

// RequestKey asks the other side for a key frame (PLI, RFC 4585 section 6.3.1).
func (r *Remote) RequestKey() error {
	ssrc := r.SSRC()
	if ssrc == 0 {
		return nil // nothing has come yet: the first picture is a key frame
	}
	err := r.peer.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{
		SenderSSRC: r.peer.tracks[r.kind].SSRC(), MediaSSRC: ssrc,
	}})
	if err != nil {
		return fmt.Errorf("peer: request key frame: %w", err)
	}
	return nil
}

// SendNACK asks for packets again (RFC 4585 section 6.2.1). Numbers may be in
// any order; at most 256 are sent.
func (r *Remote) SendNACK(seqs []uint16) error {
	ssrc := r.SSRC()
	if ssrc == 0 || len(seqs) == 0 {
		return nil
	}
	if len(seqs) > 256 {
		seqs = seqs[:256]
	}
	r.mu.Lock()
	r.repairs = time.Now().Add(500 * time.Millisecond)
	if r.track != nil {
		// Wakes a read that waits without a deadline.
		_ = r.track.SetReadDeadline(time.Now().Add(repairWait))
	}
	r.mu.Unlock()
	err := r.peer.pc.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
		SenderSSRC: r.peer.tracks[r.kind].SSRC(), MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs),
	}})
	if err != nil {
		return fmt.Errorf("peer: nack: %w", err)
	}
	return nil
}
