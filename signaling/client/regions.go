package client

import (
	"context"
	"maps"
	"slices"
	"time"

	"parley/signaling/region"
	"parley/signaling/wire"
)

// settle is how long nothing is measured after a measurement: changes of the
// network come in bursts.
const settle = time.Second

// nearest is how far the service's relays are; its goroutine measures while
// nobody waits.
type nearest struct {
	due   chan struct{} // capacity 1: measure
	trips map[string]time.Duration
	list  []string // regions that trips is about, and where they are
}

// measureRegions measures when the list or the network has changed.
func (c *Client) measureRegions(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.near.due:
		}
		c.mu.Lock()
		regions := slices.Clone(c.ice.Regions)
		c.mu.Unlock()
		if len(regions) < 2 {
			continue
		}
		trips := region.Measure(ctx, regions, c.cfg.ProbeDial)
		c.mu.Lock()
		if len(trips) > 0 { // no answer at all says nothing about who is near
			c.near.trips = trips
		}
		use := region.Choose(c.ice.Regions, c.near.trips)
		c.mu.Unlock()
		c.log.Info("relay regions measured", "use", use, "round_trips", trips)
		pause := time.NewTimer(settle)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// listRegionsLocked has a list measured that is another than the last one.
func (c *Client) listRegionsLocked(ice wire.ICE) {
	var list []string
	for _, r := range ice.Regions {
		list = append(list, r.Name)
		for _, s := range r.Servers {
			list = append(list, s.URLs...)
		}
	}
	if !slices.Equal(list, c.near.list) {
		c.near.list, c.near.trips = list, nil
		poke(c.near.due)
	}
}

// Regions returns the names of the service's relay regions that calls use, the
// better one first, and the round trips that were measured. None: the service
// has one place for its relays.
func (c *Client) Regions() (use []string, trips map[string]time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return region.Choose(c.ice.Regions, c.near.trips), maps.Clone(c.near.trips)
}
