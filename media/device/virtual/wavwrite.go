package virtual

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// wavHeadBytes is the size of everything before the samples.
const wavHeadBytes = 44

// wavMaxData keeps all sizes of a RIFF file within 32 bits: 12 hours of voice.
const wavMaxData = 1<<32 - 1 - wavHeadBytes

var errWAVFull = errors.New("a wav file holds 4 GB")

// wavWriter writes 48 kHz mono PCM of 16 bits. Once a second it brings the
// sizes in the header up to date, so that after a crash the file is readable
// up to there.
type wavWriter struct {
	dst     io.WriteSeeker
	rate    int
	buf     []byte // samples not yet in the file
	written int64  // bytes of samples in the file
}

func newWAVWriter(dst io.WriteSeeker, rate int) (*wavWriter, error) {
	w := &wavWriter{dst: dst, rate: rate}
	return w, w.header()
}

func (w *wavWriter) header() error {
	var h [wavHeadBytes]byte
	copy(h[0:], "RIFF")
	binary.LittleEndian.PutUint32(h[4:], uint32(w.written+wavHeadBytes-8))
	copy(h[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(h[16:], 16)
	binary.LittleEndian.PutUint16(h[20:], wavPCM)
	binary.LittleEndian.PutUint16(h[22:], 1)
	binary.LittleEndian.PutUint32(h[24:], uint32(w.rate))
	binary.LittleEndian.PutUint32(h[28:], uint32(w.rate*2))
	binary.LittleEndian.PutUint16(h[32:], 2)
	binary.LittleEndian.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	binary.LittleEndian.PutUint32(h[40:], uint32(w.written))
	if _, err := w.dst.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := w.dst.Write(h[:]); err != nil {
		return err
	}
	_, err := w.dst.Seek(0, io.SeekEnd)
	return err
}

// write appends samples.
func (w *wavWriter) write(s []int16) error {
	for _, v := range s {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(v))
	}
	if len(w.buf) < w.rate*2 {
		return nil
	}
	return w.flush()
}

// flush writes what is buffered and then the header that covers it: never the
// other way round, or a crash in between would leave a file cut off.
func (w *wavWriter) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	if w.written+int64(len(w.buf)) > wavMaxData {
		return errWAVFull
	}
	n, err := w.dst.Write(w.buf)
	w.written += int64(n) &^ 1
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("write wav: %w", err)
	}
	return w.header()
}
