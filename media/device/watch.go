package device

import (
	"context"
	"slices"
	"time"
)

// settle is how long a change of /dev may go on before it is looked at: udev
// creates a node, then its links, then its access list.
const settle = 300 * time.Millisecond

// watch keeps the lists true. It is the only goroutine of the Catalog.
func (c *Catalog) watch(ctx context.Context) {
	defer close(c.done)
	nodes, stop := watchNodes(c.cfg.WatchDir, c.log)
	defer stop()

	for _, k := range []Kind{Camera, Screen, Microphone, Speaker} {
		c.refresh(ctx, k)
	}
	close(c.ready)

	poll := time.NewTicker(c.cfg.Poll)
	defer poll.Stop()
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-nodes:
			due = time.After(settle)
		case <-due:
			due = nil
			c.refresh(ctx, Camera)
		case <-poll.C:
			c.refresh(ctx, Microphone)
			c.refresh(ctx, Speaker)
			if nodes == nil {
				c.refresh(ctx, Camera)
			}
		}
	}
}

// refresh enumerates one kind and wakes the reader of Changed if it differs.
func (c *Catalog) refresh(ctx context.Context, k Kind) {
	list, err := c.enumerate(ctx, k)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		c.log.Debug("devices not enumerated", "kind", k.String(), "err", err)
	}
	c.mu.Lock()
	same := slices.Equal(c.lists[k], list)
	c.lists[k] = list
	c.mu.Unlock()
	if same {
		return
	}
	select {
	case c.change <- struct{}{}:
	default:
	}
}

func (c *Catalog) enumerate(ctx context.Context, k Kind) ([]Info, error) {
	if k != Speaker {
		list, err := c.cfg.Capture.List(ctx, k)
		return Distinct(realFirst(list)), err
	}
	var list []Info
	var err error
	if c.cfg.Sound != nil {
		list, err = c.cfg.Sound.List(ctx, Speaker)
	}
	if c.cfg.Virtual != nil {
		more, verr := c.cfg.Virtual.List(ctx, Speaker)
		list = append(list, more...)
		if err == nil {
			err = verr
		}
	}
	return Distinct(realFirst(list)), err
}

// realFirst puts virtual devices last and otherwise keeps the order.
func realFirst(list []Info) []Info {
	slices.SortStableFunc(list, func(a, b Info) int {
		switch {
		case a.Virtual == b.Virtual:
			return 0
		case a.Virtual:
			return 1
		}
		return -1
	})
	return list
}
