package apm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Canceller takes out of a microphone's sound what the speaker plays. It finds
// out by itself how late the speaker's sound arrives, up to 350 ms, and delays
// the microphone's by CancellerDelay.
type Canceller struct {
	instance
	support api.Module
	self    uint64

	render, capture   buffer
	copyIn, copyOut   *function
	split, merge      *function
	heard             *function // analyzeRender
	analyse, process  *function // of the capture
	outCapture, outAt uint64
}

// buffer is one of the module's AudioBuffers and where its samples come in.
type buffer struct{ list, band, samples uint64 }

// CancellerDelay is what the splitting into bands adds, in samples.
const CancellerDelay = 432

const rate = 48000

// NewCanceller starts one that knows nothing of the room yet.
func (e *Engine) NewCanceller() (*Canceller, error) {
	if e.canceller == nil {
		return nil, fmt.Errorf("echo canceller: %w", e.cancellerErr)
	}
	support, err := e.runtime.InstantiateModule(context.Background(), e.support, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, fmt.Errorf("echo canceller: %w", err)
	}
	mod, err := e.instantiate(e.canceller, support)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("echo canceller: %w", err), support.Close(context.Background()))
	}
	c := &Canceller{instance: instance{mod: mod, mem: support.ExportedMemory("a")}, support: support}
	c.start()
	if c.err != nil {
		return nil, errors.Join(fmt.Errorf("echo canceller: %w", c.err), c.Close())
	}
	return c, nil
}

func (c *Canceller) start() {
	c.function("h").call() // constructors
	c.self = c.function("i").call(rate, 1, 1)
	c.copyIn, c.copyOut = c.function("v"), c.function("w")
	c.split, c.merge = c.function("t"), c.function("u")
	c.heard, c.analyse, c.process = c.function("z"), c.function("A"), c.function("B")
	frames := c.function("r")
	// make(self, rate in, channels in, rate, channels, rate out, channels out)
	open := func(make, get string) buffer {
		in := c.function(make).call(c.self, rate, 1, rate, 1, rate, 1)
		if n := frames.call(in); n != Samples {
			c.fail(fmt.Errorf("a buffer of %d samples", n))
		}
		b := buffer{list: in, band: c.function(get).call(c.self)}
		b.samples = c.pointer(c.function("s").call(in))
		return b
	}
	c.render = open("x", "n")
	c.capture = open("y", "o")
	c.outCapture = c.function("q").call(c.self)
	c.outAt = c.pointer(c.function("s").call(c.outCapture))
}

// Process takes 10 ms of what the speaker plays, and takes it out of block in
// place. After an error the Canceller is good for nothing but Close.
func (c *Canceller) Process(speaker, block []float32) error {
	c.put(c.render, speaker)
	c.split.call(c.render.band)
	c.heard.call(c.self)
	c.put(c.capture, block)
	c.split.call(c.capture.band)
	c.analyse.call(c.self)
	c.process.call(c.self, 0)
	c.merge.call(c.capture.band)
	c.copyOut.call(c.outCapture, c.capture.band, rate, 1)
	if b := c.block(c.outAt); b != nil && c.err == nil {
		for i := range block[:Samples] {
			block[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])) * 32768
		}
	}
	if c.err != nil {
		return fmt.Errorf("echo canceller: %w", c.err)
	}
	return nil
}

func (c *Canceller) put(to buffer, block []float32) {
	b := c.instance.block(to.samples)
	if b == nil {
		return
	}
	for i, v := range block[:Samples] {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v/32768))
	}
	c.copyIn.call(to.band, to.list, rate, 1)
}

// Close frees it.
func (c *Canceller) Close() error {
	return errors.Join(c.close(), c.support.Close(context.Background()))
}
