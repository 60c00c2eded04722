package native

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"parley/media/device"
)

// OpenVideo opens a camera or screen: one with an ID of List, or a virtual one.
func (r *Registry) OpenVideo(ctx context.Context, k device.Kind, sel device.Selector, want device.VideoFormat) (device.VideoSource, error) {
	want = want.OrDefault()
	if sel.Virtual() {
		return r.openOwnVideo(k, sel, want)
	}
	r.mu.Lock()
	h, ok := r.found[k][sel.Value]
	r.mu.Unlock()
	if !ok {
		return nil, &device.Error{Kind: k, Name: sel.Value, Reason: device.Missing}
	}
	return r.openCapture(ctx, h, want)
}

// OpenAudio opens a microphone: the default, one with an ID of List, or a
// virtual one.
func (r *Registry) OpenAudio(ctx context.Context, sel device.Selector) (device.AudioSource, error) {
	r.mu.Lock()
	closed := r.closed
	r.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	a := &audioAdapter{open: func() (device.AudioSource, error) { return r.makeAudio(ctx, sel) }}
	drv, err := r.register(a, "open:"+sel.String(), driver.Microphone)
	if err != nil {
		return nil, err
	}
	drop := func() { driver.GetManager().Delete(drv.ID()) }
	if err := drv.Open(); err != nil {
		drop()
		return nil, err
	}
	modes := drv.Properties()
	rec, ok := drv.(driver.AudioRecorder)
	if !ok || len(modes) == 0 {
		drv.Close()
		drop()
		return nil, &device.Error{Kind: device.Microphone, Name: sel.String(), Reason: device.Unsupported}
	}
	rd, err := rec.AudioRecord(modes[0])
	if err != nil { // which has closed the driver
		drop()
		return nil, err
	}
	src, ok := rd.(audioReader)
	if !ok {
		drv.Close()
		drop()
		return nil, fmt.Errorf("microphone driver returned a %T", rd)
	}
	return &ownAudio{AudioSource: src.AudioSource, end: ending{drv: drv, drop: drop}}, nil
}

func (r *Registry) openOwnVideo(k device.Kind, sel device.Selector, want device.VideoFormat) (device.VideoSource, error) {
	r.mu.Lock()
	closed := r.closed
	r.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	t := driver.Camera
	if k == device.Screen {
		t = driver.Screen
	}
	a := &videoAdapter{open: func() (device.VideoSource, error) { return r.makeVideo(k, sel, want) }}
	drv, err := r.register(a, "open:"+sel.String(), t)
	if err != nil {
		return nil, err
	}
	drop := func() { driver.GetManager().Delete(drv.ID()) }
	rd, _, err := start(drv, k, sel.String(), want)
	if err != nil {
		drop()
		return nil, err
	}
	src, ok := rd.(videoReader)
	if !ok {
		drv.Close()
		drop()
		return nil, fmt.Errorf("camera driver returned a %T", rd)
	}
	return &ownVideo{VideoSource: src.VideoSource, end: ending{drv: drv, drop: drop}}, nil
}

// maxTries is how many modes are tried before a device is given up: drivers
// list modes that the bandwidth of their bus does not carry.
const maxTries = 3

// start opens a driver in the mode that serves want best. After an error the
// driver is closed.
func start(drv driver.Driver, k device.Kind, name string, want device.VideoFormat) (video.Reader, prop.Media, error) {
	rec, ok := drv.(driver.VideoRecorder)
	if !ok {
		return nil, prop.Media{}, &device.Error{Kind: k, Name: name, Reason: device.Unsupported}
	}
	var last error
	for try := range maxTries {
		if err := drv.Open(); err != nil {
			return nil, prop.Media{}, failure(k, name, err)
		}
		modes := rank(drv.Properties(), want)
		if try >= len(modes) {
			drv.Close()
			if last == nil {
				last = &device.Error{Kind: k, Name: name, Reason: device.Unsupported, Err: errors.New("it offers no mode that can be used")}
			}
			break
		}
		m := modes[try]
		if k == device.Screen && m.FrameRate == 0 {
			m.FrameRate = float32(want.FPS) // a screen gives what it is asked for
		}
		rd, err := rec.VideoRecord(m)
		if err == nil {
			return rd, m, nil
		}
		last = failure(k, name, err) // VideoRecord has closed the driver
		if reason := device.ReasonOf(last); reason == device.Busy || reason == device.Denied || reason == device.Missing {
			break
		}
	}
	return nil, prop.Media{}, last
}

// failure makes an *device.Error of what a driver said.
func failure(k device.Kind, name string, err error) error {
	if device.ReasonOf(err) != 0 {
		return err
	}
	return &device.Error{Kind: k, Name: name, Reason: device.ReasonFor(err), Err: err}
}

// whoMay adds to an error of a device that the system denies which group of
// users it lets use it.
func whoMay(err error, node string) error {
	if e, ok := errors.AsType[*device.Error](err); ok && e.Reason == device.Denied && node != "" {
		e.Group = groupOf(node)
	}
	return err
}

// ending closes a driver of ours and takes it out of the registry, once.
type ending struct {
	drv  driver.Driver
	drop func()
	once sync.Once
	err  error
}

func (e *ending) close() error {
	e.once.Do(func() {
		e.err = e.drv.Close()
		e.drop()
	})
	return e.err
}

type ownVideo struct {
	device.VideoSource
	end ending
}

// Close implements device.VideoSource.
func (o *ownVideo) Close() error { return o.end.close() }

type ownAudio struct {
	device.AudioSource
	end ending
}

// Close implements device.AudioSource.
func (o *ownAudio) Close() error { return o.end.close() }

var errHangs = errors.New("a capture driver does not answer")

// waitFor waits for the goroutines of drivers, but not for ever: a read of a
// camera that delivers nothing takes five seconds.
func waitFor(wg *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-time.After(6 * time.Second):
		return errHangs
	}
}
