package peer

import (
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"parley/media/latest"
)

// ntpEpoch is 1900-01-01 in Unix seconds, negated.
const ntpEpoch = 2208988800

// toNTP is a wall-clock time in NTP's 32.32 format (RFC 3550 section 4).
func toNTP(t time.Time) uint64 {
	sec := uint64(t.Unix() + ntpEpoch)
	frac := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return sec<<32 | frac
}

// fromNTP is the inverse, exact to a nanosecond or two, until 2036.
func fromNTP(v uint64) time.Time {
	ns := (v & 0xffffffff) * uint64(time.Second) >> 32
	return time.Unix(int64(v>>32)-ntpEpoch, int64(ns))
}

// senderReport says which RTP timestamp has the capture time now, so that the
// other side can put sound and picture in step by when they were captured, not
// by when they were encoded or sent.
func (t *Track) senderReport(now time.Time, capture time.Duration) (rtcp.Packet, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n.packets == 0 || t.stream == nil {
		return nil, false
	}
	return &rtcp.SenderReport{
		SSRC: t.ssrc, NTPTime: toNTP(now), RTPTime: t.clock.at(capture),
		PacketCount: t.n.packets, OctetCount: t.n.octets,
	}, true
}

// sendReports writes one sender report per track that has sent anything.
func (p *Peer) sendReports(now time.Time) {
	capture, ok := p.send.capture(now)
	if !ok {
		return
	}
	for _, t := range p.tracks {
		if sr, ok := t.senderReport(now, capture); ok {
			if err := p.pc.WriteRTCP([]rtcp.Packet{sr}); err != nil {
				p.log.Debug("sender report not sent", "err", err)
			}
		}
	}
}

// readSenderRTCP does what the other side asks of a track we send. Receiver
// reports are counted by an interceptor on the way.
func (p *Peer) readSenderRTCP(t *Track, s *webrtc.RTPSender) {
	for {
		pkts, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, pkt := range pkts {
			switch pkt := pkt.(type) {
			case *rtcp.TransportLayerNack:
				t.resend(pkt, time.Now(), p.State().RTT)
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				latest.Poke(p.keys)
			}
		}
	}
}

// readReceiverRTCP keeps the other side's newest sender report.
func (r *Remote) readReceiverRTCP(rtcpReader interface {
	ReadRTCP() ([]rtcp.Packet, interceptor.Attributes, error)
}) {
	for {
		pkts, _, err := rtcpReader.ReadRTCP()
		if err != nil {
			return
		}
		now := time.Now()
		for _, pkt := range pkts {
			if sr, ok := pkt.(*rtcp.SenderReport); ok && sr.SSRC == r.SSRC() {
				r.mu.Lock()
				r.report = SenderReport{NTP: fromNTP(sr.NTPTime), RTP: sr.RTPTime, At: now}
				r.mu.Unlock()
			}
		}
	}
}
