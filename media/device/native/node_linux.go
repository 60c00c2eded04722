package native

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/blackjack/webcam"
)

// sysName is the kernel's name of a V4L2 node, for one that may not be opened.
func sysName(node string) string {
	b, err := os.ReadFile(filepath.Join("/sys/class/video4linux", filepath.Base(node), "name"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// groupOf is the group that the system lets use a node and that this program is
// not in; "" if that is not what stands in the way.
func groupOf(node string) string {
	mine, err := os.Getgroups()
	if err != nil {
		return ""
	}
	return lackedGroup(node, append(mine, os.Getegid()))
}

func lackedGroup(node string, mine []int) string {
	info, err := os.Stat(node)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Mode&0o060 != 0o060 || slices.Contains(mine, int(st.Gid)) {
		return ""
	}
	g, err := user.LookupGroupId(strconv.FormatUint(uint64(st.Gid), 10))
	if err != nil {
		return ""
	}
	return g.Name
}

// isCamera leaves out the nodes that deliver no picture that can be decoded:
// a UVC camera has a second one for metadata, a laptop one for infrared. One
// that cannot be asked (busy, denied) stays in the list, so that opening it
// says why.
func isCamera(path string) bool {
	cam, err := webcam.Open(path)
	if err != nil {
		return !strings.HasPrefix(err.Error(), "Not a video capture") && !strings.HasPrefix(err.Error(), "Device does not support")
	}
	defer cam.Close()
	for f := range cam.GetSupportedFormats() {
		switch fourcc(f) {
		case "YU12", "NV12", "NV21", "YUYV", "UYVY", "MJPG":
			return true
		}
	}
	return false
}

func fourcc(f webcam.PixelFormat) string {
	return string([]byte{byte(f), byte(f >> 8), byte(f >> 16), byte(f >> 24)})
}
