package vpx

import (
	"fmt"

	"parley/media"
)

// header is what the first ten bytes of a VP8 frame say (RFC 6386 section 9.1).
type header struct {
	key           bool
	width, height int // of a key frame
}

// parseHeader reads a frame's header and refuses what libvpx should not see:
// frames cut short and pictures too large to hold.
func parseHeader(data []byte) (header, error) {
	if len(data) < 3 {
		return header{}, fmt.Errorf("vpx: frame of %d bytes: %w", len(data), media.ErrCorrupt)
	}
	tag := int(data[0]) | int(data[1])<<8 | int(data[2])<<16
	h := header{key: tag&1 == 0}
	if version := tag >> 1 & 7; version > 3 {
		return header{}, fmt.Errorf("vpx: bitstream version %d: %w", version, media.ErrCorrupt)
	}
	body := len(data) - 3
	if h.key {
		if len(data) < 10 {
			return header{}, fmt.Errorf("vpx: key frame of %d bytes: %w", len(data), media.ErrCorrupt)
		}
		if data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
			return header{}, fmt.Errorf("vpx: key frame without start code: %w", media.ErrCorrupt)
		}
		h.width = (int(data[6]) | int(data[7])<<8) & 0x3fff
		h.height = (int(data[8]) | int(data[9])<<8) & 0x3fff
		if h.width == 0 || h.height == 0 || h.width*h.height > maxPixels {
			return header{}, fmt.Errorf("vpx: picture of %dx%d: %w", h.width, h.height, media.ErrCorrupt)
		}
		body -= 7
	}
	if first := tag >> 5; first > body {
		return header{}, fmt.Errorf("vpx: first partition of %d bytes in a frame of %d: %w", first, len(data), media.ErrCorrupt)
	}
	return h, nil
}
