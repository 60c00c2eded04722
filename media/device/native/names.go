package native

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"parley/media/device"
)

// cleanName repairs what UVC cameras call themselves: "Integrated Camera:
// Integrated C", the product's name and again as much of it as 31 bytes hold.
func cleanName(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if a, b, ok := strings.Cut(s, ": "); ok && a != "" && strings.HasPrefix(a, b) {
		return a
	}
	return strings.TrimSuffix(s, ":")
}

// sortCameras orders by the number at the end of the path: video2 before
// video10.
func sortCameras(list []device.Info) {
	num := func(i device.Info) int {
		n, err := strconv.Atoi(i.Path[len(strings.TrimRight(i.Path, "0123456789")):])
		if err != nil {
			return -1
		}
		return n
	}
	slices.SortFunc(list, func(a, b device.Info) int {
		return cmp.Or(cmp.Compare(num(a), num(b)), cmp.Compare(a.ID, b.ID))
	})
}
