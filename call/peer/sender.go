package peer

import (
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"parley/media/latest"
)

// Queue limits. A socket that takes nothing (a relay over TCP) fills them;
// sound then loses its oldest packets, because late sound is of no use, and
// pictures are refused until the next key frame, because a hole costs more.
const (
	maxAudioPackets  = 50      // 1 s
	maxVideoBytes    = 1 << 20 // eight key frames of 720p
	maxRepairPackets = 256     // then the receiver asks again
)

type packet struct {
	track   *Track
	stream  webrtc.TrackLocalWriter
	header  rtp.Header
	payload []byte
	repair  bool // a retransmission
}

// sender writes packets of both tracks from one goroutine: sound first, then
// retransmissions, then pictures.
type sender struct {
	wake chan struct{} // capacity 1

	mu      sync.Mutex // guards the rest
	live    bool       // there is a path
	closed  bool
	base    time.Time     // wall clock and capture clock of one moment
	basePTS time.Duration //
	based   bool
	audio   []packet
	repair  []packet
	video   []packet
	bytes   int    // of video
	aged    uint64 // sound packets that were overtaken
	failed  uint64 // packets that the socket refused
}

func newSender() *sender { return &sender{wake: make(chan struct{}, 1)} }

// ready reports whether units can be sent. The first one ties the capture
// clock to the wall clock.
func (s *sender) ready(now time.Time, pts time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.live {
		return false
	}
	if !s.based {
		s.base, s.basePTS, s.based = now, pts, true
	}
	return true
}

// capture is the capture clock at the wall-clock time now. One mapping serves
// both tracks: what matters to a receiver is that they agree.
func (s *sender) capture(now time.Time) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.basePTS + now.Sub(s.base), s.based
}

func (s *sender) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// setLive says whether there is a path; without one the queues are dropped.
func (s *sender) setLive(live bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = live
	if !live {
		s.audio, s.repair, s.video, s.bytes = nil, nil, nil, 0
	}
}

func (s *sender) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.audio, s.repair, s.video, s.bytes = true, nil, nil, nil, 0
}

// enqueue takes all packets of a unit or none.
func (s *sender) enqueue(k Kind, pkts []packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.live {
		return false
	}
	if k == Audio {
		if n := len(s.audio) + len(pkts) - maxAudioPackets; n > 0 {
			n = min(n, len(s.audio))
			s.audio = append(s.audio[:0], s.audio[n:]...)
			s.aged += uint64(n)
		}
		s.audio = append(s.audio, pkts...)
	} else {
		size := 0
		for i := range pkts {
			size += len(pkts[i].payload)
		}
		if s.bytes+size > maxVideoBytes {
			return false
		}
		s.bytes += size
		s.video = append(s.video, pkts...)
	}
	latest.Poke(s.wake)
	return true
}

// enqueueRepair takes a retransmission, or refuses it when too many wait.
func (s *sender) enqueueRepair(p packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.live || len(s.repair) >= maxRepairPackets {
		return false
	}
	s.repair = append(s.repair, p)
	latest.Poke(s.wake)
	return true
}

func (s *sender) pop() (packet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.audio) > 0:
		p := s.audio[0]
		s.audio[0] = packet{}
		s.audio = s.audio[1:]
		return p, true
	case len(s.repair) > 0:
		p := s.repair[0]
		s.repair[0] = packet{}
		s.repair = s.repair[1:]
		return p, true
	case len(s.video) > 0:
		p := s.video[0]
		s.video[0] = packet{}
		s.video = s.video[1:]
		s.bytes -= len(p.payload)
		return p, true
	}
	return packet{}, false
}

func (s *sender) run(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-s.wake:
		}
		for {
			p, ok := s.pop()
			if !ok {
				break
			}
			if _, err := p.stream.WriteRTP(&p.header, p.payload); err != nil {
				s.mu.Lock()
				s.failed++
				s.mu.Unlock()
				continue
			}
			if !p.repair { // a stream of its own in sender reports
				p.track.sent(len(p.payload), time.Now())
			}
		}
	}
}
