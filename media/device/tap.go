package device

import (
	"math"
	"time"

	"parley/media"
)

// tap reads one output in step with a microphone, so that a sample of the
// speaker and its echo in the microphone's sound stay as far apart as they
// were: an echo canceller follows the room, but takes a second or more to find
// an echo that has jumped.
//
// Microphone and speaker have clocks of their own. Both count samples, and
// every 10 ms a block of each is seen at a time that is late by what the
// scheduler pleases, never early. The least late of half a second tells where
// each count stands against the capture clock, and the difference of the two
// how many samples the speaker is ahead; how that changes is what the tap
// follows:
//
//	slowly, by drift of the clocks     it reads faster or slower by up to 0.05 %
//	at once, for a second              the device lost samples, or played a gap: it jumps as far
//
// A speaker that is late once by no more than its device has in store (a busy
// computer) changes nothing: its samples are missing in the microphone's block,
// silence is read instead, and those that come later are read from where they
// belong. When it is later than that, its device plays a gap, and the reading
// waits for what comes after it.
type tap struct {
	out *Output

	read   int64   // samples of the microphone so far
	pos    int64   // next sample to read
	part   float64 // fraction of a sample beyond pos
	slip   float64 // samples more than one per sample
	from   int64   // out.total at the time of the last look
	begun  bool
	waits  bool  // in a gap
	waited int64 // samples that would have been read meanwhile
	settle int   // windows until keep is measured

	// of the window
	blocks     int
	mic, spk   float64 // least late: time minus samples, in samples
	spkBlocks  int
	low, short int // fewest samples that were left over; blocks that had too few

	moved int // how often the reading jumped or waited

	keep   float64 // samples the reading is to be ahead of mic-spk
	error  float64 // smoothed
	jumped float64 // error of the window before, if it called for a jump
	lean   int     // windows in a row with too little left over
	roomy  int     // windows in a row with far too much
}

const (
	windowBlocks = 50
	// margin is left over at the worst moment of a window, so that a speaker
	// that is a little late is not missed.
	margin  = 10 * media.SampleRate / 1000
	roomyAt = 8 * margin
	// store is what a device plays on from when nothing comes.
	store = 40 * media.SampleRate / 1000
	// jumpAt is beyond what drift and scheduling explain.
	jumpAt = 5 * media.SampleRate / 1000
	// deadSamples of error are let be, so that devices on one clock, which is
	// most of them, are read as they are.
	deadSamples = 0.5 * media.SampleRate / 1000
	maxSlip     = 500e-6
	// followSeconds is how fast an error is made good.
	followSeconds = 10
)

func newTap(o *Output) *tap {
	t := &tap{out: o}
	t.reset()
	return t
}

func (t *tap) reset() {
	t.blocks, t.spkBlocks, t.short = 0, 0, 0
	t.mic, t.spk, t.low = math.Inf(1), math.Inf(1), math.MaxInt
}

// readLocked adds the next block to dst; false when the output has ended.
func (t *tap) readLocked(dst []int16, now time.Duration) bool {
	const n = media.BlockSamples
	o := t.out
	if o.closed && (!t.begun || t.pos >= o.total*n) {
		return false
	}
	if !t.begun {
		if o.total == 0 {
			return true
		}
		// What was played before is not heard any more, or nearly so.
		t.begun, t.from = true, max(0, o.total-1)
		t.pos = max(0, o.total*n-n-margin)
		t.settle = 1
	}
	for k := max(t.from, o.total-ringBlocks); k < o.total; k++ {
		t.spk = min(t.spk, samplesOf(o.at[k%ringBlocks])-float64(k*n))
		t.spkBlocks++
	}
	t.from = o.total
	t.mic = min(t.mic, samplesOf(now)-float64(t.read))
	t.read += n
	if t.goesOnLocked() {
		t.addLocked(dst)
	}
	left := int(o.total*n - t.pos)
	t.low = min(t.low, left)
	if left < 0 {
		t.short++
	}
	if t.blocks++; t.blocks == windowBlocks {
		if t.spkBlocks > 0 {
			t.look()
		}
		t.reset()
	}
	return true
}

// goesOnLocked decides whether the next block is read, or a gap waited out.
func (t *tap) goesOnLocked() bool {
	const n = media.BlockSamples
	left := t.out.total*n - t.pos
	switch {
	case !t.waits && left > -store:
		return true
	case !t.waits:
		t.waits, t.waited = true, -left
		t.pos = t.out.total * n
		t.moved++
	case left >= t.waited+n: // all has come after all: the device had more in store
		t.pos += t.waited
		t.waits = false
		return true
	case left >= n+margin:
		t.waits = false
		return true
	}
	t.waited += n
	return false
}

func samplesOf(d time.Duration) float64 { return d.Seconds() * media.SampleRate }

// addLocked reads one block from pos.
func (t *tap) addLocked(dst []int16) {
	if t.slip == 0 && t.part == 0 {
		for i := range dst {
			dst[i] = saturate(float64(dst[i]) + float64(t.out.sampleLocked(t.pos+int64(i))))
		}
		t.pos += int64(len(dst))
		return
	}
	for i := range dst {
		// Between samples: a cubic through the four around (Catmull-Rom).
		var p [4]float64
		for k := range p {
			p[k] = float64(t.out.sampleLocked(t.pos + int64(k) - 1))
		}
		x := t.part
		v := p[1] + 0.5*x*(p[2]-p[0]+x*(2*p[0]-5*p[1]+4*p[2]-p[3]+x*(3*(p[1]-p[2])+p[3]-p[0])))
		dst[i] = saturate(float64(dst[i]) + v)
		t.part += t.slip
		step := math.Floor(t.part)
		t.part -= step
		t.pos += 1 + int64(step)
	}
}

func saturate(v float64) int16 { return int16(math.RoundToEven(min(max(v, -32768), 32767))) }

func inRow(n int, yes bool) int {
	if yes {
		return n + 1
	}
	return 0
}

// look is done at the end of a window.
func (t *tap) look() {
	// The speaker's sample that is taken in the moment when the microphone's
	// sample read is.
	ahead := t.mic - t.spk
	here := float64(t.pos) + t.part - float64(t.read)
	if t.settle > 0 {
		if t.settle--; t.settle == 0 {
			if t.low < margin || t.low > 2*margin {
				t.pos += int64(t.low - margin)
				here += float64(t.low - margin)
			}
			t.keep, t.error, t.jumped, t.lean = here-ahead, 0, 0, 0
		}
		return
	}
	off := ahead + t.keep - here
	if math.Abs(off) > jumpAt {
		// Twice the same is no accident.
		if t.jumped != 0 && math.Abs(off-t.jumped) < jumpAt {
			t.pos += int64(math.Round(off))
			t.jumped, t.error, t.slip = 0, 0, 0
			t.moved++
		} else {
			t.jumped = off
		}
		return
	}
	t.jumped = 0
	// Always too late, or always with much to spare, without having moved: the
	// first half second was not like those that followed.
	t.lean, t.roomy = inRow(t.lean, t.short > 0), inRow(t.roomy, t.low > roomyAt)
	if t.lean == 3 || t.roomy == 3 {
		by := t.low - margin
		t.keep += float64(by)
		t.pos += int64(by)
		t.lean, t.roomy = 0, 0
		t.moved++
	}
	t.error += 0.15 * (off - t.error)
	over := math.Copysign(max(math.Abs(t.error)-deadSamples, 0), t.error)
	t.slip = min(max(over/(followSeconds*media.SampleRate), -maxSlip), maxSlip)
}
