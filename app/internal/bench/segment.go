package main

import (
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/shm"
	"golang.org/x/sys/unix"
)

// segment is memory that the X server writes into.
type segment struct {
	conn *xgb.Conn
	id   shm.Seg
	mem  []byte
}

func newSegment(c *xgb.Conn, size int) (*segment, error) {
	key, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, unix.IPC_CREAT|0o600)
	if err != nil {
		return nil, err
	}
	mem, err := unix.SysvShmAttach(key, 0, 0)
	if err != nil {
		return nil, err
	}
	s := &segment{conn: c, mem: mem}
	if s.id, err = shm.NewSegId(c); err == nil {
		err = shm.AttachChecked(c, s.id, uint32(key), false).Check()
	}
	// It goes when both have let go of it.
	if _, rm := unix.SysvShmCtl(key, unix.IPC_RMID, nil); err == nil {
		err = rm
	}
	if err != nil {
		_ = unix.SysvShmDetach(mem)
		return nil, err
	}
	return s, nil
}

func (s *segment) close() {
	shm.Detach(s.conn, s.id)
	_ = unix.SysvShmDetach(s.mem)
}
