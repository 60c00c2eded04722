package native

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"

	"parley/media/device"
)

// describeCamera turns mediadevices' description into ours. On Linux its label
// is "by-id-name;video0" and its name "Card;bus"; elsewhere there is no
// separator, and the label is the only identifier.
func describeCamera(d driver.Info) device.Info {
	id, node, linux := strings.Cut(d.Label, camera.LabelSeparator)
	name, _, _ := strings.Cut(d.Name, camera.LabelSeparator)
	i := device.Info{ID: id, Name: cleanName(name), Kind: device.Camera}
	if linux {
		i.Path = "/dev/" + node
		if i.Name == "" {
			i.Name = cleanName(sysName(node))
		}
	} else if i.Name == "" {
		i.Name = id
	}
	return i
}

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
