package peer

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/transport/v4"
)

// WatchNetwork calls changed after the machine's addresses have changed, until
// ctx ends. It looks every two seconds: no system's own notification works
// everywhere, and listing addresses takes 0.1 ms.
func WatchNetwork(ctx context.Context, changed func()) error {
	n, err := newLiveNet()
	if err != nil {
		return err
	}
	return watchNetwork(ctx, n, 2*time.Second, changed)
}

func watchNetwork(ctx context.Context, n transport.Net, every time.Duration, changed func()) error {
	was, err := localAddrs(n)
	if err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now, err := localAddrs(n)
		if err != nil {
			continue // in the middle of a change
		}
		if addrsDiffer(was, now) {
			changed()
		}
		was = now
	}
}

// addrsDiffer compares two lists as sets.
func addrsDiffer(a, b []netip.Addr) bool {
	as, bs := slices.Clone(a), slices.Clone(b)
	slices.SortFunc(as, netip.Addr.Compare)
	slices.SortFunc(bs, netip.Addr.Compare)
	return !slices.Equal(slices.Compact(as), slices.Compact(bs))
}
