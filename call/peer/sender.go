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
	again   []byte // of a picture: payload in its retransmission form, in the same memory
	repair  bool   // a retransmission
}

// sender writes packets of both tracks from one goroutine: sound at once, then
// retransmissions, then pictures, these at the pace of the flow.
type sender struct {
	wake chan struct{} // capacity 1
	flow *flow
	pad  func() (packet, bool) // something sent before, once more

	// owned by run
	out packet // being written: what is handed to an interface would be allocated each time

	mu      sync.Mutex // guards the rest
	live    bool       // there is a path
	closed  bool
	base    time.Time     // wall clock and capture clock of one moment
	basePTS time.Duration //
	based   bool
	audio   fifo
	repair  fifo
	video   fifo
	bytes   int    // of video
	repeats int    // bytes of repair
	aged    uint64 // sound packets that were overtaken
	failed  uint64 // packets that the socket refused
}

func newSender() *sender {
	wake := make(chan struct{}, 1)
	return &sender{wake: wake, flow: newFlow(wake), pad: func() (packet, bool) { return packet{}, false }}
}

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
		s.dropLocked()
	}
}

func (s *sender) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.dropLocked()
}

func (s *sender) dropLocked() {
	s.audio, s.repair, s.video, s.bytes, s.repeats = fifo{}, fifo{}, fifo{}, 0, 0
}

// enqueue takes all packets of a unit or none.
func (s *sender) enqueue(k Kind, pkts []packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.live {
		return false
	}
	if k == Audio {
		for s.audio.n > 0 && s.audio.n+len(pkts) > maxAudioPackets {
			s.audio.pop()
			s.aged++
		}
		for i := range pkts {
			s.audio.push(pkts[i])
		}
	} else {
		size := 0
		for i := range pkts {
			size += len(pkts[i].payload)
		}
		if s.bytes+size > maxVideoBytes {
			return false
		}
		s.bytes += size
		for i := range pkts {
			s.video.push(pkts[i])
		}
	}
	latest.Poke(s.wake)
	return true
}

// enqueueRepair takes a retransmission, or refuses it when too many wait.
func (s *sender) enqueueRepair(p packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.live || s.repair.n >= maxRepairPackets {
		return false
	}
	s.repair.push(p)
	s.repeats += len(p.payload)
	latest.Poke(s.wake)
	return true
}

// popSound takes the next packet of sound.
func (s *sender) popSound() (packet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.audio.pop()
}

// popPaced takes the next packet of pictures.
func (s *sender) popPaced() (packet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.repair.pop(); ok {
		s.repeats -= len(p.payload)
		return p, true
	}
	p, ok := s.video.pop()
	s.bytes -= len(p.payload)
	return p, ok
}

// waiting is how many bytes of pictures there are to send.
func (s *sender) waiting() (bytes int, live bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes + s.repeats, s.live
}

// run sends until done. A timer runs only while something waits for its turn.
func (s *sender) run(done <-chan struct{}) {
	turn := time.NewTimer(time.Hour)
	turn.Stop()
	defer turn.Stop()
	for {
		wait := s.round()
		if wait > 0 {
			turn.Reset(wait)
		}
		select {
		case <-done:
			return
		case <-s.wake:
			turn.Stop()
		case <-turn.C:
		}
	}
}

// round sends what may go now, and returns after how long more may; 0: when
// there is something new.
func (s *sender) round() time.Duration {
	for {
		if p, ok := s.popSound(); ok {
			s.write(p, 0)
			continue
		}
		queued, live := s.waiting()
		if !live {
			return 0
		}
		may := s.flow.ask(time.Now(), queued)
		if queued == 0 && !may.probing {
			return 0
		}
		if may.wait > 0 {
			return may.wait
		}
		p, ok := s.popPaced()
		if !ok {
			p, ok = s.pad()
		}
		if !ok {
			s.flow.idle()
			return 0
		}
		s.write(p, may.cluster)
	}
}

func (s *sender) write(p packet, cluster int) {
	now := time.Now()
	s.flow.begin(p.track.kind, p.repair, cluster, len(p.payload), now)
	extensions := s.out.header.Extensions[:0] // the place of the one that is set on the way
	s.out = p
	s.out.header.Extensions = extensions
	if _, err := p.stream.WriteRTP(&s.out.header, s.out.payload); err != nil {
		s.mu.Lock()
		s.failed++
		s.mu.Unlock()
		return
	}
	if !p.repair { // a stream of its own in sender reports
		p.track.sent(len(p.payload), now)
	}
}
