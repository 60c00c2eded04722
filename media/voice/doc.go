// Package voice plays out what remote people say: packets come in when the
// network brings them, sound goes out when the speaker wants it, and what lies
// between bends so that neither late nor lost packets are heard.
//
//	call/recv, network goroutine ──Push(packet)──> Stream ─┐
//	ring tones, sounds ──────────────────────────> Clip  ──┼─Pull 10 ms─> Mixer ──Pull──> speaker callback
//
// A Stream keeps as much sound in store as the network's jitter calls for: the
// delay that 95 of 100 packets do not exceed, nor the latest packets of 95 in
// 100 half seconds. When the store is too small or
// too large for that, speech is stretched or shortened by whole pitch periods,
// which is not heard. A lost packet is played from a later one that
// repeats it (RFC 2198), restored from the repair data in the next one (Opus
// in-band FEC), or made up by the decoder, fading to silence when it lasts; while
// packets are lost the store is large enough for what brings them back. Silence that the sender does not transmit (DTX) is not loss.
//
// Push takes a short lock and never decodes. Pull belongs to one goroutine,
// the device's callback: it decodes, allocates nothing (but the error of a
// packet that libopus refuses, no more than one a block) and holds the lock
// only to look at the packets. There is no clock: Push is told the time, Pull
// is the clock of the sound device.
//
// Measured on the shared 2-core machine of media.md, while it was busy: an
// Opus talker costs the callback 15 µs per 10 ms, looking for a pitch period
// 20 µs more, mixing four sources 6 µs; nothing is allocated. On a clean path
// a sample spends 40 ms in the buffer; with 0-100 ms of jitter 60 ms, without
// concealment (TestTraces has more).
package voice
