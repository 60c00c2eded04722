// Package recv is the receiving half of a call: one Video per remote picture
// and one Audio per remote talker, thin shells with the goroutines and clocks
// that media/jitter and media/voice do without.
//
//	reader goroutine ──packets, bounded──> Run: jitter.Buffer ──Unit──> decoder ──Frame──> latest.Slot
//	                                         └──NACK, PLI──> peer.Remote ──> RTCP
//	Audio.Run ──Push──> voice.Stream <──Pull── Mixer <── speaker callback
//
// The reader is call/peer's Remote, which sees to it that retransmitted packets
// come as soon as they are there. pion's own NACK generator must not be
// registered beside this package: it would ask for everything a second time.
//
// Packets that cannot be parsed, payloads that are not what they claim and
// pictures that cannot be decoded are counted, and repaired where they can be;
// they end nothing.
package recv
