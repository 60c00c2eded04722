package opus

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"parley/media"
)

// Samples is the length of a packet in samples per channel, from its first
// bytes (RFC 6716 section 3.1).
func Samples(packet []byte) (int, error) {
	if len(packet) == 0 {
		return 0, fmt.Errorf("opus: empty packet: %w", media.ErrCorrupt)
	}
	n := C.opus_packet_get_nb_samples((*C.uchar)(unsafe.SliceData(packet)), C.opus_int32(len(packet)), SampleRate)
	if n < 1 || n > MaxFrame {
		return 0, fmt.Errorf("opus: length of a packet of %d bytes: %w", len(packet), media.ErrCorrupt)
	}
	return int(n), nil
}

// HasFEC says whether a packet carries repair data for the one before it: the
// LBRR flag of its first SILK frame (RFC 6716 section 4.2.4). What cannot be
// parsed carries none.
func HasFEC(packet []byte) bool {
	if len(packet) == 0 {
		return false
	}
	return C.parley_packet_has_fec((*C.uchar)(unsafe.SliceData(packet)), C.opus_int32(len(packet))) != 0
}
