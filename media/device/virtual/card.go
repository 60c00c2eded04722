package virtual

import (
	"context"
	"strconv"
	"time"

	"parley/media"
	"parley/media/device"
)

// CardConfig says what a test card shows.
type CardConfig struct {
	Kind   device.Kind // Camera, or Screen where a test shares something
	Format device.VideoFormat
	Person func() string // the sender's name, asked for every picture; nil: none
	Clock  device.Clock
}

// Card is a camera that sees a test card: a quiet background, the sender's
// name, the number of the picture, two bodies on their orbits, and the code.
type Card struct {
	pace
	info   device.Info
	format device.VideoFormat
	person func() string
	pool   media.FramePool
	art    *art
	name   string
}

// NewCard returns a test card of cfg.Format, zero fields as 720p30.
func NewCard(cfg CardConfig) *Card {
	f := clampFormat(cfg.Format)
	if cfg.Person == nil {
		cfg.Person = func() string { return "" }
	}
	if cfg.Kind == 0 {
		cfg.Kind = device.Camera
	}
	return &Card{
		pace:   newPace(cfg.Clock, 1/f.FPS),
		info:   device.Info{ID: "testcard", Name: "Test card", Kind: cfg.Kind, Virtual: true},
		format: f,
		person: cfg.Person,
	}
}

// clampFormat bounds a wish to what can be drawn.
func clampFormat(f device.VideoFormat) device.VideoFormat {
	f = f.OrDefault()
	f.Width = min(max(f.Width, 16), media.MaxDim)
	f.Height = min(max(f.Height, 16), media.MaxDim)
	f.FPS = min(max(f.FPS, 0.1), 240)
	return f
}

// Next implements device.VideoSource.
func (c *Card) Next(ctx context.Context) (*media.Frame, error) {
	n, pts, err := c.next(ctx, time.Duration(c.every*float64(time.Second)))
	if err != nil {
		return nil, err
	}
	if name := c.person(); c.art == nil || name != c.name {
		c.art, c.name = drawArt(c.format.Width, c.format.Height, name), name
	}
	f := c.pool.Get(c.format.Width, c.format.Height)
	c.art.paint(f, uint32(n), float64(n)/c.format.FPS)
	f.PTS = pts
	return f, nil
}

// Info implements device.VideoSource.
func (c *Card) Info() device.Info { return c.info }

// Format implements device.VideoSource.
func (c *Card) Format() device.VideoFormat { return c.format }

// Blank is a camera that sees a plain grey, for calls where only the pictures'
// arrival counts.
type Blank struct {
	pace
	format device.VideoFormat
	frame  *media.Frame
	pool   media.FramePool
}

// NewBlank returns a blank camera.
func NewBlank(want device.VideoFormat, clock device.Clock) *Blank {
	f := clampFormat(want)
	b := &Blank{pace: newPace(clock, 1/f.FPS), format: f, frame: media.NewFrame(f.Width, f.Height)}
	fill(b.frame.Y, 60)
	fill(b.frame.U, 128)
	fill(b.frame.V, 128)
	return b
}

// Next implements device.VideoSource.
func (b *Blank) Next(ctx context.Context) (*media.Frame, error) {
	_, pts, err := b.next(ctx, time.Duration(b.every*float64(time.Second)))
	if err != nil {
		return nil, err
	}
	f := b.frame.Clone(&b.pool)
	f.PTS = pts
	return f, nil
}

// Info implements device.VideoSource.
func (b *Blank) Info() device.Info {
	return device.Info{ID: "null", Name: "Blank", Kind: device.Camera, Virtual: true}
}

// Format implements device.VideoSource.
func (b *Blank) Format() device.VideoFormat { return b.format }

func fill(p []byte, v byte) {
	for i := range p {
		p[i] = v
	}
}

// frameText is what people read below the code.
func frameText(frame uint32) string { return strconv.FormatUint(uint64(frame), 10) }
