package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"parley/app/internal/stage"
)

// account is what --stats writes, as far as the rows need it.
type account struct {
	SetupMS      *float64 `json:"setup_ms"`
	FirstFrameMS *float64 `json:"first_frame_ms"`
	CPUSeconds   *float64 `json:"cpu_seconds"`
	DurationS    *float64 `json:"duration_s"`
	VideoIn      struct {
		FPS           *float64 `json:"fps"`
		BitrateBPS    *float64 `json:"bitrate_bps"`
		FreezeSeconds *float64 `json:"freeze_seconds"`
		PauseSeconds  *float64 `json:"pause_seconds"`
	} `json:"video_in"`
	AudioIn struct {
		ConcealedRatio *float64 `json:"concealed_ratio"`
	} `json:"audio_in"`
}

// town is a service and a screen on which programs call each other.
type town struct {
	bin     string
	dir     string
	service *exec.Cmd
	url     string
	stage   *stage.Stage
	n       int
}

const burdenKbps = 2000

// silent sends nothing; oneWay sends a picture and a tone.
var silent = []string{"--camera", "none", "--microphone", "none", "--speaker", "null"} //nolint:gochecknoglobals // a constant

func oneWay(camera string) []string {
	return []string{"--camera", camera, "--microphone", "tone", "--speaker", "null", "--bitrate", strconv.Itoa(burdenKbps)}
}

// newTown starts the service of the build that bin is from.
func newTown(ctx context.Context, bin string) (*town, error) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	t := &town{bin: bin, dir: dir}
	if t.stage, err = stage.Open(ctx, filepath.Join(dir, "stage"), stage.Options{Width: 2600, Height: 1200}); err != nil {
		t.close()
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.close()
		return nil, err
	}
	address := l.Addr().String()
	_ = l.Close() // parleyd takes it
	t.service = exec.Command(filepath.Join(filepath.Dir(bin), "parleyd"), "--listen", address, "--no-turn", "--data", filepath.Join(dir, "service"))
	t.service.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := t.service.Start(); err != nil {
		t.service = nil
		t.close()
		return nil, err
	}
	t.url = "http://" + address
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err = stage.Await(wait, "the service", func() error {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err
	})
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *town) close() {
	if t.service != nil {
		end(t.service)
	}
	if t.stage != nil {
		t.stage.Close()
	}
	_ = os.RemoveAll(t.dir)
}

// end asks a program to end, and makes it end.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	_ = cmd.Wait() // how it ended is seen from its account
}

// ourCall says who calls: flags of both sides.
type ourCall struct {
	caller, callee []string
	window         bool
	command        [2][]string // before the program: in another network namespace
	url            string      // of the service; "": the town's
}

// running is a call between two programs.
type running struct {
	cmds     [2]*exec.Cmd
	out      [2]*bytes.Buffer
	accounts [2]account // caller's, callee's, once over
}

func (r *running) pids() []int { return []int{r.cmds[0].Process.Pid, r.cmds[1].Process.Pid} }

// call lets one program call another, runs during while they talk, and ends
// the call.
func (t *town) call(ctx context.Context, c ourCall, during func(*running) error) (*running, error) {
	t.n++
	dir := filepath.Join(t.dir, strconv.Itoa(t.n))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	url := c.url
	if url == "" {
		url = t.url
	}
	r := &running{}
	name := func(i int) string { return fmt.Sprintf("%s%d", []string{"Caller", "Callee"}[i], t.n) }
	start := func(i int, args ...string) error {
		args = append(args, "--name", name(i), "--service", url, "--profile", filepath.Join(dir, name(i)),
			"--stats", filepath.Join(dir, name(i)+".json"))
		if c.window {
			args = append(args, "--map", filepath.Join(dir, name(i)+".map"))
		} else {
			args = append(args, "--headless")
		}
		line := append(append(slices.Clone(c.command[i]), t.bin), args...)
		r.cmds[i] = exec.Command(line[0], line[1:]...)
		r.out[i] = &bytes.Buffer{}
		r.cmds[i].Stdout, r.cmds[i].Stderr = r.out[i], r.out[i]
		r.cmds[i].SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		r.cmds[i].Env = append(os.Environ(), "DISPLAY="+t.stage.Display, "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1")
		if err := r.cmds[i].Start(); err != nil {
			r.cmds[i] = nil
			return err
		}
		return nil
	}
	defer func() {
		for _, cmd := range r.cmds {
			if cmd != nil && cmd.ProcessState == nil {
				end(cmd)
			}
		}
	}()
	if err := start(1, append([]string{"--answer"}, c.callee...)...); err != nil {
		return nil, err
	}
	if err := start(0, append([]string{"--call", name(1)}, c.caller...)...); err != nil {
		return nil, err
	}
	err := during(r)
	for i := range r.cmds {
		end(r.cmds[i])
	}
	if err != nil {
		return nil, err
	}
	for i := range r.accounts {
		text, err := os.ReadFile(filepath.Join(dir, name(i)+".json"))
		if err == nil {
			err = json.Unmarshal(text, &r.accounts[i])
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name(i), err), errors.New(r.out[i].String()))
		}
	}
	return r, nil
}
