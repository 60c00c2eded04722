package v4l2

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"parley/media"
	"parley/media/device"
	"parley/media/picture"
)

const (
	// depth is the buffers asked for: one that is filled, one that waits, one
	// that is read, and one for a computer that is busy for a moment.
	depth = 4
	// patience bounds a wait for a picture, and with it what Close waits for.
	patience = 50 * time.Millisecond
)

// errNoCamera: a node of V4L2 that delivers no pictures, or none that can be
// made frames of.
var errNoCamera = errors.New("not a camera")

// Camera is an open camera. One goroutine at a time.
type Camera struct {
	// static
	k     kernel
	clock func() time.Duration // capture
	mono  func() time.Duration // the driver's

	layout  layout
	fps     float64
	buffers [][]byte
	on      bool
	closed  bool
	jpeg    *picture.JPEG // nil: raw pixels
	pool    media.FramePool
	stamp   stamper
	buf     buffer // here, so that no picture allocates one
	skipped uint64
}

// Open opens a node. The error wraps the system's: EACCES, EBUSY, ENOENT.
func Open(path string, clock device.Clock) (*Camera, error) {
	n, err := openNode(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	c := &Camera{k: n, clock: clock.Now, mono: monotonic}
	if _, err := card(n); err != nil {
		n.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// card is what a node calls itself; an error if it is no camera.
func card(k kernel) (string, error) {
	var info capability
	if err := k.ioctl(reqQueryCap, unsafe.Pointer(&info)); err != nil {
		return "", fmt.Errorf("query capabilities: %w", err)
	}
	caps := info.capabilities
	if caps&capDeviceCaps != 0 { // of this node, where capabilities are the whole device's
		caps = info.deviceCaps
	}
	if caps&capCapture == 0 || caps&capStreaming == 0 {
		return "", errNoCamera
	}
	name, _, _ := bytes.Cut(info.card[:], []byte{0})
	return string(name), nil
}

// Modes are all ways in which the camera delivers.
func (c *Camera) Modes() []Mode { return modes(c.k) }

// Start switches the camera on. It may agree to another size or rate than asked
// for; Format says which. After an error the Camera is to be closed.
func (c *Camera) Start(m Mode) error {
	if err := c.agree(m); err != nil {
		return err
	}
	if err := c.lend(); err != nil {
		return err
	}
	kind := int32(typeCapture)
	if err := c.k.ioctl(reqStreamOn, unsafe.Pointer(&kind)); err != nil {
		return fmt.Errorf("switch on: %w", err)
	}
	c.on = true
	return nil
}

// agree settles format, size and rate.
func (c *Camera) agree(m Mode) error {
	f := format{kind: typeCapture, pix: pixFormat{
		width: uint32(m.Width), height: uint32(m.Height), pixelFormat: m.Format, field: fieldNone,
	}}
	if err := c.k.ioctl(reqSetFormat, unsafe.Pointer(&f)); err != nil {
		return fmt.Errorf("set %v %dx%d: %w", m.Format, m.Width, m.Height, err)
	}
	p := f.pix
	if !p.pixelFormat.known() || p.width < 1 || p.height < 1 || p.width > media.MaxDim || p.height > media.MaxDim {
		return fmt.Errorf("the driver wants %v %dx%d: %w", p.pixelFormat, p.width, p.height, unix.EINVAL)
	}
	c.layout = layout{
		format: p.pixelFormat, width: int(p.width), height: int(p.height), stride: p.stride(),
		full: p.quantization == quantFull || p.quantization == quantDefault && p.colourSpace == colourJPEG,
	}
	if p.pixelFormat == MJPEG && c.jpeg == nil {
		var err error
		if c.jpeg, err = picture.NewJPEG(); err != nil {
			return err
		}
	}
	c.fps = m.Interval.FPS()
	if m.Interval.Num == 0 || !c.ratesDiffer() {
		return nil
	}
	parm := streamParm{kind: typeCapture, timePerFrame: m.Interval}
	switch err := c.k.ioctl(reqSetParm, unsafe.Pointer(&parm)); {
	case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTTY): // it keeps the rate that it has
	case err != nil:
		return fmt.Errorf("set %.3g pictures a second: %w", c.fps, err)
	case parm.timePerFrame.Num > 0:
		c.fps = parm.timePerFrame.FPS()
	}
	return nil
}

// ratesDiffer says whether the camera has more than one rate to choose from.
func (c *Camera) ratesDiffer() bool {
	parm := streamParm{kind: typeCapture}
	return c.k.ioctl(reqGetParm, unsafe.Pointer(&parm)) == nil && parm.capability&capTimePerFrame != 0
}

// stride is the length of a row, also of a driver that leaves it out.
func (p pixFormat) stride() int {
	switch {
	case p.bytesPerLine > 0:
		return int(p.bytesPerLine)
	case p.pixelFormat == YUYV || p.pixelFormat == UYVY:
		return int(p.width) * 2
	}
	return int(p.width)
}

// lend maps the driver's buffers and gives them to it to fill.
func (c *Camera) lend() error {
	r := requestBuffers{count: depth, kind: typeCapture, memory: memoryMmap}
	if err := c.k.ioctl(reqRequestBuffers, unsafe.Pointer(&r)); err != nil {
		return fmt.Errorf("request buffers: %w", err)
	}
	if r.count < 1 || r.count > 32 {
		return fmt.Errorf("the driver has %d buffers: %w", r.count, unix.ENOMEM)
	}
	c.buffers = make([][]byte, r.count)
	for i := range c.buffers {
		b := buffer{index: uint32(i), kind: typeCapture, memory: memoryMmap}
		if err := c.k.ioctl(reqQueryBuffer, unsafe.Pointer(&b)); err != nil {
			return fmt.Errorf("query buffer: %w", err)
		}
		var err error
		if c.buffers[i], err = c.k.mmap(int64(b.offset), int(b.length)); err != nil {
			return fmt.Errorf("map buffer: %w", err)
		}
		c.buf = b
		if err := c.queue(); err != nil {
			return err
		}
	}
	return nil
}

// Format is what the camera agreed to.
func (c *Camera) Format() device.VideoFormat {
	return device.VideoFormat{Width: c.layout.width, Height: c.layout.height, FPS: c.fps}
}

// Skipped counts pictures that were passed over because a newer one was there.
func (c *Camera) Skipped() uint64 { return c.skipped }

// Next returns the newest picture, with one reference, the caller's; nil if
// none came within a moment. An error that wraps media.ErrCorrupt concerns one
// picture, one that wraps ENODEV the camera; of others, like EIO, time tells.
func (c *Camera) Next() (*media.Frame, error) {
	ready, err := c.k.wait(patience)
	if err != nil {
		return nil, fmt.Errorf("wait: %w", err)
	}
	if !ready {
		return nil, nil
	}
	if err := c.dequeue(); errors.Is(err, unix.EAGAIN) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("dequeue: %w", err)
	}
	for range len(c.buffers) { // the newest
		older := c.buf
		if err := c.dequeue(); err != nil { // EAGAIN; another one comes again with the next picture
			c.buf = older
			break
		}
		newer := c.buf
		c.buf = older
		if err := c.queue(); err != nil {
			return nil, err
		}
		c.buf = newer
		c.skipped++
	}
	f, err := c.frame()
	if qerr := c.queue(); qerr != nil && err == nil {
		f.Release()
		return nil, qerr
	}
	return f, err
}

// frame makes a frame of the buffer that was dequeued.
func (c *Camera) frame() (*media.Frame, error) {
	used := c.buf.bytesUsed
	switch {
	case c.buf.flags&flagError != 0:
		return nil, fmt.Errorf("the driver marked a picture as damaged: %w", media.ErrCorrupt)
	case used == 0 || int(used) > len(c.buffers[c.buf.index]):
		return nil, fmt.Errorf("picture of %d bytes: %w", used, media.ErrCorrupt)
	}
	age := time.Duration(-1)
	if c.buf.flags&flagTimeMask == flagTimeMonotonic {
		age = c.mono() - time.Duration(c.buf.timestamp.Nano())
	}
	data := c.buffers[c.buf.index][:used]
	now := c.clock()
	var f *media.Frame
	if c.layout.format == MJPEG {
		var err error
		if f, err = c.jpeg.Decode(data, &c.pool); err != nil {
			return nil, err
		}
	} else {
		f = c.pool.Get(c.layout.width, c.layout.height)
		if err := c.layout.fill(f, data); err != nil {
			f.Release()
			return nil, err
		}
	}
	f.PTS = c.stamp.at(now, age)
	return f, nil
}

// dequeue takes a filled buffer from the driver into buf.
func (c *Camera) dequeue() error {
	c.buf = buffer{kind: typeCapture, memory: memoryMmap}
	if err := c.k.ioctl(reqDequeue, unsafe.Pointer(&c.buf)); err != nil {
		return err // as it is: EAGAIN comes with every picture
	}
	if int(c.buf.index) >= len(c.buffers) {
		return fmt.Errorf("the driver returned buffer %d: %w", c.buf.index, unix.EIO)
	}
	return nil
}

// queue gives the buffer in buf back to the driver.
func (c *Camera) queue() error {
	c.buf = buffer{index: c.buf.index, kind: typeCapture, memory: memoryMmap}
	if err := c.k.ioctl(reqQueue, unsafe.Pointer(&c.buf)); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// Close switches the camera off and frees it. More calls do nothing.
func (c *Camera) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	var err error
	if c.on {
		kind := int32(typeCapture)
		if err = c.k.ioctl(reqStreamOff, unsafe.Pointer(&kind)); errors.Is(err, unix.ENODEV) {
			err = nil // unplugged: it is off
		}
	}
	if c.jpeg != nil {
		c.jpeg.Close()
	}
	return errors.Join(err, c.k.close())
}
