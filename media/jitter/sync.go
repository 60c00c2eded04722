package jitter

import "time"

const (
	syncInterval = time.Second
	syncIgnore   = 30 * time.Millisecond // nobody notices less
	syncStep     = 80 * time.Millisecond
	syncMax      = time.Second
	syncFilter   = 4
)

// Sync keeps a person's sound and picture together: whichever is ahead is
// delayed. The zero value is ready.
type Sync struct {
	last   time.Time
	diff   float64 // smoothed, nanoseconds: sound later than picture is positive
	audio  time.Duration
	video  time.Duration
	warmed bool
}

// Update takes how long after capture, by the sender's clock, the sound now
// leaving the speaker and the picture now shown were captured, and returns the
// extra delays for both, of which one is always zero. The clocks of the two
// machines need not agree: only the difference counts. Once a second it
// moves by at most 80 ms, and not at all for less than 30 ms; calls in between
// only refine the measurement. changed says whether the result is new.
func (s *Sync) Update(now time.Time, audioAge, videoAge time.Duration) (audio, video time.Duration, changed bool) {
	d := float64(audioAge - videoAge)
	if !s.warmed {
		s.warmed, s.diff, s.last = true, d, now
		return s.audio, s.video, false
	}
	s.diff += (d - s.diff) / syncFilter
	if now.Sub(s.last) < syncInterval {
		return s.audio, s.video, false
	}
	s.last = now
	diff := time.Duration(s.diff)
	if diff.Abs() < syncIgnore {
		return s.audio, s.video, false
	}
	step := min(max(diff, -syncStep), syncStep)
	// Positive: the picture has to wait. First take back what holds up the
	// sound, then hold up the picture; and the other way round.
	oldAudio, oldVideo := s.audio, s.video
	if step > 0 {
		back := min(step, s.audio)
		s.audio -= back
		s.video = min(s.video+step-back, syncMax)
	} else {
		back := min(-step, s.video)
		s.video -= back
		s.audio = min(s.audio-step-back, syncMax)
	}
	// The step will show in what is measured from now on: take it off what is
	// remembered.
	s.diff -= float64(step)
	return s.audio, s.video, s.audio != oldAudio || s.video != oldVideo
}
