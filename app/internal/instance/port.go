package instance

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// portFile, in the profile folder, has the address and the secret that a later
// start has to say first. Other people of this machine reach the port too, but
// cannot read the file.
const portFile = "port"

// secretLength is how long the secret is: rand.Text has 26 characters.
const secretLength = 26

// portListener accepts those who know the secret.
type portListener struct {
	net.Listener
	secret string
	path   string
}

func listenPort(dir string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &portListener{Listener: l, secret: rand.Text(), path: filepath.Join(dir, portFile)}
	if err := os.WriteFile(p.path, []byte(l.Addr().String()+" "+p.secret+"\n"), 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return p, nil
}

// Accept implements net.Listener. Whoever says nothing for a second, or
// something else than the secret, is hung up on.
func (p *portListener) Accept() (net.Conn, error) {
	for {
		c, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		said := make([]byte, secretLength+1)
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := io.ReadFull(c, said); err == nil && subtle.ConstantTimeCompare(said, []byte(p.secret+"\n")) == 1 {
			return c, nil
		}
		c.Close()
	}
}

// Close implements net.Listener.
func (p *portListener) Close() error {
	return errors.Join(p.Listener.Close(), os.Remove(p.path))
}

func dialPort(ctx context.Context, dir string) (net.Conn, error) {
	f, err := os.Open(filepath.Join(dir, portFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(io.LimitReader(f, 128), 128).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	address, secret, ok := strings.Cut(strings.TrimSpace(line), " ")
	host, _, err := net.SplitHostPort(address)
	if !ok || err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("%s has no address of this machine", f.Name())
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(c, secret); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
