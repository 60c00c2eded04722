package trust

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestIdentityStaysTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profile")
	a, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Created() || b.Created() {
		t.Errorf("created %v, then %v", a.Created(), b.Created())
	}
	if !bytes.Equal(a.Public(), b.Public()) {
		t.Error("a second start has another key")
	}
	msg := []byte("transcript")
	if !ed25519.Verify(b.Public(), msg, a.Sign(msg)) {
		t.Error("the signature does not verify")
	}
	st, err := os.Stat(a.Path())
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", st.Mode().Perm())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%d files in the profile (%v), want the key alone", len(left), err)
	}
}

func TestDamagedKeyIsKeptAndExplained(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty":     nil,
		"noise":     []byte("\x00\x01noise"),
		"cut short": []byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBC"),
		"bad der":   pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: []byte{1, 2, 3}}),
		"other key": pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}),
		"huge":      make([]byte, maxKeyFile+1),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, FileName)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(dir)
			var ke *KeyError
			if !errors.As(err, &ke) || ke.Path != path {
				t.Fatalf("error %v, want a KeyError for %s", err, path)
			}
			for _, word := range []string{path, "put a copy", "move it away"} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestDirectoryInPlaceOfTheKey(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	var ke *KeyError
	if _, err := Load(dir); !errors.As(err, &ke) {
		t.Fatalf("error %v, want a KeyError", err)
	}
}

func TestReadableKeyIsTightened(t *testing.T) {
	dir := t.TempDir()
	id, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(id.Path(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(id.Path()); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", st.Mode().Perm(), err)
	}
}

func TestTwoFirstStartsAgree(t *testing.T) {
	dir := t.TempDir()
	const n = 8
	keys := make([]ed25519.PublicKey, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			id, err := Load(dir)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = id.Public()
		})
	}
	wg.Wait()
	for _, k := range keys[1:] {
		if !bytes.Equal(k, keys[0]) {
			t.Fatal("two starts of the same profile have different keys")
		}
	}
}
