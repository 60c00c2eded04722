package main

import (
	"context"
	"fmt"
	"time"

	"parley/call/calltest/chrome"
	"parley/call/peer"
	"parley/signaling/wire"
)

// ownPair is two of our connections in this process, with nothing else of a
// call, through a link or over the loopback.
type ownPair struct {
	peers [2]*peer.Peer
	lines [2]*ownLine
}

// ownLine carries what one side says to the other.
type ownLine struct {
	queue chan any // bounded: a connection says little
	link  *chrome.Link
	end   chrome.End
}

func (l *ownLine) Negotiate(n wire.Negotiate) error { return l.put(n) }

func (l *ownLine) Candidates(c wire.Candidates) error {
	if l.link == nil {
		return l.put(c)
	}
	list := c.Candidates
	c.Candidates = nil
	for _, x := range list {
		if line, ok := l.link.Candidate(l.end, x.Candidate); ok && len(c.Candidates) == 0 {
			x.Candidate = line
			c.Candidates = append(c.Candidates, x)
		}
	}
	return l.put(c)
}

func (l *ownLine) put(m any) error {
	select {
	case l.queue <- m:
		return nil
	default:
		return fmt.Errorf("bench: %d messages wait", cap(l.queue))
	}
}

// newPair connects two of ours.
func newPair(ctx context.Context, link *chrome.Link) (*ownPair, error) {
	p := &ownPair{}
	for i := range p.peers {
		p.lines[i] = &ownLine{queue: make(chan any, 256), link: link, end: chrome.End(i)}
		var err error
		if p.peers[i], err = peer.New(peer.Config{Signaler: p.lines[i], Polite: i == 1}); err != nil {
			p.close()
			return nil, err
		}
	}
	if err := p.connect(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *ownPair) connect(ctx context.Context) error {
	a, b := p.peers[0], p.peers[1]
	offer, err := a.Offer(ctx)
	if err != nil {
		return err
	}
	answer, err := b.Accept(ctx, offer)
	if err != nil {
		return err
	}
	if err := a.Answered(ctx, answer); err != nil {
		return err
	}
	for i, l := range p.lines {
		to := p.peers[1-i]
		go l.deliver(to)
	}
	a.Trickle()
	b.Trickle()
	limit := time.Now().Add(20 * time.Second)
	for a.State().Conn != peer.ConnConnected || b.State().Conn != peer.ConnConnected {
		if time.Now().After(limit) {
			return fmt.Errorf("not connected: %+v, %+v", a.State(), b.State())
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// deliver ends with the connection that it delivers to.
func (l *ownLine) deliver(to *peer.Peer) {
	for {
		select {
		case <-to.Done():
			return
		case m := <-l.queue:
			switch m := m.(type) {
			case wire.Negotiate:
				_ = to.HandleNegotiate(context.Background(), m) // shows as a lost path
			case wire.Candidates:
				to.HandleCandidates(m)
			}
		}
	}
}

func (p *ownPair) close() {
	for _, x := range p.peers {
		if x != nil {
			_ = x.Close()
		}
	}
}
