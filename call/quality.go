package call

import (
	"time"

	"parley/call/data"
	"parley/call/peer"
)

// measured is what one second of a call measured.
type measured struct {
	span time.Duration

	lossIn    float64 // 0 to 1 of the packets that should have come
	packetsIn uint64  // within span
	hasIn     bool

	lossOut float64 // 0 to 1, from the other side's reports; the worse of sound and picture
	hasOut  bool

	rtt  time.Duration // 0: not known
	path peer.Path

	slowCPU bool
	narrow  bool        // what is sent has to be small: the way there carries no more
	away    bool        // the service is lost
	theirs  data.Health // what the other side is short of
	// Sound: whether any is due, and the share of the last second that was
	// made up.
	soundDue  bool
	soundCame bool
	concealed float64
	frozen    bool // the picture has stood still for most of the second although it is on
}

// Thresholds of quality. Concealment of 2 % is heard as roughness, 10 % costs
// words; 400 ms of round trip is where people begin to interrupt each other
// (ITU-T G.114 puts the limit of easy conversation at 150 to 200 ms one way).
const (
	fairLoss, poorLoss       = 0.02, 0.10
	fairRTT, poorRTT         = 400 * time.Millisecond, 800 * time.Millisecond
	fairConcealed, poorSound = 0.02, 0.10
)

// grade says in a colour, a word and a side what one second was like.
func grade(m measured) Quality {
	q := Quality{Level: QualityGood, RTT: m.rtt, Path: string(m.path)}
	worse := func(l QualityLevel, t Trouble, w Whose) {
		if l > q.Level {
			q.Level, q.Trouble, q.Whose = l, t, w
		}
	}
	compare := func(v, fair, poor float64, t Trouble, w Whose) {
		switch {
		case v > poor:
			worse(QualityPoor, t, w)
		case v > fair:
			worse(QualityFair, t, w)
		}
	}
	whose := m.lossy()
	gaps := TroubleUneven // where packets do come, gaps come from their being late
	if m.hasIn && m.lossIn > fairLoss/2 {
		gaps = TroubleLoss
	}
	if m.soundDue && !m.soundCame {
		worse(QualityPoor, TroubleNoSound, Theirs)
	}
	if m.hasIn {
		compare(m.lossIn, fairLoss, poorLoss, TroubleLoss, whose)
	}
	if m.soundCame {
		compare(m.concealed, fairConcealed, poorSound, gaps, whose)
	}
	if m.frozen {
		worse(QualityFair, gaps, whose)
	}
	if m.hasOut {
		compare(m.lossOut, fairLoss, poorLoss, TroubleLossUp, whose)
	}
	compare(m.rtt.Seconds(), fairRTT.Seconds(), poorRTT.Seconds(), TroubleDelay, m.slowLink())
	if m.slowCPU {
		worse(QualityFair, TroubleCPU, Mine)
	}
	if m.narrow {
		worse(QualityFair, TroubleNarrow, Mine)
	}
	if m.theirs.CPU {
		worse(QualityFair, TroubleCPU, Theirs)
	}
	if m.theirs.Narrow {
		worse(QualityFair, TroubleNarrow, Theirs)
	}
	if q.Trouble == TroubleNone && (m.path == peer.PathRelayTCP || m.path == peer.PathRelayTLS) {
		q.Trouble, q.Whose = TroubleRelaying, Between // no fault, but why it may lag
	}
	return q
}

// lossy says whose link loses packets. A side that has lost the service as well
// has no network; one whose upload is full loses what it sends, and only that;
// loss both ways is a link that is bad, as Wi-Fi far from its router is, and
// either may have it.
func (m measured) lossy() Whose {
	in := m.hasIn && m.lossIn > fairLoss
	out := m.hasOut && m.lossOut > fairLoss
	switch {
	case m.away && !m.theirs.Away:
		return Mine
	case m.theirs.Away && !m.away:
		return Theirs
	case out && !in && m.narrow:
		return Mine
	case in && !out && m.theirs.Narrow:
		return Theirs
	}
	return Between
}

// slowLink says whose link delays: a queue builds up where too much is sent.
func (m measured) slowLink() Whose {
	switch {
	case m.narrow && !m.theirs.Narrow:
		return Mine
	case m.theirs.Narrow && !m.narrow:
		return Theirs
	}
	return Between
}

// steady keeps the dot from flickering: what gets worse shows when it lasts two
// seconds, what gets better after four.
type steady struct {
	shown Quality
	next  Quality
	count int
}

func (s *steady) add(q Quality) Quality {
	if s.shown.Level == QualityUnknown || q.Level == s.shown.Level && q.Trouble == s.shown.Trouble && q.Whose == s.shown.Whose {
		s.shown, s.count = q, 0
		return s.shown
	}
	if q.Level != s.next.Level || q.Trouble != s.next.Trouble || q.Whose != s.next.Whose {
		s.count = 0
	}
	s.next = q
	s.count++
	need := 2
	if q.Level < s.shown.Level {
		need = 4
	}
	if s.count >= need {
		s.shown, s.count = q, 0
	}
	s.shown.RTT, s.shown.Path = q.RTT, q.Path
	return s.shown
}
