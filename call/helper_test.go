package call_test

import (
	"time"

	"parley/signaling/room"
)

func ringFor(d time.Duration) func(*room.Config) {
	return func(c *room.Config) { c.RingFor = d }
}
