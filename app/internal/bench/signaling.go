package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// aim is what a figure of parleyload is held against: what the best known
// service reaches (design/signaling.md has measured them: there is none to run
// here), and the goal, which ours must not exceed.
type aim struct {
	part, begins string
	theirs, goal float64 // 0 theirs: nobody has such a figure
	anchor       string
}

func aims() []aim {
	return []aim{
		{"idle", "resident memory", 44, 15, "spreed 44 to 51 kB, Centrifugo 27"},
		{"relay", "CPU per relayed message", 52, 40, "spreed 52 to 60 µs at 5,000/s"},
		{"relay", "from one client to the other, p99", 0, 5, ""},
		{"cuts", "lost", 0, 0, "spreed loses nearly all that is sent during a cut"},
		{"cuts", "twice", 0, 0, ""},
		{"cuts", "resumed after a cut, p99", 0, 20, ""},
		{"stuck", "memory that each", 0, 512, "spreed and Galene: without bound; ours: a ring of 256 KiB"},
		{"dead", "dead link noticed", 45, 20, "spreed 60 s, Galene 45, PeerJS 90"},
		{"restart", "calls dropped", 0, 0, ""},
		{"move", "lost", 0, 0, ""},
		{"move", "twice", 0, 0, ""},
		{"move", "sessions lost", 0, 0, ""},
		{"move", "resume on another node, p99", 0, 60, ""},
		{"rolling", "calls dropped", 0, 0, "others wait for users to leave"},
		{"nodb", "calls dropped", 0, 0, ""},
		{"nodb", "lost", 0, 0, ""},
		{"invite", "invitation to ringing, p95", 0, 150, ""},
	}
}

// signalingRows puts a service of our own under load.
func signalingRows(ctx context.Context, bin string) ([]row, error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "figures.json")
	cmd := exec.CommandContext(ctx, "go", "run", "./signaling/cmd/parleyload", "--parleyd", filepath.Join(filepath.Dir(bin), "parleyd"), "--json", out)
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("parleyload: %w: %s", err, said)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	var figures []struct {
		Part, Name, Unit string
		Value            float64
	}
	if err := json.Unmarshal(b, &figures); err != nil {
		return nil, fmt.Errorf("parleyload: %w", err)
	}
	var rows []row
	alonePart, beside := 0.0, 0.0
	for _, f := range figures {
		r := row{Name: f.Part + ": " + f.Name, Unit: f.Unit, Ours: &f.Value}
		for _, a := range aims() {
			if a.part != f.Part || !strings.HasPrefix(f.Name, a.begins) {
				continue
			}
			met := f.Value <= a.goal
			r.Name, r.Goal, r.Met, r.note = r.Name+", at most", &a.goal, &met, a.anchor
			if a.theirs > 0 {
				ratio := f.Value / a.theirs
				r.Theirs, r.Ratio = &a.theirs, &ratio
			}
		}
		switch {
		case strings.HasPrefix(f.Name, "others' p99 without"):
			alonePart = f.Value
		case strings.HasPrefix(f.Name, "others' p99 beside"):
			beside = f.Value
		}
		rows = append(rows, r)
	}
	if alonePart > 0 {
		rows = append(rows, against("stuck: others' p99 beside receivers that do not read; theirs is without", "ms", beside, alonePart, 1.1))
	}
	return rows, nil
}
