package v4l2

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"parley/media"
)

// shot is a picture that the fake camera takes.
type shot struct {
	data  []byte
	flags uint32
	at    time.Duration // monotonic
}

// fake is a camera behind the kernel's calls, made of the kernel's structs.
type fake struct {
	tb testing.TB

	caps      uint32
	card      string
	formats   []Format
	sizes     []frameSizes     // as enumerated; pixelFormat is not looked at
	intervals []frameIntervals // likewise
	oneRate   bool             // no S_PARM
	agree     func(*pixFormat) // what it makes of S_FMT
	length    int              // of a buffer
	count     uint32           // most buffers
	fail      map[uintptr]error

	set    pixFormat
	rate   Interval
	memory [][]byte
	lent   []uint32 // buffers that it may fill
	shots  []shot   // pictures that wait for the reader
	waits  []time.Duration
	on     bool
	gone   bool
	closed int
}

const yuyvCaps = capCapture | capStreaming

func newFake(tb testing.TB, f ...Format) *fake {
	return &fake{tb: tb, caps: yuyvCaps, card: "Fake Cam", formats: f, length: 1 << 20, count: 8, fail: make(map[uintptr]error)}
}

// camera is an open camera whose clocks stand still: 10 s on the capture clock
// are 100 s on the monotonic one.
func (k *fake) camera() *Camera {
	return &Camera{k: k, clock: func() time.Duration { return 10 * time.Second }, mono: func() time.Duration { return 100 * time.Second }}
}

func (k *fake) started(m Mode) *Camera {
	k.tb.Helper()
	c := k.camera()
	if err := c.Start(m); err != nil {
		k.tb.Fatal(err)
	}
	return c
}

func (k *fake) ioctl(request uintptr, arg unsafe.Pointer) error {
	if k.closed > 0 {
		k.tb.Error("a call after close")
		return unix.EBADF
	}
	if k.gone {
		return unix.ENODEV
	}
	if err := k.fail[request]; err != nil {
		return err
	}
	switch request {
	case reqQueryCap:
		c := (*capability)(arg)
		c.capabilities = k.caps
		copy(c.card[:], k.card)
	case reqEnumFormats:
		d := (*formatDesc)(arg)
		if d.kind != typeCapture || int(d.index) >= len(k.formats) {
			return unix.EINVAL
		}
		d.pixelFormat = k.formats[d.index]
	case reqEnumSizes:
		e := (*frameSizes)(arg)
		if int(e.index) >= len(k.sizes) {
			return unix.EINVAL
		}
		e.kind, e.sizes = k.sizes[e.index].kind, k.sizes[e.index].sizes
	case reqEnumIntervals:
		e := (*frameIntervals)(arg)
		if int(e.index) >= len(k.intervals) {
			return unix.EINVAL
		}
		e.kind, e.intervals = k.intervals[e.index].kind, k.intervals[e.index].intervals
	case reqSetFormat:
		f := (*format)(arg)
		if f.kind != typeCapture {
			return unix.EINVAL
		}
		switch f.pix.pixelFormat {
		case YUYV, UYVY:
			f.pix.bytesPerLine = 2 * f.pix.width
		case NV12, NV21, YU12:
			f.pix.bytesPerLine = f.pix.width
		}
		if k.agree != nil {
			k.agree(&f.pix)
		}
		k.set = f.pix
	case reqGetParm:
		if k.oneRate {
			return unix.ENOTTY
		}
		(*streamParm)(arg).capability = capTimePerFrame
	case reqSetParm:
		p := (*streamParm)(arg)
		if p.timePerFrame.FPS() > 30 { // as fast as it goes
			p.timePerFrame = Interval{1, 30}
		}
		k.rate = p.timePerFrame
	case reqRequestBuffers:
		r := (*requestBuffers)(arg)
		if r.kind != typeCapture || r.memory != memoryMmap {
			return unix.EINVAL
		}
		r.count = min(r.count, k.count)
		k.memory = make([][]byte, r.count)
	case reqQueryBuffer:
		b := (*buffer)(arg)
		b.offset, b.length = b.index*0x100000, uint32(k.length)
	case reqQueue:
		b := (*buffer)(arg)
		for _, i := range k.lent {
			if i == b.index {
				k.tb.Errorf("buffer %d is lent twice", i)
			}
		}
		k.lent = append(k.lent, b.index)
	case reqStreamOn:
		k.on = true
	case reqStreamOff:
		k.on = false
	case reqDequeue:
		if len(k.shots) == 0 {
			return unix.EAGAIN
		}
		if len(k.lent) == 0 {
			k.tb.Error("no buffer was left to the camera")
			return unix.EAGAIN
		}
		s, i := k.shots[0], k.lent[0]
		k.shots, k.lent = k.shots[1:], k.lent[1:]
		b := (*buffer)(arg)
		b.index, b.bytesUsed, b.flags = i, uint32(copy(k.memory[i], s.data)), s.flags
		b.timestamp = unix.NsecToTimeval(int64(s.at))
	default:
		return fmt.Errorf("request %#x", request)
	}
	return nil
}

func (k *fake) mmap(offset int64, length int) ([]byte, error) {
	b := make([]byte, length)
	k.memory[offset/0x100000] = b
	return b, nil
}

func (k *fake) wait(d time.Duration) (bool, error) {
	k.waits = append(k.waits, d)
	return k.gone || len(k.shots) > 0, nil
}

func (k *fake) close() error { k.closed++; return nil }

// take has the camera take pictures of bytes.
func (k *fake) take(pictures ...[]byte) {
	for _, p := range pictures {
		k.shots = append(k.shots, shot{data: p})
	}
}

// next reads a picture that must be there.
func next(tb testing.TB, c *Camera) *media.Frame {
	tb.Helper()
	f, err := c.Next()
	if err != nil || f == nil {
		tb.Fatalf("%v, %v", f, err)
	}
	return f
}
