package wire

import (
	"crypto/ed25519"
	"encoding/binary"
	"time"
)

// Several devices of one person. The person is known by the key of their
// account; the device that has it signs which others may speak for it.

// Limits of devices.
const (
	MaxDevices = 8                // besides the one with the account's key
	PlaceLen   = 26               // characters of a place: 16 bytes in base32
	PlaceFor   = 10 * time.Minute // how long a place waits for a device
	ProofLen   = 32               // bytes of HMAC-SHA256
)

// The kinds of message about devices.
const (
	KindDevices      Kind = "devices"       // C, no body; ok{Devices}
	KindPlaceOpen    Kind = "place_open"    // C Place; ok
	KindPlaceLook    Kind = "place_look"    // C Place; ok{Joining}
	KindPlaceClose   Kind = "place_close"   // C Place; ok
	KindDeviceAdmit  Kind = "device_admit"  // C Admit; ok{Devices}
	KindDeviceRemove Kind = "device_remove" // C Remove; ok{Devices}
	KindDeviceList   Kind = "device_list"   // S Devices: they have changed
)

func deviceSpecs() []Spec {
	return []Spec{
		{Kind: KindDevices, Client: true, Reply: body[Devices]},
		{Kind: KindPlaceOpen, Client: true, Body: body[Place]},
		{Kind: KindPlaceLook, Client: true, Body: body[Place], Reply: body[Joining]},
		{Kind: KindPlaceClose, Client: true, Body: body[Place]},
		{Kind: KindDeviceAdmit, Client: true, Body: body[Admit], Reply: body[Devices]},
		{Kind: KindDeviceRemove, Client: true, Body: body[Remove], Reply: body[Devices]},
		{Kind: KindDeviceList, Server: true, Body: body[Devices]},
	}
}

// DeviceList says which devices speak for an account besides the one that has
// its key. It is signed with that key; a list of a higher version replaces all
// before it.
type DeviceList struct {
	Version   uint64   `json:"version"` // from 1
	Keys      [][]byte `json:"keys"`    // Ed25519 public keys, none twice; may be empty
	Signature []byte   `json:"sig"`     // with the account's key
}

// ListTranscript is what DeviceList.Signature signs.
func ListTranscript(l DeviceList) []byte {
	out := binary.BigEndian.AppendUint64([]byte("parley.v1 devices\x00"), l.Version)
	for _, k := range l.Keys {
		out = binary.BigEndian.AppendUint32(out, uint32(len(k)))
		out = append(out, k...)
	}
	return out
}

// Has reports whether a device is in the list, which may be nil.
func (l *DeviceList) Has(key []byte) bool {
	if l == nil {
		return false
	}
	for _, k := range l.Keys {
		if string(k) == string(key) {
			return true
		}
	}
	return false
}

// Validate names the first field that is wrong.
func (l *DeviceList) Validate() error {
	switch {
	case l.Version == 0:
		return bad("version", "is 0")
	case len(l.Keys) > MaxDevices:
		return bad("keys", "has %d entries, at most %d are possible", len(l.Keys), MaxDevices)
	case len(l.Signature) != ed25519.SignatureSize:
		return bad("sig", "has %d bytes, an Ed25519 signature has %d", len(l.Signature), ed25519.SignatureSize)
	}
	seen := map[string]bool{}
	for _, k := range l.Keys {
		if err := checkKey("keys", k); err != nil {
			return err
		}
		if weakKey(k) {
			return bad("keys", "has a point of small order, which proves nothing")
		}
		if seen[string(k)] {
			return bad("keys", "has a key twice")
		}
		seen[string(k)] = true
	}
	return nil
}

// Device is one device of the person who asks.
type Device struct {
	Key     []byte `json:"key"`
	Name    string `json:"name,omitempty"` // as its owner calls it; "" for the one with the account's key
	Main    bool   `json:"main,omitempty"` // it has the account's key
	Here    bool   `json:"here,omitempty"` // it is signed in now, on this node of the service
	AddedMS int64  `json:"added_ms"`       // how long ago
	SeenMS  int64  `json:"seen_ms"`        // how long ago it was last signed in
}

// Devices are the devices of the person who asks, the main one first, and the
// list that the account signed, if there is one.
type Devices struct {
	Devices []Device    `json:"devices"`
	List    *DeviceList `json:"list,omitempty"`
}

// Validate names the first field that is wrong.
func (d Devices) Validate() error {
	if d.List == nil {
		return nil
	}
	return within("list", d.List.Validate())
}

// Place is where a device and one that wants to be linked meet. Its name is
// made of the code that the person carries from one to the other.
type Place struct {
	Place string `json:"place"`
}

func checkPlace(s string) error {
	if len(s) != PlaceLen {
		return bad("place", "has %d characters, not %d", len(s), PlaceLen)
	}
	return checkID("place", s)
}

// Validate names the first field that is wrong.
func (p Place) Validate() error { return checkPlace(p.Place) }

// Join is what a device says in hello that wants to be linked to an account.
type Join struct {
	Place string `json:"place"`
	Name  string `json:"name"`  // of the device
	Proof []byte `json:"proof"` // HMAC that only who knows the code can make
}

// Validate names the first field that is wrong.
func (j Join) Validate() error {
	if err := checkPlace(j.Place); err != nil {
		return err
	}
	if _, err := CleanName(j.Name); err != nil {
		return err
	}
	return checkProof(j.Proof)
}

func checkProof(p []byte) error {
	if len(p) != ProofLen {
		return bad("proof", "has %d bytes, not %d", len(p), ProofLen)
	}
	return nil
}

// Joining answers place_look: who waits there. Key is empty while nobody does.
type Joining struct {
	Key   []byte `json:"key,omitempty"`
	Name  string `json:"name,omitempty"`
	Proof []byte `json:"proof,omitempty"`
}

// Admit lets the device in that waits at a place.
type Admit struct {
	Place string     `json:"place"`
	Key   []byte     `json:"key"`   // of the device
	List  DeviceList `json:"list"`  // with Key in it
	Proof []byte     `json:"proof"` // HMAC for the device: the account is the one of the code
}

// Validate names the first field that is wrong.
func (a Admit) Validate() error {
	if err := checkPlace(a.Place); err != nil {
		return err
	}
	if err := checkKey("key", a.Key); err != nil {
		return err
	}
	if err := within("list", a.List.Validate()); err != nil {
		return err
	}
	if !a.List.Has(a.Key) {
		return bad("list", "does not have the device")
	}
	return checkProof(a.Proof)
}

// Remove takes a device from the account. The device with the account's key
// removes others, with a list that they are not in; another one only itself,
// without a list.
type Remove struct {
	Key  []byte      `json:"key"`
	List *DeviceList `json:"list,omitempty"`
}

// Validate names the first field that is wrong.
func (r Remove) Validate() error {
	if err := checkKey("key", r.Key); err != nil {
		return err
	}
	if r.List == nil {
		return nil
	}
	if err := within("list", r.List.Validate()); err != nil {
		return err
	}
	if r.List.Has(r.Key) {
		return bad("list", "still has the device")
	}
	return nil
}

// Joined is what a device gets with ready that was let in just now.
type Joined struct {
	Proof []byte `json:"proof"` // as in Admit
}
