package record

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"

	"parley/media"
)

// track is one track of the file.
type track struct {
	codec         media.Codec
	name          string
	width, height int  // of a picture, when it begins
	preferred     bool // what a player plays unless told otherwise
}

// block is one picture or one packet of sound.
type block struct {
	track int           // index, 0 the first
	at    time.Duration // since the recording began
	key   bool
	data  []byte
}

// opusDelay is what an Opus encoder looks ahead, 312 samples: its packets'
// sound begins that much after their time stamp.
const opusDelay = 312

// muxer writes WebM (RFC 9559). It keeps nothing but where clusters with key
// frames begin. Not safe for concurrent use.
type muxer struct {
	w      io.WriterAt
	tracks []track

	pos       int64 // end of the file
	segment   int64 // where the segment's content begins
	info      int64 // relative to segment, as all positions in it
	trackHead int64
	seekHead  int64 // of seekRoom bytes, absolute
	duration  int64 // of the duration's value, absolute

	last time.Duration // of the latest cluster
	end  time.Duration // what the duration says
	cues []cue
	buf  ebml
}

type cue struct {
	at      time.Duration
	track   int
	cluster int64
}

// seekRoom is kept for a seek head of three entries of at most 21 bytes.
const seekRoom = 80

// newMuxer writes the head of a file. began is what the file says of when it
// was made.
func newMuxer(w io.WriterAt, began time.Time, tracks []track) (*muxer, error) {
	m := &muxer{w: w, tracks: tracks}
	var b ebml
	b.master(idEBML, func(e *ebml) {
		e.uint(idEBMLVersion, 1)
		e.uint(idEBMLReadVersion, 1)
		e.uint(idEBMLMaxIDLength, 4)
		e.uint(idEBMLMaxSizeLength, 8)
		e.text(idDocType, "webm")
		e.uint(idDocTypeVersion, 4)
		e.uint(idDocTypeReadVersion, 2)
	})
	b.id(idSegment)
	b = binary.BigEndian.AppendUint64(b, unknownSize)
	m.segment = int64(len(b))
	m.seekHead = m.segment
	b.void(seekRoom)
	m.info = int64(len(b)) - m.segment
	epoch := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	b.master(idInfo, func(e *ebml) {
		e.uint(idTimestampScale, uint64(time.Millisecond))
		e.uint64(idDateUTC, uint64(began.Sub(epoch)))
		e.text(idMuxingApp, "Parley")
		e.text(idWritingApp, "Parley")
		e.float(idDuration, 0)
	})
	m.duration = int64(len(b)) - 8
	m.trackHead = int64(len(b)) - m.segment
	b.master(idTracks, func(e *ebml) {
		for i, t := range tracks {
			e.master(idTrackEntry, func(e *ebml) { t.entry(e, i+1) })
		}
	})
	return m, m.append(b)
}

func (t track) entry(e *ebml, number int) {
	e.uint(idTrackNumber, uint64(number))
	e.uint(idTrackUID, uint64(number))
	e.text(idName, t.name)
	e.text(idLanguage, "und")
	preferred := uint64(0)
	if t.preferred {
		preferred = 1
	}
	e.uint(idFlagDefault, preferred)
	e.uint(idFlagLacing, 0)
	if t.codec == media.VP8 {
		e.uint(idTrackType, 1)
		e.text(idCodecID, "V_VP8")
		e.master(idVideo, func(e *ebml) {
			e.uint(idPixelWidth, uint64(t.width))
			e.uint(idPixelHeight, uint64(t.height))
		})
		return
	}
	e.uint(idTrackType, 2)
	e.text(idCodecID, "A_OPUS")
	// RFC 7845, section 5.1: version, channels, pre-skip, rate, gain, mapping.
	head := append([]byte("OpusHead"), 1, 1)
	head = binary.LittleEndian.AppendUint16(head, opusDelay)
	head = binary.LittleEndian.AppendUint32(head, media.SampleRate)
	e.bytes(idCodecPrivate, append(head, 0, 0, 0))
	e.uint(idCodecDelay, uint64(opusDelay*time.Second/media.SampleRate))
	e.uint(idSeekPreRoll, uint64(80*time.Millisecond))
	e.master(idAudio, func(e *ebml) {
		e.float(idSamplingFreq, media.SampleRate)
		e.uint(idChannels, 1)
	})
}

func (m *muxer) append(b []byte) error {
	if _, err := m.w.WriteAt(b, m.pos); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	m.pos += int64(len(b))
	return nil
}

func millis(d time.Duration) int64 { return int64((d + time.Millisecond/2) / time.Millisecond) }

// cluster writes blocks, which are in order, as one cluster; end is how long
// the recording is with them. Nothing is written for none. After an error the
// file is as it was, at most with half a cluster behind it, and the muxer can
// still be closed.
func (m *muxer) cluster(blocks []block, end time.Duration) error {
	if len(blocks) == 0 {
		return nil
	}
	// A block that came late may lie before the cluster, never a cluster before
	// another. Blocks have 16 signed bits of milliseconds around it.
	start := max(blocks[0].at, m.last)
	base := millis(start)
	in := m.buf[:0]
	in.uint(idTimestamp, uint64(base))
	seen := make([]bool, len(m.tracks))
	cues := m.cues
	for _, b := range blocks {
		rel := min(max(millis(b.at)-base, math.MinInt16), math.MaxInt16)
		in.id(idSimpleBlock)
		in.size(4 + len(b.data))
		flags := byte(0)
		if b.key {
			flags = 0x80
		}
		in = append(in, 0x80|byte(b.track+1), byte(uint16(rel)>>8), byte(rel), flags)
		in = append(in, b.data...)
		if b.key && m.tracks[b.track].codec == media.VP8 && !seen[b.track] {
			seen[b.track] = true
			cues = append(cues, cue{b.at, b.track, m.pos - m.segment})
		}
	}
	m.buf = in
	var out ebml
	out.bytes(idCluster, in)
	if err := m.append(out); err != nil {
		return err
	}
	m.last, m.cues = start, cues
	if end > m.end {
		m.end = end
		return m.patchDuration()
	}
	return nil
}

func (m *muxer) patchDuration() error {
	ms := float64(m.end) / float64(time.Millisecond)
	return m.patch(m.duration, binary.BigEndian.AppendUint64(nil, math.Float64bits(ms)))
}

func (m *muxer) patch(at int64, b []byte) error {
	if _, err := m.w.WriteAt(b, at); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}

// close writes the index and the sizes. The file, which stays the caller's, is
// playable without.
func (m *muxer) close() error {
	at := m.pos - m.segment
	if len(m.cues) > 0 {
		var b ebml
		b.master(idCues, func(e *ebml) {
			for _, c := range m.cues {
				e.master(idCuePoint, func(e *ebml) {
					e.uint(idCueTime, uint64(millis(c.at)))
					e.master(idCueTrackPos, func(e *ebml) {
						e.uint(idCueTrack, uint64(c.track+1))
						e.uint(idCueClusterPos, uint64(c.cluster))
					})
				})
			}
		})
		if err := m.append(b); err != nil {
			return err
		}
	}
	var head ebml
	head.master(idSeekHead, func(e *ebml) {
		entry := func(id uint32, pos int64) {
			e.master(idSeek, func(e *ebml) {
				var v ebml
				v.id(id)
				e.bytes(idSeekID, v)
				e.uint(idSeekPosition, uint64(pos))
			})
		}
		entry(idInfo, m.info)
		entry(idTracks, m.trackHead)
		if len(m.cues) > 0 {
			entry(idCues, at)
		}
	})
	head.void(seekRoom - len(head))
	if err := m.patch(m.seekHead, head); err != nil {
		return err
	}
	size := uint64(m.pos-m.segment) | 1<<56
	return m.patch(m.segment-unknownSizeLength, binary.BigEndian.AppendUint64(nil, size))
}
