//go:build (linux || freebsd || openbsd || netbsd) && !wayland

package main

import (
	"fmt"
	"net"
	"testing"
)

// Whoever starts the program where no window can open is told so, and what
// works there, in one sentence.
func TestNoDisplay(t *testing.T) {
	for name, display := range map[string]string{"none": "", "one that is gone": ":4711", "no number": ":x", "no such protocol": "unix/here:4711.0"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DISPLAY", display)
			t.Setenv("WAYLAND_DISPLAY", "wayland-0") // does not help: windows open through X11
			var out syncBuffer
			code := run(t.Context(), []string{"--name", "Anna", "--profile", t.TempDir()}, &out, &out)
			refused(t, code, out.String(), "no display", "--headless")
		})
	}
}

func TestDisplayOverTheNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if port < 6000 {
		t.Skipf("port %d is none of a display", port)
	}
	for _, name := range []string{"127.0.0.1:%d", "127.0.0.1:%d.0", "tcp/127.0.0.1:%d"} {
		if err := reachDisplay(fmt.Sprintf(name, port-6000)); err != nil {
			t.Error(err)
		}
	}
	l.Close()
	if reachDisplay(fmt.Sprintf("127.0.0.1:%d", port-6000)) == nil {
		t.Error("a display that is gone is there")
	}
}
