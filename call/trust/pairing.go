package trust

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"

	"parley/signaling/wire"
)

// codeBytes is how much there is to guess: 80 bits, and the service knows only
// what is derived of them.
const codeBytes = 10

// codeText leaves out what is taken for something else: i, l, o and 1.
var codeText = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding)

var placeText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrCode says that a text is not the code of another device.
var ErrCode = errors.New("a code has 16 letters and digits, as in abcd-efgh-jkmn-pqrs")

// Pairing is what two devices know that are to be linked: the code that a
// person carried from one to the other.
type Pairing struct {
	code  []byte
	key   []byte
	place string
}

// NewPairing makes a code.
func NewPairing() (*Pairing, error) {
	code := make([]byte, codeBytes)
	_, _ = rand.Read(code) // never fails: it ends the program instead
	return pairing(code)
}

// ParsePairing reads a code as a person types it. The error is ErrCode.
func ParsePairing(text string) (*Pairing, error) {
	clean := strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '\t', '\u2010', '\u2011', '\u2013', '\u00a0':
			return -1
		case 'o', 'O':
			return '0'
		}
		return r
	}, text)
	if len(clean) != codeText.EncodedLen(codeBytes) {
		return nil, ErrCode
	}
	code, err := codeText.DecodeString(strings.ToLower(clean))
	if err != nil || len(code) != codeBytes { // the decoder skips line breaks
		return nil, ErrCode
	}
	return pairing(code)
}

func pairing(code []byte) (*Pairing, error) {
	place, err := hkdf.Key(sha256.New, code, nil, "parley.v1 link place", 16)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, code, nil, "parley.v1 link key", 32)
	if err != nil {
		return nil, err
	}
	return &Pairing{code: code, key: key, place: placeText.EncodeToString(place)}, nil
}

// Code is what a person reads: 16 letters and digits in groups of four.
func (p *Pairing) Code() string {
	t := codeText.EncodeToString(p.code)
	return t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:]
}

// Place is where the two meet on the service.
func (p *Pairing) Place() string { return p.place }

func (p *Pairing) mac(parts ...[]byte) []byte {
	h := hmac.New(sha256.New, p.key)
	for _, b := range parts {
		h.Write(b)
	}
	return h.Sum(nil)
}

// JoinProof shows that the device with this key was given the code.
func (p *Pairing) JoinProof(device []byte) []byte { return p.mac([]byte("join\x00"), device) }

// CheckJoin reports whether a device that waits was given the code.
func (p *Pairing) CheckJoin(j wire.Joining) bool {
	return len(j.Key) > 0 && hmac.Equal(j.Proof, p.JoinProof(j.Key))
}

// AdmitProof shows the device that the account is that of whoever made the code.
func (p *Pairing) AdmitProof(device, account []byte, list wire.DeviceList) []byte {
	return p.mac([]byte("admit\x00"), device, account, list.Signature)
}

// CheckAdmit reports whether the account that a device was linked to is the one
// of the code, and says that the device speaks for it.
func (p *Pairing) CheckAdmit(proof, device, account []byte, list *wire.DeviceList) bool {
	return VerifyDevices(account, list) && list.Has(device) && hmac.Equal(proof, p.AdmitProof(device, account, *list))
}
