package turn

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// stream is one TCP or TLS connection of a caller.
type stream struct {
	net.Conn
	s    *Server
	host netip.Addr
	once sync.Once
	read bool // something has come: owned by the reader
}

// How long a stream may be silent, and how many there may be.
const (
	streamFirst   = 10 * time.Second // nothing yet, TLS handshake included
	streamIdle    = 11 * time.Minute // an allocation lives ten without a refresh
	streamWrite   = 10 * time.Second
	streamsMost   = 4096
	streamsOfHost = 64
)

type streamListener struct {
	net.Listener
	s   *Server
	tls *tls.Config
}

func (s *Server) streamListener(l net.Listener, conf *tls.Config) net.Listener {
	return &streamListener{l, s, conf}
}

// Accept returns the next connection; those over the limits are closed.
func (l *streamListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			var t net.Error
			if errors.As(err, &t) && t.Timeout() || errors.Is(err, net.ErrClosed) {
				return nil, err
			}
			// Out of descriptors, say: pion would stop listening for good.
			time.Sleep(50 * time.Millisecond)
			continue
		}
		st := l.s.admit(c)
		if st == nil {
			c.Close()
			continue
		}
		if l.tls != nil {
			// Hidden from pion, which would leave the connection open after a
			// failed handshake; the first Read does the handshake.
			st.Conn = tls.Server(c, l.tls)
		}
		return st, nil
	}
}

// admit counts a connection; nil: it is one too many.
func (s *Server) admit(c net.Conn) *stream {
	host := addrOf(c.RemoteAddr())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.streams) >= streamsMost || s.byHost[host] >= streamsOfHost {
		return nil
	}
	if c.SetReadDeadline(time.Now().Add(streamFirst)) != nil {
		return nil
	}
	st := &stream{Conn: c, s: s, host: host}
	s.streams[st] = struct{}{}
	s.byHost[host]++
	return st
}

// Read reads, and allows for a long silence after the first success.
func (c *stream) Read(b []byte) (int, error) {
	if c.read {
		_ = c.SetReadDeadline(time.Now().Add(streamIdle)) // fails when closed: so will Read
	}
	n, err := c.Conn.Read(b)
	c.read = c.read || n > 0
	return n, err
}

// Write gives up on a caller who does not read.
func (c *stream) Write(b []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(streamWrite)) // likewise
	return c.Conn.Write(b)
}

// Close closes the connection and forgets it.
func (c *stream) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		err = c.Conn.Close()
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		delete(c.s.streams, c)
		if c.s.byHost[c.host]--; c.s.byHost[c.host] <= 0 {
			delete(c.s.byHost, c.host)
		}
		c.s.idleLocked()
	})
	return err
}

func addrOf(a net.Addr) netip.Addr {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.AddrPort().Addr().Unmap().WithZone("")
	case *net.UDPAddr:
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
