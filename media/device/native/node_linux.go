package native

import (
	"os"
	"path/filepath"
	"strings"

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
