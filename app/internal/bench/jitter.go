package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtp"

	"parley/call/calltest/chrome"
	"parley/media"
	"parley/media/codec"
	"parley/media/voice"
)

// trace is what a path does to the nth packet of a voice, 50 a second.
type trace struct {
	name string
	path func(rng *rand.Rand) func(n int) (lost bool, delay time.Duration)
}

const (
	// base is added to every packet, so that none comes before it was sent.
	base      = 20 * time.Millisecond
	traceLead = 4 * time.Second // until both know the path
	traceFor  = 20 * time.Second
	packet    = 20 * time.Millisecond
	chance    = 0.2 // %
)

func traces() []trace {
	ms := time.Millisecond
	return []trace{
		{"jitter 30 ms", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return false, time.Duration(r.IntN(30)) * ms }
		}},
		{"jitter 100 ms", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return false, time.Duration(r.IntN(100)) * ms }
		}},
		{"loss 5 %", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return r.IntN(20) == 0, time.Duration(r.IntN(10)) * ms }
		}},
		{"wireless stalls", func(r *rand.Rand) func(int) (bool, time.Duration) {
			stall := time.Duration(0)
			return func(int) (bool, time.Duration) {
				stall = max(stall-packet, 0)
				if r.IntN(100) == 0 {
					stall = time.Duration(60+r.IntN(120)) * ms
				}
				return false, max(stall, time.Duration(r.IntN(8))*ms)
			}
		}},
	}
}

// fate is a trace written down, the same for both.
type fate struct {
	lost  bool
	delay time.Duration
}

func (t trace) write() []fate {
	path := t.path(rand.New(rand.NewPCG(7, 8)))
	all := make([]fate, (traceLead+traceFor)/packet+500)
	for i := range all {
		all[i].lost, all[i].delay = path(i)
		all[i].delay += base
	}
	return all
}

// listened is what a jitter buffer made of a trace.
type listened struct{ delay, concealed float64 } // ms, %

// jitterRows runs the same packet traces through our jitter buffer, in virtual
// time, and through Chromium's NetEQ in a call between two browsers.
func jitterRows(ctx context.Context) ([]row, error) {
	all := traces()
	theirs := make([]listened, len(all))
	for i := 0; i < len(all); i += 2 { // more at once would disturb each other
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for k := range errs {
			wg.Go(func() { theirs[i+k], errs[k] = netEQ(ctx, all[i+k].write()) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
	}
	var rows []row
	for i, t := range all {
		ours, err := ourBuffer(t.write())
		if err != nil {
			return nil, err
		}
		delay := against(t.name+", mean delay in the buffer; theirs Chromium's NetEQ", "ms", ours.delay, theirs[i].delay, 1.2)
		concealed := against(t.name+", concealed; theirs Chromium's NetEQ", "%", ours.concealed, theirs[i].concealed, 1.2)
		// A packet or two made up in 20 s are chance.
		*concealed.Met = ours.concealed <= 1.2*theirs[i].concealed+chance
		concealed.note = fmt.Sprintf("met within %.1f points", chance)
		rows = append(rows, delay, concealed)
	}
	return rows, nil
}

// ourBuffer speaks a tone into a Stream with the packets of the trace.
func ourBuffer(trace []fate) (l listened, err error) {
	dec, err := codec.NewAudioDecoder(1)
	if err != nil {
		return l, err
	}
	defer dec.Close()
	enc, err := codec.NewAudioEncoder(codec.DefaultAudio())
	if err != nil {
		return l, err
	}
	defer enc.Close()
	s := voice.NewStream(dec, voice.Default())
	type flight struct {
		at time.Duration
		p  *rtp.Packet
	}
	var queue []flight
	start := time.Now()
	block := make([]int16, media.SampleRate/100)
	sent := 0
	var before voice.Stats
	for now := time.Duration(0); now < traceLead+traceFor; now += time.Millisecond {
		if now%packet == 0 {
			pcm := make([]int16, media.SampleRate/50)
			for i := range pcm {
				pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(sent*len(pcm)+i)/media.SampleRate))
			}
			data, err := enc.Encode(pcm)
			if err != nil {
				return l, err
			}
			if f := trace[sent]; !f.lost {
				queue = append(queue, flight{now + f.delay, &rtp.Packet{
					Header:  rtp.Header{SequenceNumber: uint16(sent), Timestamp: uint32(sent * len(pcm)), SSRC: 1},
					Payload: append([]byte(nil), data...),
				}})
			}
			sent++
		}
		kept := queue[:0]
		for _, f := range queue {
			if f.at <= now {
				s.Push(f.p, start.Add(now))
			} else {
				kept = append(kept, f)
			}
		}
		queue = kept
		if now%(10*time.Millisecond) == 3*time.Millisecond {
			s.Pull(block)
		}
		if now == traceLead {
			before = s.Stats()
		}
	}
	after := s.Stats()
	emitted := float64(after.JitterBufferEmittedCount - before.JitterBufferEmittedCount)
	total := float64(after.TotalSamplesReceived - before.TotalSamplesReceived)
	if emitted == 0 || total == 0 {
		return l, errors.New("nothing was played")
	}
	l.delay = 1000 * (after.JitterBufferDelay - before.JitterBufferDelay) / emitted
	l.concealed = 100 * float64(after.ConcealedSamples-before.ConcealedSamples) / total
	return l, nil
}

// netEQ lets a browser speak to another through a link that does to each
// packet of sound what the trace says.
func netEQ(ctx context.Context, trace []fate) (l listened, err error) {
	n := 0
	link, err := chrome.NewLink(chrome.Conditions{Judge: func(p []byte) (time.Duration, bool) {
		if len(p) < 12 || p[0]>>6 != 2 || p[1]&0x7f != payloadOpus {
			return base, false // connectivity checks, handshake, reports
		}
		f := trace[min(n, len(trace)-1)]
		n++
		return f.delay, f.lost
	}})
	if err != nil {
		return l, err
	}
	defer link.Close()
	d, err := newDuet(ctx, [2]chrome.Options{})
	if err != nil {
		return l, err
	}
	defer d.close()
	if err := d.call([2]chrome.Want{{Audio: true, Tone: 440}, {}}, link); err != nil {
		return l, err
	}
	read := func() (map[string]any, error) {
		s, err := d.pages[1].Stats()
		return s.One("inbound-rtp", "audio"), err
	}
	if err := sleep(ctx, traceLead); err != nil {
		return l, err
	}
	before, err := read()
	if err != nil {
		return l, err
	}
	if err := sleep(ctx, traceFor); err != nil {
		return l, err
	}
	after, err := read()
	if err != nil {
		return l, err
	}
	grew := func(name string) float64 { return chrome.Number(after, name) - chrome.Number(before, name) }
	if grew("jitterBufferEmittedCount") == 0 {
		return l, fmt.Errorf("the browser played nothing: %v", after)
	}
	l.delay = 1000 * grew("jitterBufferDelay") / grew("jitterBufferEmittedCount")
	l.concealed = 100 * grew("concealedSamples") / grew("totalSamplesReceived")
	return l, nil
}

// payloadOpus is the type that Chromium gives Opus.
const payloadOpus = 111
