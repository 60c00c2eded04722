package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"parley/signaling/store/storetest/pgtest"
)

// cluster is a service of several nodes on one PostgreSQL.
type cluster struct {
	pg    *pgtest.Server
	nodes []*daemon

	stop  context.CancelFunc
	wg    sync.WaitGroup
	ready atomic.Pointer[[]string] // nodes that take clients; never empty
}

func (c *cluster) url() string { return "http://parley.test" }

// addrs are the nodes that are ready, each in its place, and another in the
// place of one that is not.
func (c *cluster) addrs() []string { return *c.ready.Load() }

// balance asks the nodes whether they are ready, as a load balancer does.
func (c *cluster) balance(ctx context.Context) {
	for ctx.Err() == nil {
		var ready []string
		places := make([]string, len(c.nodes))
		for i, n := range c.nodes {
			if n.answers(ctx) {
				places[i] = n.addr
				ready = append(ready, n.addr)
			}
		}
		for i := range places {
			if places[i] == "" && len(ready) > 0 {
				places[i] = ready[i%len(ready)]
			}
		}
		if len(ready) > 0 {
			c.ready.Store(&places)
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return
		}
	}
}

func (c *cluster) close() {
	if c.stop != nil {
		c.stop()
		c.wg.Wait()
	}
	for _, n := range c.nodes {
		n.close()
	}
	c.pg.Close()
}

var errNoPostgres = errors.New("there is no PostgreSQL here that could be started")

// startCluster starts a PostgreSQL and nodes, and waits until they know each
// other.
func startCluster(ctx context.Context, program string, nodes int) (*cluster, error) {
	pg, err := pgtest.Start()
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%w (%w)", errNoPostgres, err)
	case err != nil:
		return nil, err
	}
	c := &cluster{pg: pg}
	database, err := pg.NewDatabase()
	if err != nil {
		c.close()
		return nil, err
	}
	var links []string
	for range nodes {
		addr, err := freeAddr()
		if err != nil {
			c.close()
			return nil, err
		}
		links = append(links, addr)
	}
	for _, link := range links {
		n, err := startDaemon(ctx, program, "--database", database, "--public-url", c.url(), "--cluster-listen", link,
			"--cluster-nodes", strings.Join(links, ","), "--cluster-secret", "of all nodes of parleyload")
		if err != nil {
			c.close()
			return nil, err
		}
		c.nodes = append(c.nodes, n)
	}
	if err := c.joined(ctx); err != nil {
		c.close()
		return nil, err
	}
	var all []string
	for _, n := range c.nodes {
		all = append(all, n.addr)
	}
	c.ready.Store(&all)
	balancing, stop := context.WithCancel(ctx)
	c.stop = stop
	c.wg.Go(func() { c.balance(balancing) })
	return c, nil
}

// joined waits until each node knows of all.
func (c *cluster) joined(ctx context.Context) error {
	want := fmt.Sprintf("\nparley_nodes %d\n", len(c.nodes))
	for range 1500 {
		all := true
		for _, n := range c.nodes {
			m, err := n.metrics(ctx)
			all = all && err == nil && strings.Contains(m, want)
		}
		if all {
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the nodes do not find each other")
}

// withNodes starts a cluster and signs people in, spread over its nodes.
func (l *load) withNodes(ctx context.Context, nodes, people int, f func(c *cluster, all []*person) error) error {
	c, err := startCluster(ctx, l.Parleyd, nodes)
	if err != nil {
		return err
	}
	defer c.close()
	all, err := l.joinAll(ctx, c, people)
	if err != nil {
		return err
	}
	defer leaveAll(all)
	return f(c, all)
}

// spread moves people to nodes in turn, and waits until they are there for as
// long as a client wants before it comes back without a pause.
func spread(ctx context.Context, c *cluster, all []*person) error {
	for i, p := range all {
		p.node.Store(int32(i % len(c.nodes)))
		p.cut()
	}
	if err := online(ctx, all); err != nil {
		return err
	}
	return pause(ctx, 6*time.Second)
}

// move has people whose link breaks come back at another node than before, in
// the middle of their calls.
func move(ctx context.Context, l *load) error {
	const people = 1000
	return l.withNodes(ctx, 2, people, func(c *cluster, all []*person) error {
		if err := spread(ctx, c, all); err != nil {
			return err
		}
		if err := pairUp(ctx, all); err != nil {
			return err
		}
		before := resyncs(all)
		back, err := l.cutInTurn(ctx, all, l.Moves, people, func(p *person) { p.node.Store(1 - p.node.Load()) })
		if err != nil {
			return err
		}
		lost, twice, sent := tally(all)
		l.add(fmt.Sprintf("lost over %d moves to another node, of %.0f", l.Moves, sent), "", lost)
		l.add("twice", "", twice)
		l.add("sessions lost", "", float64(resyncs(all)-before))
		l.add("resume on another node, p50", "ms", back.quantile(0.5))
		l.add("resume on another node, p99", "ms", back.quantile(0.99))
		return nil
	})
}

func resyncs(all []*person) (n int64) {
	for _, p := range all {
		n += p.resyncs.Load()
	}
	return n
}

// rolling restarts three nodes one after the other while calls are up.
func rolling(ctx context.Context, l *load) error {
	return l.withNodes(ctx, 3, 2*l.Calls, func(c *cluster, all []*person) error {
		if err := spread(ctx, c, all); err != nil {
			return err
		}
		if err := pairUp(ctx, all); err != nil {
			return err
		}
		talking, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		before := resyncs(all)
		wg.Go(func() { talk(talking, all, l.Calls) })
		defer wg.Wait()
		defer stop()
		for _, n := range c.nodes {
			if err := n.end(syscall.SIGTERM); err != nil {
				return err
			}
			if err := n.start(ctx); err != nil {
				return err
			}
			if err := c.joined(ctx); err != nil {
				return err
			}
			if err := online(ctx, all); err != nil {
				return err
			}
		}
		stop()
		wg.Wait()
		if err := stand(ctx, all); err != nil {
			return err
		}
		lost, twice, sent := tally(all)
		l.add(fmt.Sprintf("calls dropped by a rolling restart of three nodes, of %d", l.Calls), "", dropped(all))
		l.add("sessions lost", "", float64(resyncs(all)-before))
		// What the node that decides had in hand when it left is refused with
		// draining, and counts here: nothing is lost without a word.
		l.add(fmt.Sprintf("refused or lost, of %.0f", sent), "", lost)
		l.add("twice", "", twice)
		return nil
	})
}

// nodekill kills the node that everybody is on; all come back at the other.
func nodekill(ctx context.Context, l *load) error {
	return l.withNodes(ctx, 2, l.Storm, func(c *cluster, all []*person) error {
		if err := c.nodes[0].end(syscall.SIGKILL); err != nil {
			return err
		}
		began := time.Now()
		was, err := c.nodes[1].cpu()
		if err != nil {
			return err
		}
		if err := signedInAt(ctx, c.nodes[1], l.Storm); err != nil {
			return err
		}
		l.add(fmt.Sprintf("all %d are back at another node after a kill", l.Storm), "s", time.Since(began).Seconds())
		cpu, err := c.nodes[1].cpu()
		l.add("CPU for each that comes back", "µs", (cpu-was).Seconds()*1e6/float64(l.Storm))
		return err
	})
}

// signedInAt waits until so many sessions have a connection to a node.
func signedInAt(ctx context.Context, n *daemon, people int) error {
	want := fmt.Sprintf("parley_sessions{state=\"connected\"} %d\n", people)
	for end := time.Now().Add(3 * onlineWithin); time.Now().Before(end); {
		if m, err := n.metrics(ctx); err == nil && strings.Contains(m, want) {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	m, err := n.metrics(ctx)
	at := strings.Index(m, "parley_sessions{")
	return fmt.Errorf("not all %d are back: %.120q (%w)", people, m[max(0, at):], errors.Join(errNoAnswer, err))
}

// nodb takes the database away while calls are up.
func nodb(ctx context.Context, l *load) error {
	return l.withNodes(ctx, 3, 2*l.Calls, func(c *cluster, all []*person) error {
		if err := spread(ctx, c, all); err != nil {
			return err
		}
		if err := pairUp(ctx, all); err != nil {
			return err
		}
		late, one := &delays{}, &delays{}
		for _, p := range all {
			p.late = late
		}
		talking, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { talk(talking, all, 5*l.Calls) })
		defer wg.Wait()
		defer stop()
		c.pg.Pause()
		newcomer, err := l.join(c)
		if err != nil {
			return err
		}
		defer leaveAll([]*person{newcomer})
		for i := range 20 { // and links break meanwhile
			p := all[i*len(all)/20]
			at := time.Now()
			p.node.Add(1)
			p.cut()
			if err := pause(ctx, l.NoDB/20); err != nil {
				return err
			}
			if !p.client.Online() {
				return fmt.Errorf("%s is not back without the database: %w", p.name, errNoAnswer)
			}
			one.add(time.Since(at))
		}
		if newcomer.client.Online() {
			return errors.New("somebody new was let in without a database")
		}
		if err := c.pg.Resume(); err != nil {
			return err
		}
		back := time.Now()
		if err := newcomer.online(ctx); err != nil {
			return err
		}
		l.add("a new sign-in waits, after the database is back", "s", time.Since(back).Seconds())
		stop()
		wg.Wait()
		if err := stand(ctx, all); err != nil {
			return err
		}
		lost, twice, sent := tally(all)
		l.add(fmt.Sprintf("calls dropped in %s without the database, of %d", l.NoDB, l.Calls), "", dropped(all))
		l.add(fmt.Sprintf("lost, of %.0f", sent), "", lost)
		l.add("twice", "", twice)
		l.add("from one client to the other meanwhile, p99", "ms", late.quantile(0.99))
		return nil
	})
}

// stand waits until all have told a new service of their call who had to, and
// says something in each.
func stand(ctx context.Context, all []*person) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if !slices.ContainsFunc(all, func(p *person) bool { return p.resyncs.Load() > 0 && !p.stood.Load() }) {
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	for _, p := range all {
		if err := p.say(); err != nil {
			return err
		}
	}
	return settle(ctx, all, 20*time.Second)
}

// dropped counts calls that have ended, or in which what was said last did not
// arrive.
func dropped(all []*person) float64 {
	n := 0.0
	for i := 0; i+1 < len(all); i += 2 {
		a, b := all[i], all[i+1]
		if a.ended.Load() || b.ended.Load() || a.heard.Load() != b.sent.Load() || b.heard.Load() != a.sent.Load() {
			n++
		}
	}
	return n
}

func (d *daemon) metrics(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.addr+"/metrics", nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var b strings.Builder
	_, err = io.Copy(&b, io.LimitReader(resp.Body, 1<<20))
	return b.String(), err
}
