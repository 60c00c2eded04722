// parleyload puts a Parley service under load and says what that cost. It
// starts a service of its own on a free port of the loopback interface and
// signs in many ordinary clients (signaling/client): nothing that it does could
// not be done by people. It never touches a service of somebody else.
//
//	parleyload --parleyd bin/parleyd --parts idle,relay,cuts --json FILE
//
// Figures are printed one in a line, or written as a JSON array of objects with
// part, name, unit, value. Counts and times are bounded by the flags.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// flags say how much.
type flags struct {
	Parleyd  string        `default:"bin/parleyd" placeholder:"FILE" help:"The service to start."`
	Parts    []string      `placeholder:"PART" help:"idle, relay, cuts, stuck, dead, storm, restart, invite, and with several nodes on a PostgreSQL of its own move, rolling, nodekill, nodb; without it all of them."`
	JSON     string        `placeholder:"FILE" help:"Write the figures there, too."`
	Sessions int           `default:"2000" help:"Idle sessions (idle), at most 20000."`
	Pairs    int           `default:"150" help:"Calls that messages go through (relay), at most 2000."`
	Rate     int           `default:"5000" help:"Messages a second in all (relay), at most 20000."`
	Cuts     int           `default:"1000" help:"Links cut (cuts), at most 10000."`
	Stuck    int           `default:"300" help:"Receivers that stop reading (stuck), at most 2000."`
	Storm    int           `default:"10000" help:"Clients that come back at once (storm, nodekill), at most 20000; each needs a file descriptor here and in the service."`
	Calls    int           `default:"200" help:"Calls that are up at a restart (restart, rolling, nodb), at most 2000."`
	Moves    int           `default:"1000" help:"Links cut whose clients come back at another node (move), at most 10000."`
	NoDB     time.Duration `name:"no-db" default:"10s" help:"How long the database is away (nodb), at most 60s."`
}

// figure is one result.
type figure struct {
	Part  string  `json:"part"`
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// part is one kind of load.
type part struct {
	name string
	run  func(ctx context.Context, l *load) error
}

func parts() []part {
	return []part{
		{"idle", idle}, {"relay", relay}, {"cuts", cuts}, {"stuck", stuck}, {"dead", dead},
		{"storm", storm}, {"restart", restart}, {"invite", invite},
		{"move", move}, {"rolling", rolling}, {"nodekill", nodekill}, {"nodb", nodb},
	}
}

// load is one run of the program.
type load struct {
	flags
	part    string
	figures []figure
	name    int // of the next person
}

func (l *load) add(name, unit string, value float64) {
	l.figures = append(l.figures, figure{l.part, name, unit, value})
	fmt.Printf("%-8s %-62s %12.4g %s\n", l.part, name, value, unit)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "parleyload:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var f flags
	kong.Parse(&f, kong.Name("parleyload"), kong.Description("Puts a Parley service of its own under load, on the loopback interface."))
	if err := f.check(); err != nil {
		return err
	}
	l := &load{flags: f}
	for _, p := range parts() {
		if len(f.Parts) > 0 && !slices.Contains(f.Parts, p.name) {
			continue
		}
		l.part = p.name
		err := p.run(ctx, l)
		if errors.Is(err, errNoPostgres) && len(f.Parts) == 0 {
			fmt.Fprintf(os.Stderr, "%s is left out: %v\n", p.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if f.JSON == "" {
		return nil
	}
	b, err := json.MarshalIndent(l.figures, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.JSON, append(b, '\n'), 0o644) //nolint:gosec // figures are no secret
}

// check refuses what is not known and what could wear a machine out.
func (f *flags) check() error {
	for _, want := range f.Parts {
		if !slices.ContainsFunc(parts(), func(p part) bool { return p.name == want }) {
			return fmt.Errorf("--parts: %q is not one of idle, relay, cuts, stuck, dead, storm, restart, invite, move, rolling, nodekill, nodb", want)
		}
	}
	for _, c := range []struct {
		name       string
		have, most int
	}{
		{"sessions", f.Sessions, 20_000}, {"pairs", f.Pairs, 2000}, {"rate", f.Rate, 20_000}, {"cuts", f.Cuts, 10_000},
		{"stuck", f.Stuck, 2000}, {"storm", f.Storm, 20_000}, {"calls", f.Calls, 2000}, {"moves", f.Moves, 10_000},
	} {
		if c.have < 1 || c.have > c.most {
			return fmt.Errorf("--%s: %d is not 1 to %d", c.name, c.have, c.most)
		}
	}
	if f.NoDB < time.Second || f.NoDB > time.Minute {
		return fmt.Errorf("--no-db: %s is not 1s to 60s", f.NoDB)
	}
	if strings.TrimSpace(f.Parleyd) == "" {
		return errors.New("--parleyd: which program? `make build` makes bin/parleyd")
	}
	return nil
}
