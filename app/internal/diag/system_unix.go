//go:build unix

package diag

import (
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// System is the operating system and its version, without the computer's name.
func System() string {
	parts := []string{runtime.GOOS}
	for _, file := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if b, err := os.ReadFile(file); err == nil && osRelease(b) != "" {
			parts[0] = osRelease(b)
			break
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		parts = append(parts, unix.ByteSliceToString(u.Sysname[:])+" "+unix.ByteSliceToString(u.Release[:]))
	}
	return strings.Join(parts, ", ")
}
