//go:build linux || darwin

package main

import (
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

const onUnix = true

// ownerOf returns the ids of a file's owner and of this process's user.
func ownerOf(info fs.FileInfo) (owner, me int, known bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), os.Geteuid(), true
}

func nameOf(id int) string {
	u, err := user.LookupId(strconv.Itoa(id))
	if err != nil {
		return ""
	}
	return u.Username
}

// freeSpace is what this user may still write in a folder, bytes.
func freeSpace(dir string) (int64, bool) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true //nolint:gosec,unconvert // types differ between systems
}
