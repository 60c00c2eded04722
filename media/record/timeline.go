package record

import (
	"slices"
	"time"

	"parley/media"
	"parley/media/jitter"
	"parley/media/voice"
)

// Side is one of the two people in a call.
type Side uint8

// The sides.
const (
	Theirs Side = iota
	Mine
	sides
)

// The tracks: a browser plays the first picture and the first sound.
const (
	theirPicture = iota
	bothVoices
	myPicture
	theirVoice
	myVoice
	trackCount
)

const (
	// How long a unit may take to get here before those after it are written.
	orderWait = 200 * time.Millisecond
	// For how long nothing may come before it is taken for silence. What comes
	// from the network may be late; what was said here is not.
	theirSilence = 500 * time.Millisecond
	mySilence    = 200 * time.Millisecond
	// snap is how far from the end of the packet before it a packet of sound may
	// begin to follow it exactly.
	snap = 8 * time.Millisecond
	// blankEvery is how often a black picture is repeated, so that a player
	// that looks for a place finds one.
	blankEvery = 5 * time.Second
	// waiting bounds what a stream holds back: all that a disk that has stopped
	// can keep waiting.
	waiting = maxUnits
)

// silence is 20 ms of an Opus packet that says nothing (RFC 6716: CELT, full
// band, mono, with the silence flag).
var silence = []byte{0xF8, 0xFF, 0xFE}

const silenceFor = 20 * time.Millisecond

// counts are what did not get into the file.
type counts struct {
	late     uint64 // came after what follows it was written
	early    uint64 // captured before the recording began, or pictures before a key frame
	overflow uint64
}

// timeline puts what comes from both sides into the order of its capture, with
// silence where nothing was said and black where nothing is shown. Pure: time
// is an argument, counted from when the recording began.
type timeline struct {
	people [sides]person
	counts counts
}

type person struct {
	clock   align // of what carries the sender's wall clock, or this machine's capture clock
	picture pictures
	voice   voices
}

// pictures is one picture track.
type pictures struct {
	clock   align // while the sender's wall clock is not known
	list    []block
	off     bool          // nothing is shown
	needKey bool          // the next picture must be one that can be decoded alone
	refused bool          // there were pictures that could not
	last    time.Duration // of the newest picture
	shown   bool          // a picture was written since the track was black last
	blanked time.Duration // when it was black last; negative: never
	width   int           // of the last key frame, 0 before
	height  int
}

// voices is one sound track.
type voices struct {
	clock align
	list  []spoken
	end   time.Duration // of what was written
}

type spoken struct {
	at, dur time.Duration
	data    []byte
}

func newTimeline() *timeline {
	t := &timeline{}
	for s := range t.people {
		t.people[s].picture = pictures{needKey: true, off: true, last: -time.Millisecond, blanked: -1}
	}
	return t
}

// put takes a unit that was there at now; its data is kept. wall is its
// capture time on a clock that the person's picture and sound share, if known.
func (t *timeline) put(side Side, u media.Unit, wall time.Duration, shared bool, now time.Duration) {
	p := &t.people[side]
	clock, capture := &p.clock, wall
	if !shared {
		clock, capture = &p.voice.clock, u.PTS
		if u.Codec == media.VP8 {
			clock = &p.picture.clock
		}
	}
	if u.Codec == media.VP8 {
		clock.observe(capture, now)
		t.show(p, clock.place(capture), u)
		return
	}
	dur, ok := voice.PacketDuration(u.Data)
	if !ok {
		return
	}
	clock.observe(capture+dur, now)
	t.say(p, clock.place(capture), dur, u)
}

func (t *timeline) show(p *person, at time.Duration, u media.Unit) {
	v := &p.picture
	switch {
	case at < 0, v.needKey && !u.Key:
		t.counts.early++
		v.needKey, v.refused = true, true // its successors depend on it
		return
	case len(v.list) >= waiting:
		t.counts.overflow++
		v.needKey, v.refused = true, true
		return
	}
	if u.Key {
		v.width, v.height, _ = jitter.KeySizeVP8(u.Data)
	}
	// A picture that comes after a later one cannot be left out.
	at = max(at, v.last+time.Millisecond)
	v.last, v.needKey, v.refused, v.off = at, false, false, false
	v.list = append(v.list, block{at: at, key: u.Key, data: u.Data})
}

func (t *timeline) say(p *person, at, dur time.Duration, u media.Unit) {
	v := &p.voice
	switch {
	case at < 0:
		t.counts.early++
		return
	case at < v.end-snap:
		t.counts.late++
		return
	case len(v.list) >= waiting:
		t.counts.overflow++
		return
	}
	i, twice := slices.BinarySearchFunc(v.list, at, func(s spoken, at time.Duration) int { return int(s.at - at) })
	if !twice {
		v.list = slices.Insert(v.list, i, spoken{at, dur, u.Data})
	}
}

// camera says whether a side shows a picture at all. While it does not, its
// track is black.
func (t *timeline) camera(side Side, on bool) {
	v := &t.people[side].picture
	if on || v.off {
		return
	}
	v.off, v.needKey = true, true
}

// wants reports whether a side's picture waits for a key frame.
func (t *timeline) wants(side Side) bool { return t.people[side].picture.refused }

// ready reports whether it is known what the first pictures look like, so that
// the head of the file can say so.
func (t *timeline) ready(now time.Duration) bool {
	for s := range t.people {
		if t.people[s].picture.width == 0 && now < time.Second {
			return false
		}
	}
	return true
}

// size is what the head of the file says of a side's picture.
func (t *timeline) size(side Side) (width, height int) {
	v := &t.people[side].picture
	if v.width == 0 {
		return blankWidth, blankHeight
	}
	return v.width, v.height
}

// take returns what can be written at now, in order, and until when there is
// sound of both. At the end (last) nothing is waited for.
func (t *timeline) take(now time.Duration, last bool) (out []block, voicesUntil time.Duration) {
	until, quiet := now-orderWait, [sides]time.Duration{Theirs: now - theirSilence, Mine: now - mySilence}
	if last {
		until, quiet = now, [sides]time.Duration{now, now}
	}
	for s := range t.people {
		p := &t.people[s]
		picture, voice := theirPicture, theirVoice
		if Side(s) == Mine {
			picture, voice = myPicture, myVoice
		}
		out = p.picture.take(out, picture, until)
		out = p.voice.take(out, voice, until, quiet[s])
	}
	slices.SortStableFunc(out, func(a, b block) int { return int(a.at - b.at) })
	return out, min(t.people[Theirs].voice.end, t.people[Mine].voice.end)
}

func (v *pictures) take(out []block, track int, until time.Duration) []block {
	n := 0
	for n < len(v.list) && v.list[n].at <= until {
		b := v.list[n]
		b.track = track
		out = append(out, b)
		v.shown = true
		n++
	}
	v.list = append(v.list[:0], v.list[n:]...)
	if !v.off || len(v.list) > 0 || until < 0 {
		return out
	}
	if v.blanked < 0 || v.shown || until-v.blanked >= blankEvery {
		at := max(until, v.last+time.Millisecond)
		if v.blanked < 0 && !v.shown {
			at = 0
		}
		out = append(out, block{track: track, at: at, key: true, data: blank})
		v.blanked, v.last, v.shown = at, at, false
	}
	return out
}

func (v *voices) take(out []block, track int, until, quiet time.Duration) []block {
	n := 0
	for _, s := range v.list {
		if s.at > until {
			break
		}
		n++
		if s.at < v.end-snap {
			continue // the one before it was longer, or was placed later
		}
		out = v.fill(out, track, s.at)
		at := s.at
		if d := at - v.end; d > -snap && d < snap {
			at = v.end
		}
		out = append(out, block{track: track, at: at, key: true, data: s.data})
		v.end = at + s.dur
	}
	v.list = append(v.list[:0], v.list[n:]...)
	if len(v.list) == 0 {
		out = v.fill(out, track, quiet)
	}
	return out
}

// fill puts silence up to at.
func (v *voices) fill(out []block, track int, at time.Duration) []block {
	for v.end+silenceFor <= at+time.Millisecond {
		out = append(out, block{track: track, at: v.end, key: true, data: silence})
		v.end += silenceFor
	}
	return out
}
