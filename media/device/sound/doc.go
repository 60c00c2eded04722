// Package sound opens the microphones and speakers of this computer through
// malgo: PulseAudio or PipeWire where it answers, ALSA otherwise; WASAPI and
// CoreAudio on the other systems. Everything is 48 kHz, mono, 16 bits; the
// sound system converts.
//
//	device callback ──copy──> ring (500 ms) ──Next, 10 ms──> reader     microphone
//	mixer ──Pull, 10 ms at a time──> device callback                    speaker
//
// A callback never allocates and waits for nothing but the ring's lock, held
// for one copy. One goroutine per open device watches that it still calls: a
// PulseAudio stream whose device was unplugged ends without a word. What is
// lost is reported once, through Next or Lost.
//
// The calls that talk to the sound server (list, open, close) run one at a
// time, because miniaudio drives one PulseAudio main loop for all of them
// without a lock of its own, and each in a goroutine, because none of them can
// be interrupted: a server that hangs costs one goroutine, and the caller gets
// the error of its context.
package sound
