// Package virtual makes devices out of nothing: a test card, a blank picture,
// a tone, silence, y4m and wav files, a speaker that plays to nobody or into a
// file. They are what tests, bots and demonstrations call with, and behave in
// time like the real ones: each Next waits until its picture or block is due.
// Pure Go; no source starts a goroutine, a speaker has one.
//
// The test card carries the sender's name and the number of the picture twice:
// for people and as a code that ReadCode finds in a screenshot and ReadFrame
// in a decoded picture (see code.go for its form).
package virtual
