package service

import (
	"errors"
	"os"
	"path/filepath"
)

// errLocked: another service uses the folder.
var errLocked = errors.New("locked by another service")

// lock takes the data folder for this service until the file is closed. Two
// services on one database would each know half of the people: whoever is
// signed in to the other one is away. The system lets go when a service dies.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "parleyd.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
