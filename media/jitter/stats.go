package jitter

import "time"

// Stats are the counters of a Buffer, named as in getStats (W3C webrtc-stats,
// RTCInboundRtpStreamStats).
type Stats struct {
	PacketsReceived uint64 // duplicates included
	// PacketsLost counts the packets that never came, after retransmission:
	// those of which a copy arrived in time are in PacketsRecovered instead.
	PacketsLost       uint64
	PacketsRecovered  uint64 // came after they had been asked for
	PacketsDiscarded  uint64 // too late or twice
	PacketsMalformed  uint64 // no valid VP8 payload descriptor
	BytesReceived     uint64 // payload only
	FramesReceived    uint64 // became whole
	FramesDropped     uint64 // whole or in part, but never handed out
	KeyFramesReceived uint64 // handed out
	NACKCount         uint64 // requests sent; each may name several packets
	PLICount          uint64
	Jitter            float64 // seconds, RFC 3550

	// JitterBufferDelay sums, over all frames handed out, the time from the
	// first packet's arrival; divide by JitterBufferEmittedCount.
	JitterBufferDelay        time.Duration
	JitterBufferEmittedCount uint64
	JitterBufferTargetDelay  time.Duration // wanted now, lip sync included; not a sum
	Packets                  int           // held now
}
