package native

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"parley/media/device"
)

func node(t *testing.T, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "video0")
	if err := os.WriteFile(path, nil, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheGroupThatIsLacked(t *testing.T) {
	own, err := user.LookupGroupId(strconv.Itoa(os.Getegid()))
	if err != nil {
		t.Skipf("the group of this process has no name: %v", err)
	}
	usual := node(t, 0o660)
	for name, c := range map[string]struct {
		node string
		mine []int
		want string
	}{
		"for a group that one is not in": {usual, []int{os.Getegid() + 1}, own.Name},
		"for a group that one is in":     {usual, []int{7, os.Getegid()}, ""},
		"for the owner alone":            {node(t, 0o600), nil, ""},
		"gone":                           {filepath.Join(t.TempDir(), "video1"), nil, ""},
	} {
		if got := lackedGroup(c.node, c.mine); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Who may not open a camera learns which group may.
func TestADeniedCameraNamesTheGroup(t *testing.T) {
	path := node(t, 0o660)
	video, err := user.LookupGroup("video")
	if err != nil {
		t.Skip(err)
	}
	gid, err := strconv.Atoi(video.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, -1, gid); err != nil {
		t.Skipf("only root gives files to other groups: %v", err)
	}
	r := testRegistry(t)
	plug(t, r, &fakeCamera{openErr: syscall.EACCES})
	r.mu.Lock()
	h := r.found[device.Camera]["cam"]
	h.info.Path = path
	r.found[device.Camera]["cam"] = h
	r.mu.Unlock()
	_, err = r.OpenVideo(t.Context(), device.Camera, theCam, device.VideoFormat{})
	e, ok := errors.AsType[*device.Error](err)
	if !ok || e.Reason != device.Denied || e.Group != "video" {
		t.Errorf("%v, %+v", err, e)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
