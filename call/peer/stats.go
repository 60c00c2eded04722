package peer

import (
	"sync"
	"time"

	"github.com/pion/interceptor/pkg/stats"
	"github.com/pion/webrtc/v4"
)

// rtpStats holds what pion's statistics interceptor counts for this
// connection.
type rtpStats struct {
	mu  sync.Mutex
	get stats.Getter
}

func (s *rtpStats) set(g stats.Getter) {
	s.mu.Lock()
	s.get = g
	s.mu.Unlock()
}

func (s *rtpStats) of(ssrc uint32) *stats.Stats {
	s.mu.Lock()
	g := s.get
	s.mu.Unlock()
	if g == nil || ssrc == 0 {
		return nil
	}
	return g.Get(ssrc)
}

// Stats are counters since the start, named as in getStats (W3C
// webrtc-stats). A nil part is not known yet.
type Stats struct {
	Timestamp   time.Time
	InboundRTP  [2]*InboundRTP       // by Kind: what arrives
	OutboundRTP [2]*OutboundRTP      // by Kind: what is sent
	RemoteRTP   [2]*RemoteInboundRTP // by Kind: what the other side says of what is sent
	Pair        *CandidatePair
	Candidates  CandidateCounts
}

// InboundRTP is "inbound-rtp" as far as packets go; frames, freezes and
// concealment are counted where they are decoded.
type InboundRTP struct {
	SSRC                        uint32
	PacketsReceived             uint64
	PacketsLost                 int64
	PacketsMalformed            uint64        // could not be parsed
	Jitter                      time.Duration // RFC 3550 section 6.4.1
	BytesReceived               uint64        // payload
	HeaderBytesReceived         uint64
	LastPacketReceivedTimestamp time.Time
	NACKCount                   uint32 // sent
	PLICount                    uint32
}

// OutboundRTP is "outbound-rtp".
type OutboundRTP struct {
	SSRC            uint32
	PacketsSent     uint64
	BytesSent       uint64 // payload
	HeaderBytesSent uint64
	FramesSent      uint64 // units: pictures, or packets of sound
	KeyFramesSent   uint64
	FramesDropped   uint64 // units that were written and not sent
	PacketsFailed   uint64 // refused by the socket, both kinds together
	NACKCount       uint32 // received
	PLICount        uint32
	FIRCount        uint32
	// RetransmittedPacketsSent are not in PacketsSent.
	RetransmittedPacketsSent uint64
}

// RemoteInboundRTP is "remote-inbound-rtp": from receiver reports.
type RemoteInboundRTP struct {
	PacketsReceived uint64
	PacketsLost     int64
	FractionLost    float64 // 0 to 1, since the report before
	Jitter          time.Duration
	RoundTripTime   time.Duration // 0: not measured yet
}

// CandidatePair is the selected "candidate-pair".
type CandidatePair struct {
	Path                     Path
	CurrentRoundTripTime     time.Duration // 0: not measured yet
	BytesSent, BytesReceived uint64        // of the pair, everything included
	PacketsSent              uint32
	PacketsReceived          uint32
	ResponsesReceived        uint64 // answers to connectivity checks
}

// CandidateCounts says what became of candidates.
type CandidateCounts struct {
	OutDropped uint64 // over the limit of a generation
	InDropped  uint64 // stale, malformed or over the limit
	Glares     int    // offers that crossed
}

// Stats returns the counters at the time now.
func (p *Peer) Stats(now time.Time) Stats {
	s := Stats{Timestamp: now}
	p.send.mu.Lock()
	failed := p.send.failed
	p.send.mu.Unlock()
	for _, k := range []Kind{Audio, Video} {
		t, r := p.tracks[k], p.remotes[k]
		if st := p.rtp.of(r.SSRC()); st != nil {
			in := st.InboundRTPStreamStats
			r.mu.Lock()
			bad := r.bad
			r.mu.Unlock()
			s.InboundRTP[k] = &InboundRTP{
				SSRC: r.SSRC(), PacketsReceived: in.PacketsReceived, PacketsLost: in.PacketsLost,
				PacketsMalformed: bad, Jitter: seconds(in.Jitter),
				BytesReceived: in.BytesReceived - in.HeaderBytesReceived, HeaderBytesReceived: in.HeaderBytesReceived,
				LastPacketReceivedTimestamp: in.LastPacketReceivedTimestamp,
				NACKCount:                   in.NACKCount, PLICount: in.PLICount,
			}
		}
		t.mu.Lock()
		ssrc, n := t.ssrc, t.n
		t.mu.Unlock()
		st := p.rtp.of(ssrc)
		if st == nil {
			continue
		}
		out := st.OutboundRTPStreamStats
		s.OutboundRTP[k] = &OutboundRTP{
			SSRC: ssrc, PacketsSent: out.PacketsSent,
			BytesSent: out.BytesSent - out.HeaderBytesSent, HeaderBytesSent: out.HeaderBytesSent,
			FramesSent: n.units, KeyFramesSent: n.keys, FramesDropped: n.dropped, PacketsFailed: failed,
			NACKCount: out.NACKCount, PLICount: out.PLICount, FIRCount: out.FIRCount,
			RetransmittedPacketsSent: n.resent,
		}
		s.RemoteRTP[k] = reported(st)
	}
	s.Pair = p.pair()
	p.neg.Lock()
	s.Candidates = CandidateCounts{InDropped: p.neg.in.dropped, Glares: p.neg.glares}
	p.neg.Unlock()
	p.out.mu.Lock()
	s.Candidates.OutDropped = p.out.dropped
	p.out.mu.Unlock()
	return s
}

// reported is what the other side says of a stream, nil if it has said nothing.
func reported(s *stats.Stats) *RemoteInboundRTP {
	in := s.RemoteInboundRTPStreamStats
	if in.PacketsReceived == 0 && in.RoundTripTimeMeasurements == 0 {
		return nil
	}
	return &RemoteInboundRTP{
		PacketsReceived: in.PacketsReceived, PacketsLost: in.PacketsLost, FractionLost: in.FractionLost,
		Jitter: seconds(in.Jitter), RoundTripTime: max(in.RoundTripTime, 0),
	}
}

// Reported is RemoteRTP of Stats alone.
func (p *Peer) Reported() (out [2]*RemoteInboundRTP) {
	for k, t := range p.tracks {
		if st := p.rtp.of(t.SSRC()); st != nil {
			out[k] = reported(st)
		}
	}
	return out
}

// pair describes the path in use, nil if there is none.
func (p *Peer) pair() *CandidatePair {
	it := p.iceTransport()
	sel, err := it.GetSelectedCandidatePair()
	if err != nil || sel == nil {
		return nil
	}
	c := &CandidatePair{Path: p.pathOf(sel)}
	if st, ok := it.GetSelectedCandidatePairStats(); ok {
		c.CurrentRoundTripTime = seconds(st.CurrentRoundTripTime)
		c.BytesSent, c.BytesReceived = st.BytesSent, st.BytesReceived
		c.PacketsSent, c.PacketsReceived = st.PacketsSent, st.PacketsReceived
		c.ResponsesReceived = st.ResponsesReceived
	}
	return c
}

func (p *Peer) iceTransport() *webrtc.ICETransport { return p.pc.SCTP().Transport().ICETransport() }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
