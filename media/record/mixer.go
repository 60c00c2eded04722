package record

import (
	"fmt"
	"slices"
	"time"

	"parley/media"
)

// Decoder is Opus, mono at 48 kHz; what it returns is valid until its next call.
type Decoder interface {
	Decode(data []byte) ([]int16, error)
	Close() error
}

// Encoder turns 20 ms of 48 kHz mono into one Opus packet, valid until its
// next call; an empty one says nothing.
type Encoder interface {
	Encode(samples []int16) ([]byte, error)
	Close() error
}

const (
	mixFor     = 20 * time.Millisecond
	mixSamples = media.SampleRate / 50
)

// mixer makes one voice track of the two.
type mixer struct {
	dec [sides]Decoder
	enc Encoder

	sum  []int32 // from done on
	done int64   // samples that were encoded
	bad  uint64  // packets that could not be decoded
}

func newMixer(decoder func() (Decoder, error), encoder func() (Encoder, error)) (m *mixer, err error) {
	m = &mixer{}
	for i := range m.dec {
		if m.dec[i], err = decoder(); err != nil {
			_ = m.close()
			return nil, fmt.Errorf("recording: %w", err)
		}
	}
	if m.enc, err = encoder(); err != nil {
		_ = m.close()
		return nil, fmt.Errorf("recording: %w", err)
	}
	return m, nil
}

func samplesOf(d time.Duration) int64 { return int64(d) * media.SampleRate / int64(time.Second) }

// mix takes blocks, of which it uses the two voices, and returns the packets
// of both up to until, before which no more will come.
func (m *mixer) mix(blocks []block, until time.Duration) ([]block, error) {
	for _, b := range blocks {
		switch b.track {
		case theirVoice:
			m.add(Theirs, b)
		case myVoice:
			m.add(Mine, b)
		}
	}
	var out []block
	var pcm [mixSamples]int16
	for m.done+mixSamples <= samplesOf(until) {
		n := min(mixSamples, len(m.sum))
		for i, v := range m.sum[:n] {
			pcm[i] = int16(min(max(v, -1<<15), 1<<15-1))
		}
		clear(pcm[n:])
		m.sum = append(m.sum[:0], m.sum[n:]...)
		data, err := m.enc.Encode(pcm[:])
		if err != nil {
			return out, fmt.Errorf("recording: mix: %w", err)
		}
		at := time.Duration(m.done) * time.Second / media.SampleRate
		m.done += mixSamples
		if len(data) == 0 {
			data = silence
		}
		out = append(out, block{track: bothVoices, at: at, key: true, data: append([]byte(nil), data...)})
	}
	return out, nil
}

func (m *mixer) add(side Side, b block) {
	pcm, err := m.dec[side].Decode(b.data)
	if err != nil {
		m.bad++
		return
	}
	// The decoder's sound is late by what the encoder looked ahead, and will be
	// again: a player takes that off once, so it is taken off once here.
	from := samplesOf(b.at) - opusDelay - m.done
	if from < 0 {
		pcm = pcm[min(-from, int64(len(pcm))):]
		from = 0
	}
	if need := int(from) + len(pcm); need > len(m.sum) {
		m.sum = append(m.sum, make([]int32, need-len(m.sum))...)
	}
	for i, v := range pcm {
		m.sum[int(from)+i] += int32(v)
	}
}

func (m *mixer) close() error {
	var err error
	for _, d := range m.dec {
		if d != nil {
			err = firstError(err, d.Close())
		}
	}
	if m.enc != nil {
		err = firstError(err, m.enc.Close())
	}
	return err
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// merge joins two lists in order.
func merge(a, b []block) []block {
	out := append(a, b...)
	slices.SortStableFunc(out, func(a, b block) int { return int(a.at - b.at) })
	return out
}
