package voice

import "time"

// Stats are the counters of a Stream, named as in getStats (W3C webrtc-stats,
// RTCInboundRtpStreamStats and RTCMediaPlayout). Samples are at 48 kHz.
type Stats struct {
	PacketsReceived    uint64
	PacketsLost        uint64  // never came, or too late to be of use
	PacketsDiscarded   uint64  // too late, twice, or more than can be kept
	PacketsMalformed   uint64  // not Opus, or refused by the decoder
	FECPacketsReceived uint64  // lost packets restored from a later one
	BytesReceived      uint64  // payload only
	Jitter             float64 // seconds, RFC 3550

	TotalSamplesReceived   uint64 // played, concealment included
	ConcealedSamples       uint64
	SilentConcealedSamples uint64
	ConcealmentEvents      uint64
	ComfortNoiseSamples    uint64 // silence that was not transmitted; not concealment

	InsertedSamplesForDeceleration uint64
	RemovedSamplesForAcceleration  uint64

	// Seconds, summed over all samples that left the buffer; divide by
	// JitterBufferEmittedCount.
	JitterBufferDelay        float64
	JitterBufferTargetDelay  float64
	JitterBufferEmittedCount uint64

	AudioLevel           float64 // now, 0 to 1, linear
	TotalAudioEnergy     float64 // of level² times seconds
	TotalSamplesDuration time.Duration

	Delay  time.Duration // now: from the fastest packet's arrival to its Pull
	Target time.Duration // now
	Queued time.Duration // sound in store now
}

// ConcealedRatio is the share of what was played that was made up.
func (s Stats) ConcealedRatio() float64 {
	if s.TotalSamplesReceived == 0 {
		return 0
	}
	return float64(s.ConcealedSamples) / float64(s.TotalSamplesReceived)
}

// MeanDelay is the mean time that a sample spent in the buffer.
func (s Stats) MeanDelay() time.Duration {
	if s.JitterBufferEmittedCount == 0 {
		return 0
	}
	return time.Duration(s.JitterBufferDelay / float64(s.JitterBufferEmittedCount) * float64(time.Second))
}
