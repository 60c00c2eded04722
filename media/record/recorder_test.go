package record

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(path string) Config {
	return Config{Path: path, Theirs: "Ben", Mine: "Ada", Both: "Ben, Ada", NewDecoder: newDecoder, NewEncoder: newEncoder}
}

func TestRecorderWritesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.webm")
	r, err := Start(config(path))
	if err != nil {
		t.Fatal(err)
	}
	r.Put(Mine, said(0, 'a'))
	r.Stop()
	r.Stop()
	<-r.Done()
	r.Put(Mine, said(0, 'b')) // after the end
	if res := r.Result(); res.Err != nil || res.Bytes == 0 || res.Path != path {
		t.Errorf("%+v", res)
	}
	b, err := os.ReadFile(path)
	if err != nil || !read(t, b).sized {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := Start(config(path)); err == nil {
		t.Error("a recording went over another")
	}
	if _, err := Start(config(filepath.Join(t.TempDir(), "none", "x.webm"))); err == nil {
		t.Error("a folder that is not there")
	}
}

// A disk that stops holds up nothing but the recording.
func TestASlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &stuck{release: make(chan struct{})}
		r, err := start(config("x"), disk, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		wanted := 0
		r.cfg.WantKey = func(Side) { wanted++ }
		time.Sleep(2 * time.Second) // until it hangs
		for i := range 3 * maxUnits {
			r.Put(Mine, seen(ms(i), i == 0 || i == 2*maxUnits, 'x')) // returns at once, or the test hangs
		}
		close(disk.release)
		time.Sleep(2 * time.Second)
		r.Stop()
		<-r.Done()
		if res := r.Result(); res.Dropped != 2*maxUnits || res.Err != nil || wanted == 0 {
			t.Errorf("%+v, wanted %d key frames", res, wanted)
		}
	})
}

type stuck struct {
	memory
	release chan struct{}
}

func (s *stuck) WriteAt(b []byte, at int64) (int, error) {
	<-s.release
	return s.memory.WriteAt(b, at)
}

func TestTheDiskIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &memory{room: 30000, err: &os.PathError{Op: "write", Err: syscall.ENOSPC}}
		r, err := start(config("x"), disk, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for i := range 1000 {
				r.Put(Mine, media.Unit{Codec: media.Opus, Data: append([]byte{0xF8}, make([]byte, 80)...), PTS: ms(20 * i), Key: true})
				time.Sleep(ms(20))
			}
		}()
		<-r.Done()
		res := r.Result()
		if !errors.Is(res.Err, ErrDiskFull) || !errors.Is(res.Err, ErrDisk) {
			t.Errorf("ended with %v", res.Err)
		}
		if got := read(t, disk.data); len(got.blocks) == 0 || res.Length == 0 {
			t.Errorf("%d blocks, %v", len(got.blocks), res.Length)
		}
		time.Sleep(time.Minute)
	})
}
