package call

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"parley/call/data"
	"parley/call/trust"
	"parley/signaling/wire"
)

// ErrNoTrust: this phone neither signs nor checks.
var ErrNoTrust = errors.New("this call is not signed")

var errUsed = fmt.Errorf("%w: the invitation was good for a call that is over", trust.ErrNotGenuine)

// newGuard makes what signs and checks the descriptions of a connection; nil
// without Config.Trust. The error is trust.ErrKeyChanged.
func (s *Session) newGuard(callee bool) (*trust.Guard, error) {
	book := s.phone.cfg.Trust
	if book == nil {
		return nil, nil
	}
	st := s.State()
	switch {
	case callee && st.Peer.Guest:
		g := book.Identity.NewGuard(st.ID, false, st.Peer.Key, nil)
		g.AllowGuest()
		return g, nil
	case callee:
		if err := book.Known(st.Peer.Name, st.Peer.Key); err != nil {
			return nil, err
		}
		return book.NewGuard(st.ID, false, st.Peer.Name, st.Peer.Key), nil
	}
	if pin, ok := book.Look(st.Peer.Name); ok && st.Peer.Name != "" {
		return book.NewGuard(st.ID, true, st.Peer.Name, pin.Key), nil
	}
	return book.NewGuard(st.ID, true, "", st.Peer.Key), nil
}

// vetLocked says what is wrong with an invitation; nil: it may ring.
func (p *Phone) vetLocked(in invitation) error {
	book := p.cfg.Trust
	if book == nil {
		return nil
	}
	if slices.Contains(p.used, in.id) {
		return errUsed
	}
	if in.from.Guest { // who signs nothing, and whose name is nobody's
		return nil
	}
	if err := book.Known(in.from.Name, in.from.Key); err != nil {
		return err
	}
	return book.NewGuard(in.id, false, in.from.Name, in.from.Key).Check(in.offer, 0, nil)
}

// rung takes in who is rung, before anything that they say. The error is
// trust.ErrKeyChanged.
func (s *Session) rung(p wire.Person) error {
	book := s.phone.cfg.Trust
	if book == nil {
		return nil
	}
	if err := book.Known(p.Name, p.Key); err != nil {
		return err
	}
	if l := s.current(); l != nil && l.guard != nil {
		pin, _ := book.Look(p.Name)
		return l.guard.Expect(p.Key, pin.Devices)
	}
	return nil
}

// met remembers a person who has said something genuine. It runs on the
// goroutine of ops.
func (s *Session) met(l *link) {
	if l.guard == nil || s.State().Peer.Guest {
		return
	}
	name, key := s.State().Peer.Name, l.guard.Peer()
	book := s.phone.cfg.Trust
	if name != "" {
		if err := book.Check(name, key); errors.Is(err, trust.ErrKeyChanged) {
			s.post(evApplied{err})
			return
		} else if err != nil {
			s.log.Warn("a person's key is remembered for this run only", "err", err)
		}
		if err := book.Saw(name, key, l.guard.Devices()); err != nil {
			s.log.Warn("a person's devices are remembered for this run only", "err", err)
		}
	}
	pin, _ := book.Look(name)
	s.post(evTrust{key: key, verified: pin.Verified, safetyNumber: book.SafetyNumber(key)})
}

// reveal shows the nonce that the caller is bound to; the callee has shown its
// own already.
func (l *link) reveal() {
	if l.guard == nil || l.shown {
		return
	}
	l.shown = true
	if l.guard.Caller() {
		l.line.SetReveal(data.Reveal{Nonce: base64.StdEncoding.EncodeToString(l.guard.Reveal())})
	}
	l.emoji()
}

// emoji makes the pictures of the call once there is all that they are made of.
func (l *link) emoji() {
	if l.guard == nil || len(l.s.State().Peer.Emoji) > 0 {
		return
	}
	revealed, err := base64.StdEncoding.DecodeString(l.line.Reveal().Nonce)
	if err != nil {
		revealed = []byte{0} // which is not what anybody was bound to
	}
	list, err := l.guard.Emoji(revealed, l.peer.Fingerprints()...)
	switch {
	case err != nil:
		l.s.post(evApplied{err})
	case list != nil:
		l.s.post(evEmoji{list})
	}
}

// SetVerified notes that the two people have compared what they see, or takes
// that back. The error is ErrNoTrust, trust.ErrKeyChanged, or that it could not
// be written and holds for this run only.
func (s *Session) SetVerified(verified bool) error {
	st, book := s.State(), s.phone.cfg.Trust
	if book == nil || !st.Peer.Signed || st.Peer.Name == "" {
		return ErrNoTrust
	}
	err := book.SetVerified(st.Peer.Name, st.Peer.Key, verified)
	if !errors.Is(err, trust.ErrKeyChanged) {
		s.post(evTrust{key: st.Peer.Key, verified: verified, safetyNumber: st.Peer.SafetyNumber})
	}
	return err
}

// TrustKey puts the key with which this call ended (EndKeyChanged) in the place
// of the one that was known. The person says so.
func (s *Session) TrustKey() error {
	st, book := s.State(), s.phone.cfg.Trust
	if book == nil || st.End.Reason != EndKeyChanged {
		return ErrNoTrust
	}
	return book.Trust(st.Peer.Name, st.Peer.Key)
}
