package v4l2

import (
	"math"
	"unsafe"

	"parley/media"
)

// maxEntries ends the enumeration of a driver that never says that there is no
// more.
const maxEntries = 256

// formats are the formats of the camera that can be made frames of.
func formats(k kernel) []Format {
	var list []Format
	for i := range uint32(maxEntries) {
		d := formatDesc{index: i, kind: typeCapture}
		if k.ioctl(reqEnumFormats, unsafe.Pointer(&d)) != nil {
			break
		}
		if d.pixelFormat.known() {
			list = append(list, d.pixelFormat)
		}
	}
	return list
}

// sizes are the sizes in a format; of a driver that tells none, the usual ones:
// it will take the nearest to what it can do.
func sizes(k kernel, f Format) [][2]uint32 {
	var list [][2]uint32
	for i := range uint32(maxEntries) {
		e := frameSizes{index: i, pixelFormat: f}
		if k.ioctl(reqEnumSizes, unsafe.Pointer(&e)) != nil {
			break
		}
		if e.kind != kindDiscrete {
			list = append(list, e.sizes.within()...)
			break // a range is the only entry
		}
		list = append(list, [2]uint32{e.sizes.minWidth, e.sizes.maxWidth})
	}
	if len(list) == 0 {
		return usual()
	}
	return list
}

// intervals are those of a size; one that says nothing if the driver does not
// tell.
func intervals(k kernel, f Format, width, height uint32) []Interval {
	var list []Interval
	for i := range uint32(maxEntries) {
		e := frameIntervals{index: i, pixelFormat: f, width: width, height: height}
		if k.ioctl(reqEnumIntervals, unsafe.Pointer(&e)) != nil {
			break
		}
		if e.kind != kindDiscrete {
			list = append(list, e.intervals.within()...)
			break
		}
		list = append(list, e.intervals.min)
	}
	if len(list) == 0 {
		return []Interval{{}}
	}
	return list
}

// modes are all ways in which the camera delivers.
func modes(k kernel) []Mode {
	var list []Mode
	for _, f := range formats(k) {
		for _, s := range sizes(k, f) {
			if s[0] < 1 || s[1] < 1 || s[0] > media.MaxDim || s[1] > media.MaxDim {
				continue
			}
			for _, i := range intervals(k, f, s[0], s[1]) {
				if fps := i.FPS(); math.IsInf(fps, 0) || fps > 1000 {
					i = Interval{}
				}
				list = append(list, Mode{f, int(s[0]), int(s[1]), i})
			}
		}
	}
	return list
}
