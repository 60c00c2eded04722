package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// median is the middle of v, which it sorts.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// quantile is the value below which a share q of v lies; v is sorted.
func quantile(v []float64, q float64) float64 {
	slices.Sort(v)
	return v[min(len(v)-1, int(q*float64(len(v))))]
}

// pairs are figures of ours and theirs, measured in turn, so that both see the
// same disturbances.
type pairs struct{ ours, theirs []float64 }

// turns measures n times each.
func turns(n int, ours, theirs func() (float64, error)) (p pairs, err error) {
	for range n {
		a, err := ours()
		if err != nil {
			return p, err
		}
		b, err := theirs()
		if err != nil {
			return p, err
		}
		p.ours, p.theirs = append(p.ours, a), append(p.theirs, b)
	}
	return p, nil
}

// spread says from where to where the figures went.
func (p pairs) spread() string {
	return "ours " + span(p.ours) + ", theirs " + span(p.theirs)
}

func span(v []float64) string {
	if len(v) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3g to %.3g", slices.Min(v), slices.Max(v))
}

// against makes a row of the medians.
func (p pairs) against(name, unit string, goal float64) row {
	return against(name, unit, median(p.ours), median(p.theirs), goal).with(p.spread())
}

// here is a file of this package in the source.
func here(path string) string { return filepath.Join("app", "internal", "bench", path) }

// lab is a program of the laboratory beside the repository, false if there is
// none.
func lab(name string) (string, bool) {
	path, err := filepath.Abs(filepath.Join("..", "shared", "lab", name))
	if err != nil {
		return "", false
	}
	_, err = os.Stat(path)
	return path, err == nil
}

// reference builds the C program that stands for libvpx and libyuv alone.
func reference(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "ref")
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "clang"
	}
	flags, err := exec.CommandContext(ctx, "pkg-config", "--cflags", "--libs", "vpx").Output()
	if err != nil {
		return "", fmt.Errorf("pkg-config: %w", err)
	}
	args := append([]string{"-O2", "-o", path, here("ref/ref.c")}, strings.Fields(string(flags))...)
	if out, err := exec.CommandContext(ctx, cc, append(args, "-lyuv")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", cc, err, out)
	}
	return path, nil
}

// numbers runs a program and reads what it prints.
func numbers(ctx context.Context, name string, args ...string) ([]float64, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, e.Stderr)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var v []float64
	for _, f := range strings.Fields(string(out)) {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, fmt.Errorf("%s printed %q", name, f)
		}
		v = append(v, n)
	}
	if len(v) == 0 {
		return nil, fmt.Errorf("%s printed nothing", name)
	}
	return v, nil
}
