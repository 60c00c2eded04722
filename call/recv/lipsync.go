package recv

import (
	"time"

	"parley/media/jitter"
)

// LipSync keeps the sound and the picture of one person together. It belongs
// to the goroutine that calls Update.
type LipSync struct {
	audio *Audio
	video *Video
	sync  jitter.Sync
}

// NewLipSync returns the lip sync of a person's microphone and camera.
func NewLipSync(a *Audio, v *Video) *LipSync { return &LipSync{audio: a, video: v} }

// Update measures and, once a second at most, corrects; call it a few times a
// second.
func (l *LipSync) Update(now time.Time) {
	a, ok := l.audio.Age(now)
	if !ok {
		return
	}
	v, ok := l.video.Age(now)
	if !ok {
		return
	}
	if audio, video, changed := l.sync.Update(now, a, v); changed {
		l.audio.SetExtraDelay(audio)
		l.video.SetExtraDelay(video)
	}
}
