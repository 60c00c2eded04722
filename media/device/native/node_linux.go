package native

import (
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

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
