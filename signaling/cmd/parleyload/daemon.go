package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// daemon is a service of our own, or one of its nodes.
type daemon struct {
	program string
	dir     string
	addr    string
	more    []string // flags
	cmd     *exec.Cmd
	log     *os.File
}

// url is what people type, and addrs where to dial for it.
func (d *daemon) url() string     { return "http://" + d.addr }
func (d *daemon) addrs() []string { return []string{d.addr} }

// startDaemon starts a service with an empty database.
func startDaemon(ctx context.Context, program string, more ...string) (*daemon, error) {
	dir, err := os.MkdirTemp("", "parleyload-")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	d := &daemon{program: program, dir: dir, addr: addr, more: more}
	if d.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	if err := d.start(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// freeAddr is a port of the loopback interface that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start runs the program until it answers.
func (d *daemon) start(ctx context.Context) error {
	args := append([]string{"--listen", d.addr, "--data", filepath.Join(d.dir, "data"), "--no-turn", "--no-directory", "--strangers", "ring", "--log-level", "warn"}, d.more...)
	d.cmd = exec.Command(d.program, args...)
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	if err := d.cmd.Start(); err != nil {
		return fmt.Errorf("start the service: %w", err)
	}
	for range 500 {
		if d.answers(ctx) {
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the service did not start: see %s", d.log.Name())
}

// answers reports whether it takes clients.
func (d *daemon) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.addr+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// end sends a signal and waits.
func (d *daemon) end(s syscall.Signal) error {
	if d.cmd == nil || d.cmd.Process == nil {
		return nil
	}
	err := d.cmd.Process.Signal(s)
	werr := d.cmd.Wait()
	d.cmd = nil
	if _, killed := errors.AsType[*exec.ExitError](werr); killed {
		werr = nil
	}
	return errors.Join(err, werr)
}

func (d *daemon) close() {
	_ = d.end(syscall.SIGKILL)
	if d.log != nil {
		_ = d.log.Close()
	}
	_ = os.RemoveAll(d.dir)
}

// resident is the memory of the service, bytes.
func (d *daemon) resident() (float64, error) {
	f, err := d.proc("statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseFloat(f[1], 64)
	return pages * float64(os.Getpagesize()), err
}

// cpu is the processor time of the service so far.
func (d *daemon) cpu() (time.Duration, error) {
	f, err := d.proc("stat")
	if err != nil {
		return 0, err
	}
	const perSecond = 100 // USER_HZ, the same on every Linux
	user, err := strconv.Atoi(f[13])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(f[14])
	return time.Duration(user+system) * time.Second / perSecond, err
}

func (d *daemon) proc(name string) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", d.cmd.Process.Pid, name))
	if err != nil {
		return nil, err
	}
	f := strings.Fields(string(b))
	if name == "stat" && len(f) < 15 || len(f) < 2 {
		return nil, fmt.Errorf("/proc/%s is not understood", name)
	}
	return f, nil
}

// pause sleeps unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
