package present

import "parley/assets/sounds"

// loop is a sound that goes on until something changes.
type loop uint8

const (
	loopNone loop = iota
	loopRing
	loopRingback
)

type oneShot uint8

const (
	soundHangUp oneShot = iota
	soundConnected
	soundLost
	soundMessage
	soundTest
)

// soundBoard plays one loop at a time, and short sounds over it.
type soundBoard struct {
	media  Media
	looped loop
	stop   func()
	short  func() // stops the last short sound
}

// set makes l the sound that goes on.
func (b *soundBoard) set(l loop) {
	if b.looped == l {
		return
	}
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
	b.looped = l
	switch l {
	case loopRing:
		b.stop = b.media.Play(sounds.Ring(), true, true)
	case loopRingback:
		b.stop = b.media.Play(sounds.Ringback(), false, true)
	case loopNone:
	}
}

// once plays a short sound; the one before it ends.
func (b *soundBoard) once(s oneShot) {
	if b.short != nil {
		b.short()
	}
	var samples []int16
	switch s {
	case soundHangUp:
		samples = sounds.HangUp()
	case soundConnected:
		samples = sounds.Connected()
	case soundLost:
		samples = sounds.Lost()
	case soundMessage:
		samples = sounds.Message()
	case soundTest:
		samples = sounds.Test()
	}
	b.short = b.media.Play(samples, false, false)
}

func (b *soundBoard) silence() {
	b.set(loopNone)
	if b.short != nil {
		b.short()
		b.short = nil
	}
}
