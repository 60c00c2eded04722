package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"parley/call/calltest/chrome"
)

// duet is a call between two browsers, each with processes of its own, as two
// people have.
type duet struct {
	browsers [2]*chrome.Browser
	pages    [2]*chrome.Page
	only     string // what the addresses that are passed on begin with; "": all
	stop     chan struct{}
	wg       sync.WaitGroup
}

// newDuet starts both; the first one calls when call is called.
func newDuet(ctx context.Context, o [2]chrome.Options) (*duet, error) {
	d := &duet{stop: make(chan struct{})}
	var errs [2]error
	var wg sync.WaitGroup
	for i := range o {
		wg.Go(func() {
			if d.browsers[i], errs[i] = chrome.Start(ctx, o[i]); errs[i] == nil {
				d.pages[i], errs[i] = d.browsers[i].Page()
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// call connects them, through link if it is not nil.
func (d *duet) call(wants [2]chrome.Want, link *chrome.Link) error {
	a, b := d.pages[0], d.pages[1]
	if err := a.Start(wants[0]); err != nil {
		return err
	}
	if err := b.Start(wants[1]); err != nil {
		return err
	}
	offer, err := a.Offer(false)
	if err != nil {
		return err
	}
	answer, err := b.Answer(offer)
	if err != nil {
		return err
	}
	if err := a.Answered(answer); err != nil {
		return err
	}
	connected := make(chan error, 2)
	for i, p := range d.pages {
		d.wg.Go(func() { d.watch(p, d.pages[1-i], chrome.End(i), link, connected) })
	}
	for range d.pages {
		if err := <-connected; err != nil {
			return err
		}
	}
	return nil
}

// watch passes candidates on and says when the page is connected, or that it
// is not to be.
func (d *duet) watch(p, other *chrome.Page, end chrome.End, link *chrome.Link, connected chan<- error) {
	once := sync.Once{}
	say := func(err error) { once.Do(func() { connected <- err }) }
	for {
		select {
		case <-d.stop:
			say(errors.New("the browser was closed"))
			return
		case e := <-p.Events():
			switch {
			case e.What == "connection" && e.State == "connected":
				say(nil)
			case e.What == "connection" && e.State == "failed":
				say(errors.New("the browsers found no path"))
			case e.What == "candidate" && e.Candidate != nil:
				c := *e.Candidate
				if d.skipped(c.Candidate) {
					continue
				}
				if link != nil {
					line, ok := link.Candidate(end, c.Candidate)
					if !ok {
						continue
					}
					c.Candidate = line
				}
				if err := other.Candidates([]chrome.Candidate{c}); err != nil {
					say(fmt.Errorf("candidate: %w", err))
				}
			}
		}
	}
}

// pids are the processes of both, with their children.
func (d *duet) pids() []int { return []int{d.browsers[0].PID(), d.browsers[1].PID()} }

func (d *duet) close() {
	close(d.stop)
	d.wg.Wait()
	for _, b := range d.browsers {
		if b != nil {
			_ = b.Close() // nothing is left to be said by it
		}
	}
}
