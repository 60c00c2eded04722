// Package apm runs two pieces of WebAssembly on the sound of a microphone: the
// echo canceller AEC3 of the WebRTC project and the noise suppression RNNoise.
// They are compiled to machine code by wazero; there is no cgo, and whatever
// goes wrong in them is an error of one call: memory outside their own they
// cannot touch.
//
// The files come in at build (see wasm/README.md). Without them Open says
// ErrMissing.
//
// An Engine holds the compiled code, about 80 ms of work; Cancellers and
// Suppressors made by it have 16 MB of address space each, of which they touch
// a few hundred kB, and belong to one goroutine at a time. Their calls allocate
// nothing. Sound is float32 in the range of 16 bits, 10 ms of 48 kHz mono.
package apm
