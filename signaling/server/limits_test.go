package server

import (
	"testing"
	"time"
)

// A link that is cut for ten seconds costs none of what was said meanwhile.
func TestBucketSavesWhileTheLinkIsCut(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	b := newBucket(20, 100)
	took := func() (n int) {
		for {
			if _, ok := b.take(now, 1); !ok {
				return n
			}
			n++
		}
	}
	if n := took(); n != 100 {
		t.Errorf("%d at once, want the burst of 100", n)
	}
	now = now.Add(10 * time.Second)
	b.save(now, 256)
	if n := took(); n != 200 {
		t.Errorf("%d after ten seconds without a link, want 200", n)
	}
	now = now.Add(time.Hour)
	b.save(now, 256)
	if n := took(); n != 256 {
		t.Errorf("%d after an hour, want what a client can have queued", n)
	}
	now = now.Add(time.Hour)
	if n := took(); n != 100 {
		t.Errorf("%d after an hour with a link, want the burst of 100", n)
	}
}
