// Package store keeps what outlives the service's memory: people (name and
// key), contacts, call logs, call links and bytes relayed per day. No SDP, no
// network address and no fingerprint is ever written.
//
//	signaling/server ──> Store (interface) <── SQL ──> SQLite, one file in the data dir
//	                                            └────> store/postgres: one database for several nodes
//	                                       <── storetest: the suite every backend passes
//
// Writes that fail because the disk is full, the file cannot be written or the
// database stays locked return an error that wraps ErrUnavailable: the service
// then says wire.CodeStorage and lives on, because reading goes on working.
//
// Measured, SQLite with WAL and synchronous=NORMAL on two cores: a line of the
// call log is written in 57 µs (BenchmarkLog), a name found in 20 µs
// (BenchmarkByName), how two people stand in 180 µs on a busy machine
// (BenchmarkStanding).
package store

import (
	"context"
	"errors"
	"time"

	"parley/signaling/wire"
)

// The errors of every backend.
var (
	ErrNotFound    = errors.New("not found")
	ErrNameTaken   = errors.New("name belongs to another key")
	ErrNoName      = errors.New("key has no name yet")
	ErrLinkUsed    = errors.New("link is used up")
	ErrLinkExpired = errors.New("link has expired")
	ErrDisabled    = errors.New("person may not sign in")
	ErrDeleted     = errors.New("account was deleted by its owner")
	ErrInvite      = errors.New("invitation is unknown, used up or expired")
	ErrRemoved     = errors.New("device was removed from its account")
	ErrKeyUsed     = errors.New("key belongs to an account already")
	ErrListOld     = errors.New("another list of devices came first")
	ErrUnavailable = errors.New("storage cannot be written") // disk full, read-only, locked, closed, not there
	// ErrFull and ErrDamaged come with ErrUnavailable.
	ErrFull    = errors.New("no room")
	ErrDamaged = errors.New("damaged")
	ErrNewer   = errors.New("made by a newer version")
)

// Store is what the service needs. Methods are safe for concurrent use. Names
// are compared by wire.NameKey.
type Store interface {
	// Claim returns the person of a key. A name that is not empty is taken for
	// the key: a new person is made, or an old one renamed. ErrNameTaken: the
	// name belongs to another key. ErrNoName: name is empty and the key unknown.
	// A key that keeps its name needs no write. ErrDisabled: Disable was called,
	// or Delete. ErrDeleted: the key is of an account that Leave has ended.
	Claim(ctx context.Context, key []byte, name string, now time.Time) (wire.Person, error)
	// ClaimInvited is Claim where a new person needs an invitation, of which it
	// takes one use; ErrInvite.
	ClaimInvited(ctx context.Context, key []byte, name, code string, now time.Time) (wire.Person, error)

	// A device's key counts for its person's in Claim; ErrRemoved.

	// DeviceList returns the list that a person's account signed last, or nil.
	DeviceList(ctx context.Context, person string) (*wire.DeviceList, error)
	// Devices returns the devices linked to a person's account, the oldest first.
	Devices(ctx context.Context, person string) ([]Device, error)
	// DeviceSeen notes that a linked device was there; of others it says nothing.
	DeviceSeen(ctx context.Context, key []byte, now time.Time) error
	// OpenPlace lets a device come to a place, in the stead of the person's
	// place before; ErrKeyUsed: somebody else has opened it.
	OpenPlace(ctx context.Context, person, place string, expires, now time.Time) error
	// LookPlace returns who waits there, if anybody does; ErrNotFound: the place
	// is not open, or not the person's.
	LookPlace(ctx context.Context, person, place string, now time.Time) (wire.Joining, error)
	// ClosePlace refuses whoever waits there.
	ClosePlace(ctx context.Context, person, place string) error
	// Join waits at a place, which the first device has. It returns the proof of
	// Admit, or nil while there is none; ErrNotFound.
	Join(ctx context.Context, place string, j wire.Joining, now time.Time) ([]byte, error)
	// Admit links the device that waits at a place. ErrNotFound: it does not
	// wait there; ErrListOld: the list is not one version newer; ErrKeyUsed.
	Admit(ctx context.Context, person string, a wire.Admit, now time.Time) error
	// RemoveDevice takes a device from a person's account. ErrNotFound: it is
	// none of theirs, and there is no list either; ErrListOld.
	RemoveDevice(ctx context.Context, person string, r wire.Remove, now time.Time) error
	// RemovedDevices returns the devices that were removed since then: their
	// sessions have to end.
	RemovedDevices(ctx context.Context, since time.Time) ([][]byte, error)

	// BeginLogin to ClaimLogin are for who registers through a provider: see
	// SQL's methods and Login.
	BeginLogin(ctx context.Context, l Login, now time.Time) error
	Login(ctx context.Context, ref string, now time.Time) (Login, error)
	StartLogin(ctx context.Context, ref, state string, f Flow, now time.Time) error
	LoginByState(ctx context.Context, state string, now time.Time) (Login, error)
	TakeState(ctx context.Context, state string) error
	EndLogin(ctx context.Context, ref string, who Subject, reason wire.LoginReason) error
	EndedLogins(ctx context.Context) ([]string, error)
	ClaimLogin(ctx context.Context, key []byte, name, ref string, now time.Time) (who wire.Person, claimed string, err error)
	// Ended returns the ids of those who were disabled or deleted since then:
	// their sessions have to end.
	Ended(ctx context.Context, since time.Time) ([]string, error)
	// Leave forgets a person who wants it, with all that Delete forgets. They
	// may come back as somebody new, with a new key: their devices must not make
	// the account anew without being asked. ErrNotFound.
	Leave(ctx context.Context, id string, now time.Time) error
	// Barring reports whether somebody who is not there any more was deleted by
	// the operator and may not come back.
	Barring(ctx context.Context, id string) (bool, error)
	// ByName and ByID return one person, or ErrNotFound.
	ByName(ctx context.Context, name string) (Record, error)
	ByID(ctx context.Context, id string) (Record, error)
	// People returns the people seen last, newest first.
	People(ctx context.Context, limit int) ([]Record, error)
	// Seen notes that a person was there.
	Seen(ctx context.Context, id string, now time.Time) error

	// Contacts returns a person's contacts by name.
	Contacts(ctx context.Context, owner string) ([]Record, error)
	// AddContact adds one; adding twice is no error. most limits their number:
	// ErrTooMany.
	AddContact(ctx context.Context, owner, other string, most int) error
	// DelContact removes one; ErrNotFound if it is none.
	DelContact(ctx context.Context, owner, other string) error

	// Standing says how the caller stands with the callee; ErrNotFound.
	Standing(ctx context.Context, callee, caller string, now time.Time) (Standing, error)
	// Strangers returns a person's own rule for strangers, "" if they have
	// chosen none; SetStrangers sets it.
	Strangers(ctx context.Context, owner string) (wire.Rule, error)
	SetStrangers(ctx context.Context, owner string, r wire.Rule) error
	// Block puts other on owner's block list, and takes them from owner's
	// contacts and from the requests of both. It returns since when other is
	// blocked, which is not changed by blocking twice. most limits the list:
	// ErrTooMany.
	Block(ctx context.Context, owner, other string, most int, now time.Time) (time.Time, error)
	// Unblock is the reverse; ErrNotFound. Contact and requests do not come back.
	Unblock(ctx context.Context, owner, other string) error
	// Blocks returns whom a person has blocked, BlockedBy who has blocked a
	// person, BlocksSince what blocks there are since a moment; newest first.
	Blocks(ctx context.Context, owner string) ([]Block, error)
	BlockedBy(ctx context.Context, other string) ([]Block, error)
	BlocksSince(ctx context.Context, since time.Time) ([]Block, error)
	// Ask puts asker among owner's requests. fresh is false if they are there
	// already, whatever the answer was. mostOpen limits what waits for owner,
	// mostAsked what asker has asked: ErrTooMany.
	Ask(ctx context.Context, owner, asker string, mostOpen, mostAsked int, now time.Time) (fresh bool, err error)
	// Requests returns who waits for a person's answer, newest first.
	Requests(ctx context.Context, owner string, now time.Time) ([]Request, error)
	// AnswerRequest ends a request; ErrNotFound. accept makes both contacts,
	// most of each: ErrTooMany says that owner has as many.
	AnswerRequest(ctx context.Context, owner, asker string, accept bool, most int, now time.Time) error
	// TakeAccepted returns who has accepted a request of asker's, each once.
	TakeAccepted(ctx context.Context, asker string) ([]wire.Person, error)

	// Log adds one line to a person's call log; ErrNotFound if either has been
	// deleted.
	Log(ctx context.Context, owner string, e wire.LogEntry) error
	// History returns at most limit lines older than before (0: the newest),
	// newest first, and whether there are more.
	History(ctx context.Context, owner string, before int64, limit int) ([]wire.LogEntry, bool, error)

	// CreateLink makes a link. most limits the links of one owner: ErrTooMany.
	CreateLink(ctx context.Context, l Link, most int, now time.Time) error
	// Link returns a link that can be used at now; ErrNotFound, ErrLinkUsed,
	// ErrLinkExpired.
	Link(ctx context.Context, code string, now time.Time) (Link, error)
	// RedeemLink takes one use of a link, at once for everybody: of many at the
	// same time exactly as many succeed as uses are left. Errors as Link.
	RedeemLink(ctx context.Context, code string, now time.Time) (Link, error)
	// ReturnLink gives a use back after a call that did not come about.
	ReturnLink(ctx context.Context, code string) error
	// DelLink removes an owner's link; ErrNotFound.
	DelLink(ctx context.Context, owner, code string) error

	// AddRelayUse adds to what people used of the relay on a day; what is of
	// nobody who is known is left out.
	AddRelayUse(ctx context.Context, day time.Time, uses []RelayUse) error
	// RelayOver returns the ids of those who used at least so many bytes since
	// the day of from.
	RelayOver(ctx context.Context, from time.Time, most int64) ([]string, error)
	// ForgetRelayUse forgets the days before that of before.
	ForgetRelayUse(ctx context.Context, before time.Time) error

	// Ready returns why the store cannot be used, or nil.
	Ready(ctx context.Context) error
	Close() error
}

// ErrTooMany says that an owner has as many contacts or links as are possible.
var ErrTooMany = errors.New("too many")

// Record is a person as stored.
type Record struct {
	Person wire.Person
	Seen   time.Time
}

// Link is a call link as stored.
type Link struct {
	Code    string
	Owner   wire.Person
	Expires time.Time
	Limited bool // false: any number of uses
	Left    int  // uses left, if limited
}
