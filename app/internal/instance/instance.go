// Package instance makes sure that a profile is used by one program at a time,
// and hands what a second start was asked to do (a link, or just to be seen) to
// the first: an advisory lock on a file, and a socket beside it (Windows: a
// port of the loopback address, and a file that only this person can read).
package instance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// ErrRunning: another program uses the profile. The message was given to it
// unless Err says otherwise.
var ErrRunning = errors.New("another Parley is running with this profile")

// Instance is the hold on a profile.
type Instance struct {
	lock     *os.File     // static
	listener net.Listener // static; nil when no socket could be made
	messages chan string  // static; closed never: Close ends the reader
	wg       sync.WaitGroup
	once     sync.Once
	done     chan struct{}
}

// Take locks the profile folder dir. If another program holds it, message is
// sent there and the error wraps ErrRunning.
func Take(ctx context.Context, dir, message string, log *slog.Logger) (*Instance, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("profile folder %s cannot be used: %w", dir, err)
	}
	if err := lockFile(f); err != nil {
		f.Close()
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("profile folder %s cannot be locked: %w", dir, err)
		}
		if err := send(ctx, dir, message); err != nil {
			return nil, fmt.Errorf("%w, but does not answer (%w); close it or use --profile with another folder", ErrRunning, err)
		}
		return nil, fmt.Errorf("%w; its window was asked to come forward (a second one needs --profile with another folder)", ErrRunning)
	}
	in := &Instance{lock: f, messages: make(chan string, 8), done: make(chan struct{})}
	in.listener, err = listen(dir)
	if err != nil {
		log.Warn("links from other programs will not arrive here", "err", err)
		return in, nil
	}
	in.wg.Go(func() { in.serve(log) })
	return in, nil
}

// Messages has what later starts were asked to do: a link, or "" to come
// forward.
func (in *Instance) Messages() <-chan string { return in.messages }

// Close gives the profile up.
func (in *Instance) Close() {
	in.once.Do(func() {
		close(in.done)
		if in.listener != nil {
			in.listener.Close()
		}
		in.wg.Wait()
		in.lock.Close()
	})
}

func (in *Instance) serve(log *slog.Logger) {
	for {
		c, err := in.listener.Accept()
		if err != nil {
			return
		}
		_ = c.SetDeadline(time.Now().Add(2 * time.Second))
		line, err := bufio.NewReaderSize(c, 4096).ReadString('\n')
		if err == nil {
			select {
			case in.messages <- strings.TrimSuffix(line, "\n"):
				fmt.Fprintln(c, "ok")
			case <-in.done:
			default:
				log.Warn("too many starts at once; one was not answered")
			}
		}
		c.Close()
	}
}

func send(ctx context.Context, dir, message string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := dial(ctx, dir)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	fmt.Fprintln(c, strings.ReplaceAll(message, "\n", " "))
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err
	}
	if answer != "ok\n" {
		return fmt.Errorf("it said %q", answer)
	}
	return nil
}
