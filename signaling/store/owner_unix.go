//go:build unix

package store

import (
	"os"
	"syscall"
)

// sameOwner gives a file to whom the folder belongs: an operator is often root,
// the service is not.
func sameOwner(path, dir string) error {
	st, err := os.Stat(dir)
	if err != nil {
		return err
	}
	own, ok := st.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, int(own.Uid), int(own.Gid))
}
