package call

import (
	"time"

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

// grade says in a colour and a word what one second was like.
func grade(m measured) Quality {
	q := Quality{Level: QualityGood, RTT: m.rtt, Path: string(m.path)}
	worse := func(l QualityLevel, t Trouble) {
		if l > q.Level {
			q.Level, q.Trouble = l, t
		}
	}
	compare := func(v, fair, poor float64, t Trouble) {
		switch {
		case v > poor:
			worse(QualityPoor, t)
		case v > fair:
			worse(QualityFair, t)
		}
	}
	if m.soundDue && !m.soundCame {
		worse(QualityPoor, TroubleNoSound)
	}
	if m.hasIn {
		compare(m.lossIn, fairLoss, poorLoss, TroubleLoss)
	}
	if m.soundCame {
		compare(m.concealed, fairConcealed, poorSound, TroubleLoss)
	}
	if m.frozen {
		worse(QualityFair, TroubleLoss)
	}
	if m.hasOut {
		compare(m.lossOut, fairLoss, poorLoss, TroubleLossUp)
	}
	compare(m.rtt.Seconds(), fairRTT.Seconds(), poorRTT.Seconds(), TroubleDelay)
	if m.slowCPU {
		worse(QualityFair, TroubleCPU)
	}
	if q.Trouble == TroubleNone && (m.path == peer.PathRelayTCP || m.path == peer.PathRelayTLS) {
		q.Trouble = TroubleRelaying // no fault, but why it may lag
	}
	return q
}

// steady keeps the dot from flickering: what gets worse shows when it lasts two
// seconds, what gets better after four.
type steady struct {
	shown Quality
	next  Quality
	count int
}

func (s *steady) add(q Quality) Quality {
	if s.shown.Level == QualityUnknown || q.Level == s.shown.Level && q.Trouble == s.shown.Trouble {
		s.shown, s.count = q, 0
		return s.shown
	}
	if q.Level != s.next.Level || q.Trouble != s.next.Trouble {
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
