package discover

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("DISCOVER_TEST_KIND") != "" {
		other()
		return
	}
	goleak.VerifyTestMain(m)
}

// other is the second process of TestFindsAnotherProcess: it listens,
// announces, says its port, and ends when its input does.
func other() {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	port := l.Addr().(*net.TCPAddr).Port
	cfg := Config{Dir: os.Getenv("DISCOVER_TEST_DIR"), kind: os.Getenv("DISCOVER_TEST_KIND")}
	a, err := Announce(cfg, Service{ID: "other", Name: "Ben's Parley v1.2", Start: time.UnixMilli(1234)}, port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	a.Close()
	l.Close()
}

// isolated keeps a test from finding what other programs announce.
func isolated(t *testing.T) Config {
	return Config{Dir: t.TempDir(), kind: "_p-" + NewID()[:8] + "._tcp"}
}

func listener(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func announce(t *testing.T, cfg Config, s Service, port int) *Announcement {
	t.Helper()
	a, err := Announce(cfg, s, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func at(ms int64) time.Time { return time.UnixMilli(ms) }

func TestFindsAnotherProcess(t *testing.T) {
	for _, over := range []string{"the network", "a file"} {
		t.Run(over, func(t *testing.T) {
			mine := isolated(t)
			theirs := mine
			if over == "the network" {
				if len(networks().interfaces) == 0 {
					t.Skip("no interface is up, not even loopback")
				}
				theirs.Dir = t.TempDir()
			} else {
				mine.NoNetwork = true
			}
			cmd := exec.Command(os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), "DISCOVER_TEST_KIND="+theirs.kind, "DISCOVER_TEST_DIR="+theirs.Dir)
			cmd.Stderr = os.Stderr
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			port, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			got := Find(t.Context(), mine, 5*time.Second)
			if len(got) != 1 || got[0].ID != "other" || got[0].Name != "Ben's Parley v1.2" || !got[0].Start.Equal(at(1234)) {
				t.Fatalf("found %+v", got)
			}
			if _, p, err := net.SplitHostPort(got[0].Addr); err != nil || p != strings.TrimSpace(port) || got[0].URL != "http://"+got[0].Addr {
				t.Errorf("its address is %s (%s), it listens on %s", got[0].Addr, got[0].URL, port)
			}
			c, err := net.Dial("tcp", got[0].Addr)
			if err != nil {
				t.Fatalf("what was found does not answer: %v", err)
			}
			c.Close()
			in.Close()
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			if got := Find(t.Context(), mine, 50*time.Millisecond); len(got) != 0 {
				t.Errorf("after it ended: %+v", got)
			}
		})
	}
}

// Two programs that started together agree on one service, whoever looks.
func TestOldestIsPreferred(t *testing.T) {
	cfg := isolated(t)
	cfg.NoNetwork = true
	for _, s := range []Service{{ID: "b", Start: at(200)}, {ID: "c", Start: at(100)}, {ID: "a", Start: at(200)}} {
		announce(t, cfg, s, listener(t))
	}
	for self, want := range map[string][]string{"": {"c", "a", "b"}, "b": {"c", "a"}, "c": {"a", "b"}} {
		cfg.Self = self
		var got []string
		for _, s := range Find(t.Context(), cfg, 2*time.Second) {
			got = append(got, s.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %q, want %q", self, got, want)
		}
	}
	if a, b := (Service{ID: "a", Start: at(1)}), (Service{ID: "b", Start: at(1)}); !a.Before(b) || b.Before(a) || a.Before(a) {
		t.Error("equal start times are not decided by ID")
	}
	// Its own start time is finer than what the other one is told.
	if own, told := (Service{ID: "a", Start: at(1).Add(time.Microsecond)}), (Service{ID: "b", Start: at(1)}); !own.Before(told) || told.Before(own) {
		t.Error("two programs that started in one millisecond do not agree")
	}
}

// What a program that crashed left behind is not found, and is tidied up.
func TestStaleAnnouncement(t *testing.T) {
	cfg := isolated(t)
	cfg.NoNetwork = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	if _, err := writeDesk(cfg, Service{ID: "gone", Start: at(1)}, port); err != nil {
		t.Fatal(err)
	}
	if got := Find(t.Context(), cfg, 100*time.Millisecond); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, "gone.json")); err == nil {
		t.Error("the file is still there")
	}
}

// A program that starts while another looks is found by it: the second need
// not bring a service that it gives up two seconds later.
func TestFindsWhatAppearsWhileLooking(t *testing.T) {
	cfg := isolated(t)
	cfg.NoNetwork = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := writeDesk(cfg, Service{ID: "gone", Start: at(1)}, l.Addr().(*net.TCPAddr).Port); err != nil {
		t.Fatal(err)
	}
	got := make(chan []Service, 1)
	go func() { got <- Find(t.Context(), cfg, 20*time.Second) }()
	// Find has looked when it has tidied up what is stale.
	for _, err := os.Stat(filepath.Join(cfg.Dir, "gone.json")); err == nil; _, err = os.Stat(filepath.Join(cfg.Dir, "gone.json")) {
		runtime.Gosched()
	}
	announce(t, cfg, Service{ID: "late", Start: at(2)}, listener(t))
	if s := <-got; len(s) != 1 || s[0].ID != "late" {
		t.Errorf("found %+v", s)
	}
}

func TestRubbishIsIgnored(t *testing.T) {
	cfg := isolated(t)
	cfg.NoNetwork = true
	for name, content := range map[string]string{
		"empty.json": "", "text.json": "hello", "list.json": "[]", "port.json": `{"id":"port","start":1,"port":99999}`,
		"other.json": `{"id":"another","start":1,"port":80}`, "readme.txt": "x",
		"long.json": `{"id":"long","name":"` + strings.Repeat("x", 2*mostEntry) + `"}`,
	} {
		if err := os.WriteFile(filepath.Join(cfg.Dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := Find(t.Context(), cfg, 50*time.Millisecond); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
}

// A folder that everybody can write may hold services of strangers.
func TestFolderOfOthersIsNotTrusted(t *testing.T) {
	if filepath.Separator != '/' {
		t.Skip("folders have no mode bits here")
	}
	cfg := isolated(t)
	cfg.NoNetwork = true
	announce(t, cfg, Service{ID: "x", Start: at(1)}, listener(t))
	if err := os.Chmod(cfg.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := Find(t.Context(), cfg, 50*time.Millisecond); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
}

func TestNowhereToAnnounce(t *testing.T) {
	cfg := Config{Dir: filepath.Join(os.DevNull, "x"), NoNetwork: true}
	a, err := Announce(cfg, Service{ID: "x", Start: at(1)}, 80)
	if err != nil {
		t.Fatalf("a folder that cannot be made is an error: %v", err)
	}
	for range 2 {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if got := Find(t.Context(), cfg, time.Millisecond); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
}

func TestFindEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := Find(ctx, isolated(t), time.Hour); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
}

func TestAnnounceArguments(t *testing.T) {
	for _, s := range []Service{{ID: "", Start: at(1)}, {ID: "../x", Start: at(1)}, {ID: "x"}} {
		if a, err := Announce(isolated(t), s, 80); err == nil {
			a.Close()
			t.Errorf("%+v was announced", s)
		}
	}
	if a, err := Announce(isolated(t), Service{ID: "x", Start: at(1)}, 0); err == nil {
		a.Close()
		t.Error("port 0 was announced")
	}
	if id := NewID(); !validID(id) || id == NewID() {
		t.Errorf("NewID gives %q", id)
	}
}

func TestText(t *testing.T) {
	s := Service{ID: "abc", Name: "Zoë\n's Parley = fine", Start: at(1700000000123)}
	id, name, start, ok := readText(text(s))
	if !ok || id != "abc" || name != "Zoë's Parley = fine" || !start.Equal(s.Start) {
		t.Errorf("read back %q %q %s %t", id, name, start, ok)
	}
}

func TestNearAddressesFirst(t *testing.T) {
	on := reach{addrs: []netip.Addr{netip.MustParseAddr("192.168.7.20"), netip.MustParseAddr("fd00:1::2")}}
	addrs := []netip.AddrPort{
		netip.MustParseAddrPort("[2a00::1]:80"), netip.MustParseAddrPort("10.0.0.1:80"),
		netip.MustParseAddrPort("[fd00:1::9]:80"), netip.MustParseAddrPort("192.168.7.5:80"),
	}
	sortByNearness(addrs, on)
	if got := fmt.Sprint(addrs); got != "[192.168.7.5:80 [fd00:1::9]:80 10.0.0.1:80 [2a00::1]:80]" {
		t.Errorf("the order is %s", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("v=1", "id=abc", "start=1", "name=x")
	f.Add("V=1", "id", "start=", "name=\xff")
	f.Add("v=1", "id=../..", "start=-1", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		id, name, start, ok := readText([]string{a, b, c, d})
		if ok && (!validID(id) || start.IsZero()) || len(name) > 64 || !utf8.ValidString(name) {
			t.Errorf("read %q %q %s", id, name, start)
		}
	})
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte(`{"id":"a","name":"b","start":1,"port":80}`))
	f.Add([]byte(`{"id":5}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := parseEntry(b); err == nil && (!validID(e.ID) || e.Port < 1 || e.Port > 65535) {
			t.Errorf("read %+v", e)
		}
	})
}
