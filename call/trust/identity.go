// Package trust is why nobody can stand between two people, not even whoever
// runs the service.
//
//	Identity   the device's Ed25519 key, and whose device it is
//	Pairing    the code by which a device is linked to an account
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
// A person is known by the key of an account. The first device has that key
// itself (the main device; 24 words bring it back, Identity.Phrase); others have
// keys of their own, and a list that the account signed says which (devices.go).
// Whoever has seen a list believes no device that it does not have: one that was
// removed speaks for nobody, whatever the service says.
package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"parley/signaling/wire"
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

// Identity is this device's key, and whose device it is. Its methods may be
// called from any goroutine.
type Identity struct {
	path    string // static; "": kept nowhere
	created bool   // static

	mu sync.RWMutex
	s  self // guarded by mu; replaced as a whole
}

// self is who this device is at one moment.
type self struct {
	private ed25519.PrivateKey
	account ed25519.PublicKey // of whom the device is; the own key on the main device
	list    *wire.DeviceList  // newest that is known; nil: none
}

func (s self) public() ed25519.PublicKey { return s.private.Public().(ed25519.PublicKey) }
func (s self) main() bool                { return equal(s.public(), s.account) }

func own(private ed25519.PrivateKey) self {
	return self{private: private, account: private.Public().(ed25519.PublicKey)}
}

func (id *Identity) self() self {
	id.mu.RLock()
	defer id.mu.RUnlock()
	return id.s
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
	made, err := create(path)
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
	return &Identity{s: own(key), created: true}, nil
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
	me, err := parse(b)
	if err != nil {
		return nil, &KeyError{Path: path, Err: err}
	}
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		// A copy put back by hand often has the wrong mode.
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, &KeyError{Path: path, Err: fmt.Errorf("others can read it: %w", err)}
		}
	}
	me.list = readList(path, me.account)
	return &Identity{s: me, path: path}, nil
}

// ListName is the file beside the key that has the account's newest list of
// devices, as in the protocol: a service that hands over an older one, with a
// device that was removed, is not believed after a restart either.
const ListName = "devices.json"

func listPath(key string) string { return filepath.Join(filepath.Dir(key), ListName) }

// readList returns nil for a list that is damaged, or that another account
// signed: its signature tells.
func readList(key string, account ed25519.PublicKey) *wire.DeviceList {
	b, err := os.ReadFile(listPath(key))
	var l wire.DeviceList
	if err != nil || len(b) > wire.MaxMessage || json.Unmarshal(b, &l) != nil || !VerifyDevices(account, &l) {
		return nil
	}
	return &l
}

// keepList writes it, if there is a profile, or removes it if there is none.
func (id *Identity) keepList(l *wire.DeviceList) error {
	if id.path == "" {
		return nil
	}
	if l == nil {
		if err := os.Remove(listPath(id.path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the list of devices: %w", err)
		}
		return nil
	}
	b, err := json.Marshal(l)
	if err == nil {
		err = replace(listPath(id.path), b)
	}
	if err != nil {
		return fmt.Errorf("the list of devices is not kept: %w", err)
	}
	return nil
}

func parse(b []byte) (self, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != pemType {
		return self{}, errors.New("no private key in it")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return self{}, errors.New("the key in it is damaged")
	}
	key, ok := k.(ed25519.PrivateKey)
	if !ok {
		return self{}, errors.New("the key in it is not an Ed25519 key")
	}
	me := own(key)
	if text := block.Headers[accountHeader]; text != "" {
		account, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(account) != ed25519.PublicKeySize {
			return self{}, errors.New("the account in it is damaged")
		}
		me.account = account
	}
	return me, nil
}

// accountHeader has the account's key in a linked device's file.
const accountHeader = "Account"

func (s self) encode() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(s.private)
	if err != nil {
		return nil, err
	}
	block := &pem.Block{Type: pemType, Bytes: der}
	if !s.main() {
		block.Headers = map[string]string{accountHeader: base64.StdEncoding.EncodeToString(s.account)}
	}
	return pem.EncodeToMemory(block), nil
}

// write puts s into a new file beside path and returns its name.
func (s self) write(path string) (string, error) {
	b, err := s.encode()
	if err != nil {
		return "", err
	}
	return temporary(path, b)
}

// create makes a key and puts it in place whole or not at all.
func create(path string) (*Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	tmp, err := own(key).write(path)
	if err != nil {
		return nil, fmt.Errorf("write device key: %w", err)
	}
	defer os.Remove(tmp)
	if err := place(tmp, path); err != nil {
		return nil, fmt.Errorf("write device key: %w", err)
	}
	return &Identity{s: own(key), path: path, created: true}, nil
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

// Become makes this another device: of its own account (account nil), or linked
// to one. The file with the key from before stays beside the new one, as
// device.key.1 and so on.
func (id *Identity) Become(private ed25519.PrivateKey, account ed25519.PublicKey, list *wire.DeviceList) error {
	return id.become(private, account, list, true)
}

func (id *Identity) become(private ed25519.PrivateKey, account ed25519.PublicKey, list *wire.DeviceList, keepOld bool) error {
	next := own(private)
	if account != nil {
		next.account = account
	}
	if list != nil && !VerifyDevices(next.account, list) {
		return fault{"the account did not sign its list of devices"}
	}
	next.list = list
	if !next.main() && !list.Has(next.public()) {
		return fault{"the list of devices does not have this one"}
	}
	id.mu.Lock()
	defer id.mu.Unlock()
	if id.path != "" {
		// The list first: without the key that goes with it it is none.
		if err := id.keepList(next.list); err != nil {
			return err
		}
		if err := id.replaceLocked(next, keepOld); err != nil {
			return errors.Join(fmt.Errorf("write device key: %w", err), id.keepList(id.s.list))
		}
	}
	id.s = next
	return nil
}

func (id *Identity) replaceLocked(next self, keepOld bool) error {
	tmp, err := next.write(id.path)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if keepOld {
		if err := keep(id.path); err != nil {
			return err
		}
	}
	return os.Rename(tmp, id.path)
}

// keep gives a file a second name that is free.
func keep(path string) error {
	for n := 1; ; n++ {
		err := place(path, fmt.Sprintf("%s.%d", path, n))
		if !errors.Is(err, fs.ErrExist) || n == 1000 {
			return err
		}
	}
}

// Renew makes this a device of nobody, with a new key; see Become.
func (id *Identity) Renew() error { return id.renew(true) }

// Discard is Renew, but for the file with the key from before, which is gone:
// for an account that its person deleted.
func (id *Identity) Discard() error { return id.renew(false) }

func (id *Identity) renew(keepOld bool) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make device key: %w", err)
	}
	return id.become(key, nil, nil, keepOld)
}

// ErrOldList says that a list of devices is older than one that was seen.
var ErrOldList = errors.New("the list of devices is an old one")

// SetDevices takes in a list of the own account and keeps it. The error wraps
// ErrOldList, or ErrNotGenuine if the account did not sign it: then it is
// ignored. Another error says why it could not be kept: it holds for this run.
func (id *Identity) SetDevices(list *wire.DeviceList) error {
	id.mu.Lock()
	defer id.mu.Unlock()
	switch known := id.s.list; {
	case !VerifyDevices(id.s.account, list):
		return fault{"the account did not sign its list of devices"}
	case known != nil && list.Version < known.Version:
		return ErrOldList
	case known != nil && list.Version == known.Version:
		return nil
	}
	id.s.list = list
	return id.keepList(list)
}

// Devices is the newest list of the own account that is known, or nil.
func (id *Identity) Devices() *wire.DeviceList { return id.self().list }

// Public is the key of this device, 32 bytes.
func (id *Identity) Public() ed25519.PublicKey { return id.self().public() }

// Account is the key that others know the person by, 32 bytes.
func (id *Identity) Account() ed25519.PublicKey { return id.self().account }

// Main reports whether this device has the account's key.
func (id *Identity) Main() bool { return id.self().main() }

// Sign signs a transcript with the device's key (RFC 8032, pure Ed25519), 64 bytes.
func (id *Identity) Sign(transcript []byte) []byte {
	return ed25519.Sign(id.self().private, transcript)
}

// Created reports whether Load made the key just now.
func (id *Identity) Created() bool { return id.created }

// Path is where the key is kept.
func (id *Identity) Path() string { return id.path }

// Key is the device's private key, for the line to the service to prove itself
// with. It never leaves the process.
func (id *Identity) Key() ed25519.PrivateKey { return id.self().private }
