// Command bench measures Parley beside what others reach, in one run on one
// machine: part, name, unit, ours, theirs, ratio, goal, met or not.
//
//	make bench                      all parts
//	make bench ONLY=encoder,call    some
//	make bench JSON=rows.json       the rows as an array of objects as well
//
// The machine is shared and noisy: read the ratios, not the times. A row
// without "theirs" has nobody to compare with; its goal is of ours alone. The
// table has a last column that the JSON has not: the spread of the runs, or why
// something could not be measured. It runs from the root of the repository.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// row is one figure. Ratio is ours over theirs, null for decibels. Goal bounds
// the ratio; where theirs is null, or the name ends in "at least" or "at most",
// it bounds ours. Met is null where there is no goal.
type row struct {
	Part   string   `json:"part"`
	Name   string   `json:"name"`
	Unit   string   `json:"unit"`
	Ours   *float64 `json:"ours"`
	Theirs *float64 `json:"theirs"`
	Ratio  *float64 `json:"ratio"`
	Goal   *float64 `json:"goal"`
	Met    *bool    `json:"met"`

	note string // for the table: spread of the runs, or why there is no figure
}

// part measures some rows.
type part struct {
	name string
	run  func(ctx context.Context) ([]row, error)
}

func main() {
	only := flag.String("only", "", "parts, comma separated; all if empty")
	file := flag.String("json", "", "write the rows here as well")
	bin := flag.String("bin", "bin/parley", "the program for the parts that make calls")
	window := flag.String("window", "", "be the window of this size that part shown looks at")
	flag.Parse()
	if *window != "" {
		if err := showWindow(*window); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *file, *bin); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only, file, bin string) error {
	parts := []part{
		{"encoder", encoderRows},
		{"rate", rateRows},
		{"decoder", decoderRows},
		{"camera", cameraRows},
		{"aec", aecRows},
		{"noise", noiseRows},
		{"voice", voiceRows},
		{"home", func(ctx context.Context) ([]row, error) { return homeRows(ctx, bin) }},
		{"shown", func(ctx context.Context) ([]row, error) { return shownRows(ctx, bin) }},
		{"link", func(ctx context.Context) ([]row, error) { return linkRows(ctx, bin) }},
		{"netlab", func(ctx context.Context) ([]row, error) { return netlabRows(ctx, bin) }},
		{"late", func(ctx context.Context) ([]row, error) { return lateRows(ctx, bin) }},
		{"share", shareRows},
		{"files", fileRows},
		{"lips", lipRows},
		{"jitter", jitterRows},
		{"call", func(ctx context.Context) ([]row, error) { return callRows(ctx, bin) }},
		{"signaling", func(ctx context.Context) ([]row, error) { return signalingRows(ctx, bin) }},
	}
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	wanted := names
	if only != "" {
		wanted = strings.Split(only, ",")
		for _, w := range wanted {
			if !slices.Contains(names, w) {
				return fmt.Errorf("there is no part %q; there are %s", w, strings.Join(names, ", "))
			}
		}
	}
	var rows []row
	var failed error
	for _, p := range parts {
		if !slices.Contains(wanted, p.name) {
			continue
		}
		began := time.Now()
		got, err := p.run(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", p.name, ctx.Err())
		}
		if err != nil { // the others are still worth knowing
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.name, err))
			got = append(got, unmeasured("failed", "", err.Error()))
		}
		fmt.Fprintf(os.Stderr, "bench: %s took %.0f s\n", p.name, time.Since(began).Seconds())
		for i := range got {
			got[i].Part = p.name
		}
		rows = append(rows, got...)
	}
	if err := print(rows); err != nil {
		return err
	}
	if file == "" {
		return failed
	}
	b, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(failed, os.WriteFile(file, append(b, '\n'), 0o644))
}

func print(rows []row) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "part\tname\tunit\tours\ttheirs\tratio\tgoal\tmet\t")
	num := func(v *float64) string {
		if v == nil {
			return "–"
		}
		return fmt.Sprintf("%.4g", *v)
	}
	for _, r := range rows {
		met := "–"
		if r.Met != nil {
			met = map[bool]string{true: "yes", false: "no"}[*r.Met]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Part, r.Name, r.Unit, num(r.Ours), num(r.Theirs), num(r.Ratio), num(r.Goal), met, r.note)
	}
	return w.Flush()
}

// against makes a row whose ratio to theirs must not exceed goal.
func against(name, unit string, ours, theirs, goal float64) row {
	met := ours <= goal*theirs
	r := row{Name: name, Unit: unit, Ours: &ours, Theirs: &theirs, Goal: &goal, Met: &met}
	if theirs != 0 {
		ratio := ours / theirs
		r.Ratio = &ratio
	}
	return r
}

// atLeast makes a row of decibels, of which more is better: ours must reach goal.
func atLeast(name, unit string, ours, theirs, goal float64) row {
	met := ours >= goal
	return row{Name: name + ", at least", Unit: unit, Ours: &ours, Theirs: &theirs, Goal: &goal, Met: &met}
}

// atMost makes a row beside theirs in which ours must not exceed goal.
func atMost(name, unit string, ours, theirs, goal float64) row {
	r := against(name+", at most", unit, ours, theirs, goal)
	*r.Met = ours <= goal
	return r
}

// timesTheirs makes a row of which more is better: the ratio must reach goal.
func timesTheirs(name, unit string, ours, theirs, goal float64) row {
	r := against(name+", at least", unit, ours, theirs, goal)
	*r.Met = ours >= goal*theirs
	return r
}

// unmeasured makes a row that says why there is no figure.
func unmeasured(name, unit, why string) row { return row{Name: name, Unit: unit, note: why} }

// with adds a remark.
func (r row) with(note string) row {
	r.note = note
	return r
}

// alone makes a row without anybody to compare with; ours must not exceed goal
// (0: there is none).
func alone(name, unit string, ours, goal float64) row {
	r := row{Name: name, Unit: unit, Ours: &ours}
	if goal > 0 {
		met := ours <= goal
		r.Goal, r.Met = &goal, &met
	}
	return r
}
