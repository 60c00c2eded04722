package present

import (
	"context"
	"time"
)

// OwnDevice is one device of this person's account.
type OwnDevice struct {
	Key  string // for Remove
	Name string // as the person called it; "" on the main device
	Main bool   // it has the account's key
	This bool   // the one in front of the person
	Here bool   // it is signed in now
	Seen time.Time
}

// Account is the person's account and the devices that speak for it.
type Account interface {
	// Main reports whether this device has the account's key: it alone links
	// and removes others, and has the recovery phrase.
	Main() bool
	// Phrase returns the 24 words of the account.
	Phrase() ([]string, error)
	// Devices asks the service, the main device first.
	Devices(ctx context.Context) ([]OwnDevice, error)
	// RemoveDevice takes a device from the account: on the main device another
	// one, on others this one, after which this program is nobody's.
	RemoveDevice(ctx context.Context, key string) error
	// Link makes a code for another device.
	Link(ctx context.Context) (Linking, error)
	// SignOut makes this program nobody's. The account stays, and its key in a
	// file beside the new one.
	SignOut(ctx context.Context) error
	// DeleteAccount deletes the account on the service, and then what this
	// program has of it: the key, the people met there, the name.
	DeleteAccount(ctx context.Context) error
	// Join waits until the device that shows the code lets this one in, under
	// the name. Then this program is that person's. service "": one that is
	// found on this network.
	Join(ctx context.Context, service, code, name string) error
	// Recover makes this the main device of the account with the phrase.
	Recover(ctx context.Context, service, phrase string) error
}

// Linking is a code that waits for a device.
type Linking interface {
	// Code is what the person types on the other device.
	Code() string
	// Wait waits for a device with the code and returns its name.
	Wait(ctx context.Context) (name string, err error)
	// Admit lets that device in.
	Admit(ctx context.Context) error
	// Refuse ends it; the code is good for nothing any more.
	Refuse(ctx context.Context)
}
