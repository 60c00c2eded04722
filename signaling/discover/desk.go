package discover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// entry is one service of this machine, as its file has it.
type entry struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Start int64  `json:"start"` // Unix milliseconds
	Port  int    `json:"port"`
}

const mostEntry = 4096 // bytes

// dir returns the folder of the files.
func (c Config) dir() string {
	if c.Dir != "" {
		return c.Dir
	}
	who := "user"
	if u, err := user.Current(); err == nil {
		who = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
				return r
			}
			return '_'
		}, u.Uid)
	}
	return filepath.Join(os.TempDir(), "parley-services-"+who)
}

// private refuses a folder that others can write: they could put services of
// theirs into it. On Windows the temporary folder is the user's own.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	if filepath.Separator == '/' && info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s can be written by others", dir)
	}
	return nil
}

// writeDesk announces on this machine; remove takes it back.
func writeDesk(cfg Config, s Service, port int) (remove func(), err error) {
	dir := cfg.dir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	b, err := json.Marshal(entry{ID: s.ID, Name: cleanName(s.Name), Start: s.Start.UnixMilli(), Port: port})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, s.ID+".json")
	// Under another name first, so that nobody reads half of it.
	temp := path + ".new"
	if err := os.WriteFile(temp, b, 0o600); err != nil {
		return nil, err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return nil, err
	}
	return func() { os.Remove(path) }, nil
}

// lookAtDesk is how often Find reads the folder: a program that is just
// starting may announce its service at any moment.
const lookAtDesk = 50 * time.Millisecond

// watchDesk offers what is announced on this machine until ctx ends.
func watchDesk(ctx context.Context, cfg Config, found func(offer)) {
	tick := time.NewTicker(lookAtDesk)
	defer tick.Stop()
	for {
		offers, err := readDesk(cfg)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			cfg.log().Warn("services of this machine are not known", "err", err)
			return
		}
		for _, o := range offers {
			found(o)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// readDesk returns what is announced on this machine.
func readDesk(cfg Config) ([]offer, error) {
	dir := cfg.dir()
	files, err := os.ReadDir(dir)
	if err == nil {
		err = private(dir)
	}
	if err != nil {
		return nil, err
	}
	var out []offer
	for _, f := range files {
		id, found := strings.CutSuffix(f.Name(), ".json")
		if !found || len(out) >= mostFound {
			continue
		}
		path := filepath.Join(dir, f.Name())
		e, err := readFile(path)
		if err != nil || e.ID != id {
			cfg.log().Debug("not an announcement", "file", path, "err", err)
			continue
		}
		loop := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(e.Port))
		out = append(out, offer{id: id, name: cleanName(e.Name), start: time.UnixMilli(e.Start),
			addrs: []netip.AddrPort{loop}, stale: func() { os.Remove(path) }})
	}
	return out, nil
}

func readFile(path string) (entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return entry{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostEntry))
	if err != nil {
		return entry{}, err
	}
	return parseEntry(b)
}

func parseEntry(b []byte) (entry, error) {
	var e entry
	if err := json.Unmarshal(b, &e); err != nil {
		return entry{}, err
	}
	if !validID(e.ID) || e.Port < 1 || e.Port > 65535 || e.Start < 0 || e.Start > 1<<50 {
		return entry{}, errors.New("a field is out of range")
	}
	return e, nil
}
