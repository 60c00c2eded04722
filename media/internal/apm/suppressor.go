package apm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tetratelabs/wazero/api"
)

// Suppressor takes out of a microphone's sound what is not a voice, and says
// how likely there is one. It delays the sound by SuppressorDelay.
type Suppressor struct {
	instance
	process *function
	self    uint64
	at      uint64
}

// SuppressorDelay is in samples: half of what it looks at overlaps the next.
const SuppressorDelay = 480

// NewSuppressor starts one that knows nothing of the noise yet.
func (e *Engine) NewSuppressor() (*Suppressor, error) {
	if e.suppressor == nil {
		return nil, fmt.Errorf("noise suppression: %w", e.suppressorErr)
	}
	mod, err := e.instantiate(e.suppressor, nil)
	if err != nil {
		return nil, fmt.Errorf("noise suppression: %w", err)
	}
	s := &Suppressor{instance: instance{mod: mod, mem: mod.ExportedMemory("memory")}}
	s.function("__wasm_call_ctors").call()
	if n := s.function("rnnoise_get_frame_size").call(); n != Samples {
		s.fail(fmt.Errorf("frames of %d samples", n))
	}
	s.self = s.function("rnnoise_create").call(0) // the model that is built in
	s.at = s.function("malloc").call(4 * Samples)
	if s.self == 0 || s.at == 0 {
		s.fail(errors.New("out of memory"))
	}
	s.process = s.function("rnnoise_process_frame")
	if s.err != nil {
		return nil, errors.Join(fmt.Errorf("noise suppression: %w", s.err), s.close())
	}
	return s, nil
}

// Process cleans block in place and returns the probability that somebody
// speaks, 0 to 1. After an error the Suppressor is good for nothing but Close.
func (s *Suppressor) Process(block []float32) (voice float32, err error) {
	b := s.block(s.at)
	if b != nil {
		for i, v := range block[:Samples] {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		}
		voice = api.DecodeF32(s.process.call(s.self, s.at, s.at))
	}
	if b = s.block(s.at); b == nil || s.err != nil {
		return 0, fmt.Errorf("noise suppression: %w", s.err)
	}
	for i := range block[:Samples] {
		block[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return voice, nil
}

// Close frees it.
func (s *Suppressor) Close() error { return s.close() }
