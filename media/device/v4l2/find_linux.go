package v4l2

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Node is a camera that is plugged in.
type Node struct {
	ID   string // the name under /dev/v4l/by-id, else by-path, else "video0"
	Path string // "/dev/video0"
	Name string // what it calls itself
}

// Find lists the cameras. It leaves out the nodes that deliver no picture that
// can be made a frame of: a UVC camera has a second one for metadata, a laptop
// one for infrared. One that cannot be asked stays in the list, so that opening
// it says why.
func Find() []Node { return find("/dev", probe) }

func find(dev string, probe func(path string) (name string, ok bool)) []Node {
	var list []Node
	seen := make(map[string]bool)
	for _, pattern := range []string{"v4l/by-id/*", "v4l/by-path/*", "video*"} {
		paths, err := filepath.Glob(filepath.Join(dev, pattern))
		if err != nil {
			continue
		}
		for _, p := range paths {
			node := filepath.Base(p)
			if target, err := os.Readlink(p); err == nil {
				node = filepath.Base(target)
			}
			if seen[node] {
				continue
			}
			seen[node] = true
			path := filepath.Join(dev, node)
			if name, ok := probe(path); ok {
				list = append(list, Node{ID: filepath.Base(p), Path: path, Name: name})
			}
		}
	}
	return list
}

// probe asks a node for its name and whether it is a camera.
func probe(path string) (string, bool) {
	n, err := openNode(path)
	if err != nil {
		gone := errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO)
		return sysName(path), !gone
	}
	defer n.close()
	name, err := card(n)
	if err != nil {
		return "", false
	}
	return name, len(formats(n)) > 0
}

// sysName is the kernel's name of a node, for one that may not be opened.
func sysName(path string) string {
	b, err := os.ReadFile(filepath.Join("/sys/class/video4linux", filepath.Base(path), "name"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
