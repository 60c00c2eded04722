package diag

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// osRelease returns PRETTY_NAME of os-release(5).
func osRelease(text []byte) string {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "PRETTY_NAME="); ok {
			return strings.Trim(v, `"'`)
		}
	}
	return ""
}

// ours are the libraries that a call may need.
var ours = regexp.MustCompile(`^lib(vpx|opus|yuv|turbojpeg|jpeg|pulse|asound|jack|pipewire[-.0-9]*|GL|GLX|GLX_[a-z]+|EGL|EGL_[a-z]+|X11|Xrandr|Xcursor|wayland-client|gallium|vulkan)[-.0-9]*\.so`)

// Libraries returns the paths of the shared libraries that this program has
// open, of those that a call may need, sorted; nil where that cannot be known.
func Libraries() []string {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil
	}
	return libraries(maps)
}

// libraries reads proc_pid_maps(5).
func libraries(maps []byte) (paths []string) {
	for lines := bufio.NewScanner(bytes.NewReader(maps)); lines.Scan(); {
		at := strings.IndexByte(lines.Text(), '/')
		if at < 0 {
			continue
		}
		if path := lines.Text()[at:]; ours.MatchString(filepath.Base(path)) && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
