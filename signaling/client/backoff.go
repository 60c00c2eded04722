package client

import (
	"math/rand/v2"
	"time"
)

const longestBackoff = 15 * time.Second

// backoff is 0, 0.25, 0.5, 1, 2, 4, 8, 15, 15 … s, each but the first with
// plus or minus a fifth, so that the clients of a service that comes back do
// not all come at once.
func backoff(n int) time.Duration {
	d := plainBackoff(n)
	if d == 0 {
		return 0
	}
	return d - d/5 + rand.N(2*d/5)
}

func plainBackoff(n int) time.Duration {
	if n <= 0 {
		return 0
	}
	d := 250 * time.Millisecond
	for i := 1; i < n && d < longestBackoff; i++ {
		d *= 2
	}
	return min(d, longestBackoff)
}
