package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"

	"parley/signaling/wire"
)

// StatementVersion is the only form of statement there is.
const StatementVersion = 1

// context sets these signatures apart from what else the key signs.
const context = "parley.v1 media\x00"

// Statement is what a device says of a description that it made: for which
// call, as which side, to whom, in answer to what. A fingerprint alone could be
// taken from one call and shown in another (RFC 8844).
type Statement struct {
	Call       string
	Caller     bool   // made by the side that called
	Type       string // offer or answer
	Generation int    // as in wire.Negotiate
	From       []byte // Ed25519 public key of the device
	Account    []byte // of the person whose device it is
	To         []byte // of the person it is for; empty where the caller does not know it yet
	SDP        string // as it is sent, fingerprints and all
	Answers    []byte // the signature of the offer that is answered; empty for an offer
	Mix        []byte // as in wire.Identity
}

// Transcript is what is signed: the context, then each field with its length
// (four bytes, big endian), the description as its SHA-256.
func (s Statement) Transcript() []byte {
	side := "callee"
	if s.Caller {
		side = "caller"
	}
	var gen [8]byte
	binary.BigEndian.PutUint64(gen[:], uint64(s.Generation))
	sdp := sha256.Sum256([]byte(s.SDP))
	out := []byte(context)
	for _, f := range [][]byte{
		{StatementVersion}, []byte(s.Call), []byte(side), []byte(s.Type), gen[:], s.From, s.To, sdp[:], s.Answers, s.Mix, s.Account,
	} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(f)))
		out = append(out, f...)
	}
	return out
}

// What is wrong with a description of the other side. All but ErrKeyChanged
// wrap ErrNotGenuine.
var (
	// ErrNotGenuine: it was not made by the person it claims to be from, or
	// not for this call.
	ErrNotGenuine = errors.New("the description is not genuine")
	// ErrKeyChanged: the person is known by another key.
	ErrKeyChanged = errors.New("the person has another key than before")
)

type fault struct{ text string }

func (f fault) Error() string { return ErrNotGenuine.Error() + ": " + f.text }
func (f fault) Unwrap() error { return ErrNotGenuine }

// Guard signs the descriptions of one call and checks those of the other side.
// Its methods may be called from any goroutine.
type Guard struct {
	me     self   // static
	call   string // static
	caller bool   // static

	mu     sync.Mutex // guards the rest
	peer   []byte     // account; nil: not known yet; then it is whoever answers
	device []byte     // of the peer that has spoken
	known  *wire.DeviceList
	guest  bool   // nobody: there is no key that would mean anything
	first  bool   // the other side has spoken
	said   bool   // this side has
	nonce  []byte // of this side
	theirs []byte // the other side's nonce, or its commitment to it
}

// NewGuard returns the guard of a call. peer is the account's key of the other
// side, nil if it is not known yet; known is the newest list of its devices that
// was seen, or nil.
func (id *Identity) NewGuard(call string, caller bool, peer []byte, known *wire.DeviceList) *Guard {
	return &Guard{me: id.self(), call: call, caller: caller, peer: peer, known: known}
}

// AllowGuest lets the other side say what it wants unsigned: a guest's browser,
// which is shown as not verified.
func (g *Guard) AllowGuest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.guest = true
}

// Expect says whose descriptions the others must be; known is the newest list of
// their devices that was seen, or nil. The error is ErrKeyChanged if somebody
// else has spoken already.
func (g *Guard) Expect(key []byte, known *wire.DeviceList) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.peer != nil && !equal(g.peer, key) {
		return ErrKeyChanged
	}
	g.peer, g.known = key, newest(key, known, g.known)
	return nil
}

// Caller reports whether this side called.
func (g *Guard) Caller() bool { return g.caller }

// Peer is the account's key of the other side, nil while it is not known.
func (g *Guard) Peer() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.peer
}

// Devices is the newest list of the other side's devices that is known, or nil.
func (g *Guard) Devices() *wire.DeviceList {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known
}

// Sign ties an own description to this device and this call. answers is the
// signature of the offer that it answers.
func (g *Guard) Sign(d wire.Description, generation int, answers []byte) *wire.Identity {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := Statement{
		Call: g.call, Caller: g.caller, Type: d.Type, Generation: generation,
		From: g.me.public(), Account: g.me.account, To: g.peer, SDP: d.SDP, Answers: answers, Mix: g.mixLocked(d.Type),
	}
	i := &wire.Identity{Version: StatementVersion, Key: s.From, To: s.To, Mix: s.Mix, Devices: g.me.list,
		Signature: ed25519.Sign(g.me.private, s.Transcript())}
	if !g.me.main() {
		i.Account = s.Account
	}
	return i
}

// Check refuses a description that the other side did not make for this call.
// answers is the signature of the own offer that it answers.
func (g *Guard) Check(d wire.Description, generation int, answers []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := d.Identity
	var account []byte
	if i != nil {
		if account = i.Account; len(account) == 0 {
			account = i.Key
		}
	}
	switch {
	case g.guest:
		return nil
	case i == nil:
		return fault{"it is not signed"}
	case i.Version != StatementVersion:
		return fault{"its form is not known"}
	case len(i.Key) != ed25519.PublicKeySize, len(account) != ed25519.PublicKeySize:
		return fault{"its key is none"}
	case g.peer != nil && !equal(account, g.peer):
		return fault{"it was made with another key"}
	case equal(account, g.me.account):
		return fault{"it was made by this person"}
	case g.device != nil && !equal(i.Key, g.device):
		return fault{"it was made by another device than what came before"}
	case !speaks(i.Key, account, i.Devices, g.known):
		return fault{"its device does not speak for the account, or was removed from it"}
	case len(i.To) > 0 && !equal(i.To, g.me.account):
		return fault{"it was made for somebody else"}
	case len(i.To) == 0 && (g.first || d.Type != "offer"):
		return fault{"it does not say for whom it was made"}
	}
	s := Statement{
		Call: g.call, Caller: !g.caller, Type: d.Type, Generation: generation,
		From: i.Key, Account: account, To: i.To, SDP: d.SDP, Answers: answers, Mix: i.Mix,
	}
	if !ed25519.Verify(i.Key, s.Transcript(), i.Signature) {
		return fault{"its signature does not fit"}
	}
	if !g.first {
		g.theirs = i.Mix
	}
	g.peer, g.device, g.first = account, i.Key, true
	g.known = newest(account, i.Devices, g.known)
	return nil
}

// mixLocked is what this side throws into the emoji with its first description: who
// calls binds itself before it sees the other's nonce.
func (g *Guard) mixLocked(kind string) []byte {
	switch {
	case g.said:
		return nil
	case g.nonce == nil:
		g.nonce = make([]byte, nonceSize)
		_, _ = rand.Read(g.nonce) // never fails: it ends the program instead
	}
	g.said = true
	if kind == "offer" {
		return Commitment(g.nonce)
	}
	return g.nonce
}

// Reveal is the nonce that the caller shows once the call is up.
func (g *Guard) Reveal() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.nonce
}

// Emoji are the seven pictures of this call, or nil: there is nothing yet to
// make them of. revealed is what the caller has shown, if that is the other
// side; the error is ErrNotGenuine if it is not what it was bound to.
func (g *Guard) Emoji(revealed []byte, prints ...[]byte) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.guest || g.nonce == nil || len(g.theirs) == 0:
		return nil, nil
	case g.caller:
		return Emoji(g.nonce, g.theirs, prints...), nil
	case len(revealed) == 0:
		return nil, nil
	case !equal(Commitment(revealed), g.theirs):
		return nil, fault{"what the caller showed is not what it was bound to"}
	}
	return Emoji(revealed, g.nonce, prints...), nil
}

const nonceSize = 16

func equal(a, b []byte) bool { return string(a) == string(b) }
