package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// family is pids and all their descendants.
func family(pids []int) []int {
	children := map[int][]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return pids
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if f := statOf(pid); f != nil {
			if parent, err := strconv.Atoi(f[1]); err == nil {
				children[parent] = append(children[parent], pid)
			}
		}
	}
	var all []int
	for todo := slices.Clone(pids); len(todo) > 0; todo = todo[1:] {
		if !slices.Contains(all, todo[0]) {
			all = append(all, todo[0])
			todo = append(todo, children[todo[0]]...)
		}
	}
	return all
}

// statOf is /proc/PID/stat from the state on (proc_pid_stat(5), field 3).
func statOf(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 15 {
		return nil
	}
	return f
}

const clockTicks = 100 // a second: fixed in the kernel's interface

// spent is the processor time of each of pids and their descendants, in
// seconds.
func spent(pids []int) map[int]float64 {
	all := map[int]float64{}
	for _, pid := range family(pids) {
		if f := statOf(pid); f != nil {
			user, _ := strconv.Atoi(f[11])
			system, _ := strconv.Atoi(f[12])
			all[pid] = float64(user+system) / clockTicks
		}
	}
	return all
}

// effort is how many processors pids and their descendants use between two calls.
type effort struct {
	pids   []int
	before map[int]float64
	at     time.Time
}

func startEffort(pids []int) effort { return effort{pids, spent(pids), time.Now()} }

func (l effort) cores() float64 {
	sum := 0.0
	for pid, now := range spent(l.pids) {
		sum += now - l.before[pid]
	}
	return sum / time.Since(l.at).Seconds()
}

// memory is what pids and their descendants hold, pages that they share
// divided among them, in MB.
func memory(pids []int) float64 {
	sum := 0
	for _, pid := range family(pids) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
				kb, _ := strconv.Atoi(f[1])
				sum += kb
			}
		}
	}
	return float64(sum) / 1024
}
