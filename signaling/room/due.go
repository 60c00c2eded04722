package room

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// due is a moment at which a call or a person has to be looked at. It is a
// hint: looking too often does no harm, so entries are never taken back.
type due struct {
	at     time.Time
	call   string
	person string
}

type dueHeap []due

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	old[len(old)-1] = due{}
	*h = old[:len(old)-1]
	return d
}

func (h dueHeap) next() (time.Time, bool) {
	if len(h) == 0 {
		return time.Time{}, false
	}
	return h[0].at, true
}

func (h *dueHeap) pop(now time.Time) (due, bool) {
	if len(*h) == 0 || (*h)[0].at.After(now) {
		return due{}, false
	}
	return heap.Pop(h).(due), true
}

func (c *Calls) at(t time.Time, call, person string) {
	heap.Push(&c.due, due{at: t, call: call, person: person})
}

// sorted returns a map's values by key, so that the same events always give
// the same decisions.
func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	keys := sortedKeys(m)
	vs := make([]V, len(keys))
	for i, k := range keys {
		vs[i] = m[k]
	}
	return vs
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
