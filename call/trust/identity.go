// Package trust is why nobody can stand between two people, not even whoever
// runs the service.
//
//	Identity   the device's Ed25519 key: the service knows a person by it
//	Guard      signs the descriptions of one call and checks the other side's
//	Pins       keys that people were met with; a changed one is not believed
//	Book       the three together, on the service of the moment
//
// What is signed is in Statement, and for other programs in
// signaling/wire/PROTOCOL.md. Two people can compare a number of 60 digits (the
// two keys) or seven emoji (this call's certificates). The caller is bound to
// its nonce before it sees the callee's: who stands in between cannot look for
// emoji that match, and has one guess in 2^42.
//
// A device is a person here: a second device has a key, and a name, of its own.
package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// FileName is the key's name in the profile directory: PKCS #8 in PEM
// (RFC 8410), readable by its owner alone.
const FileName = "device.key"

const pemType = "PRIVATE KEY"

// maxKeyFile bounds what is read; a key file has 119 bytes.
const maxKeyFile = 16 << 10

// KeyError says that the key file is there and cannot be used. It is never
// overwritten: names and contacts belong to the key in it.
type KeyError struct {
	Path string
	Err  error
}

// Error says what is wrong and what to do.
func (e *KeyError) Error() string {
	return fmt.Sprintf("the key file %s cannot be used (%v): put a copy of it back, or move it away to begin with a new identity",
		e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

// Identity is this device's key.
type Identity struct {
	private ed25519.PrivateKey
	path    string
	created bool
}

// Load reads the key in dir, or makes directory and key if there is none. A
// file that is there but cannot be used is left alone and gives a *KeyError.
func Load(dir string) (*Identity, error) {
	path := filepath.Join(dir, FileName)
	id, err := read(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("profile directory: %w", err)
	}
	made, err := create(dir, path)
	if errors.Is(err, fs.ErrExist) {
		return read(path) // another start of the program was faster
	}
	return made, err
}

// NewIdentity returns a key that is kept nowhere: for a program that is nobody
// the next time.
func NewIdentity() (*Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	return &Identity{private: key, created: true}, nil
}

func read(path string) (*Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return nil, &KeyError{Path: path, Err: err}
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, &KeyError{Path: path, Err: err}
	}
	if !st.Mode().IsRegular() {
		return nil, &KeyError{Path: path, Err: errors.New("not a regular file")}
	}
	if st.Size() > maxKeyFile {
		return nil, &KeyError{Path: path, Err: fmt.Errorf("%d bytes are too many", st.Size())}
	}
	b := make([]byte, st.Size())
	if _, err := f.ReadAt(b, 0); err != nil && len(b) > 0 {
		return nil, &KeyError{Path: path, Err: err}
	}
	key, err := parse(b)
	if err != nil {
		return nil, &KeyError{Path: path, Err: err}
	}
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		// A copy put back by hand often has the wrong mode.
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, &KeyError{Path: path, Err: fmt.Errorf("others can read it: %w", err)}
		}
	}
	return &Identity{private: key, path: path}, nil
}

func parse(b []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != pemType {
		return nil, errors.New("no private key in it")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key in it is damaged")
	}
	key, ok := k.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("the key in it is not an Ed25519 key")
	}
	return key, nil
}

// create makes a key and puts it in place whole or not at all.
func create(dir, path string) (*Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	tmp, err := os.CreateTemp(dir, FileName+".*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("write device key: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}))
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("write device key: %w", err)
	}
	if err := place(tmp.Name(), path); err != nil {
		return nil, fmt.Errorf("write device key: %w", err)
	}
	return &Identity{private: key, path: path, created: true}, nil
}

// place gives the finished file its name unless the name is taken: unlike a
// rename, a link never replaces another start's key.
func place(tmp, path string) error {
	err := os.Link(tmp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without links, such as FAT.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(tmp, path)
}

// Public is the key that others know the device by, 32 bytes.
func (id *Identity) Public() ed25519.PublicKey {
	return id.private.Public().(ed25519.PublicKey)
}

// Sign signs a transcript (RFC 8032, pure Ed25519), 64 bytes.
func (id *Identity) Sign(transcript []byte) []byte { return ed25519.Sign(id.private, transcript) }

// Created reports whether Load made the key just now.
func (id *Identity) Created() bool { return id.created }

// Path is where the key is kept.
func (id *Identity) Path() string { return id.path }

// Key is the private key, for the line to the service to prove itself with.
// It never leaves the process.
func (id *Identity) Key() ed25519.PrivateKey { return id.private }
