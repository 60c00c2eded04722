// Package stage puts real Parley windows before a real (virtual) screen and
// sound desk, and works them with mouse, keyboard, microphone and ear: what the
// end-to-end tests and `make run` without a display stand on.
//
//	Stage ─ Xvfb, openbox, PulseAudio with a microphone and a speaker for each person,
//	  │     and a service if it is to have one of its own
//	  └─ Actor ─ one program: its window, its log, where its controls are
//
// Where a control is comes from the program itself (--map FILE): a JSON file
// of names, places and texts that it rewrites when its window changes.
package stage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Stage is a virtual desktop. Close ends everything that was started on it.
type Stage struct {
	Dir     string // logs, screenshots and profiles of this stage
	Display string // ":99"; "" when the person's own display is used

	env     []string // for every program on it
	service string   // for every Parley on it: its address, or ""
	speech  bool     // see Options

	mu    sync.Mutex
	procs []*proc // guarded by mu; ended in reverse order
}

type proc struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // valid after done
}

// Options say what the stage has.
type Options struct {
	Width, Height int      // of the screen; 0: 1600 x 1000
	People        []string // each gets a microphone and a speaker
	// Speech: voices are spoken into the microphones, whose sound is then
	// improved as in any call, and not tones.
	Speech bool
	// Service is the parleyd that the programs are to use. "": they bring one,
	// or find that of another stage.
	Service string
	// Visible: use the display that is there ($DISPLAY) instead of a virtual
	// one, if there is one.
	Visible bool
}

// Open starts the desktop. dir is made if need be.
func Open(ctx context.Context, dir string, o Options) (*Stage, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &Stage{Dir: dir, speech: o.Speech}
	if o.Width == 0 {
		o.Width, o.Height = 1600, 1000
	}
	if o.Visible && os.Getenv("DISPLAY") != "" {
		s.Display = os.Getenv("DISPLAY")
	} else if err := s.openScreen(ctx, o.Width, o.Height); err != nil {
		s.Close()
		return nil, err
	}
	s.env = append(s.env, "DISPLAY="+s.Display, "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1")
	if len(o.People) > 0 {
		if err := s.openSound(ctx, o.People); err != nil {
			s.Close()
			return nil, err
		}
	}
	if o.Service != "" {
		if err := s.openService(ctx, o.Service); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// openService starts a service for this stage alone.
func (s *Stage) openService(ctx context.Context, bin string) error {
	err := s.start("parleyd", exec.Command(bin, "--listen", "127.0.0.1:0", "--data", filepath.Join(s.Dir, "service"), "--no-turn"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return Await(ctx, "the service", func() error {
		said := tail(filepath.Join(s.Dir, "parleyd.log"))
		_, after, _ := strings.Cut(said, "Parley service at ")
		url, _, ended := strings.Cut(after, "\n")
		if !ended {
			return fmt.Errorf("it says %q", said)
		}
		s.service = url
		return nil
	})
}

// openScreen starts Xvfb on a free display number, which it tells us itself,
// and a window manager.
func (s *Stage) openScreen(ctx context.Context, w, h int) error {
	r, pw, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-noreset", "-nolisten", "tcp", "-screen", "0", fmt.Sprintf("%dx%dx24", w, h))
	cmd.ExtraFiles = []*os.File{pw}
	err = s.start("xvfb", cmd)
	pw.Close()
	if err != nil {
		return fmt.Errorf("%w: is the package xvfb installed?", err)
	}
	number := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r).ReadString('\n')
		number <- strings.TrimSpace(line)
	}()
	select {
	case n := <-number:
		if n == "" {
			return fmt.Errorf("xvfb did not start: see %s", filepath.Join(s.Dir, "xvfb.log"))
		}
		s.Display = ":" + n
	case <-time.After(20 * time.Second):
		return errors.New("xvfb did not start within 20 s")
	case <-ctx.Done():
		return ctx.Err()
	}
	wm := exec.Command("openbox", "--sm-disable")
	wm.Env = append(os.Environ(), "DISPLAY="+s.Display)
	return s.start("openbox", wm)
}

// start runs cmd with its output in Dir/name.log until the stage closes.
func (s *Stage) start(name string, cmd *exec.Cmd) error {
	_, err := s.launch(name, cmd)
	return err
}

func (s *Stage) launch(name string, cmd *exec.Cmd) (*proc, error) {
	out, err := os.Create(filepath.Join(s.Dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stderr = out
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	// Its own group, so that what it starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &proc{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	s.mu.Lock()
	s.procs = append(s.procs, p)
	s.mu.Unlock()
	return p, nil
}

// stop asks p to end, and makes it end after 10 s.
func (p *proc) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// Close ends every program of the stage, the last started first.
func (s *Stage) Close() {
	s.mu.Lock()
	procs := s.procs
	s.procs = nil
	s.mu.Unlock()
	for i := len(procs) - 1; i >= 0; i-- {
		procs[i].stop()
	}
}

// tool runs a helper command on the stage and returns what it printed.
func (s *Stage) tool(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append(os.Environ(), s.env...), "LC_ALL=C.UTF-8")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// tail returns the end of a log, for error messages.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > 3000 {
		_, _ = f.Seek(-3000, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	return string(b)
}

// Await calls ready every 50 ms until it returns nil; when ctx ends first, the
// last error tells what was missing.
func Await(ctx context.Context, what string, ready func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var err error
	for {
		now := ready()
		if now == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil { // not what the end of ctx broke
			err = now
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, err)
		case <-tick.C:
		}
	}
}
