package line

import (
	"context"
	"errors"
	"sync"
	"time"

	"parley/media/latest"
	"parley/signaling/client"
	"parley/signaling/wire"
	"parley/ui/present"
)

const (
	// lostFor is how long a service that was not named by a person may be gone
	// before another is looked for: longer than a restart takes.
	lostFor = 4 * time.Second
	// lookAgain is when a program with its own service looks for an earlier
	// one: programs that start together find nobody and agree afterwards.
	lookSoon  = 2 * time.Second
	lookAgain = 15 * time.Second
)

// target is a service to sign in to.
type target struct {
	url   string
	own   own // not nil: the program's own
	found bool
}

// Run stays on a service until ctx ends; then it closes what it started.
func (l *Line) Run(ctx context.Context) error {
	var mine own
	defer func() {
		if mine != nil {
			if err := mine.Close(); err != nil {
				l.log.Warn("own service", "err", err)
			}
		}
	}()
	for ctx.Err() == nil {
		l.mu.Lock()
		name, service, lost := l.name, l.service, l.lost
		l.mu.Unlock()
		if name == "" {
			l.rest(ctx, present.Service{Phase: present.ServiceNameNeeded, Problem: lost})
			continue
		}
		if err := l.permit(service); err != nil {
			l.rest(ctx, present.Service{Phase: present.ServiceFailed, Problem: err.Problem, Address: err.Address, Detail: err.Error()})
			continue
		}
		t := target{url: service}
		if service == "" {
			var err error
			if t, err = l.locate(ctx, mine); err != nil {
				if errors.Is(err, errNobody) {
					l.restFor(ctx, lookAgain)
				} else if ctx.Err() == nil {
					l.log.Error("own service", "err", err)
					l.rest(ctx, failure(err))
				}
				continue
			}
		}
		if mine != nil && t.own != mine {
			if err := mine.Close(); err != nil {
				l.log.Warn("own service", "err", err)
			}
		}
		mine = t.own
		l.stay(ctx, t)
	}
	return nil
}

// rest shows s until a person acts.
func (l *Line) rest(ctx context.Context, s present.Service) {
	s.Since = time.Now()
	l.change(func() { l.base = s })
	select {
	case <-ctx.Done():
	case <-l.wake:
	}
}

// errNobody: there is no service on this network, and none is brought.
var errNobody = errors.New("no service was found on this network")

// restFor shows that there is no service until one may have come, or a person
// acts.
func (l *Line) restFor(ctx context.Context, d time.Duration) {
	l.change(func() {
		l.base = present.Service{Phase: present.ServiceReconnecting, Problem: present.ProblemNoneHere, Detail: errNobody.Error(), Since: time.Now()}
	})
	again := time.NewTimer(d)
	defer again.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-again.C:
	}
}

// permit asks whether a service may be used.
func (l *Line) permit(service string) *present.ServiceError {
	if l.cfg.Permit == nil {
		return nil
	}
	return l.cfg.Permit(service)
}

// locate finds an announced service, or starts our own. mine is the one that
// runs already, or nil.
func (l *Line) locate(ctx context.Context, mine own) (target, error) {
	l.change(func() { l.base = present.Service{Phase: present.ServiceLooking, Since: time.Now()} })
	if found := l.cfg.Find(ctx); len(found) > 0 && (mine == nil || found[0].Before(mine.Found())) {
		l.log.Info("found a service", "url", found[0].URL)
		return target{url: found[0].URL, found: true}, nil
	}
	if err := ctx.Err(); err != nil {
		return target{}, err
	}
	if mine == nil && l.cfg.Own == nil {
		return target{}, errNobody
	}
	if mine == nil {
		var err error
		if mine, err = l.cfg.Own(ctx); err != nil {
			return target{}, err
		}
		l.log.Info("brought our own service", "url", mine.URL())
	}
	return target{url: mine.URL(), own: mine}, nil
}

// stay keeps a client on t until another service is wanted, t is gone and was
// not named by a person, or ctx ends.
func (l *Line) stay(ctx context.Context, t target) {
	l.mu.Lock()
	name, service := l.name, l.service
	l.mu.Unlock()
	if _, err := client.ParseURL(t.url); err != nil {
		l.rest(ctx, present.Service{Phase: present.ServiceFailed, Problem: present.ProblemAddress, Address: t.url, Detail: err.Error()})
		return
	}
	key := l.cfg.Identity.Key()
	c, err := client.New(client.Config{URL: t.url, Key: key, Name: name, ClientVersion: l.cfg.Version, Log: l.cfg.Log})
	if err != nil {
		l.rest(ctx, failure(err))
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer func() {
		cancel()
		wg.Wait()
		l.change(func() { l.client, l.mine, l.found = nil, nil, false })
	}()
	changed, unsubscribe := c.Subscribe()
	defer unsubscribe()
	l.change(func() { l.client, l.mine, l.found = c, t.own, t.found })
	wg.Go(func() { _ = c.Run(ctx) }) // its error is in State
	wg.Go(func() { l.forward(ctx, c) })

	rival := time.NewTimer(lookSoon)
	defer rival.Stop()
	if t.own == nil {
		rival.Stop()
	}
	gone := time.NewTimer(time.Hour)
	defer gone.Stop()
	online := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
			l.mu.Lock()
			newName, newService := l.name, l.service
			l.mu.Unlock()
			if newService != service || c.State().Phase == client.Failed || !key.Equal(l.cfg.Identity.Key()) {
				return
			}
			if newName != name {
				name = newName
				if err := c.Rename(name); err != nil {
					l.log.Warn("name", "err", err)
				}
			}
		case <-changed:
			s := c.State()
			if s.Devices != nil && key.Equal(l.cfg.Identity.Key()) {
				l.devices(s.Devices)
			}
			if e, ok := errors.AsType[*wire.Error](s.Err); ok && s.Phase == client.Failed && e.Code == wire.CodeDeviceRemoved && key.Equal(l.cfg.Identity.Key()) {
				l.removed()
				return
			}
			if e, ok := errors.AsType[*wire.Error](s.Err); ok && s.Phase == client.Failed && e.Code == wire.CodeDeleted && key.Equal(l.cfg.Identity.Key()) {
				l.deleted()
			}
			if s.Phase == client.Online {
				gone.Reset(time.Hour)
				if !online {
					wg.Go(func() { l.Refresh(ctx); l.refreshStrangers(ctx) })
				}
			} else if service == "" && (online || s.Phase == client.Connecting && s.Err != nil) {
				gone.Reset(lostFor)
			}
			online = s.Phase == client.Online
			l.change(func() {})
		case <-l.asked:
			wg.Go(func() { l.requestsChanged(ctx) })
		case <-gone.C:
			l.log.Info("the service is gone; looking for another", "url", t.url)
			return
		case <-rival.C:
			if found := l.cfg.Find(ctx); len(found) > 0 && found[0].Before(t.own.Found()) && !l.cfg.InCall() {
				l.log.Info("another service was first; moving there", "url", found[0].URL)
				return
			}
			rival.Reset(lookAgain)
		}
	}
}

// forward passes call messages on until ctx ends. A message that arrives while
// nobody reads waits in the client, whose service keeps the rest.
func (l *Line) forward(ctx context.Context, c *client.Client) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-c.Incoming():
			if e.Kind == wire.KindRequests {
				latest.Poke(l.asked)
				continue
			}
			select {
			case l.incoming <- e:
			case <-ctx.Done():
				return
			}
		}
	}
}
