package discover

import (
	"fmt"
	"sync"
	"time"
)

// lookEvery is how often an announcement looks whether the machine's networks
// are still the ones that it is announced on.
const lookEvery = 5 * time.Second

// Announcement is a service being announced. End it with Close.
type Announcement struct {
	stop func()
	done chan struct{}
}

// Announce tells others of a service on this machine that listens on port. ID
// and Start are required, Name is for people. Where there is no network, or
// no folder can be written, it goes without; the error says what is wrong with
// the arguments.
func Announce(cfg Config, s Service, port int) (*Announcement, error) {
	switch {
	case !validID(s.ID):
		return nil, fmt.Errorf("announce: the ID %.40q is not one of NewID", s.ID)
	case s.Start.IsZero() || s.Start.UnixMilli() < 0:
		return nil, fmt.Errorf("announce: no start time")
	case port < 1 || port > 65535:
		return nil, fmt.Errorf("announce: %d is not a port", port)
	}
	remove, err := writeDesk(cfg, s, port)
	if err != nil {
		cfg.log().Warn("service is not announced on this machine", "err", err)
		remove = func() {}
	}
	stop := make(chan struct{})
	a := &Announcement{stop: sync.OnceFunc(func() { close(stop) }), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer remove()
		if cfg.NoNetwork {
			<-stop
			return
		}
		follow(cfg, s, port, stop)
	}()
	return a, nil
}

// follow announces on the networks that there are, as they come and go.
func follow(cfg Config, s Service, port int, stop <-chan struct{}) {
	on := networks()
	z := register(cfg, s, port, on)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			if z != nil {
				z.Shutdown()
			}
			return
		case <-tick.C:
		}
		if now := networks(); !now.equal(on) {
			cfg.log().Info("networks changed: announcing anew", "addresses", len(now.addrs))
			if z != nil {
				z.Shutdown()
			}
			on, z = now, register(cfg, s, port, now)
		}
	}
}

// Close takes the announcement back and waits for that. It may be called more
// than once.
func (a *Announcement) Close() error {
	a.stop()
	<-a.done
	return nil
}
