package presenttest

import (
	"context"
	"strings"
	"sync"

	"parley/ui/present"
)

// Account is an account whose devices are set by the test.
type Account struct {
	Came    chan string   // names of devices that come with the code
	Refused chan struct{} // one for each code that was taken back

	mu     sync.Mutex
	onJoin func() error
	err    error
	linked bool
	list   []present.OwnDevice
	calls  []string
}

// NewAccount returns an account with devices.
func NewAccount(list ...present.OwnDevice) *Account {
	return &Account{Came: make(chan string, 1), Refused: make(chan struct{}, 8), list: list}
}

// Fail lets every request fail from now on; nil: they succeed.
func (a *Account) Fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *Account) failing() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// OnJoin says what comes of Join and Recover: f's error, or if it is nil, that
// nobody says yes. f nil: they succeed.
func (a *Account) OnJoin(f func() error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.onJoin = f
}

func (a *Account) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, what)
}

// DeleteAccount implements present.Account.
func (a *Account) DeleteAccount(context.Context) error {
	a.note("delete")
	return a.failing()
}

// SignOut implements present.Account.
func (a *Account) SignOut(context.Context) error {
	a.note("sign out")
	return a.failing()
}

// Calls returns what was asked of it, in order.
func (a *Account) Calls() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.calls...)
}

// SetLinked makes the program that of a linked device.
func (a *Account) SetLinked(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.linked = true
	for i := range a.list {
		a.list[i].This = a.list[i].Key == key
	}
}

// Main implements present.Account.
func (a *Account) Main() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.linked
}

// Phrase implements present.Account.
func (a *Account) Phrase() ([]string, error) {
	return strings.Fields("lamp orbit velvet canyon ripple magnet oyster fabric window tornado pencil saddle " +
		"harvest umbrella cradle monkey granite lizard blossom whisper anchor puzzle meadow silver"), nil
}

// Devices implements present.Account.
func (a *Account) Devices(context.Context) ([]present.OwnDevice, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]present.OwnDevice(nil), a.list...), a.err
}

// RemoveDevice implements present.Account.
func (a *Account) RemoveDevice(_ context.Context, key string) error {
	a.note("remove " + key)
	return a.failing()
}

// Link implements present.Account.
func (a *Account) Link(context.Context) (present.Linking, error) {
	a.note("link")
	if err := a.failing(); err != nil {
		return nil, err
	}
	return linking{a}, nil
}

// Join implements present.Account.
func (a *Account) Join(ctx context.Context, service, code, name string) error {
	return a.begin(ctx, strings.Join([]string{"join", service, code, name}, "|"))
}

// Recover implements present.Account.
func (a *Account) Recover(ctx context.Context, service, phrase string) error {
	return a.begin(ctx, strings.Join([]string{"recover", service, phrase}, "|"))
}

func (a *Account) begin(ctx context.Context, what string) error {
	a.note(what)
	a.mu.Lock()
	does := a.onJoin
	a.mu.Unlock()
	if does == nil {
		return nil
	}
	if err := does(); err != nil {
		return err
	}
	<-ctx.Done() // nobody says yes
	return ctx.Err()
}

type linking struct{ a *Account }

// Code implements present.Linking.
func (linking) Code() string { return "k7wn-x3hf-9gqt-m2pb" }

// Wait implements present.Linking.
func (l linking) Wait(ctx context.Context) (string, error) {
	select {
	case name := <-l.a.Came:
		return name, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Admit implements present.Linking.
func (l linking) Admit(context.Context) error {
	l.a.note("admit")
	return l.a.failing()
}

// Refuse implements present.Linking.
func (l linking) Refuse(context.Context) { l.a.Refused <- struct{}{} }
