package apm

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed wasm
var files embed.FS

const (
	cancellerFile  = "webrtcaec3.wasm"
	suppressorFile = "rnnoise.wasm"
)

// ErrMissing: the program was built without the WebAssembly file.
var ErrMissing = errors.New("not in this build")

// HasCanceller reports whether this build has an echo canceller.
func HasCanceller() bool { return has(cancellerFile) }

// HasSuppressor reports whether this build has noise suppression.
func HasSuppressor() bool { return has(suppressorFile) }

func has(name string) bool {
	_, err := fs.Stat(files, "wasm/"+name)
	return err == nil
}

// load returns an embedded file that is what SHA256SUMS says: a file of another
// version has other names for its functions, which would be found out by a call.
func load(name string) ([]byte, error) {
	b, err := files.ReadFile("wasm/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrMissing)
	}
	if err != nil {
		return nil, err
	}
	sums, err := files.ReadFile("wasm/SHA256SUMS")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	if !strings.Contains(string(sums), hex.EncodeToString(sum[:])+"  "+name+"\n") {
		return nil, fmt.Errorf("%s is another version than this program was made for", name)
	}
	return b, nil
}
