// Package pulsetest runs a PulseAudio of a test's own: null sinks and nothing
// of the computer's sound. Tests alone import it.
package pulsetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Server is a running PulseAudio. The test's environment points to it.
type Server struct {
	args  []string
	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts a server with a sink per name, described as the name, whose
// monitor NAME.monitor hears what is played into it. Each name in mics is also
// a microphone NAME, fed by the sink NAME_talk. It skips the test where
// PulseAudio is not installed.
func Start(t *testing.T, sinks, mics []string) *Server {
	t.Helper()
	for _, p := range []string{"pulseaudio", "pactl", "parec", "pacat"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("no real sound to test with: %s is not installed (Debian: pulseaudio pulseaudio-utils)", p)
		}
	}
	dir, err := os.MkdirTemp("", "pa") // t.TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	run := filepath.Join(dir, "pulse")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{
		"XDG_RUNTIME_DIR": dir, "PULSE_RUNTIME_PATH": run, "XDG_CONFIG_HOME": dir, "HOME": dir,
		"PULSE_SERVER": "unix:" + filepath.Join(run, "native"),
	} {
		t.Setenv(k, v)
	}
	args := []string{
		"-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=error", "--use-pid-file=no",
		"-L", "module-native-protocol-unix auth-anonymous=1",
	}
	// A null sink hands sound on every two seconds until somebody asks for less,
	// and only then takes note; without rewinds it is every 50 ms from the start.
	const nullSink = "module-null-sink norewinds=1 rate=48000 sink_name="
	for _, s := range sinks {
		args = append(args, "-L", nullSink+s+" sink_properties=device.description="+s)
	}
	for _, m := range mics {
		args = append(args,
			"-L", nullSink+m+"_talk sink_properties=device.description="+m+"_talk",
			"-L", "module-remap-source master="+m+"_talk.monitor source_name="+m+" source_properties=device.description="+m+"_name")
	}
	s := &Server{args: args}
	t.Cleanup(s.Kill)
	s.Restart(t)
	return s
}

// Kill ends the server as a crash would.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // fails when it has ended: that is what is wanted
	<-s.ended
}

// Pid returns the server's process.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Restart starts a killed server again, with the devices that it had at first.
func (s *Server) Restart(t *testing.T) {
	t.Helper()
	cmd, ended := exec.Command("pulseaudio", s.args...), make(chan struct{})
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // however it ended
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
	for deadline := time.Now().Add(10 * time.Second); ; {
		if err := exec.Command("pactl", "info").Run(); err == nil {
			return
		}
		select {
		case <-ended:
			t.Skipf("no real sound to test with: pulseaudio does not start here: %s", out.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("pulseaudio does not answer: %s", out.String())
		}
	}
}

// Ctl runs pactl and returns what it prints.
func (s *Server) Ctl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("pactl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("pactl %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Unload unloads the module whose arguments contain part.
func (s *Server) Unload(t *testing.T, part string) {
	t.Helper()
	for line := range strings.SplitSeq(s.Ctl(t, "list", "short", "modules"), "\n") {
		if id, args, ok := strings.Cut(line, "\t"); ok && strings.Contains(args, part) {
			s.Ctl(t, "unload-module", id)
			return
		}
	}
	t.Fatalf("no module with %q", part)
}

// Play plays raw 48 kHz mono 16-bit samples into a sink until the test ends.
func (s *Server) Play(t *testing.T, sink string, samples []int16) {
	t.Helper()
	raw := make([]byte, 0, 2*len(samples))
	for _, v := range samples {
		raw = append(raw, byte(v), byte(v>>8))
	}
	cmd := exec.Command("pacat", "-d", sink, "--rate=48000", "--channels=1", "--format=s16le", "--latency-msec=200")
	cmd.Stdin = bytes.NewReader(raw)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(cmd) })
}

// Record records 48 kHz mono from a source and returns n samples.
func (s *Server) Record(t *testing.T, source string, n int) []int16 {
	t.Helper()
	cmd := exec.Command("parec", "-d", source, "--rate=48000", "--channels=1", "--format=s16le", "--latency-msec=20")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer end(cmd)
	raw := make([]byte, 2*n)
	for got := 0; got < len(raw); {
		k, err := pipe.Read(raw[got:])
		if err != nil {
			t.Fatalf("parec: %v", err)
		}
		got += k
	}
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
	}
	return out
}

// end ends a program that would go on.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // fails when it has ended: that is what is wanted
	_ = cmd.Wait()         // says that it was killed
}
