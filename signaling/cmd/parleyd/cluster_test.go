package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"parley/signaling/client"
	"parley/signaling/store/storetest/pgtest"
	"parley/signaling/wire"
)

// node is a parleyd of its own process.
type node struct {
	cmd    *exec.Cmd
	addr   string
	exited chan struct{}
}

func (n *node) end(s os.Signal) {
	_ = n.cmd.Process.Signal(s) // ended already: as well
	<-n.exited
}

// balancer is what stands before the nodes: it dials one that answers.
type balancer struct{ to atomic.Pointer[[]string] }

func (b *balancer) dial(first int) func(*client.Config) {
	return func(c *client.Config) {
		inner := c.NetDial
		c.NetDial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			addrs := *b.to.Load()
			var errs []error
			for i := range addrs {
				conn, err := inner(ctx, network, addrs[(first+i)%len(addrs)])
				if err == nil {
					return conn, nil
				}
				errs = append(errs, err)
			}
			return nil, errors.Join(errs...)
		}
	}
}

// TestNodes runs three nodes with their own NATS on one PostgreSQL through
// what happens to them: one is killed, each is restarted in turn, and the
// database is away.
func TestNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds parleyd")
	}
	pg, err := pgtest.Start()
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close()
	database := pg.Database(t)
	bin := filepath.Join(t.TempDir(), "parleyd")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ports := make([]string, 3)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = l.Addr().String()
		l.Close()
	}
	cert, key, _ := certificate(t) // of all three, and its own authority
	start := func(i int) *node {
		cmd := exec.Command(bin, "--database", database, "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--no-turn",
			"--public-url", "http://parley.test", "--cluster-listen", ports[i], "--cluster-nodes", strings.Join(ports, ","),
			"--cluster-secret", "of all three of the nodes", "--cluster-tls-cert", cert, "--cluster-tls-key", key, "--cluster-tls-ca", cert,
			"--drain-for", "1s")
		log, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		n := &node{cmd: cmd, exited: make(chan struct{})}
		listen := make(chan string, 1)
		go func() {
			for s := bufio.NewScanner(log); s.Scan(); {
				t.Log(i, s.Text())
				if _, rest, found := strings.Cut(s.Text(), `"msg":"started"`); found {
					_, rest, _ = strings.Cut(rest, `"listen":"`)
					at, _, _ := strings.Cut(rest, `"`)
					listen <- at
				}
			}
			_ = cmd.Wait() // a signal ends it
			close(n.exited)
		}()
		select {
		case n.addr = <-listen:
		case <-n.exited:
			t.Fatal("parleyd ended")
		}
		return n
	}
	b := &balancer{}
	nodes := make([]*node, 3)
	addrs := func() {
		var as []string
		for _, n := range nodes {
			as = append(as, n.addr)
		}
		b.to.Store(&as)
	}
	for i := range nodes {
		nodes[i] = start(i)
		defer func() { nodes[i].end(os.Kill) }()
	}
	addrs()

	var adaKey, bobKey ed25519.PublicKey
	keyOf := func(to *ed25519.PublicKey) func(*client.Config) {
		return func(c *client.Config) { *to = c.Key.Public().(ed25519.PublicKey) }
	}
	ada := device(t, "http://parley.test", "Ada", b.dial(1), keyOf(&adaKey)).online()
	bob := device(t, "http://parley.test", "Bob", b.dial(2), keyOf(&bobKey)).online()
	if err := ada.Watch(wire.Watch{Everyone: true}); err != nil {
		t.Fatal(err)
	}
	ada.sees("Bob", wire.Available)
	ada.ask(wire.KindInvite, "call", wire.Invite{To: "Bob", Media: wire.Media{Audio: true}, Offer: wire.Description{Type: "offer", SDP: "v=0"}})
	bob.next(wire.KindInvite)
	bob.ask(wire.KindAnswer, "call", wire.Answer{Answer: wire.Description{Type: "answer", SDP: "v=0"}})
	ada.next(wire.KindAnswer)
	ada.sees("Bob", wire.InCall)

	// stands says on both ends that the call stands, as call does after a new
	// sign-in, and finds that it does.
	stands := func(after string) {
		t.Helper()
		standing := func(l *line, peer []byte, caller bool) error {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := l.Request(ctx, wire.KindStanding, "call", wire.Standing{Peer: peer, Caller: caller, Media: wire.Media{Audio: true}})
			return err
		}
		limit := time.Now().Add(20 * time.Second)
		for {
			err := errors.Join(standing(ada, bobKey, true), standing(bob, adaKey, false))
			if err == nil {
				_, err = ada.Request(t.Context(), wire.KindNegotiate, "call", wire.Negotiate{Description: wire.Description{Type: "offer", SDP: "v=0"}})
			}
			if err == nil {
				break
			}
			if time.Now().After(limit) {
				t.Fatalf("after %s: %v", after, err)
			}
			time.Sleep(50 * time.Millisecond) // there is no sign of it
		}
		for {
			select {
			case e := <-bob.Incoming():
				if e.Kind == wire.KindHangup {
					t.Fatalf("after %s the call has ended", after)
				}
				if e.Kind == wire.KindNegotiate {
					return
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("after %s nothing arrives", after)
			}
		}
	}

	nodes[2].end(os.Kill)
	stands("the kill of a node")
	nodes[2] = start(2)
	addrs()
	for i := range nodes {
		nodes[i].end(syscall.SIGTERM)
		stands(fmt.Sprint("the end of node ", i))
		nodes[i] = start(i)
		addrs()
	}
	pg.Pause()
	stands("the loss of the database")
	if _, err := ada.Request(t.Context(), wire.KindHistory, "", wire.HistoryQuery{}); !isCode(err, wire.CodeStorage) {
		t.Errorf("history without a database: %v", err)
	}
	cy := device(t, "http://parley.test", "Cy", b.dial(0))
	cy.until("is told that the service cannot let her in", func() bool { return cy.State().Err != nil })
	bob.cut() // known people come back without it
	bob.online()
	stands("a cut without the database")
	if s := cy.State(); s.Phase != client.Connecting {
		t.Errorf("without a database somebody new is %s", s.Phase)
	}
	if err := pg.Resume(); err != nil {
		t.Fatal(err)
	}
	cy.online()
	if _, err := ada.Request(t.Context(), wire.KindHistory, "", wire.HistoryQuery{}); err != nil {
		t.Errorf("history afterwards: %v", err)
	}
	ada.ask(wire.KindHangup, "call", wire.Reason{Reason: wire.EndHangup})
}

func isCode(err error, code wire.Code) bool {
	var werr *wire.Error
	return errors.As(err, &werr) && werr.Code == code
}
