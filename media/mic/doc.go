// Package mic makes the sound of a microphone fit to send: no echo of what the
// speaker plays, no noise, a voice as loud as every other.
//
//	microphone, 10 ms ──> high-pass ──> echo canceller ──> noise suppression ──> gain, limiter ──> encoder
//	device.Reference, 10 ms ─────────────────┘                    └─ how likely somebody speaks ─┘
//
// The order matters: the canceller models the room, and what comes before it
// must do the same to every sound; a noise suppression there does not, and the
// echo comes back. Each of the three can be switched off at any time and is
// then not there at all; with all three off the samples are those of the
// microphone, bit by bit.
//
// While the far end speaks for the first 2.5 s, what is heard is held down by
// 12 dB: the canceller has yet to learn the room.
//
// A Kit holds the compiled code of canceller and suppression, one for the
// program. A Chain is one open microphone and belongs to the goroutine that
// reads it. The first Chain makes the Kit compile, in a goroutine that the
// Chain starts and Close waits for; until that is done (a tenth of a second)
// the sound passes the high-pass alone. Process allocates nothing.
//
// Without noise suppression in the build nobody tells a voice from the rest, and
// the gain stays where it is.
//
// A stage that fails, in whatever way, is left out from then on and State says
// so; the sound goes on.
package mic
