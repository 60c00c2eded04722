package client

import (
	"context"
	"time"

	"parley/signaling/region"
	"parley/signaling/wire"
)

// iceLeft is how long credentials that ICE returns are at least valid.
const iceLeft = time.Minute

// ICE returns servers with credentials valid for at least a minute, from the
// last answer if that has as much left. While the service cannot be asked,
// credentials that are about to expire are better than none. Of relays in
// several regions they are the nearest one's or two's, as far as is known.
func (c *Client) ICE(ctx context.Context) (wire.ICE, error) {
	ice, err := c.freshICE(ctx)
	if err != nil {
		return ice, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return region.Use(ice, c.near.trips), nil
}

func (c *Client) freshICE(ctx context.Context) (wire.ICE, error) {
	if ice, ok := c.knownICE(iceLeft); ok {
		return ice, nil
	}
	select { // one question at a time: the others use its answer
	case c.iceLock <- struct{}{}:
		defer func() { <-c.iceLock }()
	case <-ctx.Done():
		return wire.ICE{}, ctx.Err()
	}
	if ice, ok := c.knownICE(iceLeft); ok {
		return ice, nil
	}
	e, err := c.Request(ctx, wire.KindICE, "", nil)
	if err == nil {
		var ice wire.ICE
		if ice, err = wire.Body[wire.ICE](e); err == nil {
			c.mu.Lock()
			c.keepICELocked(time.Now(), ice)
			c.mu.Unlock()
			return ice, nil
		}
	}
	if ice, ok := c.knownICE(time.Second); ok {
		return ice, nil
	}
	return wire.ICE{}, err
}

// knownICE returns the last answer if it is valid for as long; ExpiresMS
// counts from now.
func (c *Client) knownICE(left time.Duration) (wire.ICE, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ice := c.ice
	if ice.Servers == nil {
		return ice, false
	}
	if c.iceTill.IsZero() {
		return ice, true
	}
	rest := time.Until(c.iceTill)
	ice.ExpiresMS = rest.Milliseconds()
	return ice, rest >= left
}

func (c *Client) keepICELocked(now time.Time, ice wire.ICE) {
	if ice.Servers == nil {
		ice.Servers = []wire.ICEServer{}
	}
	c.listRegionsLocked(ice)
	c.ice, c.iceTill = ice, time.Time{}
	if ice.ExpiresMS > 0 {
		c.iceTill = now.Add(time.Duration(ice.ExpiresMS) * time.Millisecond)
	}
}
