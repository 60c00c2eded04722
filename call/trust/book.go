package trust

import "parley/signaling/wire"

// Book is who this person is to others, and what is known of them.
type Book struct {
	Identity *Identity
	Pins     *Pins
	// Service is where names mean what they mean now; calls to the same name
	// on another service are to somebody else. nil: there is one only.
	Service func() string
}

func (b *Book) service() string {
	if b.Service == nil {
		return ""
	}
	return b.Service()
}

// Look is what is known of a person of the present service.
func (b *Book) Look(name string) (Pin, bool) { return b.Pins.Look(b.service(), name) }

// Check compares the key of a person with the known one and remembers it if
// there is none; see Pins.Check.
func (b *Book) Check(name string, key []byte) error { return b.Pins.Check(b.service(), name, key) }

// Known reports ErrKeyChanged if the person is known by another key.
func (b *Book) Known(name string, key []byte) error {
	if pin, ok := b.Look(name); ok && !equal(pin.Key, key) {
		return ErrKeyChanged
	}
	return nil
}

// Saw remembers which devices a person has; see Pins.Saw.
func (b *Book) Saw(name string, key []byte, list *wire.DeviceList) error {
	return b.Pins.Saw(b.service(), name, key, list)
}

// NewGuard returns the guard of a call with a person. key is what the service
// says, nil if it has not yet: then the known one.
func (b *Book) NewGuard(call string, caller bool, name string, key []byte) *Guard {
	var known *wire.DeviceList
	if pin, ok := b.Look(name); ok && name != "" {
		if key == nil {
			key = pin.Key
		}
		if equal(key, pin.Key) {
			known = pin.Devices
		}
	}
	return b.Identity.NewGuard(call, caller, key, known)
}

// Trust puts a key in the place of the one that was known.
func (b *Book) Trust(name string, key []byte) error { return b.Pins.Trust(b.service(), name, key) }

// SetVerified notes that safety numbers were compared, or takes that back.
func (b *Book) SetVerified(name string, key []byte, verified bool) error {
	return b.Pins.SetVerified(b.service(), name, key, verified)
}

// SafetyNumber is what this person and the owner of key both see.
func (b *Book) SafetyNumber(key []byte) string { return SafetyNumber(b.Identity.Account(), key) }
