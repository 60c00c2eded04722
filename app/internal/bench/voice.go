package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"parley/media/mic"
	"parley/media/mic/room"
)

const sampleRate = 48000

// speech returns seconds of two voices: the lab's recordings, if they are
// there, else something like a voice.
func speech(ctx context.Context, seconds int) (far, near []float64) {
	if lab, err := filepath.Abs("../shared/lab/footage"); err == nil {
		if out, err := exec.CommandContext(ctx, lab, "speech", strconv.Itoa(2*seconds)).Output(); err == nil {
			if v, err := readWAV(string(out[:max(len(out)-1, 0)])); err == nil && len(v) >= 2*seconds*sampleRate {
				return v[:seconds*sampleRate], v[seconds*sampleRate : 2*seconds*sampleRate]
			}
		}
	}
	fmt.Fprintln(os.Stderr, "bench: there is no recorded speech here; made-up voices are used")
	return room.Voice(1, seconds), room.Voice(2, seconds)
}

// readWAV reads the lab's files: 48 kHz mono in 16 bits, whose samples are the
// last chunk.
func readWAV(path string) ([]float64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for at := 12; at+8 <= len(b); {
		size := int(binary.LittleEndian.Uint32(b[at+4:]))
		if string(b[at:at+4]) != "data" {
			at += 8 + size
			continue
		}
		b = b[at+8:]
		out := make([]float64, min(size, len(b))/2)
		for i := range out {
			out[i] = float64(int16(binary.LittleEndian.Uint16(b[2*i:]))) / 32768
		}
		return out, nil
	}
	return nil, errors.New("no samples in " + path)
}

// microphone is what the parts aec, noise and voice share.
func microphone(run func(kit *mic.Kit) error) error {
	if m := mic.Missing(); m != "" {
		return fmt.Errorf("this build has no %s: make fetches them", m)
	}
	kit := mic.NewKit(nil)
	return errors.Join(run(kit), kit.Close())
}

// aecRows are the four rooms: how much of the echo is gone, and how much of a
// person who speaks at the same time is left.
func aecRows(ctx context.Context) (rows []row, err error) {
	far, near := speech(ctx, room.Length)
	err = microphone(func(kit *mic.Kit) error {
		for _, s := range room.Rooms(far, near) {
			if err := ctx.Err(); err != nil {
				return err
			}
			ours, err := room.Ours(kit, s, mic.All())
			if err == nil {
				err = ours.Working(mic.All())
			}
			if err != nil {
				return err
			}
			theirs, err := room.Theirs(s, true, false)
			if err != nil {
				return err
			}
			// The gain would make good what the canceller took from the near end.
			still := mic.Options{Echo: true, Noise: true}
			both, err := room.Ours(kit, s, still)
			if err != nil {
				return err
			}
			alone, err := room.Ours(kit, s.NearAlone(), still)
			if err != nil {
				return err
			}
			theirAlone, err := room.Theirs(s.NearAlone(), true, false)
			if err != nil {
				return err
			}
			rows = append(rows,
				atLeast(s.Name+": echo loss 1-8 s", "dB", s.Loss(ours, 1, 8), s.Loss(theirs, 1, 8), 20),
				atLeast(s.Name+": echo loss 8-19 s", "dB", s.Loss(ours, 8, 19), s.Loss(theirs, 8, 19), 30),
				atLeast(s.Name+": near end, both speaking, gain off", "dB", s.NearLevel(both, alone), s.NearLevel(theirs, theirAlone), -7),
			)
		}
		return nil
	})
	return rows, err
}

// noiseRows are a voice beside a fan.
func noiseRows(ctx context.Context) (rows []row, err error) {
	voice, _ := speech(ctx, room.Length)
	s := room.Noisy(voice)
	clean := s
	clean.Mic = s.Near
	err = microphone(func(kit *mic.Kit) error {
		ours, err := room.Ours(kit, s, mic.All())
		if err == nil {
			err = ours.Working(mic.All())
		}
		if err != nil {
			return err
		}
		// What the voice alone becomes on the way, but for the suppression: the
		// high-pass and the canceller's filters turn phases, which is not noise.
		want, err := room.Ours(kit, clean, mic.Options{Echo: true})
		if err != nil {
			return err
		}
		theirs, err := room.Theirs(s, false, true)
		if err != nil {
			return err
		}
		before := room.SDR(s.Mic, s.Near)
		rows = append(rows,
			atLeast("attenuation in pauses", "dB", s.Pauses(ours), s.Pauses(theirs), 25),
			atLeast(fmt.Sprintf("SI-SDR gained, from %.1f", before), "dB", room.SDR(ours.Out, want.Out)-before, room.SDR(theirs.Out, s.Near)-before, 2),
		)
		return nil
	})
	return rows, err
}

// voiceRows are what it costs.
func voiceRows(ctx context.Context) (rows []row, err error) {
	far, near := speech(ctx, room.Length)
	err = microphone(func(kit *mic.Kit) error {
		var ours, theirs []time.Duration
		for _, s := range room.Rooms(far, near) {
			if err := ctx.Err(); err != nil {
				return err
			}
			a, err := room.Ours(kit, s, mic.All())
			if err == nil {
				err = a.Working(mic.All())
			}
			if err != nil {
				return err
			}
			b, err := room.Theirs(s, true, true)
			if err != nil {
				return err
			}
			ours, theirs = append(ours, a.Took...), append(theirs, b.Took...)
		}
		rows = append(rows,
			atMost("whole chain, CPU per 10 ms, mean", "ms", meanMS(ours), meanMS(theirs), 1.6),
			atMost("whole chain, CPU per 10 ms, p99", "ms", p99MS(ours), p99MS(theirs), 4),
		)
		return nil
	})
	return rows, err
}

func meanMS(v []time.Duration) float64 {
	var sum time.Duration
	for _, d := range v {
		sum += d
	}
	return sum.Seconds() * 1000 / float64(len(v))
}

func p99MS(v []time.Duration) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[int(math.Ceil(0.99*float64(len(v))))-1].Seconds() * 1000
}
