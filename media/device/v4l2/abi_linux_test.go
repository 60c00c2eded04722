package v4l2

import (
	"testing"
	"unsafe"
)

// What a C program prints that includes linux/videodev2.h, on a 64-bit machine.
func TestTheStructsAreTheKernels(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the numbers are those of 64 bits")
	}
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"VIDIOC_QUERYCAP", reqQueryCap, 0x80685600},
		{"VIDIOC_ENUM_FMT", reqEnumFormats, 0xc0405602},
		{"VIDIOC_S_FMT", reqSetFormat, 0xc0d05605},
		{"VIDIOC_REQBUFS", reqRequestBuffers, 0xc0145608},
		{"VIDIOC_QUERYBUF", reqQueryBuffer, 0xc0585609},
		{"VIDIOC_QBUF", reqQueue, 0xc058560f},
		{"VIDIOC_DQBUF", reqDequeue, 0xc0585611},
		{"VIDIOC_STREAMON", reqStreamOn, 0x40045612},
		{"VIDIOC_STREAMOFF", reqStreamOff, 0x40045613},
		{"VIDIOC_G_PARM", reqGetParm, 0xc0cc5615},
		{"VIDIOC_S_PARM", reqSetParm, 0xc0cc5616},
		{"VIDIOC_ENUM_FRAMESIZES", reqEnumSizes, 0xc02c564a},
		{"VIDIOC_ENUM_FRAMEINTERVALS", reqEnumIntervals, 0xc034564b},
		{"v4l2_buffer.timestamp", unsafe.Offsetof(buffer{}.timestamp), 24},
		{"v4l2_buffer.sequence", unsafe.Offsetof(buffer{}.sequence), 56},
		{"v4l2_buffer.memory", unsafe.Offsetof(buffer{}.memory), 60},
		{"v4l2_buffer.m", unsafe.Offsetof(buffer{}.offset), 64},
		{"v4l2_buffer.length", unsafe.Offsetof(buffer{}.length), 72},
		{"v4l2_format.fmt", unsafe.Offsetof(format{}.pix), 8},
		{"v4l2_pix_format.quantization", unsafe.Offsetof(pixFormat{}.quantization), 40},
		{"v4l2_streamparm.parm.capture.timeperframe", unsafe.Offsetof(streamParm{}.timePerFrame), 12},
		{"v4l2_capability.device_caps", unsafe.Offsetof(capability{}.deviceCaps), 88},
		{"v4l2_fmtdesc.pixelformat", unsafe.Offsetof(formatDesc{}.pixelFormat), 44},
		{"v4l2_frmsizeenum.stepwise", unsafe.Offsetof(frameSizes{}.sizes), 12},
		{"v4l2_frmivalenum.stepwise", unsafe.Offsetof(frameIntervals{}.intervals), 20},
	} {
		if c.got != c.want {
			t.Errorf("%s is %#x, want %#x", c.name, c.got, c.want)
		}
	}
}
