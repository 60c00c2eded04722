package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"parley/app/internal/stage"
)

// network is the laboratory's netlab: hosts on this machine with links between
// them that can be made bad. It ends with its standard input.
type network struct {
	bin   string
	cmd   *exec.Cmd
	stdin io.Closer
	addr  map[string]string // of hosts
}

// controlSocket is where netlab listens; there is one on a machine.
const controlSocket = "/tmp/netlab.sock"

// errNoLab: rows that need it say so.
var errNoLab = errors.New("the laboratory ../shared/lab/netlab is not there")

// openNetwork starts netlab with these hosts.
func openNetwork(ctx context.Context, dir string, hosts ...string) (*network, error) {
	source, ok := lab("netlab")
	if !ok {
		return nil, errNoLab
	}
	if c, err := net.Dial("unix", controlSocket); err == nil {
		_ = c.Close()
		return nil, errors.New("netlab runs already, for somebody else")
	}
	n := &network{bin: filepath.Join(dir, "netlab"), addr: map[string]string{}}
	if out, err := exec.CommandContext(ctx, "go", "-C", source, "build", "-o", n.bin, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("netlab: %w: %s", err, out)
	}
	n.cmd = exec.Command(n.bin, "-hosts", strings.Join(hosts, ","), "--", "sh", "-c", "env; echo ready; cat")
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := n.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	n.stdin = in
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	ready := false
	for s := bufio.NewScanner(out); !ready && s.Scan(); {
		k, v, _ := strings.Cut(s.Text(), "=")
		ready = k == "ready"
		if host, ok := strings.CutPrefix(k, "NL_"); ok {
			n.addr[strings.ToLower(host)] = v
		}
	}
	if !ready {
		n.close()
		return nil, errors.New("netlab did not start: it needs root, ip, iptables and /dev/net/tun")
	}
	return n, nil
}

// set changes the link of a host, as `netlab -set` takes it.
func (n *network) set(host, settings string) error {
	out, err := exec.Command(n.bin, "-set", host+"="+settings).CombinedOutput()
	if err != nil {
		return fmt.Errorf("netlab: %w: %s", err, out)
	}
	return nil
}

func (n *network) close() {
	_ = n.stdin.Close()
	late := time.AfterFunc(20*time.Second, func() { _ = n.cmd.Process.Signal(syscall.SIGTERM) })
	defer late.Stop()
	_ = n.cmd.Wait() // the status is the script's
}

// on is what to put before a command so that it runs on a host.
func on(host string) []string { return []string{"ip", "netns", "exec", "nl-" + host} }

// listenOn opens a socket on a host from this process: it belongs to the
// network in which it was made.
func listenOn(host string) func(network, address string) (net.Listener, error) {
	return func(network, address string) (l net.Listener, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			// The thread is given up if it cannot be brought back.
			runtime.LockOSThread()
			own, oerr := os.Open("/proc/thread-self/ns/net")
			if oerr != nil {
				err = oerr
				return
			}
			defer own.Close()
			there, oerr := os.Open("/var/run/netns/nl-" + host)
			if oerr != nil {
				err = oerr
				return
			}
			defer there.Close()
			if err = unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
				return
			}
			l, err = net.Listen(network, address)
			if unix.Setns(int(own.Fd()), unix.CLONE_NEWNET) == nil {
				runtime.UnlockOSThread()
			}
		}()
		<-done
		return l, err
	}
}

// serviceOn starts parleyd on a host and returns its URL and what ends it.
func serviceOn(ctx context.Context, n *network, t *town, host string) (url string, stop func(), err error) {
	address := n.addr[host] + ":8080"
	line := append(on(host), filepath.Join(filepath.Dir(t.bin), "parleyd"), "--listen", address, "--data", filepath.Join(t.dir, "lab"))
	cmd := exec.Command(line[0], line[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err = stage.Await(wait, "the service", func() error {
		probe := append(on(host), "bash", "-c", "exec 3<>/dev/tcp/"+strings.Replace(address, ":", "/", 1))
		return exec.CommandContext(wait, probe[0], probe[1:]...).Run()
	})
	if err != nil {
		end(cmd)
		return "", nil, err
	}
	return "http://" + address, func() { end(cmd) }, nil
}
