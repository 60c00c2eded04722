package virtual

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"
)

// The code is a grid of black and white cells, black 1, on a white margin of
// one cell:
//
//	row 0        the sync pattern of the top, 20 cells
//	rows 1 to 9  180 cells: 176 bits of payload, row by row, the most significant
//	             bit first, and four white cells
//	row 10       the sync pattern of the bottom
//
// The payload is the frame number as a 32-bit Gray code (so that counting
// changes one cell and the checksum, which is cheap to encode as video), 16
// bytes of name in UTF-8, padded with zeros, and CRC-16/CCITT of both, all
// big-endian, and then XORed with a fixed mask so that a short name does not
// leave large white areas.
//
// A sync pattern is read like a bar code, along one line of pixels: its edges
// stand at known multiples of the cell's width. Neither pattern reads the same
// backwards and they differ, so that a mirrored picture is recognised.
const (
	codeCols   = 20
	codeRows   = 11
	codeMargin = 1
	nameBytes  = 16
	payload    = 4 + nameBytes + 2
)

// syncTop and syncBottom begin and end black, as "1" to "4" cells alternating
// black and white.
func syncTop() []int    { return []int{3, 1, 1, 1, 2, 1, 1, 3, 1, 2, 4} }
func syncBottom() []int { return []int{4, 2, 2, 1, 1, 1, 3, 2, 1, 1, 2} }

// Code is what a test card carries.
type Code struct {
	Frame uint32 // counts pictures from 0, at the card's frame rate
	Name  string // at most 16 bytes of the sender's name
}

// ErrNoCode: the picture has no readable code.
var ErrNoCode = errors.New("no test card code in the picture")

// cells returns the grid, true for black.
func (c Code) cells() (g [codeRows][codeCols]bool) {
	stripe := func(row int, runs []int) {
		x := 0
		for n, w := range runs {
			for range w {
				g[row][x] = n%2 == 0
				x++
			}
		}
	}
	stripe(0, syncTop())
	stripe(codeRows-1, syncBottom())
	b := c.marshal()
	for i := range payload * 8 {
		g[1+i/codeCols][i%codeCols] = b[i/8]>>(7-i%8)&1 == 1
	}
	return g
}

func (c Code) marshal() (b [payload]byte) {
	binary.BigEndian.PutUint32(b[:], c.Frame^c.Frame>>1)
	copy(b[4:4+nameBytes], shortName(c.Name))
	binary.BigEndian.PutUint16(b[4+nameBytes:], crc16(b[:4+nameBytes]))
	whiten(&b)
	return b
}

// unmarshal returns false when the checksum does not match.
func unmarshal(b [payload]byte) (Code, bool) {
	whiten(&b)
	if binary.BigEndian.Uint16(b[4+nameBytes:]) != crc16(b[:4+nameBytes]) {
		return Code{}, false
	}
	n := binary.BigEndian.Uint32(b[:])
	for s := 16; s > 0; s /= 2 {
		n ^= n >> s
	}
	name := strings.TrimRight(string(b[4:4+nameBytes]), "\x00")
	if !utf8.ValidString(name) {
		return Code{}, false
	}
	return Code{Frame: n, Name: name}, true
}

// whiten is its own inverse.
func whiten(b *[payload]byte) {
	x := byte(0xA5)
	for i := 4; i < len(b); i++ { // the frame number stays a Gray code
		b[i] ^= x
		x = x<<1 | (x>>7^x>>5^x>>4^x>>3)&1
	}
}

// shortName cuts a name to nameBytes bytes, never within a character.
func shortName(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "")
	if len(s) <= nameBytes {
		return s
	}
	n := nameBytes
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// crc16 is CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, v := range b {
		crc ^= uint16(v) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
