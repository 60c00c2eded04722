package virtual

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley/media"
	"parley/media/device"
)

// y4mHeader is the first line of a YUV4MPEG2 file.
type y4mHeader struct {
	w, h int
	fps  float64
}

// frameBytes is the size of one 4:2:0 picture.
func (h y4mHeader) frameBytes() int {
	return h.w*h.h + 2*((h.w+1)/2)*((h.h+1)/2)
}

// maxY4MLine bounds a header line: the parameters of real files take 100 bytes.
const maxY4MLine = 1024

// parseY4MHeader reads the line without its newline.
func parseY4MHeader(line string) (y4mHeader, error) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != "YUV4MPEG2" {
		return y4mHeader{}, errors.New("it is not a y4m file: the first word is not YUV4MPEG2")
	}
	h := y4mHeader{fps: 25}
	for _, w := range words[1:] {
		v := w[1:]
		switch w[0] {
		case 'W', 'H':
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > media.MaxDim {
				return y4mHeader{}, fmt.Errorf("its size %q is not between 1 and %d", w, media.MaxDim)
			}
			if w[0] == 'W' {
				h.w = n
			} else {
				h.h = n
			}
		case 'F':
			num, den, ok := strings.Cut(v, ":")
			a, err1 := strconv.ParseUint(num, 10, 32)
			b, err2 := strconv.ParseUint(den, 10, 32)
			if !ok || err1 != nil || err2 != nil {
				return y4mHeader{}, fmt.Errorf("its frame rate %q is not a fraction", w)
			}
			if a != 0 && b != 0 { // 0:0 means unknown
				h.fps = float64(a) / float64(b)
			}
			if h.fps < 0.1 || h.fps > 1000 {
				return y4mHeader{}, fmt.Errorf("its frame rate %q is not between 0.1 and 1000", w)
			}
		case 'C':
			switch v {
			case "420", "420jpeg", "420mpeg2", "420paldv":
			default:
				return y4mHeader{}, fmt.Errorf("its colours are %q, only 8-bit 4:2:0 can be read", v)
			}
		}
	}
	if h.w == 0 || h.h == 0 {
		return y4mHeader{}, errors.New("its header has no width or height")
	}
	return h, nil
}

// Y4M is a camera that shows a file again and again at its own frame rate.
type Y4M struct {
	pace
	info   device.Info
	head   y4mHeader
	frames []int64 // where the pixels of each picture start
	pool   media.FramePool
	file   *os.File
	src    io.ReaderAt
	buf    []byte
}

// OpenY4M opens a file and looks through it once, so that a broken one is
// refused now and not in the middle of a call: an *device.Error of reason
// Broken, Missing or Denied.
func OpenY4M(path string, clock device.Clock) (*Y4M, error) {
	fail := func(err error) error {
		r := device.ReasonFor(err)
		if r != device.Missing && r != device.Denied {
			r = device.Broken
		}
		return &device.Error{Kind: device.Camera, Name: path, Reason: r, Err: err}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fail(err)
	}
	head, frames, err := indexY4M(f)
	if err != nil {
		f.Close()
		return nil, fail(err)
	}
	return &Y4M{
		pace: newPace(clock, 1/head.fps), head: head, frames: frames, file: f, src: f,
		buf: make([]byte, head.frameBytes()),
		info: device.Info{
			ID: "file:" + path, Name: filepath.Base(path), Path: path, Kind: device.Camera, Virtual: true,
		},
	}, nil
}

// indexY4M finds every picture of a file.
func indexY4M(r io.ReadSeeker) (y4mHeader, []int64, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return y4mHeader{}, nil, err
	}
	pos := int64(0)
	br := bufio.NewReaderSize(nil, maxY4MLine)
	line := func() (string, error) {
		if _, err := r.Seek(pos, io.SeekStart); err != nil {
			return "", err
		}
		br.Reset(io.LimitReader(r, maxY4MLine))
		s, err := br.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("no line ends within %d bytes of byte %d", maxY4MLine, pos)
		}
		pos += int64(len(s))
		return strings.TrimSuffix(s, "\n"), err
	}
	first, err := line()
	if err != nil {
		return y4mHeader{}, nil, fmt.Errorf("it is not a y4m file: %w", err)
	}
	head, err := parseY4MHeader(first)
	if err != nil {
		return y4mHeader{}, nil, err
	}
	var frames []int64
	for pos < size {
		s, err := line()
		if err != nil {
			return head, nil, err
		}
		if s != "FRAME" && !strings.HasPrefix(s, "FRAME ") {
			return head, nil, fmt.Errorf("picture %d does not start with FRAME", len(frames)+1)
		}
		if pos+int64(head.frameBytes()) > size {
			return head, nil, fmt.Errorf("it is cut off in picture %d", len(frames)+1)
		}
		frames = append(frames, pos)
		pos += int64(head.frameBytes())
	}
	if len(frames) == 0 {
		return head, nil, errors.New("it has no pictures")
	}
	return head, frames, nil
}

// Next implements device.VideoSource.
func (y *Y4M) Next(ctx context.Context) (*media.Frame, error) {
	n, pts, err := y.next(ctx, time.Duration(y.every*float64(time.Second)))
	if err != nil {
		return nil, err
	}
	if _, err := y.src.ReadAt(y.buf, y.frames[n%int64(len(y.frames))]); err != nil {
		if errors.Is(err, os.ErrClosed) {
			return nil, media.ErrClosed
		}
		return nil, &device.Error{
			Kind: device.Camera, Name: y.info.Name, Reason: device.Lost,
			Err: fmt.Errorf("%w: %w", media.ErrSourceLost, err),
		}
	}
	f := y.pool.Get(y.head.w, y.head.h)
	b := y.buf
	copyPlane := func(dst []byte, stride, w, h int) {
		for row := range h {
			copy(dst[row*stride:row*stride+w], b[:w])
			b = b[w:]
		}
	}
	copyPlane(f.Y, f.YStride, f.Width, f.Height)
	copyPlane(f.U, f.UVStride, (f.Width+1)/2, (f.Height+1)/2)
	copyPlane(f.V, f.UVStride, (f.Width+1)/2, (f.Height+1)/2)
	f.PTS = pts
	return f, nil
}

// Close implements device.VideoSource.
func (y *Y4M) Close() error {
	y.pace.Close()
	if err := y.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Info implements device.VideoSource.
func (y *Y4M) Info() device.Info { return y.info }

// Format implements device.VideoSource.
func (y *Y4M) Format() device.VideoFormat {
	return device.VideoFormat{Width: y.head.w, Height: y.head.h, FPS: y.head.fps}
}
