package sound

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"

	"parley/media"
	"parley/media/device"
)

const (
	watchEvery = 250 * time.Millisecond
	// silentTicks without a callback, three seconds, make a device lost: an idle
	// null sink of PulseAudio takes two before it asks for more. Ticks are
	// counted instead of time so that a program that was stopped for a while,
	// or a computer that slept, does not lose its devices by waking up.
	silentTicks = 12
)

// stream is an open microphone or speaker.
type stream struct {
	// static
	sys     *System
	kind    device.Kind
	id      string // "": follows the system's default
	free    bool   // not among the enumerated ones
	info    device.Info
	backend malgo.Backend
	dev     *malgo.Device

	calls atomic.Uint64 // of the device callback
	gone  atomic.Bool   // no longer enumerated, or the server is

	freed bool // owned by the holder of System.lock

	halted sync.Once
	stop   chan struct{}
	done   chan struct{} // closed when watch has ended
	lost   chan struct{}

	once sync.Once
	err  error // of Close; written before shut is closed
	shut chan struct{}
}

// openStream opens what sel names and starts it. data runs in the callback.
func (s *System) openStream(ctx context.Context, k device.Kind, sel device.Selector, period time.Duration, data func(out, in []int16)) (*stream, error) {
	type result struct {
		st   *stream
		info device.Info
		err  error
	}
	r, err := alone(ctx, s, func() (r result) {
		r.st, r.info, r.err = s.openLocked(k, sel, period, data)
		return r
	}, func(r result) {
		if r.st != nil { // nobody waits for it any more
			r.st.halt()
			r.st.freeLocked()
		}
	})
	if errors.Is(err, context.DeadlineExceeded) {
		err = errHangs
	}
	if err == nil {
		err = r.err
	}
	if err != nil {
		name := r.info.Name
		if name == "" {
			name = sel.Value
		}
		return nil, explain(k, name, err)
	}
	return r.st, nil
}

func (s *System) openLocked(k device.Kind, sel device.Selector, period time.Duration, data func(out, in []int16)) (*stream, device.Info, error) {
	info, id, free, err := s.pick(k, sel)
	if err != nil {
		return nil, info, err
	}
	t := malgo.Playback
	if k == device.Microphone {
		t = malgo.Capture
	}
	cfg := malgo.DefaultDeviceConfig(t)
	cfg.SampleRate = media.SampleRate
	cfg.PeriodSizeInMilliseconds = uint32(period / time.Millisecond)
	cfg.Periods = periods
	cfg.Pulse.StreamNameCapture, cfg.Pulse.StreamNamePlayback = "Call", "Call"
	sub := &cfg.Playback
	if k == device.Microphone {
		sub = &cfg.Capture
	}
	sub.Format, sub.Channels, sub.ShareMode = malgo.FormatS16, 1, malgo.Shared
	var pin runtime.Pinner
	defer pin.Unpin()
	if id != "" {
		raw := decodeID(s.backend, id)
		pin.Pin(&raw)
		sub.DeviceID = unsafe.Pointer(&raw)
	}
	st := &stream{
		sys: s, kind: k, id: id, free: free, info: info, backend: s.backend,
		stop: make(chan struct{}), done: make(chan struct{}), lost: make(chan struct{}), shut: make(chan struct{}),
	}
	st.dev, err = malgo.InitDevice(s.ctx.Context, cfg, malgo.DeviceCallbacks{Data: st.callback(data)})
	if err != nil {
		return nil, info, err
	}
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.open[st] = struct{}{}
	}
	s.mu.Unlock()
	if closed {
		st.dev.Uninit()
		return nil, info, media.ErrClosed
	}
	if err := st.dev.Start(); err != nil {
		st.dev.Uninit()
		s.forget(st)
		return nil, info, err
	}
	go st.watch()
	return st, info, nil
}

// callback is what the device's own thread calls. It takes no lock of the
// System, which may wait for a sound server, allocates nothing and logs
// nothing; data must be like it.
func (st *stream) callback(data func(out, in []int16)) malgo.DataProc {
	return func(out, in []byte, _ uint32) {
		st.calls.Add(1)
		data(samples(out), samples(in))
	}
}

// samples views bytes of the machine's own order, as miniaudio hands them.
func samples(b []byte) []int16 {
	if len(b) < 2 {
		return nil
	}
	return unsafe.Slice((*int16)(unsafe.Pointer(&b[0])), len(b)/2)
}

func (s *System) forget(st *stream) {
	s.mu.Lock()
	delete(s.open, st)
	s.mu.Unlock()
}

// watch closes lost when the device calls no more.
func (st *stream) watch() {
	defer close(st.done)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var seen uint64
	silent := 0
	for {
		select {
		case <-st.stop:
			return
		case <-tick.C:
		}
		if n := st.calls.Load(); n != seen {
			seen, silent = n, 0
		} else {
			silent++
		}
		if st.gone.Load() || silent >= silentTicks || !st.dev.IsStarted() {
			st.sys.log.Info("sound device lost", "kind", st.kind.String(), "name", st.info.Name, "unplugged", st.gone.Load(), "silent", silent)
			close(st.lost)
			return
		}
	}
}

// halt ends watch. Idempotent.
func (st *stream) halt() {
	st.halted.Do(func() { close(st.stop) })
	<-st.done
}

// freeLocked stops and frees the device. The caller holds the System's lock and
// has called halt.
func (st *stream) freeLocked() {
	if !st.freed {
		st.freed = true
		// miniaudio's uninit waits for its thread without waking it: on a
		// PulseAudio stream whose device is gone that takes for ever. Its stop
		// does wake it.
		if err := st.dev.Stop(); err != nil {
			st.sys.log.Debug("sound device stop", "name", st.info.Name, "err", err)
		}
		st.dev.Uninit()
		st.sys.forget(st)
	}
}

// Close stops the device: no callback runs after it returns, unless it returns
// an error because the sound server hangs.
func (st *stream) Close() error {
	st.once.Do(func() {
		defer close(st.shut)
		st.halt()
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		if err := st.sys.do(ctx, st.freeLocked); err != nil {
			st.err = &device.Error{Kind: st.kind, Name: st.info.Name, Reason: device.Broken, Err: errHangs}
		}
	})
	<-st.shut
	return st.err
}

// lostError is what a reader gets after the loss.
func (st *stream) lostError() error {
	return &device.Error{Kind: st.kind, Name: st.info.Name, Reason: device.Lost, Err: media.ErrSourceLost}
}
