package trust

import (
	"crypto/ed25519"
	"errors"
	"slices"

	"parley/signaling/wire"
)

// ErrNotMain says that only the device with the account's key can do this.
var ErrNotMain = errors.New("only the main device of the account can do this")

// ErrTooManyDevices says that the account speaks through as many devices as are
// possible.
var ErrTooManyDevices = errors.New("the account has as many devices as are possible: remove one first")

// VerifyDevices reports whether an account signed a list.
func VerifyDevices(account []byte, l *wire.DeviceList) bool {
	return l != nil && len(account) == ed25519.PublicKeySize && l.Validate() == nil &&
		ed25519.Verify(account, wire.ListTranscript(*l), l.Signature)
}

// NextList is a signed list that replaces old, or the newest that is known here
// if old is not newer: with the device, or without it. old comes from a service
// (nil: it has none): one that the account did not sign is never signed on, or
// the service could put a device of its own into it. The error is ErrNotMain,
// ErrTooManyDevices, or wraps ErrNotGenuine.
func (id *Identity) NextList(old *wire.DeviceList, device []byte, in bool) (wire.DeviceList, error) {
	s := id.self()
	if !s.main() {
		return wire.DeviceList{}, ErrNotMain
	}
	if old != nil && !VerifyDevices(s.account, old) {
		return wire.DeviceList{}, fault{"the account did not sign its list of devices"}
	}
	old = newest(s.account, s.list, old)
	next := wire.DeviceList{Version: 1, Keys: [][]byte{}}
	if old != nil {
		next.Version = old.Version + 1
		next.Keys = slices.DeleteFunc(slices.Clone(old.Keys), func(k []byte) bool { return equal(k, device) })
	}
	if in {
		next.Keys = append(next.Keys, device)
	}
	if len(next.Keys) > wire.MaxDevices {
		return wire.DeviceList{}, ErrTooManyDevices
	}
	next.Signature = ed25519.Sign(s.private, wire.ListTranscript(next))
	return next, nil
}

// speaks reports whether a device speaks for an account: it has the account's
// key, or is in the newest of the lists that are known. shown is what the
// device itself brings, known what was seen before; a list that the account did
// not sign is none.
func speaks(device, account []byte, shown, known *wire.DeviceList) bool {
	if equal(device, account) {
		return true
	}
	return newest(account, shown, known).Has(device)
}

// newest is the list of the highest version that the account signed, or nil.
func newest(account []byte, lists ...*wire.DeviceList) *wire.DeviceList {
	var best *wire.DeviceList
	for _, l := range lists {
		if VerifyDevices(account, l) && (best == nil || l.Version > best.Version) {
			best = l
		}
	}
	return best
}
