package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// account is what --stats writes, as far as the rows need it.
type account struct {
	SetupMS      *float64 `json:"setup_ms"`
	FirstFrameMS *float64 `json:"first_frame_ms"`
	CPUSeconds   *float64 `json:"cpu_seconds"`
	DurationS    *float64 `json:"duration_s"`
	VideoIn      struct {
		FPS *float64 `json:"fps"`
	} `json:"video_in"`
}

const callRuns, callFor = 3, 8 * time.Second

// callRows makes calls between two programs without windows on this machine,
// test card to test card at 720p30 both ways, and takes the medians.
func callRows(ctx context.Context, bin string) ([]row, error) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return nil, err
	}
	var setup, first, load, fps []float64
	for range callRuns {
		a, b, err := callOnce(ctx, bin)
		if err != nil {
			return nil, err
		}
		if a.SetupMS == nil || a.FirstFrameMS == nil || a.CPUSeconds == nil || b.CPUSeconds == nil || a.DurationS == nil || a.VideoIn.FPS == nil {
			return nil, errors.New("a call gave no figures")
		}
		setup = append(setup, *a.SetupMS)
		first = append(first, *a.FirstFrameMS)
		load = append(load, (*a.CPUSeconds+*b.CPUSeconds) / *a.DurationS)
		fps = append(fps, *a.VideoIn.FPS)
	}
	return []row{
		alone("invitation to connected, median of 3", "ms", median(setup), 0),
		alone("accepted to first picture, median of 3", "ms", median(first), 700),
		alone("CPU of both ends, two ways 720p30, no window", "cores", median(load), 0),
		alone("pictures shown of 30", "1/s", median(fps), 0),
	}, nil
}

func callOnce(ctx context.Context, bin string) (caller, callee account, err error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return caller, callee, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	program := func(name string, args ...string) (*exec.Cmd, *bytes.Buffer) {
		args = append(args, "--headless", "--name", name, "--profile", filepath.Join(dir, name), "--stats", filepath.Join(dir, name+".json"),
			"--camera", "testcard", "--microphone", "tone", "--speaker", "null")
		cmd := exec.CommandContext(ctx, bin, args...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		return cmd, &out
	}
	b, bOut := program("callee", "--answer")
	if err := b.Start(); err != nil {
		return caller, callee, err
	}
	a, aOut := program("caller", "--call", "callee", "--for", callFor.String())
	if err := a.Run(); err != nil {
		_ = b.Process.Kill()
		_ = b.Wait()
		return caller, callee, fmt.Errorf("caller: %w: %s", err, aOut)
	}
	if err := b.Wait(); err != nil {
		return caller, callee, fmt.Errorf("callee: %w: %s", err, bOut)
	}
	for name, to := range map[string]*account{"caller": &caller, "callee": &callee} {
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err == nil {
			err = json.Unmarshal(text, to)
		}
		if err != nil {
			return caller, callee, err
		}
	}
	return caller, callee, nil
}
