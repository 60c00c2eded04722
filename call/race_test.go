//go:build race

package call_test

// atSpeed: under the race detector two cores do not keep up with four
// encoders and decoders, and what a person would see is the detector's doing.
const atSpeed = false
