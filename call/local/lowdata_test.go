package local

import (
	"testing"

	"parley/call/send"
)

func TestBounds(t *testing.T) {
	flags := send.Limits{BitrateBPS: 100_000}
	for name, c := range map[string]struct {
		limits  send.Limits
		lowData bool
		theirs  int
		want    int // bit/s of the picture; 0: not bounded
	}{
		"none":                 {send.Limits{}, false, 0, 0},
		"here":                 {send.Limits{}, true, 0, 178_000},
		"there":                {send.Limits{}, false, 250, 178_000},
		"both, theirs is less": {send.Limits{}, true, 150, 88_000},
		"both, ours is less":   {send.Limits{}, true, 900, 178_000},
		"less than the voice":  {send.Limits{}, false, 10, 30_000},
		"flags are less":       {flags, true, 0, 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			if got := bounded(c.limits, c.lowData, c.theirs); got.BitrateBPS != c.want {
				t.Errorf("%d bit/s, want %d", got.BitrateBPS, c.want)
			}
		})
	}
}
