// Package pgtest runs a PostgreSQL of its own for a test binary, from Debian's
// package: a new cluster in a temporary folder, on loopback, without fsync.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is a PostgreSQL that a test may stop and start.
type Server struct {
	bin, dir string
	port     int
	as       *syscall.SysProcAttr
	cmd      *exec.Cmd
	exited   chan struct{}
	names    atomic.Int32
}

// Start makes a cluster and starts it. The error of a machine that has no
// PostgreSQL wraps os.ErrNotExist.
func Start() (*Server, error) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		return nil, fmt.Errorf("no PostgreSQL in /usr/lib/postgresql: make deps-test installs it: %w", os.ErrNotExist)
	}
	s := &Server{bin: bins[len(bins)-1]}
	var err error
	if s.dir, err = os.MkdirTemp("", "parley-postgres-"); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		if err := s.drop(); err != nil {
			os.RemoveAll(s.dir)
			return nil, err
		}
	}
	init := exec.Command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	init.SysProcAttr, init.Dir = s.as, s.dir
	if out, err := init.CombinedOutput(); err != nil {
		os.RemoveAll(s.dir)
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if s.port, err = freePort(); err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	if err := s.Resume(); err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	return s, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// drop makes the server run as the package's user.
func (s *Server) drop() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("%w: %w", os.ErrNotExist, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(s.dir, uid, gid)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Resume starts the server after Pause, and waits until it answers.
func (s *Server) Resume() error {
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+s.dir,
		"-c", "fsync=off", "-c", "full_page_writes=off")
	cmd.SysProcAttr, cmd.Dir = s.as, s.dir
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stderr, cmd.Stdout = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // a signal ends it
		close(exited)
	}()
	s.cmd, s.exited = cmd, exited
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for db.PingContext(ctx) != nil {
		select {
		case <-exited:
			b, _ := os.ReadFile(log.Name())
			return fmt.Errorf("postgres ended:\n%s", b)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond): // it says nothing when it is ready
		}
	}
	return nil
}

// Pause stops the server at once, as a machine that goes down; Resume starts
// it again with the same data.
func (s *Server) Pause() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // ended already: as well
	<-s.exited
}

// Close stops the server and removes its data.
func (s *Server) Close() {
	s.Pause()
	os.RemoveAll(s.dir)
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Database makes an empty database and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	address, err := s.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// NewDatabase is Database outside of a test.
func (s *Server) NewDatabase() (address string, err error) {
	name := fmt.Sprintf("t%d", s.names.Add(1))
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := db.Exec("CREATE DATABASE " + name + " TEMPLATE template0"); err != nil {
		return "", err
	}
	return s.url(name), nil
}
