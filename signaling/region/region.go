// Package region finds the nearest of a service's relays: the service hands out
// a list of regions (wire.ICE), Measure asks each how long a packet takes, and
// Use picks by that. Measure is for the time before a call; Use never waits.
package region

import (
	"cmp"
	"slices"
	"time"

	"parley/signaling/wire"
)

// near is how much further than the nearest a region may be and still be used
// beside it: either may then be the better one towards the other side.
const near = 20 * time.Millisecond

// Choose returns the names of the one or two regions to use, the better one
// first. Regions without a round trip come after those with one, in the
// service's order; with none measured the first two of that order are used.
func Choose(regions []wire.ICERegion, trips map[string]time.Duration) []string {
	order := slices.Clone(regions)
	slices.SortStableFunc(order, func(a, b wire.ICERegion) int {
		x, known := trips[a.Name]
		y, other := trips[b.Name]
		switch {
		case known && other:
			return cmp.Compare(x, y)
		case known:
			return -1
		case other:
			return 1
		}
		return 0
	})
	var names []string
	for _, r := range order[:min(2, len(order))] {
		if len(names) == 1 {
			first, known := trips[names[0]]
			second, other := trips[r.Name]
			if known && (!other || second-first > near) {
				break
			}
		}
		names = append(names, r.Name)
	}
	return names
}

// Use returns ice with the servers of the chosen regions; without regions, as
// it is.
func Use(ice wire.ICE, trips map[string]time.Duration) wire.ICE {
	if len(ice.Regions) == 0 {
		return ice
	}
	ice.Servers = nil
	for _, name := range Choose(ice.Regions, trips) {
		i := slices.IndexFunc(ice.Regions, func(r wire.ICERegion) bool { return r.Name == name })
		ice.Servers = append(ice.Servers, ice.Regions[i].Servers...)
	}
	return ice
}
