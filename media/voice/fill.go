package voice

type source uint8

const (
	nothing source = iota // before the first packet, and after concealment has faded
	decoded
	restored
	concealed
	comfort
)

// plan is what fill is to do.
type plan struct {
	from source
	data []byte
	run  int64 // concealed: samples made up before
}

// fill puts more sound behind what is to be played, a block at least.
func (s *Stream) fill() {
	p := s.plan()
	var pcm []int16
	var err error
	switch p.from {
	case decoded:
		pcm, err = s.dec.Decode(p.data)
	case restored:
		pcm, err = s.dec.DecodeFEC(p.data)
	case concealed, comfort:
		pcm, err = s.dec.Conceal(block)
	}
	if p.from == decoded || p.from == restored {
		if err != nil || len(pcm) == 0 {
			s.mu.Lock()
			s.stats.PacketsMalformed++
			p.run = s.concealLocked()
			s.mu.Unlock()
			p.from = concealed
			pcm, err = s.dec.Conceal(block)
		}
	}
	if err != nil || len(pcm) == 0 {
		pcm = nil
	}
	s.add(p, pcm)
}

// add appends pcm, nil for a block of silence, faded as p asks.
func (s *Stream) add(p plan, pcm []int16) {
	n := len(pcm)
	if pcm == nil {
		n = block
	}
	n = min(n, maxPacket)
	s.room(n)
	dst := s.pcm[s.end : s.end+n]
	s.end += n
	if pcm == nil {
		clear(dst)
		if p.from != nothing || p.run > 0 {
			s.gain = 0
		}
		return
	}
	copy(dst, pcm)
	switch {
	case p.from == concealed && p.run+int64(n) > fadeFrom:
		for i := range dst {
			at := p.run + int64(i)
			s.gain = min(max(1-float32(at-fadeFrom)/(fadeTo-fadeFrom), 0), 1)
			dst[i] = int16(float32(dst[i]) * s.gain)
		}
	case s.gain < 1 && p.from != concealed:
		for i := range dst {
			if s.gain = min(s.gain+1.0/fadeIn, 1); s.gain == 1 {
				break
			}
			dst[i] = int16(float32(dst[i]) * s.gain)
		}
	}
}

// room makes room for n samples behind what is to be played.
func (s *Stream) room(n int) {
	if s.end+n > len(s.pcm) {
		s.end = copy(s.pcm[:], s.pcm[s.cur-history:s.end])
		s.cur = history
	}
}

// plan looks at what is in store and takes from it what is to be played next.
func (s *Stream) plan() plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.queue.after(s.next)
	if first == nil || s.hold && !s.readyLocked(first) {
		return s.gapLocked()
	}
	missing := first.seq - s.next
	if s.hold || missing == 0 {
		return s.takeLocked(first)
	}
	// Later ones are here: what is missing is lost, unless it is out of order
	// by more than the delay allows for.
	gap := missing * s.lastDur
	if d := first.ts - s.nextTS; d > 0 {
		gap = min(gap, d)
	}
	if gap > maxGap {
		gap = min(gap, max(s.run, maxGap))
	}
	left := gap - s.run
	switch {
	case left <= 0:
		return s.takeLocked(first)
	case left <= first.dur && s.run < first.dur && opusHasFEC(first.data):
		s.stats.PacketsLost += uint64(missing)
		s.stats.FECPacketsReceived++
		s.next, s.nextTS = first.seq, first.ts
		s.settled = true
		s.run, s.idle = 0, 0
		return plan{from: restored, data: first.data}
	}
	return s.gapLocked()
}

// readyLocked reports whether to begin with the packet after a silence: when
// it has waited as long as the delay is to be.
func (s *Stream) readyLocked(first *packet) bool {
	waited := (s.tick-first.tick)*block - block/2
	return waited+first.late >= s.targetLocked()
}

// takeLocked takes p from the store to be decoded.
func (s *Stream) takeLocked(p *packet) plan {
	target := s.targetLocked()
	switch {
	case p.seq > s.next:
		s.stats.PacketsLost += uint64(p.seq - s.next)
	case s.run > 0 && !s.hold && p.late+block < target:
		// It came as early as was asked for, and yet the store was empty: the
		// device does not pull evenly.
		s.slack = min(s.slack+slackStep, slackMax)
	}
	if s.idle > 0 && (p.seq > s.next || p.ts-s.nextTS < s.idle/2) {
		// The silence was an outage after all.
		s.stats.ConcealedSamples += uint64(s.idle)
		s.stats.SilentConcealedSamples += uint64(s.idle)
	}
	if s.hold || !s.played {
		s.delay = float64((s.tick-p.tick)*block - block/2 + p.late)
	}
	wait := (s.tick-p.tick)*block + int64(s.end-s.cur)
	s.stats.JitterBufferDelay += float64(wait) / 48000 * float64(p.dur)
	s.stats.JitterBufferTargetDelay += float64(target) / 48000 * float64(p.dur)
	s.stats.JitterBufferEmittedCount += uint64(p.dur)

	s.next, s.nextTS, s.lastDur = p.seq+1, p.ts+p.dur, p.dur
	s.played, s.settled = true, true
	s.run, s.idle = 0, 0
	// Opus sends one or two octets for silence and then, until it ends, little
	// or nothing (RFC 7587, section 3.1.3).
	s.dtx = len(p.data) <= 2
	s.hold = s.dtx
	data := p.data
	s.queue.drop(p)
	return plan{from: decoded, data: data}
}

// gapLocked decides what to play while there is nothing to decode.
func (s *Stream) gapLocked() plan {
	switch {
	case !s.played:
		return plan{from: nothing}
	case s.dtx:
		s.nextTS += block
		s.stats.ComfortNoiseSamples += block
		return plan{from: comfort}
	}
	run := s.concealLocked()
	if run >= fadeTo {
		return plan{from: nothing, run: run}
	}
	return plan{from: concealed, run: run}
}

// concealLocked accounts for a block that is made up and returns how much was
// made up before it.
func (s *Stream) concealLocked() int64 {
	run := s.run
	if run == 0 {
		s.stats.ConcealmentEvents++
	}
	s.run += block
	if run < fadeTo {
		s.stats.ConcealedSamples += block
		return run
	}
	// Faded: what follows is a new beginning. Whether this is loss or a sender
	// that says nothing shows when it sends again.
	s.idle += block
	s.hold = true
	return run
}

// stretch takes one pitch period out of what is to be played, or puts one in,
// and returns by how many samples it became longer.
func (s *Stream) stretch(w wish) int {
	switch w {
	case faster, muchFaster:
		if s.end-s.cur < window {
			return 0
		}
		x := s.pcm[s.cur : s.cur+window]
		lag, ok := s.lag(x, w == muchFaster)
		if !ok {
			return 0
		}
		// x[:mid-lag], a cross-fade of the two periods around mid, the rest.
		mid := s.cur + maxLag
		fade(s.pcm[mid-lag:mid], s.pcm[mid-lag:mid], s.pcm[mid:mid+lag])
		s.end -= lag
		copy(s.pcm[mid:s.end], s.pcm[mid+lag:s.end+lag])
		return -lag
	case slower:
		if s.end-s.cur < maxLag {
			return 0
		}
		s.room(maxLag)
		x := s.pcm[s.cur-maxLag : s.cur+maxLag]
		lag, ok := s.lag(x, false)
		if !ok {
			return 0
		}
		// What was played last is played again: begin as if nothing were, end
		// where the rest begins.
		copy(s.pcm[s.cur+lag:s.end+lag], s.pcm[s.cur:s.end])
		fade(s.pcm[s.cur:s.cur+lag], s.pcm[s.cur+lag:s.cur+2*lag], s.pcm[s.cur-lag:s.cur])
		s.end += lag
		return lag
	}
	return 0
}

// lag looks for a period in x that can go or be repeated without being heard.
func (s *Stream) lag(x []int16, hurry bool) (int, bool) {
	lag, alike, rms := period(x)
	s.floor = min(rms, s.floor*1.01+1)
	// The longer it has been wanted, the less perfect it has to be: steady
	// noise never repeats itself.
	need := max(0.9-0.2*float64(s.wanting)/100, 0.5)
	if hurry {
		need = 0.5
	}
	quiet := rms < 100 || rms < 400 && rms < 2*s.floor
	if alike < need && !quiet {
		return 0, false
	}
	s.wanting = 0
	s.calm = pause
	if hurry {
		s.calm = 0
	}
	return lag, true
}
