package voice

type wish uint8

const (
	asIs wish = iota
	faster
	muchFaster
	slower
)

// begin counts the Pull, measures the delay and decides whether it has to
// change.
func (s *Stream) begin() wish {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick++
	s.slack = max(s.slack-slackFall, slackMin)
	s.mends.pulled()
	if !s.played || s.hold || s.run > 0 || s.newest.dur == 0 {
		s.calm = max(s.calm-1, 0)
		return asIs
	}
	target := s.targetLocked()
	// What is played now, had it come with the fastest packet, would have come
	// this long ago: the sound between it and the newest packet, and how long
	// that one has been overdue or waiting. A packet came half a block before
	// the Pull that first saw it, on average.
	pos := s.nextTS - int64(s.end-s.cur)
	delay := float64(s.newest.end - s.newest.dur - pos + s.newest.late + (s.tick-s.newest.tick)*block - block/2)
	if delay > float64(target+maxExcess) {
		s.skipLocked(target)
		return asIs
	}
	s.delay += (delay - s.delay) / 16
	if s.calm > 0 {
		s.calm--
		return asIs
	}
	w := asIs
	switch d := int64(s.delay); {
	case d > target+tolerance+hurry:
		w = muchFaster
	case d > target+tolerance:
		w = faster
	case d < target-min(max(target/4, 5*msec), tolerance):
		w = slower
	}
	if w == asIs {
		s.wanting = 0
	} else {
		s.wanting++
	}
	return w
}

// skipLocked drops the oldest packets until no more than target is in store:
// the device stood still, or the network delivered seconds at once.
func (s *Stream) skipLocked(target int64) {
	for s.next < s.queue.highest {
		p := s.queue.get(s.next)
		if p != nil {
			if s.newest.end-p.ts <= max(target, 2*p.dur) {
				break
			}
			s.stats.PacketsDiscarded++
			s.queue.drop(p)
		} else {
			s.stats.PacketsLost++
		}
		s.next++
	}
	if p := s.queue.after(s.next); p != nil {
		s.nextTS = p.ts
	}
	s.delay = float64(target)
}
