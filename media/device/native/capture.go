package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"parley/media"
	"parley/media/device"
	"parley/media/latest"
)

// capture is an open camera or screen. One goroutine does all that touches the
// driver.
type capture struct {
	// static
	reg  *Registry
	key  string
	hw   hardware
	slot *latest.Slot[*media.Frame]
	stop chan struct{} // closed by Close, or when nobody waits for the opening
	once sync.Once

	opened chan error    // capacity 1
	done   chan struct{} // closed when run has ended and the device is free

	format device.VideoFormat // written by run before opened
	err    error              // written by run before done
}

// framer is a reader of ours that makes frames itself, with the time at which
// they were taken. Frame waits for a moment at most and returns nil if no
// picture came.
type framer interface {
	Frame() (*media.Frame, error)
	Format() device.VideoFormat // what the device agreed to
}

// errSilent stands for the pictures that did not come.
var errSilent = errors.New("it delivers no pictures")

// openCapture starts the goroutine and waits for it to open the device. A
// device that is being closed is waited for.
func (r *Registry) openCapture(ctx context.Context, h hardware, want device.VideoFormat) (*capture, error) {
	c := &capture{
		reg: r, key: h.info.Kind.String() + " " + h.info.ID, hw: h,
		slot: latest.New[*media.Frame](), stop: make(chan struct{}),
		opened: make(chan error, 1), done: make(chan struct{}),
	}
	if err := r.hold(ctx, c); err != nil {
		return nil, err
	}
	go c.run(want)
	select {
	case err := <-c.opened:
		if err != nil {
			<-c.done
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		c.halt() // run closes the device as soon as the driver comes back
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, c.fail(device.Broken, errHangs)
		}
		return nil, ctx.Err()
	}
}

// hold makes c the one owner of its device.
func (r *Registry) hold(ctx context.Context, c *capture) error {
	for {
		r.mu.Lock()
		if r.closed {
			r.mu.Unlock()
			return errClosed
		}
		other := r.held[c.key]
		if other == nil {
			r.held[c.key] = c
			r.wg.Add(1)
			r.mu.Unlock()
			return nil
		}
		r.mu.Unlock()
		select {
		case <-other.stop:
		default:
			return c.fail(device.Busy, errors.New("it is open in Parley"))
		}
		select {
		case <-other.done:
		case <-ctx.Done():
			return c.fail(device.Busy, errHangs)
		}
	}
}

func (c *capture) fail(r device.Reason, err error) error {
	return &device.Error{Kind: c.hw.info.Kind, Name: c.hw.info.Name, Reason: r, Err: err}
}

// run opens, reads and closes the device.
func (c *capture) run(want device.VideoFormat) {
	defer c.reg.wg.Done()
	defer func() {
		c.reg.mu.Lock()
		delete(c.reg.held, c.key)
		c.reg.mu.Unlock()
		close(c.done)
	}()
	rd, mode, err := start(c.hw.drv, c.hw.info.Kind, c.hw.info.Name, want)
	if err != nil {
		err = whoMay(err, c.hw.info.Path)
		c.err = err
		c.opened <- err
		return
	}
	next, ok := rd.(framer)
	if ok {
		c.format = next.Format()
	} else {
		next = &imageFramer{rd: rd, mode: mode, now: c.reg.cfg.Clock.Now}
		c.format = next.Format()
	}
	c.opened <- nil

	bad := 0
	h := health{good: c.reg.cfg.Clock.Now()}
	for c.err == nil && !c.stopped() {
		f, err := next.Frame()
		now := c.reg.cfg.Clock.Now()
		silent := err == nil && f == nil
		if silent {
			err = errSilent
		}
		switch {
		case err == nil:
			h.frame(now)
			c.deliver(f)
		case h.dead(err, now):
			c.err = c.fail(device.Lost, fmt.Errorf("%w: %w", media.ErrSourceLost, err))
		case !silent:
			if bad++; bad == 1 {
				c.reg.log.Debug("picture not usable", "name", c.hw.info.Name, "err", err)
			}
			c.pause(10 * time.Millisecond) // a driver in distress must not cost a core
		}
	}
	if err := c.hw.drv.Close(); err != nil {
		c.reg.log.Debug("device close", "name", c.hw.info.Name, "err", err)
	}
	if bad > 1 {
		c.reg.log.Debug("pictures not usable", "name", c.hw.info.Name, "count", bad)
	}
	if c.err != nil {
		c.reg.log.Info("device lost", "name", c.hw.info.Name, "err", c.err)
	}
	if f, ok := c.slot.Take(); ok {
		f.Release()
	}
}

func (c *capture) deliver(f *media.Frame) {
	if old, dropped := c.slot.Put(f); dropped {
		old.Release()
	}
}

func (c *capture) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

func (c *capture) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.stop:
	}
}

func (c *capture) halt() { c.once.Do(func() { close(c.stop) }) }

// Next implements device.VideoSource.
func (c *capture) Next(ctx context.Context) (*media.Frame, error) {
	for {
		if c.stopped() {
			return nil, media.ErrClosed
		}
		if f, ok := c.slot.Take(); ok {
			return f, nil
		}
		select {
		case <-c.slot.Wake():
		case <-c.stop:
			return nil, media.ErrClosed
		case <-c.done:
			if c.err != nil {
				return nil, c.err
			}
			return nil, media.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// closeWait is how long Close waits for a driver. One of ours comes back within
// a twentieth of a second. One of mediadevices that delivers needs one frame's
// time; one that does not keeps its Close for five seconds, and opening it
// again waits for that.
const closeWait = time.Second

// Close implements device.VideoSource.
func (c *capture) Close() error {
	c.halt()
	t := time.NewTimer(closeWait)
	defer t.Stop()
	select {
	case <-c.done:
	case <-t.C:
		c.reg.log.Warn("device is slow to close", "name", c.hw.info.Name)
	}
	return nil
}

// Info implements device.VideoSource.
func (c *capture) Info() device.Info { return c.hw.info }

// Format implements device.VideoSource.
func (c *capture) Format() device.VideoFormat { return c.format }

// health decides when a device that returns errors is lost. Pure.
type health struct {
	good  time.Duration // the last picture, or the opening
	begun bool
}

// A camera that has delivered is given up when no picture has come for this
// long, a new one, which may still be setting its exposure or waking up, after
// twice as long: one and two reads of mediadevices, which wait for five seconds
// each.
const (
	stalled      = 4500 * time.Millisecond
	neverStarted = 9500 * time.Millisecond
)

func (h *health) frame(now time.Duration) { h.good, h.begun = now, true }

func (h *health) dead(err error, now time.Duration) bool {
	for _, no := range []syscall.Errno{syscall.ENODEV, syscall.ENXIO, syscall.EBADF} {
		if errors.Is(err, no) {
			return true
		}
	}
	if errors.Is(err, io.EOF) {
		return true
	}
	if h.begun {
		return now-h.good >= stalled
	}
	return now-h.good >= neverStarted
}
