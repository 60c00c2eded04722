// Package bandwidth finds out how much a path carries and in which rhythm to
// send, from what the receiver says about each packet (transport-wide
// congestion control). It is pure: no goroutine, no clock, no socket.
//
//	peer ──Sent, Feedback, Tick──> Estimator ──Target──> encoder
//	                                  └─────Probe──> Pacer: when the next packet may go
//
// The method is that of Google congestion control (draft-ietf-rmcat-gcc-02)
// with what libwebrtc made of it, and three things of our own. A path is probed
// also while it is used in full, because a rate that only creeps up needs half
// a minute after a link got faster. Loss that does not become less when less is
// sent is taken as a property of the path (radio), not as its end. And what is
// on its way is bounded, so that a link that stops is not filled for seconds.
//
//	slope of the delay over 20 groups of packets ─> overuse, normal, underuse ─┐
//	acknowledged bits ────────────────────────────────────────────────────────┼─> rate (rise, hold, 0.85 of what arrives)
//	probe clusters: how fast they arrive ──────────────────────────────────────┤
//	lost share: under 2 % no matter, over 10 % less ───────────────────────────┘
package bandwidth

import "time"

// Packet is one sent packet of which the receiver has told.
type Packet struct {
	Departure time.Time
	Size      int           // bytes on the wire, with all headers
	Arrived   bool          // false: lost
	Arrival   time.Duration // on the receiver's clock
	Cluster   int           // of the probe that it belongs to; 0: none
}
