package device

import (
	"context"
	"time"

	"parley/media"
)

// Kind is what a device does.
type Kind uint8

// The kinds of device.
const (
	Camera Kind = iota + 1
	Microphone
	Speaker
	Screen
)

// String returns the kind in lower case, as used in errors and logs.
func (k Kind) String() string {
	switch k {
	case Camera:
		return "camera"
	case Microphone:
		return "microphone"
	case Speaker:
		return "speaker"
	case Screen:
		return "screen"
	}
	return "device"
}

// Info describes one device.
type Info struct {
	// ID finds the device again after a restart of the program: the by-id name
	// of a V4L2 camera, the name that PulseAudio or ALSA gives a sound device;
	// for a virtual device its selector ("testcard", "tone", "null").
	ID string
	// Name is what a person calls it: "Integrated Camera", "Headset". Names are
	// distinct within a list; the second of two alike ends in " (2)".
	Name string
	// Path is the system's own name where there is one: "/dev/video0",
	// "alsa_input.usb-0", "hw:0,1". Accepted by selectors, not shown.
	Path    string
	Kind    Kind
	Default bool // the one that the system would take
	Virtual bool // made by this program: never chosen unless asked for
}

// VideoFormat is a wish or a fact about pictures. In a wish zero means "any".
type VideoFormat struct {
	Width, Height int
	FPS           float64
}

// OrDefault puts 720p at 30 frames/s in place of what is not given.
func (f VideoFormat) OrDefault() VideoFormat {
	if f.Width <= 0 || f.Height <= 0 {
		f.Width, f.Height = 1280, 720
	}
	if f.FPS <= 0 {
		f.FPS = 30
	}
	return f
}

// VideoSource is an open camera or screen.
type VideoSource interface {
	// Next waits for the newest picture. The caller owns one reference. A
	// source that nobody reads drops its oldest picture. The error wraps
	// media.ErrSourceLost when the device was unplugged, stopped delivering or
	// was taken, media.ErrClosed after Close, or is that of ctx.
	Next(ctx context.Context) (*media.Frame, error)
	// Close releases the device; a waiting Next returns. Idempotent.
	Close() error
	Info() Info
	// Format is what the device agreed to; pictures may still differ (a screen
	// that was turned, a file of odd size), so look at each Frame.
	Format() VideoFormat
}

// AudioSource is an open microphone.
type AudioSource interface {
	// Next waits for the next 10 ms of 48 kHz mono. Samples are valid until the
	// following call. Errors as VideoSource.
	Next(ctx context.Context) (media.PCM, error)
	Close() error
	Info() Info
	// Lost counts the samples that were dropped because nobody read in time.
	Lost() uint64
}

// Pull fills out with the next media.BlockSamples samples of 48 kHz mono. It
// runs in the callback of the sound device: it must not block or allocate.
type Pull = func(out []int16)

// SpeakerOut is an open speaker: it calls its Pull until it is closed or lost.
type SpeakerOut interface {
	Close() error
	Info() Info
	// Delay is about how long a block travels from Pull to the air.
	Delay() time.Duration
	// Lost is closed when the device is gone and nothing is pulled any more.
	Lost() <-chan struct{}
}

// Clock is the capture clock that every source of a Catalog stamps its blocks
// and pictures with, so that the sound and picture of one person compare. It
// is monotonic and starts near zero.
type Clock struct{ start time.Time }

// NewClock starts a capture clock.
func NewClock() Clock { return Clock{start: time.Now()} }

// Now is the time since the clock was started.
func (c Clock) Now() time.Duration { return time.Since(c.start) }
