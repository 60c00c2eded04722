package presenttest

import (
	"sync"

	"parley/media/latest"
)

// AtLogin is a present.AtLogin that remembers.
type AtLogin struct {
	mu   sync.Mutex
	on   bool  // guarded by mu
	fail error // guarded by mu

	changed latest.Bell
}

// Subscribe implements present.Subscriber.
func (a *AtLogin) Subscribe() (<-chan struct{}, func()) { return a.changed.Subscribe() }

// Answer is what a desktop says later on.
func (a *AtLogin) Answer(on bool) {
	a.mu.Lock()
	a.on = on
	a.mu.Unlock()
	a.changed.Ring()
}

// On implements present.AtLogin.
func (a *AtLogin) On() (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.on, nil
}

// Set implements present.AtLogin.
func (a *AtLogin) Set(on bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail == nil {
		a.on = on
	}
	return a.fail
}

// Fail makes Set fail from now on.
func (a *AtLogin) Fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail = err
}
