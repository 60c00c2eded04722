package room

import (
	"errors"
	"fmt"
	"math"
	"time"

	"parley/media"
	"parley/media/device"
	"parley/media/internal/apm"
	"parley/media/mic"
)

// Result is what came out of a scene.
type Result struct {
	Out   []float64       // ±1
	Took  []time.Duration // processor time of each block, where the system tells it
	State mic.State       // at the end
}

const block = media.BlockSamples

func ints(v []float64, to []int16) {
	for i := range to {
		to[i] = int16(math.RoundToEven(min(max(v[i], -1), 32767.0/32768) * 32768))
	}
}

// Ours sends a scene through the path of a call, from the microphone's samples
// to those that the encoder gets.
func Ours(kit *mic.Kit, s Scene, o mic.Options) (Result, error) {
	var now time.Duration
	ref := device.NewReference(func() time.Duration { return now })
	out := ref.Attach()
	defer out.Detach()
	chain := kit.NewChain(ref.NewReader())
	defer chain.Close()
	// The stages are made beside the sound of a call; here they come first.
	silent := media.PCM{Samples: make([]int16, block), Rate: rate, Channels: 1}
	for deadline := time.Now().Add(10 * time.Second); starting(chain, silent, o); {
		if time.Now().After(deadline) {
			return Result{}, errors.New("the microphone's stages are not made in 10 s")
		}
		time.Sleep(time.Millisecond)
	}
	var res Result
	watch := newStopwatch()
	defer watch.stop()
	var far, near [block]int16
	played := 0
	start := now
	for k := 0; (k+1)*block <= len(s.Mic); k++ {
		// The speaker's device takes a block whenever its clock says so.
		for {
			at := start + time.Duration(float64(played)*0.01/(1+s.PPM*1e-6)*float64(time.Second))
			if at > now || (played+1)*block > len(s.Far) {
				break
			}
			ints(s.Far[played*block:], far[:])
			out.Put(far[:], at)
			played++
		}
		now += media.BlockDur
		ints(s.Mic[k*block:], near[:])
		p := media.PCM{Samples: near[:], Rate: rate, Channels: 1, PTS: now}
		began := watch.now()
		p = chain.Process(p, o)
		res.Took = append(res.Took, watch.now()-began)
		for _, v := range p.Samples {
			res.Out = append(res.Out, float64(v)/32768)
		}
	}
	res.State = chain.State()
	return res, nil
}

func starting(c *mic.Chain, silent media.PCM, o mic.Options) bool {
	c.Process(silent, o)
	st := c.State()
	return st.Echo == mic.Starting || st.Noise == mic.Starting
}

// Theirs sends a scene through AEC3 and RNNoise alone, block by block, or
// through one of them.
func Theirs(s Scene, echo, noise bool) (res Result, err error) {
	e, err := apm.Open()
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	c, err := e.NewCanceller()
	if err != nil {
		return res, err
	}
	defer c.Close()
	n, err := e.NewSuppressor()
	if err != nil {
		return res, err
	}
	defer n.Close()
	watch := newStopwatch()
	defer watch.stop()
	var far, near [block]int16
	var a, b [block]float32
	for k := 0; (k+1)*block <= len(s.Mic); k++ {
		ints(s.Far[k*block:], far[:])
		ints(s.Mic[k*block:], near[:])
		for i := range a {
			a[i], b[i] = float32(far[i]), float32(near[i])
		}
		began := watch.now()
		if echo {
			if err := c.Process(a[:], b[:]); err != nil {
				return res, err
			}
		}
		if noise {
			if _, err := n.Process(b[:]); err != nil {
				return res, err
			}
		}
		res.Took = append(res.Took, watch.now()-began)
		for _, v := range b {
			res.Out = append(res.Out, float64(v)/32768)
		}
	}
	return res, nil
}

// Working is an error unless all that o wants was done to the end.
func (r Result) Working(o mic.Options) error {
	want := func(on bool) mic.Stage {
		if on {
			return mic.Working
		}
		return mic.Off
	}
	if w := (mic.State{Echo: want(o.Echo), Noise: want(o.Noise), Gain: want(o.Gain)}); r.State != w {
		return fmt.Errorf("the microphone's stages: echo %v, noise %v, gain %v", r.State.Echo, r.State.Noise, r.State.Gain)
	}
	return nil
}
