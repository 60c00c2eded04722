//go:build (linux || freebsd || openbsd || netbsd) && !wayland

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// displayThere saves a person without a display from the toolkit's panic. It
// opens windows through X11 alone, under Wayland through XWayland.
func displayThere() error {
	if err := reachDisplay(os.Getenv("DISPLAY")); err != nil {
		return fmt.Errorf("there is no display to open a window on (%w): start Parley from a desktop, or use --headless with --call NAME or --answer", err)
	}
	return nil
}

// reachDisplay knocks where X(7), "Display Names", says that a display is.
// Whether it lets us in, the toolkit finds out.
func reachDisplay(name string) error {
	if name == "" {
		return errors.New("DISPLAY is empty")
	}
	colon := strings.LastIndexByte(name, ':')
	if colon < 0 || name[0] == '/' {
		return nil // not a form that we know
	}
	number, _, _ := strings.Cut(name[colon+1:], ".")
	n, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("DISPLAY is %s", name)
	}
	protocol, host, both := strings.Cut(name[:colon], "/")
	if !both {
		protocol, host = "", name[:colon]
	}
	socket := fmt.Sprintf("/tmp/.X11-unix/X%d", n)
	places := [][2]string{{"unix", "@" + socket}, {"unix", socket}}
	if protocol != "unix" && protocol != "local" && host != "" && host != "unix" {
		places = [][2]string{{"tcp", net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(6000+n))}}
	}
	for _, p := range places {
		var c net.Conn
		if c, err = net.DialTimeout(p[0], p[1], 5*time.Second); err == nil {
			return c.Close()
		}
	}
	return fmt.Errorf("DISPLAY is %s: %w", name, err)
}
