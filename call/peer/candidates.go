package peer

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"parley/media/latest"
	"parley/signaling/wire"
)

// coalesce is how long gathered candidates wait for others to share a message.
// Host candidates come within a millisecond of one another.
const coalesce = 3 * time.Millisecond

// maxCandidate bounds one candidate line; real ones have 200 bytes.
const maxCandidate = wire.MaxCandidate

// outbox keeps gathered candidates until they may be sent: after Trickle, and
// after the description that they belong to. Safe for concurrent use.
type outbox struct {
	relay bool

	mu      sync.Mutex
	open    bool   // Trickle was called
	paused  bool   // a description is being made
	gen     int    // ICE generation that the list belongs to
	ufrag   string // credentials that it belongs to
	list    []wire.Candidate
	end     bool // gathering is complete
	ended   bool // and that was said
	sent    int  // candidates of this generation
	dropped uint64
	wake    chan struct{}

	began time.Time     // of the last gathering
	rtt   time.Duration // to the STUN server, as short as it was seen; 0: not known
}

func (o *outbox) init(relay bool) { o.relay, o.wake = relay, make(chan struct{}, 1) }

// add takes one candidate; nil means that gathering is complete.
func (o *outbox) add(c *wire.Candidate) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case c == nil:
		o.end = true
	case o.sent+len(o.list) >= wire.MaxCandidates:
		o.dropped++ // the service refuses more
		return
	default:
		if o.relay {
			c.Candidate = hideRelated(c.Candidate)
		}
		if isSrflx(*c) && !o.began.IsZero() {
			if rtt := time.Since(o.began); o.rtt == 0 || rtt < o.rtt {
				o.rtt = rtt
			}
		}
		o.list = append(o.list, *c)
	}
	latest.Poke(o.wake)
}

// begin holds everything back while a description is made. With restart, what
// was not sent belongs to credentials that are gone.
func (o *outbox) begin(restart bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused, o.began = true, time.Now()
	if restart {
		o.list, o.end, o.ended, o.sent = nil, false, false, 0
	}
}

// commit says which credentials candidates from now on belong to; their
// description has been handed to the signaler.
func (o *outbox) commit(gen int, ufrag string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused, o.gen, o.ufrag = false, gen, ufrag
	latest.Poke(o.wake)
}

func (o *outbox) openGate() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open = true
	latest.Poke(o.wake)
}

// take returns what may be sent now.
func (o *outbox) take() (wire.Candidates, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.open || o.paused || (len(o.list) == 0 && (!o.end || o.ended)) {
		return wire.Candidates{}, false
	}
	b := wire.Candidates{Generation: o.gen, Candidates: o.list, End: o.end}
	for i := range b.Candidates {
		u := o.ufrag
		b.Candidates[i].Ufrag = &u
	}
	o.sent += len(o.list)
	o.list, o.ended = nil, o.end
	return b, true
}

// back returns a batch that the signaler did not take.
func (o *outbox) back(b wire.Candidates) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b.Generation != o.gen || o.paused {
		return
	}
	o.sent -= len(b.Candidates)
	o.list = append(b.Candidates, o.list...)
	o.ended = false
}

func (p *Peer) onCandidate(c *webrtc.ICECandidate) {
	if c == nil {
		p.out.add(nil)
		return
	}
	j := c.ToJSON()
	w := wire.Candidate{Candidate: j.Candidate, SDPMid: j.SDPMid, SDPMLineIndex: j.SDPMLineIndex}
	p.mu.Lock()
	p.addrs.add(w)
	p.mu.Unlock()
	p.out.add(&w)
}

// trickle sends candidates in batches until Close.
func (p *Peer) trickle() {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-p.out.wake:
		}
		timer.Reset(coalesce)
		select {
		case <-p.done:
			return
		case <-timer.C:
		}
		b, ok := p.out.take()
		if !ok {
			continue
		}
		if err := p.sig.Candidates(b); err != nil {
			p.log.Debug("candidates not taken", "err", err)
			p.out.back(b)
			timer.Reset(500 * time.Millisecond)
			select {
			case <-p.done:
				return
			case <-timer.C:
				latest.Poke(p.out.wake)
			}
			continue
		}
		p.punchSoon(b)
	}
}

// The side that answers has both lists of addresses first. If it began at
// once, its packets would reach the other's address translator before the
// other has sent anything, and some translators (Linux's, with no firewall
// before it) take them for a connection of their own and then give the other
// another port for its packets: no direct path is found, measured in a lab. So
// the answering side waits with translated addresses until its own have
// reached the other side, which begins at once. That takes a round trip to the
// service, for which the one to the relay beside it stands; both packets are
// then under way at the same time, and each finds the door opened by the other.
// Without a relay it is the one to the STUN server, with what gathering takes
// on top: 4 ms too late is too late where the way to the other is no longer.
const punchAtLatest = 500 * time.Millisecond // after the first own addresses were sent

// punchSoon lets the translated addresses of the other side be tried, after b
// with own ones was sent.
func (p *Peer) punchSoon(b wire.Candidates) {
	wait := punchAtLatest
	if b.End || slices.ContainsFunc(b.Candidates, isSrflx) {
		wait = min(wait, punchAfter(p.relays.roundTrip(), p.out.roundTrip()))
	}
	p.neg.Lock()
	held := p.neg.in.punching
	p.neg.Unlock()
	if !held {
		return
	}
	p.spawn(func() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-p.done:
		case <-timer.C:
			p.neg.Lock()
			defer p.neg.Unlock()
			if !p.neg.closed {
				p.applyLocked(p.neg.in.punch(b.Generation))
			}
		}
	})
}

// punchAfter is a round trip to the service: that to the relay if it is known,
// otherwise that to the STUN server. Of several the shortest: the rest were
// held up on the way or in here.
func punchAfter(relay, stun time.Duration) time.Duration {
	if relay > 0 && (stun == 0 || relay < stun) {
		return relay
	}
	return stun
}

func (o *outbox) roundTrip() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rtt
}

// isSrflx reports whether c is an address that a translator gave (RFC 8839
// section 5.1: "typ srflx").
func isSrflx(c wire.Candidate) bool { return strings.Contains(c.Candidate, " typ srflx") }

// inbox keeps the other side's candidates until their description is applied,
// and drops those of credentials that are gone. Not safe for concurrent use.
type inbox struct {
	open    bool // checks may begin
	gen     int
	ufrag   string
	ready   bool // a remote description is applied
	count   int  // candidates of this generation
	held    []wire.Candidates
	dropped uint64

	punching bool             // translated addresses wait for punch
	later    []wire.Candidate // those that do
}

const maxHeld = 16 // batches

// add takes a batch and returns what may be applied now.
func (in *inbox) add(c wire.Candidates) []wire.Candidate {
	if in.ready && c.Generation < in.gen {
		in.dropped += uint64(len(c.Candidates))
		return nil
	}
	if !in.ready || !in.open || c.Generation > in.gen {
		if len(in.held) == maxHeld {
			in.dropped += uint64(len(in.held[0].Candidates))
			in.held = append(in.held[:0], in.held[1:]...)
		}
		in.held = append(in.held, c)
		return nil
	}
	return in.pick(c.Candidates)
}

// applied notes a remote description and returns the candidates that waited
// for it.
func (in *inbox) applied(gen int, ufrag string) []wire.Candidate {
	if gen != in.gen || ufrag != in.ufrag {
		in.count, in.later = 0, nil
	}
	in.ready, in.gen, in.ufrag = true, gen, ufrag
	return in.drain()
}

func (in *inbox) openGate() []wire.Candidate {
	in.open = true
	return in.drain()
}

// punch returns the translated addresses of generation gen that waited; later
// ones do not wait.
func (in *inbox) punch(gen int) []wire.Candidate {
	if !in.ready || gen != in.gen {
		return nil
	}
	out := in.later
	in.punching, in.later = false, nil
	return out
}

func (in *inbox) drain() []wire.Candidate {
	held := in.held
	in.held = nil
	var out []wire.Candidate
	for _, c := range held {
		out = append(out, in.add(c)...)
	}
	return out
}

func (in *inbox) pick(list []wire.Candidate) []wire.Candidate {
	var out []wire.Candidate
	for _, c := range list {
		switch {
		case c.Candidate == "": // end of candidates in a browser's words
		case len(c.Candidate) > maxCandidate || strings.ContainsAny(c.Candidate, "\r\n"),
			c.Ufrag != nil && *c.Ufrag != "" && *c.Ufrag != in.ufrag,
			in.count >= wire.MaxCandidates:
			in.dropped++
		case in.punching && isSrflx(c):
			in.count++
			in.later = append(in.later, c)
		default:
			in.count++
			out = append(out, c)
		}
	}
	return out
}
