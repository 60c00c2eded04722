package jitter

import (
	"fmt"

	"parley/media"
)

// VP8 is the payload descriptor in front of every VP8 RTP payload (RFC 7741,
// section 4.2).
type VP8 struct {
	NonReference bool   // N: no later frame depends on this one
	Start        bool   // S with partition index 0: first packet of a frame
	PictureID    uint16 // valid when PictureIDBits is not 0
	// PictureIDBits is the width of the picture id: 0 (none), 7 or 15.
	PictureIDBits uint8
	TL0PICIDX     uint8 // valid when HasTL0
	TID           uint8 // temporal layer, 0 the base; valid when HasTID
	LayerSync     bool  // Y: depends on the base layer alone
	KeyIndex      uint8 // valid when HasKeyIndex
	HasTL0        bool
	HasTID        bool
	HasKeyIndex   bool
}

// ParseVP8 splits an RTP payload into its descriptor and the VP8 data behind
// it, which aliases payload. It returns media.ErrCorrupt, wrapped, when the
// descriptor is cut short or nothing follows it.
func ParseVP8(payload []byte) (VP8, []byte, error) {
	short := func(what string) (VP8, []byte, error) {
		return VP8{}, nil, fmt.Errorf("vp8 descriptor without %s: %w", what, media.ErrCorrupt)
	}
	var d VP8
	if len(payload) == 0 {
		return short("its first octet")
	}
	first, rest := payload[0], payload[1:]
	d.NonReference = first&0x20 != 0
	d.Start = first&0x10 != 0 && first&0x07 == 0
	if first&0x80 != 0 { // X
		if len(rest) == 0 {
			return short("extension octet")
		}
		ext := rest[0]
		rest = rest[1:]
		if ext&0x80 != 0 { // I
			if len(rest) == 0 {
				return short("picture id")
			}
			if rest[0]&0x80 == 0 {
				d.PictureID, d.PictureIDBits = uint16(rest[0]), 7
				rest = rest[1:]
			} else {
				if len(rest) < 2 {
					return short("second octet of its picture id")
				}
				d.PictureID, d.PictureIDBits = uint16(rest[0]&0x7f)<<8|uint16(rest[1]), 15
				rest = rest[2:]
			}
		}
		if ext&0x40 != 0 { // L
			if len(rest) == 0 {
				return short("TL0PICIDX")
			}
			d.TL0PICIDX, d.HasTL0 = rest[0], true
			rest = rest[1:]
		}
		if ext&0x30 != 0 { // T or K share one octet
			if len(rest) == 0 {
				return short("TID and KEYIDX")
			}
			if d.HasTID = ext&0x20 != 0; d.HasTID {
				d.TID, d.LayerSync = rest[0]>>6, rest[0]&0x20 != 0
			}
			if d.HasKeyIndex = ext&0x10 != 0; d.HasKeyIndex {
				d.KeyIndex = rest[0] & 0x1f
			}
			rest = rest[1:]
		}
	}
	if len(rest) == 0 {
		return short("data behind it")
	}
	return d, rest, nil
}

// precedes reports whether the picture id of next is the one after d's.
func (d VP8) precedes(next VP8) bool {
	if d.PictureIDBits == 0 || d.PictureIDBits != next.PictureIDBits {
		return false
	}
	mask := uint16(1)<<d.PictureIDBits - 1
	return (d.PictureID+1)&mask == next.PictureID
}

// IsKeyVP8 reports whether a VP8 frame is a key frame (RFC 6386, section 9.1:
// the lowest bit of the first octet is 0).
func IsKeyVP8(frame []byte) bool { return len(frame) > 0 && frame[0]&1 == 0 }

// KeySizeVP8 reads width and height in pixels from the header of a VP8 key
// frame (RFC 6386, section 9.1). It is false for other frames, for a wrong
// start code and for a picture without an extent.
func KeySizeVP8(frame []byte) (width, height int, ok bool) {
	if !IsKeyVP8(frame) || len(frame) < 10 || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a {
		return 0, 0, false
	}
	width = int(frame[6]) | int(frame[7]&0x3f)<<8
	height = int(frame[8]) | int(frame[9]&0x3f)<<8
	return width, height, width > 0 && height > 0
}
