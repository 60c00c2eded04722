//go:build linux

package autostart

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"parley/app/internal/sandbox"
)

// bus starts a bus of the test's own, which starts nothing itself.
func bus(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("dbus-daemon is not here: make deps-test installs it")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, []byte(`<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir=`+dir+`</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config-file="+config, "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	return strings.TrimSpace(address)
}

// asked is one request that a portal got.
type asked struct {
	on      bool
	command []string
	answer  func(code uint32, results map[string]dbus.Variant)
}

// portal is a desktop's, whose answers a test gives.
type portal struct {
	conn *dbus.Conn
	got  chan asked
}

func startPortal(t *testing.T, address string, background bool) *portal {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &portal{conn: conn, got: make(chan asked, 8)}
	if background {
		if err := conn.Export(p, portalPath, "org.freedesktop.portal.Background"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.RequestName(portalName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return p
}

// RequestBackground is the portal's method.
func (p *portal) RequestBackground(sender dbus.Sender, _ string, options map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	token, _ := options["handle_token"].Value().(string)
	path := dbus.ObjectPath(portalPath + "/request/" + strings.ReplaceAll(strings.TrimPrefix(string(sender), ":"), ".", "_") + "/" + token)
	a := asked{answer: func(code uint32, results map[string]dbus.Variant) {
		_ = p.conn.Emit(path, requestSignal+".Response", code, results)
	}}
	a.on, _ = options["autostart"].Value().(bool)
	a.command, _ = options["commandline"].Value().([]string)
	p.got <- a
	return path, nil
}

func granting(on bool) map[string]dbus.Variant {
	return map[string]dbus.Variant{"background": dbus.MakeVariant(true), "autostart": dbus.MakeVariant(on)}
}

// inFlatpak is an entry in a sandbox.
func inFlatpak(t *testing.T) Entry {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, ".flatpak-info"), []byte("[Application]\nname=org.parley.Parley\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(root, "config"))
	return Entry{ID: "org.parley.Parley", Name: "Parley", Args: []string{"--background"}, Box: sandbox.At(root)}
}

func TestAskingTheDesktop(t *testing.T) {
	p := startPortal(t, bus(t), true)
	a, err := Ask(inFlatpak(t))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	changed, stop := a.Subscribe()
	defer stop()
	is := func(when string, want bool, problem error) {
		t.Helper()
		if on, err := a.On(); on != want || !errors.Is(err, problem) {
			t.Errorf("%s: %v, %v; want %v, %v", when, on, err, want, problem)
		}
	}
	is("at first", false, nil)

	if err := a.Set(true); err != nil {
		t.Fatal(err)
	}
	is("while the person thinks", true, nil)
	got := <-p.got
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if !got.on || !slices.Equal(got.command, []string{filepath.Base(self), "--background"}) {
		t.Errorf("asked for %+v", got)
	}
	got.answer(0, granting(true))
	<-changed
	is("granted", true, nil)
	text, err := os.ReadFile(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "autostart", "org.parley.Parley.desktop"))
	if err != nil || !strings.Contains(string(text), "\nExec=flatpak run org.parley.Parley --background\n") {
		t.Errorf("%v\n%s", err, text)
	}

	for _, no := range []struct {
		code uint32
		now  map[string]dbus.Variant
	}{{1, nil}, {2, granting(false)}, {0, granting(true)}} {
		_ = a.Set(false)
		(<-p.got).answer(no.code, no.now)
		<-changed
		is("refused", true, ErrRefused)
	}
	_ = a.Set(false)
	(<-p.got).answer(0, granting(false))
	<-changed
	is("off", false, nil)

	// A change of mind while the first question stands is asked for after it.
	_ = a.Set(true)
	first := <-p.got
	_ = a.Set(false)
	is("another wish", false, nil)
	first.answer(0, granting(true))
	if got := <-p.got; got.on {
		t.Error("the second question is the first")
	} else {
		got.answer(0, granting(false))
	}
	<-changed
	is("the last wish", false, nil)

	_ = a.Set(true)
	<-p.got // and no answer: Close does not wait for it
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := a.Set(true); err == nil {
		t.Error("asked after Close")
	}
}

func TestNothingToAsk(t *testing.T) {
	e := inFlatpak(t)
	if _, err := e.On(); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a file that no desktop sees: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	if _, err := Ask(e); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no bus: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+t.TempDir()+"/none")
	if _, err := Ask(e); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a bus that is gone: %v", err)
	}
	address := bus(t)
	if _, err := Ask(e); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no portal: %v", err)
	}
	startPortal(t, address, false)
	other := e
	other.ID += "-12345678"
	if _, err := Ask(other); !errors.Is(err, ErrUnavailable) {
		t.Errorf("another profile: %v", err)
	}
	if _, err := Ask(Entry{ID: e.ID}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no sandbox: %v", err)
	}

	// A portal that knows of no start at sign-in, as some desktops have.
	a, err := Ask(e)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	changed, stop := a.Subscribe()
	defer stop()
	if err := a.Set(true); err != nil {
		t.Fatal(err)
	}
	<-changed
	if on, err := a.On(); on || !errors.Is(err, ErrRefused) {
		t.Errorf("%v, %v", on, err)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		what string
		body []any
		on   bool
		ok   bool
	}{
		{"granted", []any{uint32(0), granting(true)}, true, true},
		{"ended", []any{uint32(0), granting(false)}, false, true},
		{"ended, and nothing said", []any{uint32(0), map[string]dbus.Variant{}}, false, true},
		{"nothing said", []any{uint32(0), map[string]dbus.Variant{}}, true, false},
		{"of another kind", []any{uint32(0), map[string]dbus.Variant{"autostart": dbus.MakeVariant("yes")}}, true, false},
		{"cancelled", []any{uint32(1), granting(true)}, true, false},
		{"short", []any{uint32(0)}, true, false},
		{"wrong", []any{"no", granting(true)}, true, false},
		{"none", nil, true, false},
	} {
		if err := granted(c.body, c.on); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
