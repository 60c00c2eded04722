package record

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// webm is what a reader finds in a file. It stops without an error where the
// file was cut.
type webm struct {
	segment  int64
	sized    bool
	duration float64
	blocks   []block
	whole    int   // blocks of whole clusters
	clusters []int // where each begins
	cues     []cue
	seeks    map[uint32]int64
}

// element is the next element: its id, content, and whether all of it is there.
func element(b []byte) (id uint32, content, rest []byte, whole, ok bool) {
	v, n := number(b, true)
	size, k := number(b[min(n, len(b)):], false)
	if n == 0 || k == 0 {
		return 0, nil, nil, false, false
	}
	b = b[n+k:]
	if size == 1<<(7*k)-1 { // unknown: the rest
		return uint32(v), b, nil, true, true
	}
	end := min(size, uint64(len(b)))
	return uint32(v), b[:end], b[end:], size == end, true
}

// number is a variable-length number (RFC 8794, section 4), with its marker or
// without, and its length; 0: cut off.
func number(b []byte, marker bool) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	n = 1
	for n < 9 && b[0]&(0x80>>(n-1)) == 0 {
		n++
	}
	if n > 8 || len(b) < n {
		return 0, 0
	}
	for i := range n {
		v = v<<8 | uint64(b[i])
	}
	if !marker {
		v &^= 1 << (7 * n)
	}
	return v, n
}

func unsigned(b []byte) (v uint64) {
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v
}

func each(b []byte, f func(id uint32, content []byte, whole bool)) {
	for len(b) > 0 {
		id, content, rest, whole, ok := element(b)
		if !ok {
			return
		}
		f(id, content, whole)
		b = rest
	}
}

func read(t *testing.T, file []byte) webm {
	t.Helper()
	r := webm{seeks: map[uint32]int64{}}
	_, _, rest, _, _ := element(file)
	id, body, _, _, ok := element(rest)
	if !ok || id != idSegment {
		t.Fatal("no segment")
	}
	r.segment = int64(len(file) - len(body))
	r.sized = binary.BigEndian.Uint64(file[r.segment-8:]) != unknownSize
	for b := body; len(b) > 0; {
		id, content, rest, whole, ok := element(b)
		if !ok {
			break
		}
		switch id {
		case idCluster:
			r.clusters = append(r.clusters, len(file)-len(b))
			r.cluster(content, whole)
		case idInfo:
			each(content, func(id uint32, v []byte, _ bool) {
				if id == idDuration {
					r.duration = math.Float64frombits(unsigned(v))
				}
			})
		case idCues:
			each(content, func(_ uint32, point []byte, _ bool) { r.cue(point) })
		case idSeekHead:
			each(content, func(_ uint32, seek []byte, _ bool) {
				var id uint32
				each(seek, func(k uint32, v []byte, _ bool) {
					if k == idSeekID {
						id = uint32(unsigned(v))
					} else {
						r.seeks[id] = int64(unsigned(v))
					}
				})
			})
		}
		b = rest
	}
	return r
}

func (r *webm) cluster(content []byte, whole bool) {
	var base time.Duration
	each(content, func(id uint32, v []byte, all bool) {
		switch id {
		case idTimestamp:
			base = time.Duration(unsigned(v)) * time.Millisecond
		case idSimpleBlock:
			if !all || len(v) < 4 {
				return
			}
			rel := int16(binary.BigEndian.Uint16(v[1:]))
			r.blocks = append(r.blocks, block{
				track: int(v[0]&0x7f) - 1, at: base + time.Duration(rel)*time.Millisecond, key: v[3]&0x80 != 0, data: v[4:],
			})
			if whole {
				r.whole++
			}
		}
	})
}

func (r *webm) cue(point []byte) {
	var c cue
	each(point, func(id uint32, v []byte, _ bool) {
		switch id {
		case idCueTime:
			c.at = time.Duration(unsigned(v)) * time.Millisecond
		case idCueTrackPos:
			each(v, func(id uint32, v []byte, _ bool) {
				if id == idCueClusterPos {
					c.cluster = int64(unsigned(v))
				} else {
					c.track = int(unsigned(v)) - 1
				}
			})
		}
	})
	r.cues = append(r.cues, c)
}
