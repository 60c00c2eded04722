// Package jitter turns the packets of a remote picture, which arrive late,
// twice, out of order or not at all, into frames that a decoder can take, each
// at the moment at which it should be shown. It is pure: no goroutine, no
// clock (time is an argument) and no third party but pion/rtp for its types.
//
//	call/recv ──Push(packet)──> Buffer ──Pop──> one whole frame ──> decoder
//	    <──Missing: what to NACK──┘ └──NeedKey: send a PLI──> call/recv
//
// Buffer is the video side. What voice needs of the same arithmetic is
// exported from here too: Sequence and Timestamp (wrap-around), Arrivals and
// Histogram (relative arrival delay), Interarrival (the jitter of RFC 3550),
// ClockMap (RTP time to the sender's wall clock) and Sync (lip sync between
// a person's sound and picture).
//
// Retransmissions need nothing special here: pion/webrtc 4.2 restores a packet
// of the RTX stream (RFC 4588) to its original sequence number, payload type
// and SSRC, and hands it out by ReadRTP of the primary track. It does so at
// the beginning of a read only; call/recv says what follows from that.
package jitter
