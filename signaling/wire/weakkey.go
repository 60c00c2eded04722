package wire

import (
	"crypto/ed25519"
	"encoding/hex"
)

// weakKey reports whether a key is one of the points of small order on the
// curve, under which a signature made without any secret holds (RFC 8032
// section 5.1.7 does not exclude them). The sign bit makes no difference.
func weakKey(key []byte) bool {
	if len(key) != ed25519.PublicKeySize {
		return false
	}
	k := [ed25519.PublicKeySize]byte(key)
	k[31] &= 0x7f
	switch hex.EncodeToString(k[:]) {
	case "0000000000000000000000000000000000000000000000000000000000000000", // order 4
		"0100000000000000000000000000000000000000000000000000000000000000", // order 1
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 4, not canonical
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": // order 1, not canonical
		return true
	}
	return false
}
