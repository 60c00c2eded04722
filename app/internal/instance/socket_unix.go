//go:build unix

package instance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"

	"parley/app/internal/sandbox"
)

// listen waits for later starts with the profile dir, which is locked.
func listen(dir string) (net.Listener, error) {
	path := socketPath(dir)
	os.Remove(path) // left by a program that died: we hold the lock
	return net.Listen("unix", path)
}

// dial reaches the program that holds the profile dir.
func dial(ctx context.Context, dir string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", socketPath(dir))
}

// socketPath stays under the 108 bytes that a socket's name may have: a long
// folder name gets a name by hash in a temporary folder that all runs share.
func socketPath(dir string) string { return socketIn(dir, sandbox.Here()) }

func socketIn(dir string, box sandbox.Sandbox) string {
	p := filepath.Join(dir, "socket")
	if len(p) < 100 {
		return p
	}
	return filepath.Join(box.TempDir(), "parley-"+hash(dir))
}

func hash(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:8])
}
