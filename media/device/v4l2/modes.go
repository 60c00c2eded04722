package v4l2

import "slices"

// Format is a fourcc code of V4L2.
type Format uint32

// The formats that can be made frames of.
const (
	YUYV  = Format('Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24)
	UYVY  = Format('U' | 'Y'<<8 | 'V'<<16 | 'Y'<<24)
	NV12  = Format('N' | 'V'<<8 | '1'<<16 | '2'<<24)
	NV21  = Format('N' | 'V'<<8 | '2'<<16 | '1'<<24)
	YU12  = Format('Y' | 'U'<<8 | '1'<<16 | '2'<<24)
	MJPEG = Format('M' | 'J'<<8 | 'P'<<16 | 'G'<<24)
)

// String is the code in letters: "YUYV".
func (f Format) String() string {
	return string([]byte{byte(f), byte(f >> 8), byte(f >> 16), byte(f >> 24)})
}

func (f Format) known() bool {
	return slices.Contains([]Format{YUYV, UYVY, NV12, NV21, YU12, MJPEG}, f)
}

// Interval is the time from picture to picture in seconds, as a fraction; zero
// if the driver does not say.
type Interval struct{ Num, Den uint32 }

// FPS is the rate, or 0.
func (i Interval) FPS() float64 {
	if i.Num == 0 {
		return 0
	}
	return float64(i.Den) / float64(i.Num)
}

// after says whether i is longer than j.
func (i Interval) after(j Interval) bool {
	return uint64(i.Num)*uint64(j.Den) > uint64(j.Num)*uint64(i.Den)
}

// Mode is one way in which a camera delivers.
type Mode struct {
	Format        Format
	Width, Height int
	Interval      Interval
}

// usual are the sizes that are looked for in a driver that takes any of a
// range, and that are tried in one that tells none; upright as well, for
// cameras that stand on their side.
func usual() [][2]uint32 {
	all := [][2]uint32{
		{320, 180}, {320, 240}, {424, 240}, {480, 270}, {640, 360}, {640, 480}, {800, 600}, {848, 480}, {960, 540},
		{1024, 576}, {1280, 720}, {1280, 960}, {1600, 900}, {1920, 1080}, {2560, 1440}, {3840, 2160},
	}
	for _, s := range slices.Clone(all) {
		all = append(all, [2]uint32{s[1], s[0]})
	}
	return all
}

// within are the usual sizes of a range and its largest; the largest alone if
// nothing usual is in it.
func (r sizeRange) within() [][2]uint32 {
	fits := func(v, lo, hi, step uint32) bool { return v >= lo && v <= hi && (v-lo)%max(step, 1) == 0 }
	var list [][2]uint32
	for _, s := range usual() {
		if fits(s[0], r.minWidth, r.maxWidth, r.stepWidth) && fits(s[1], r.minHeight, r.maxHeight, r.stepHeight) {
			list = append(list, s)
		}
	}
	if largest := [2]uint32{r.maxWidth, r.maxHeight}; !slices.Contains(list, largest) {
		list = append(list, largest)
	}
	return list
}

// within are the usual rates of a range, and its fastest; drivers round what
// lies between two steps.
func (r intervalRange) within() []Interval {
	list := []Interval{r.min}
	for _, i := range []Interval{{1, 60}, {1, 50}, {1, 30}, {1, 25}, {1, 24}, {1, 20}, {1, 15}, {1, 10}, {2, 15}, {1, 5}} {
		if i.after(r.min) && !i.after(r.max) {
			list = append(list, i)
		}
	}
	return list
}

// sizeRange is v4l2_frmsize_stepwise.
type sizeRange struct {
	minWidth, maxWidth, stepWidth    uint32
	minHeight, maxHeight, stepHeight uint32
}

// intervalRange is v4l2_frmival_stepwise.
type intervalRange struct{ min, max, step Interval }
