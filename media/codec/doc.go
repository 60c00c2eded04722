// Package codec is where the rest of the program gets its encoders and
// decoders from: concrete types over the cgo packages, and one explicit table
// of what this build can do (VideoKinds, AudioKinds).
//
//	Frame ──> VideoEncoder: thin to the target rate, scale to the target size, encode ──> Unit
//	Unit ──> VideoDecoder ──> Frame
//	PCM 10 ms ──> AudioEncoder: pair to 20 ms, encode, leave out silence ──> Unit
//	Opus packet ──> AudioDecoder: decode, repair or conceal ──> samples
//
// Nothing here starts a goroutine: a call works on the goroutine that makes
// it, and Close waits for one under way. What passes codectest may be added
// to the table.
package codec
