package diag

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestSystem(t *testing.T) {
	if got := osRelease([]byte("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")); got != "Debian GNU/Linux 12 (bookworm)" {
		t.Errorf("os-release: %q", got)
	}
	s := System()
	if host, _ := os.Hostname(); s == "" || len(host) > 5 && strings.Contains(s, host) {
		t.Errorf("System() = %q", s)
	}
}

func TestLibraries(t *testing.T) {
	got := libraries([]byte(`7f00-7f01 r--p 00000000 08:01 42      /usr/lib/x86_64-linux-gnu/libvpx.so.7.0.0
7f01-7f02 r-xp 00001000 08:01 42      /usr/lib/x86_64-linux-gnu/libvpx.so.7.0.0
7f02-7f03 r-xp 00001000 08:01 43      /opt/my libs/libopus.so.0
7f02-7f03 r-xp 00001000 08:01 43      /usr/lib/x86_64-linux-gnu/libc.so.6
7f03-7f04 rw-p 00000000 00:00 0       [heap]
7f04-7f05 rw-p 00000000 00:00 0
7f05-7f06 r-xp 00001000 08:01 44      /usr/lib/x86_64-linux-gnu/libGLX_mesa.so.0.0.0
7f05-7f06 r-xp 00001000 08:01 44      /usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon-16.1.so
`))
	want := []string{"/opt/my libs/libopus.so.0", "/usr/lib/x86_64-linux-gnu/libGLX_mesa.so.0.0.0", "/usr/lib/x86_64-linux-gnu/libvpx.so.7.0.0"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
