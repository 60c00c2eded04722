package virtual

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"parley/media"
	"parley/media/device"
)

// WAVMic is a microphone that hears a wav file again and again, mixed to mono
// and converted to 48 kHz.
type WAVMic struct {
	pace
	info device.Info
	file *os.File
	loop *wavLoop
	blk  [media.BlockSamples]int16
	lost lostCounter
}

// OpenWAV opens a wav file of PCM in 8, 16, 24 or 32 bits or float, any rate
// from 1 to 384 kHz and up to 32 channels. The error is an *device.Error of
// reason Broken, Missing or Denied.
func OpenWAV(path string, clock device.Clock) (*WAVMic, error) {
	fail := func(err error) error {
		r := device.ReasonFor(err)
		if r != device.Missing && r != device.Denied {
			r = device.Broken
		}
		return &device.Error{Kind: device.Microphone, Name: path, Reason: r, Err: err}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fail(err)
	}
	loop, err := newWAVLoop(f)
	if err != nil {
		f.Close()
		return nil, fail(err)
	}
	return &WAVMic{
		pace: newPace(clock, media.BlockDur.Seconds()),
		info: device.Info{
			ID: "file:" + path, Name: filepath.Base(path), Path: path, Kind: device.Microphone, Virtual: true,
		},
		file: f, loop: loop,
	}, nil
}

// Next implements device.AudioSource.
func (m *WAVMic) Next(ctx context.Context) (media.PCM, error) {
	before := m.n
	n, pts, err := m.next(ctx, audioSlack)
	if err != nil {
		return media.PCM{}, err
	}
	m.lost.add(n - before)
	if err := m.loop.read(m.blk[:]); err != nil {
		if errors.Is(err, os.ErrClosed) {
			return media.PCM{}, media.ErrClosed
		}
		return media.PCM{}, &device.Error{
			Kind: device.Microphone, Name: m.info.Name, Reason: device.Lost,
			Err: fmt.Errorf("%w: %w", media.ErrSourceLost, err),
		}
	}
	return media.PCM{Samples: m.blk[:], Rate: media.SampleRate, Channels: 1, PTS: pts}, nil
}

// Close implements device.AudioSource.
func (m *WAVMic) Close() error {
	m.pace.Close()
	if err := m.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Info implements device.AudioSource.
func (m *WAVMic) Info() device.Info { return m.info }

// Lost implements device.AudioSource.
func (m *WAVMic) Lost() uint64 { return m.lost.samples.Load() }

// wavLoop reads the samples of a file round and round.
type wavLoop struct {
	src      io.ReaderAt
	format   wavFormat
	off, len int64
	pos      int64 // within the samples, bytes
	raw      []byte
	mono     []float32
	res      *resampler
}

func newWAVLoop(f io.ReadSeeker) (*wavLoop, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	src, ok := f.(io.ReaderAt)
	if !ok {
		return nil, errors.New("it cannot be read twice")
	}
	format, off, n, err := findWAV(src, size)
	if err != nil {
		return nil, err
	}
	return &wavLoop{
		src: src, format: format, off: off, len: n,
		raw: make([]byte, 1024*format.frame()), res: newResampler(format.rate, media.SampleRate),
	}, nil
}

// read fills dst with 48 kHz mono.
func (l *wavLoop) read(dst []int16) error {
	for i := range dst {
		v, ok := l.res.next()
		for !ok {
			n := min(int64(len(l.raw)), l.len-l.pos)
			if _, err := l.src.ReadAt(l.raw[:n], l.off+l.pos); err != nil && !(errors.Is(err, io.EOF) && l.off+l.pos+n == l.off+l.len) {
				return err
			}
			if l.pos += n; l.pos == l.len {
				l.pos = 0
			}
			l.mono = l.format.mix(l.raw[:n], l.mono[:0])
			l.res.push(l.mono)
			v, ok = l.res.next()
		}
		dst[i] = int16(math.RoundToEven(float64(min(max(v, -1), 32767.0/32768)) * 32768))
	}
	return nil
}
