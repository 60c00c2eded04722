package virtual

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley/media"
	"parley/media/device"
)

// Speakers opens speakers that nobody hears: "null", and "file:PATH.wav" that
// writes what it plays.
type Speakers struct {
	clock device.Clock

	mu     sync.Mutex
	open   map[*Speaker]struct{} // guarded by mu
	closed bool                  // guarded by mu
}

// NewSpeakers returns the virtual speakers.
func NewSpeakers(clock device.Clock) *Speakers {
	return &Speakers{clock: clock, open: make(map[*Speaker]struct{})}
}

// List returns the null speaker; files are not listed.
func (s *Speakers) List(_ context.Context, k device.Kind) ([]device.Info, error) {
	if k != device.Speaker {
		return nil, nil
	}
	return []device.Info{nullSpeaker()}, nil
}

func nullSpeaker() device.Info {
	return device.Info{ID: "null", Name: "Null", Kind: device.Speaker, Virtual: true}
}

// OpenSpeaker starts to pull in real time.
func (s *Speakers) OpenSpeaker(_ context.Context, sel device.Selector, pull device.Pull) (device.SpeakerOut, error) {
	spk := &Speaker{
		info: nullSpeaker(), pull: pull, clock: s.clock,
		stop: make(chan struct{}), done: make(chan struct{}), lost: make(chan struct{}),
	}
	if sel.Choice == device.File {
		fail := func(err error) error {
			return &device.Error{Kind: device.Speaker, Name: sel.Value, Reason: device.ReasonFor(err), Err: err}
		}
		f, err := os.Create(sel.Value)
		if err != nil {
			return nil, fail(err)
		}
		w, err := newWAVWriter(f, media.SampleRate)
		if err != nil {
			f.Close()
			return nil, fail(err)
		}
		spk.file, spk.wav = f, w
		spk.info.ID, spk.info.Name, spk.info.Path = sel.String(), filepath.Base(sel.Value), sel.Value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		if spk.file != nil {
			spk.file.Close()
		}
		return nil, media.ErrClosed
	}
	s.open[spk] = struct{}{}
	spk.forget = func() {
		s.mu.Lock()
		delete(s.open, spk)
		s.mu.Unlock()
	}
	go spk.run()
	return spk, nil
}

// Close closes the speakers that are still open.
func (s *Speakers) Close() error {
	s.mu.Lock()
	s.closed = true
	open := make([]*Speaker, 0, len(s.open))
	for spk := range s.open {
		open = append(open, spk)
	}
	s.mu.Unlock()
	var errs []error
	for _, spk := range open {
		errs = append(errs, spk.Close())
	}
	return errors.Join(errs...)
}

// Speaker pulls a block every 10 ms in a goroutine of its own.
type Speaker struct {
	// static
	info   device.Info
	pull   device.Pull
	clock  device.Clock
	forget func()
	stop   chan struct{}
	done   chan struct{} // closed when run has ended
	lost   chan struct{}
	once   sync.Once

	// owned by run until done is closed
	file *os.File
	wav  *wavWriter
	err  error
}

// maxBehind is how late the speaker may be and still make up for it; beyond,
// the computer slept, and the gap is left out.
const maxBehind = 500 * time.Millisecond

func (s *Speaker) run() {
	defer close(s.done)
	defer s.finish()
	tick := time.NewTicker(media.BlockDur)
	defer tick.Stop()
	var block [media.BlockSamples]int16
	next := s.clock.Now()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		now := s.clock.Now()
		if now-next > maxBehind {
			next = now
		}
		for ; next <= now; next += media.BlockDur {
			s.pull(block[:])
			if s.wav == nil {
				continue
			}
			if err := s.wav.write(block[:]); err != nil {
				s.err = err
				close(s.lost)
				return
			}
		}
	}
}

func (s *Speaker) finish() {
	if s.file == nil {
		return
	}
	if s.err == nil {
		s.err = s.wav.flush()
	}
	if err := s.file.Close(); s.err == nil {
		s.err = err
	}
}

// Close ends the pulling and completes the file.
func (s *Speaker) Close() error {
	s.once.Do(func() { close(s.stop); s.forget() })
	<-s.done
	if s.err != nil {
		return fmt.Errorf("speaker %s: %w", s.info.Name, s.err)
	}
	return nil
}

// Info implements device.SpeakerOut.
func (s *Speaker) Info() device.Info { return s.info }

// Delay implements device.SpeakerOut: nobody hears it later than it is pulled.
func (s *Speaker) Delay() time.Duration { return 0 }

// Lost implements device.SpeakerOut: closed when the file cannot be written.
func (s *Speaker) Lost() <-chan struct{} { return s.lost }
