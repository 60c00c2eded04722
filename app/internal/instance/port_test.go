package instance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// What Windows uses, on any system: the secret opens, all else does not.
func TestPort(t *testing.T) {
	dir := t.TempDir()
	l, err := listenPort(dir)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string)
	go func() {
		defer close(heard)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(c).ReadString('\n')
			c.Close()
			heard <- line
		}
	}()
	if st, err := os.Stat(filepath.Join(dir, portFile)); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("the secret's file: %v, %v; want one that only its owner reads", st.Mode(), err)
	}

	stranger, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stranger, "AAAAAAAAAAAAAAAAAAAAAAAAAA")
	if n, err := stranger.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a stranger read %d bytes, %v; want the end", n, err)
	}
	stranger.Close()

	c, err := dialPort(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(c, "parley://host/j/abcd")
	if got := <-heard; got != "parley://host/j/abcd\n" {
		t.Errorf("heard %q", got)
	}
	_, _ = io.Copy(io.Discard, c)
	c.Close()
	l.Close()
	if _, open := <-heard; open {
		t.Error("something was heard after Close")
	}
	if _, err := dialPort(t.Context(), dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close: %v; want no file", err)
	}
}

// A file that names somebody else's machine is not followed.
func TestPortElsewhere(t *testing.T) {
	for _, text := range []string{"", "\n", "127.0.0.1:1\n", "192.0.2.1:80 secret\n", "localhost:80 secret\n", "no address\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, portFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := dialPort(t.Context(), dir); err == nil {
			c.Close()
			t.Errorf("%q was followed", text)
		}
	}
}
