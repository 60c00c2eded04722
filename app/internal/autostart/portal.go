//go:build !windows && !darwin

package autostart

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"parley/media/latest"
)

// The desktop's portal for programs in a sandbox, and its interface
// (xdg-desktop-portal, org.freedesktop.portal.Background version 1).
const (
	portalName    = "org.freedesktop.portal.Desktop"
	portalPath    = "/org/freedesktop/portal/desktop"
	requestMethod = "org.freedesktop.portal.Background.RequestBackground"
	requestSignal = "org.freedesktop.portal.Request"
)

// answerWithin is how long the desktop may take: it can ask the person.
const answerWithin = 2 * time.Minute

// Asking is an Entry in Flatpak's sandbox, which sees the desktop's list of
// programs as little as other files. The desktop is asked to write it, and may
// ask its person; what it granted last is noted in the program's own folder.
//
//	Set ──> ask (one goroutine at a time) ──bus──> portal ──> Subscribe's channel
//
// Safe for concurrent use.
type Asking struct {
	entry   Entry // static
	conn    *dbus.Conn
	ctx     context.Context // static; ends with Close
	cancel  context.CancelFunc
	changed latest.Bell
	wg      sync.WaitGroup

	mu     sync.Mutex
	asking bool  // guarded by mu
	wish   bool  // guarded by mu: what is asked for
	err    error // guarded by mu: of the last answer
}

// Ask is the entry e by way of the desktop. ErrUnavailable: e is not in
// Flatpak's sandbox, there is no portal, or e is for a profile of its own: the
// desktop knows one entry for each program.
func Ask(e Entry) (*Asking, error) {
	if !e.Box.Flatpak() || e.ID != e.Box.ID || os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		return nil, ErrUnavailable
	}
	ctx, cancel := context.WithCancel(context.Background())
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
	var running bool
	var names []string
	err = errors.Join(
		conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, portalName).Store(&running),
		conn.BusObject().Call("org.freedesktop.DBus.ListActivatableNames", 0).Store(&names))
	for _, n := range names {
		running = running || n == portalName
	}
	if err != nil || !running {
		cancel()
		return nil, errors.Join(ErrUnavailable, err, conn.Close())
	}
	return &Asking{entry: e, conn: conn, ctx: ctx, cancel: cancel}, nil
}

// On reports whether the program is started at sign-in: what is asked for, or
// else what was granted. ErrRefused: the last wish was not granted.
func (a *Asking) On() (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asking {
		return a.wish, nil
	}
	on, err := a.entry.noted()
	return on, errors.Join(a.err, err)
}

// Set asks the desktop, and returns at once.
func (a *Asking) Set(on bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ctx.Err(); err != nil {
		return err
	}
	a.wish = on
	if !a.asking {
		a.asking = true
		a.wg.Go(a.run)
	}
	return nil
}

// Subscribe returns a channel that is readable after an answer, and what ends
// the subscription.
func (a *Asking) Subscribe() (<-chan struct{}, func()) { return a.changed.Subscribe() }

// Close stops asking.
func (a *Asking) Close() error {
	a.cancel()
	a.wg.Wait()
	return a.conn.Close()
}

// run asks until what is wished for was answered.
func (a *Asking) run() {
	defer a.changed.Ring()
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		wish := a.wish
		a.mu.Unlock()
		err := a.ask(wish)
		if err == nil {
			err = a.entry.note(wish)
		}
		a.mu.Lock()
		if a.wish == wish || a.ctx.Err() != nil {
			a.asking, a.err = false, err
			return
		}
	}
}

// ask asks the desktop and waits for its answer.
func (a *Asking) ask(on bool) error {
	ctx, cancel := context.WithTimeout(a.ctx, answerWithin)
	defer cancel()
	// The answer is a signal of an object whose name is known before: whoever
	// listened after asking could miss it.
	token := "parley" + rand.Text()
	sender := strings.ReplaceAll(strings.TrimPrefix(a.conn.Names()[0], ":"), ".", "_")
	path := dbus.ObjectPath(portalPath + "/request/" + sender + "/" + token)
	answers := make(chan *dbus.Signal, 8)
	a.conn.Signal(answers)
	defer a.conn.RemoveSignal(answers)
	match := []dbus.MatchOption{dbus.WithMatchObjectPath(path), dbus.WithMatchInterface(requestSignal), dbus.WithMatchMember("Response")}
	if err := a.conn.AddMatchSignalContext(ctx, match...); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	defer func() { _ = a.conn.RemoveMatchSignal(match...) }() // it goes with the connection, too

	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("autostart: %w", err)
	}
	var handle dbus.ObjectPath
	err = a.conn.Object(portalName, portalPath).CallWithContext(ctx, requestMethod, 0, "", map[string]dbus.Variant{
		"handle_token": dbus.MakeVariant(token),
		"autostart":    dbus.MakeVariant(on),
		"commandline":  dbus.MakeVariant(append([]string{filepath.Base(self)}, a.entry.Args...)),
	}).Store(&handle)
	if err != nil { // most often: this desktop has no such portal
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: there is no answer (%w)", ErrRefused, ctx.Err())
		case s := <-answers:
			if s != nil && (s.Path == path || s.Path == handle) && s.Name == requestSignal+".Response" {
				return granted(s.Body, on)
			}
		}
	}
}

// granted reads the body of an answer: what became of it (0: done), and what
// is now.
func granted(body []any, on bool) error {
	var code uint32
	var now map[string]dbus.Variant
	if err := dbus.Store(body, &code, &now); err != nil {
		return fmt.Errorf("%w: its answer cannot be read (%w)", ErrRefused, err)
	}
	if is, ok := now["autostart"].Value().(bool); code != 0 || ok && is != on || !ok && on {
		return ErrRefused
	}
	return nil
}

// noted reports what the desktop granted last.
func (e Entry) noted() (bool, error) {
	path, err := e.entryFile()
	if err != nil {
		return false, err
	}
	return read(path)
}

// note writes that down, as the entry that the desktop has made of it.
func (e Entry) note(on bool) error {
	path, err := e.entryFile()
	if err != nil {
		return err
	}
	if !on {
		return remove(path)
	}
	return replace(path, desktopFile(e, append([]string{"flatpak", "run", e.Box.ID}, e.Args...)))
}
