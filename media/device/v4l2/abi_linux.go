package v4l2

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The structs of videodev2.h, as far as they are used. Their sizes are part of
// the request numbers; a test holds them against the kernel's.

const (
	typeCapture = 1 // V4L2_BUF_TYPE_VIDEO_CAPTURE
	memoryMmap  = 1 // V4L2_MEMORY_MMAP
	fieldNone   = 1 // V4L2_FIELD_NONE

	capCapture    = 0x00000001 // V4L2_CAP_VIDEO_CAPTURE
	capStreaming  = 0x04000000 // V4L2_CAP_STREAMING
	capDeviceCaps = 0x80000000 // V4L2_CAP_DEVICE_CAPS

	kindDiscrete = 1 // V4L2_FRMSIZE_TYPE_DISCRETE, V4L2_FRMIVAL_TYPE_DISCRETE

	capTimePerFrame = 0x1000 // V4L2_CAP_TIMEPERFRAME

	flagError         = 0x0040 // V4L2_BUF_FLAG_ERROR
	flagTimeMask      = 0xe000 // V4L2_BUF_FLAG_TIMESTAMP_MASK
	flagTimeMonotonic = 0x2000 // V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC

	colourJPEG = 7 // V4L2_COLORSPACE_JPEG

	quantDefault = 0 // V4L2_QUANTIZATION_DEFAULT
	quantFull    = 1 // V4L2_QUANTIZATION_FULL_RANGE
)

type capability struct {
	driver       [16]byte
	card         [32]byte
	busInfo      [32]byte
	version      uint32
	capabilities uint32
	deviceCaps   uint32
	_            [3]uint32
}

type formatDesc struct {
	index       uint32
	kind        uint32
	flags       uint32
	description [32]byte
	pixelFormat Format
	mbusCode    uint32
	_           [3]uint32
}

type frameSizes struct {
	index       uint32
	pixelFormat Format
	kind        uint32
	sizes       sizeRange // the first two numbers alone: a discrete width and height
	_           [2]uint32
}

type frameIntervals struct {
	index         uint32
	pixelFormat   Format
	width, height uint32
	kind          uint32
	intervals     intervalRange // the first alone: a discrete one
	_             [2]uint32
}

type pixFormat struct {
	width, height uint32
	pixelFormat   Format
	field         uint32
	bytesPerLine  uint32
	sizeImage     uint32
	colourSpace   uint32
	priv          uint32
	flags         uint32
	encoding      uint32
	quantization  uint32
	transfer      uint32
}

type format struct {
	kind uint32
	_    [0]uintptr // the union has members with pointers
	pix  pixFormat
	_    [200 - unsafe.Sizeof(pixFormat{})]byte
}

type streamParm struct {
	kind         uint32
	capability   uint32
	mode         uint32
	timePerFrame Interval
	_            [200 - 16]byte
}

type requestBuffers struct {
	count        uint32
	kind         uint32
	memory       uint32
	capabilities uint32
	_            uint32
}

type buffer struct {
	index     uint32
	kind      uint32
	bytesUsed uint32
	flags     uint32
	field     uint32
	timestamp unix.Timeval
	timecode  [16]byte
	sequence  uint32
	memory    uint32
	offset    uint32 // of a union as large as a pointer
	_         [unsafe.Sizeof(uintptr(0)) - 4]byte
	length    uint32
	_         [2]uint32
}

// request numbers as asm-generic/ioctl.h makes them.
const (
	dirWrite = 1 << 30
	dirRead  = 2 << 30
	kindV    = 'V' << 8
)

const (
	reqQueryCap       = dirRead | unsafe.Sizeof(capability{})<<16 | kindV // 0
	reqEnumFormats    = dirRead | dirWrite | unsafe.Sizeof(formatDesc{})<<16 | kindV | 2
	reqSetFormat      = dirRead | dirWrite | unsafe.Sizeof(format{})<<16 | kindV | 5
	reqRequestBuffers = dirRead | dirWrite | unsafe.Sizeof(requestBuffers{})<<16 | kindV | 8
	reqQueryBuffer    = dirRead | dirWrite | unsafe.Sizeof(buffer{})<<16 | kindV | 9
	reqQueue          = dirRead | dirWrite | unsafe.Sizeof(buffer{})<<16 | kindV | 15
	reqDequeue        = dirRead | dirWrite | unsafe.Sizeof(buffer{})<<16 | kindV | 17
	reqStreamOn       = dirWrite | unsafe.Sizeof(int32(0))<<16 | kindV | 18
	reqStreamOff      = dirWrite | unsafe.Sizeof(int32(0))<<16 | kindV | 19
	reqGetParm        = dirRead | dirWrite | unsafe.Sizeof(streamParm{})<<16 | kindV | 21
	reqSetParm        = dirRead | dirWrite | unsafe.Sizeof(streamParm{})<<16 | kindV | 22
	reqEnumSizes      = dirRead | dirWrite | unsafe.Sizeof(frameSizes{})<<16 | kindV | 74
	reqEnumIntervals  = dirRead | dirWrite | unsafe.Sizeof(frameIntervals{})<<16 | kindV | 75
)
