package call

import (
	"sync"

	"parley/call/data"
	"parley/call/local"
)

// health is what this side says that it is short of. Several goroutines know a
// part of it.
type health struct {
	mu   sync.Mutex
	own  data.Health // guarded by mu
	said bool        // guarded by mu
}

// say changes what is said, and says it if it is new.
func (h *health) say(line *data.Line, change func(*data.Health)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.own
	change(&h.own)
	if !h.said || h.own != was {
		h.said = true
		line.SetHealth(h.own)
	}
}

// mostKbps is what the other side may send.
func mostKbps(lowData bool) int {
	if lowData {
		return local.LowDataKbps
	}
	return 0
}
