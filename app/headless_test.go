package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/app/internal/policy"
	"parley/app/internal/settings"
	"parley/media/device"
	"parley/signaling/wire"
)

// answering runs a program that accepts calls, until the test ends. It returns
// what it prints once it is signed in, which is when its name is taken.
func answering(t *testing.T, url, name, profile string, more ...string) *syncBuffer {
	t.Helper()
	return answeringUnder(t, policy.Load, url, name, profile, more...)
}

func answeringUnder(t *testing.T, load func() policy.Policy, url, name, profile string, more ...string) *syncBuffer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var printed syncBuffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		runUnder(ctx, load, append([]string{"--headless", "--answer", "--service", url, "--name", name, "--profile", profile,
			"--camera", "none", "--microphone", "none", "--speaker", "null"}, more...), &printed, &printed)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return &printed
}

// Every device that a flag names and that cannot be used gets a sentence, and
// the call comes about without it.
func TestDevicesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	url := localService(t)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	for name, c := range map[string]struct {
		flag, value string
		words       []string
	}{
		"camera that is not there":     {"--camera", "no such camera", []string{"no such camera"}},
		"camera file that is none":     {"--camera", write("broken.y4m", "not a picture"), []string{"broken.y4m", "it is not a y4m file"}},
		"camera file cut short":        {"--camera", write("short.y4m", "YUV4MPEG2 W64 H64 F30:1\nFRAME\nxx"), []string{"short.y4m"}},
		"camera file that is missing":  {"--camera", "file:" + filepath.Join(dir, "none.y4m"), []string{"none.y4m", "no such file"}},
		"microphone file that is none": {"--microphone", write("broken.wav", "not a sound"), []string{"broken.wav", "it is not a wav file"}},
		"microphone that is not there": {"--microphone", "no such microphone", []string{"no such microphone"}},
		"speaker file without folder":  {"--speaker", "file:" + filepath.Join(dir, "no", "heard.wav"), []string{"heard.wav"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ben := "Ben " + name
			answering(t, url, ben, t.TempDir())
			code, printed := runHeadless(t, "--service", url, "--name", "Anna "+name, "--call", ben, "--for", "300ms",
				"--profile", t.TempDir(), c.flag, c.value)
			if code != 0 {
				t.Errorf("exit %d: the call goes on without the device", code)
			}
			for _, w := range c.words {
				if !strings.Contains(printed, w) {
					t.Errorf("printed %q, which does not say %q", printed, w)
				}
			}
		})
	}
}

func TestDeclined(t *testing.T) {
	t.Parallel()
	url := localService(t)
	dir := t.TempDir()
	store, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ben, err := assemble(&flags{Service: url, Name: "Ben", Camera: "none", Microphone: "none", Speaker: "null", width: 320, height: 180, Rate: 15, Bitrate: 500},
		dir, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- ben.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	rings, unsubscribe := ben.phone.Subscribe()
	defer unsubscribe()
	go func() {
		for range rings {
			if calls := ben.phone.Ringing(); len(calls) > 0 {
				calls[0].Decline(wire.RejectDeclined, "Back in an hour.")
				return
			}
		}
	}()
	code, printed := runHeadless(t, "--service", url, "--name", "Anna", "--call", "Ben", "--profile", t.TempDir())
	refused(t, code, printed, "Ben declined", "Back in an hour.")
}

// stuck is a driver that does not let go.
type stuck struct{}

func (stuck) OpenVideo(context.Context, device.Kind, device.Selector, device.VideoFormat) (device.VideoSource, error) {
	return nil, device.ErrNone
}

func (stuck) OpenAudio(context.Context, device.Selector) (device.AudioSource, error) {
	return nil, device.ErrNone
}

func (stuck) List(context.Context, device.Kind) ([]device.Info, error) { return nil, nil }
func (stuck) Close() error                                             { return errors.New("it hangs") }

func TestGoodCallWhoseDevicesDoNotClose(t *testing.T) {
	t.Parallel()
	url := localService(t)
	answering(t, url, "Ben", t.TempDir())
	dir := t.TempDir()
	store, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var logged syncBuffer
	anna, err := assemble(&flags{Service: url, Name: "Anna", Call: "Ben", For: 200 * time.Millisecond, Headless: true,
		Camera: "none", Microphone: "none", Speaker: "null", width: 320, height: 180, Rate: 15, Bitrate: 500},
		dir, store, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	inUse := anna.catalog
	t.Cleanup(func() {
		if err := inUse.Close(); err != nil {
			t.Error(err)
		}
	})
	anna.catalog = device.New(device.Config{Capture: stuck{}}, slog.New(slog.DiscardHandler))
	if err := anna.headless(t.Context(), io.Discard, io.Discard); err != nil {
		t.Errorf("%v: a script takes a good call for one that failed", err)
	}
	if !strings.Contains(logged.String(), "it hangs") {
		t.Errorf("the log does not say what hangs: %s", logged.String())
	}
}

func TestProfileInUse(t *testing.T) {
	t.Parallel()
	url := localService(t)
	profile := t.TempDir()
	answering(t, url, "Ben", profile)
	waitFor(t, filepath.Join(profile, "device.key"))
	code, printed := runHeadless(t, "--service", url, "--name", "Ben", "--call", "Anna", "--profile", profile)
	refused(t, code, printed, "another Parley is running", "--profile")
}

// waitFor waits until a file is there: the program that makes it has the profile.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal("no " + path)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// A program that only waits for calls ends where waiting helps nobody, and
// says what is wrong where it might.
func TestAnsweringWithoutService(t *testing.T) {
	t.Parallel()
	url := localService(t)
	if code, printed := runHeadless(t, "--service", url, "--name", "Anna", "--call", "Anna", "--profile", t.TempDir()); code == 0 {
		t.Fatalf("Anna calls herself: %q", printed)
	}
	t.Run("name taken", func(t *testing.T) {
		t.Parallel()
		code, printed := runHeadless(t, "--service", url, "--name", "Anna", "--answer", "--profile", t.TempDir())
		refused(t, code, printed, "choose another with --name")
	})
	t.Run("no address", func(t *testing.T) {
		t.Parallel()
		code, printed := runHeadless(t, "--service", "ftp://x", "--name", "Anna", "--answer", "--profile", t.TempDir())
		refused(t, code, printed, "type one like")
	})
	t.Run("unreachable", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		out, in := io.Pipe()
		done := make(chan int, 1)
		go func() {
			done <- run(ctx, []string{"--headless", "--answer", "--service", "http://127.0.0.1:1", "--name", "Anna", "--profile", t.TempDir(),
				"--speaker", "null"}, in, in)
		}()
		lines := bufio.NewScanner(out)
		for lines.Scan() && !strings.Contains(lines.Text(), "trying on") {
			t.Logf("first it says %q", lines.Text()) // what this build lacks
		}
		if line := lines.Text(); !strings.Contains(line, "127.0.0.1:1") || !strings.Contains(line, "trying on") {
			t.Errorf("it says %q, %v", line, lines.Err())
		}
		go func() { _, _ = io.Copy(io.Discard, out) }()
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("told to end, it exits with %d", code)
		}
		_ = in.Close()
	})
}

func TestWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	_, err := parseFlags([]string{"--headless", "--answer", "--stats", filepath.Join(t.TempDir(), "no", "stats.json")}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("--stats in a folder that is not there: %v", err)
	}
	// Nobody makes files there, root neither.
	if st, err := os.Stat("/proc/self"); err != nil || !st.IsDir() {
		t.Skip("there is no /proc here")
	}
	code, printed := runHeadless(t, "--service", "http://127.0.0.1:1", "--name", "Anna", "--call", "Ben", "--profile", "/proc/self")
	refused(t, code, printed, "use --profile with a folder that you can write")
	if strings.Count(printed, "\n") != 1 {
		t.Errorf("printed %q: one sentence is enough", printed)
	}
}

// A bot records when it is told to and the other side allows it, which a bot
// does only when it is told to.
func TestRecordWithoutAWindow(t *testing.T) {
	t.Parallel()
	url := localService(t)
	dir := t.TempDir()
	answering(t, url, "Ben yes", t.TempDir(), "--allow-recording", "--microphone", "tone")
	answering(t, url, "Ben no", t.TempDir())
	file := filepath.Join(dir, "yes.webm")
	code, printed := runHeadless(t, "--service", url, "--name", "Anna R", "--call", "Ben yes", "--for", "2s",
		"--profile", filepath.Join(dir, "a"), "--record", file)
	if st, err := os.Stat(file); code != 0 || err != nil || st.Size() == 0 {
		t.Errorf("exit %d, %v; printed %q", code, err, printed)
	}
	file = filepath.Join(dir, "no.webm")
	code, printed = runHeadless(t, "--service", url, "--name", "Anna R", "--call", "Ben no", "--for", "2s",
		"--profile", filepath.Join(dir, "a"), "--record", file)
	if _, err := os.Stat(file); code == 0 || err == nil || !strings.Contains(printed, "does not want to be recorded") {
		t.Errorf("refused, but exit %d, file %v; printed %q", code, err, printed)
	}
}

// A program without a window says what people who are not known here may do,
// and is told what others say.
func TestStrangersWithoutAWindow(t *testing.T) {
	t.Parallel()
	url := localService(t)
	ben := t.TempDir()
	for _, c := range []struct{ rule, words string }{
		{"refuse", "only from people they know"}, {"ask", "was asked whether you may call"},
	} {
		code, printed := runHeadless(t, "--service", url, "--name", "Ben", "--profile", ben, "--strangers", c.rule, "--call", url+"/j/nosuchcode")
		refused(t, code, printed, "not known here")
		code, printed = runHeadless(t, "--service", url, "--name", "Anna "+c.rule, "--profile", t.TempDir(), "--call", "Ben")
		refused(t, code, printed, c.words)
	}
}
