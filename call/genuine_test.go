package call_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/call"
	"parley/call/calltest"
	"parley/call/local"
	"parley/call/local/localtest"
	"parley/call/trust"
	"parley/signaling/wire"
)

// known is a person with a key of their own, who checks the keys of others.
type known struct {
	*person
	book *trust.Book
	last *call.Session // that was refused
}

// refuses waits for a call that does not ring, because it is not safe.
func (k *known) refuses() *call.Session {
	k.t.Helper()
	await(k.t, k.name+" is told of an unsafe call", k.phone.Subscribe, func() bool {
		s := k.phone.Unsafe()
		return s != nil && s != k.last
	})
	k.last = k.phone.Unsafe()
	return k.last
}

func newBook(t *testing.T) *trust.Book {
	t.Helper()
	id, err := trust.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	pins, err := trust.LoadPins("")
	if err != nil {
		t.Fatal(err)
	}
	return &trust.Book{Identity: id, Pins: pins}
}

func joinKnown(t *testing.T, s *calltest.Service, name string) *known {
	t.Helper()
	return joinWithBook(t, s, name, newBook(t))
}

func joinWithBook(t *testing.T, s *calltest.Service, name string, book *trust.Book) *known {
	t.Helper()
	s.JoinAs(name, book.Identity.Account()).Leave() // the name belongs to that key
	d := localtest.WithAll()
	return &known{person: joinWith(t, s, name, d, local.Config{Devices: d}, func(c *call.Config) { c.Trust = book }), book: book}
}

// meddler is a service that does not pass on what it gets.
type meddler struct {
	mu   sync.Mutex
	seen map[wire.Kind]wire.Envelope // the last of each
	n    int                         // how often it lied
}

// swap changes a description on the way to a person.
func (m *meddler) swap(t *testing.T, to string, kind wire.Kind, f func(d *wire.Description, env *wire.Envelope)) func(wire.Person, wire.Envelope) []wire.Envelope {
	return func(p wire.Person, env wire.Envelope) []wire.Envelope {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.seen == nil {
			m.seen = map[wire.Kind]wire.Envelope{}
		}
		m.seen[env.Kind] = env
		if env.Kind != kind || to != "" && p.Name != to {
			return []wire.Envelope{env}
		}
		m.n++
		return []wire.Envelope{change(t, env, f)}
	}
}

// change rewrites the description in a message.
func change(t *testing.T, env wire.Envelope, f func(d *wire.Description, env *wire.Envelope)) wire.Envelope {
	var body any
	switch env.Kind {
	case wire.KindInvite:
		b := must(wire.Body[wire.Invite](env))
		f(&b.Offer, &env)
		body = b
	case wire.KindAnswer:
		b := must(wire.Body[wire.Answer](env))
		f(&b.Answer, &env)
		body = b
	case wire.KindNegotiate:
		b := must(wire.Body[wire.Negotiate](env))
		f(&b.Description, &env)
		body = b
	default:
		t.Errorf("%s has no description", env.Kind)
	}
	out := must(wire.New(env.Kind, body))
	env.Body = out.Body
	return env
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// otherPrint puts the fingerprint of somebody in between into a description.
func otherPrint(d *wire.Description, _ *wire.Envelope) {
	var b strings.Builder
	for l := range strings.Lines(d.SDP) {
		if strings.HasPrefix(l, "a=fingerprint:") {
			l = "a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\n"
		}
		b.WriteString(l)
	}
	d.SDP = b.String()
}

// Every attack is done by a service that really does it. None may get as far as
// a picture, and the person is told.
func TestMeddlingServiceIsFoundOut(t *testing.T) {
	mallory := newBook(t)
	bySomebodyElse := func(d *wire.Description, env *wire.Envelope) {
		d.Identity = nil
		d.Identity = mallory.Identity.NewGuard(env.Call, true, nil, nil).Sign(*d, 0, nil)
	}
	inHerName := func(d *wire.Description, env *wire.Envelope) {
		key := d.Identity.Key
		bySomebodyElse(d, env)
		d.Identity.Key = key
	}
	for name, c := range map[string]struct {
		to    string // whom it lies to; "": both
		kind  wire.Kind
		f     func(d *wire.Description, env *wire.Envelope)
		found string // who finds it out
	}{
		"fingerprint swapped in the offer":  {"Ben", wire.KindInvite, otherPrint, "Ben"},
		"fingerprint swapped in the answer": {"Ada", wire.KindAnswer, otherPrint, "Ada"},
		"signature of another device":       {"Ben", wire.KindInvite, bySomebodyElse, "Ben"},
		"another device in her name":        {"Ben", wire.KindInvite, inHerName, "Ben"},
		"answered by another device":        {"Ada", wire.KindAnswer, bySomebodyElse, "Ada"},
		"signature stripped from the offer": {"Ben", wire.KindInvite, func(d *wire.Description, _ *wire.Envelope) { d.Identity = nil }, "Ben"},
		"signature stripped from answer":    {"Ada", wire.KindAnswer, func(d *wire.Description, _ *wire.Envelope) { d.Identity = nil }, "Ada"},
		"version downgraded in the offer":   {"Ben", wire.KindInvite, func(d *wire.Description, _ *wire.Envelope) { d.Identity.Version = 0 }, "Ben"},
		"version downgraded in the answer":  {"Ada", wire.KindAnswer, func(d *wire.Description, _ *wire.Envelope) { d.Identity.Version = 0 }, "Ada"},
		"the caller's bond swapped":         {"Ben", wire.KindInvite, func(d *wire.Description, _ *wire.Envelope) { d.Identity.Mix = trust.Commitment([]byte("x")) }, "Ben"},
		"addressee taken out":               {"Ada", wire.KindAnswer, func(d *wire.Description, _ *wire.Envelope) { d.Identity.To = nil }, "Ada"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := calltest.NewService(t)
			ada, ben := joinKnown(t, s, "Ada"), joinKnown(t, s, "Ben")
			m := &meddler{}
			s.Tamper(m.swap(t, c.to, c.kind, c.f))
			sa := ada.dial("Ben", true)
			if c.found == "Ben" {
				sb := ben.refuses()
				over(t, sb, call.EndNotGenuine)
				notShown(t, sb)
				over(t, sa, call.EndIncompatible) // his program could not take it
			} else {
				sb := ben.rings()
				sb.Accept(true)
				over(t, sa, call.EndNotGenuine)
				<-sb.Done()
				notShown(t, sb)
			}
			notShown(t, sa)
		})
	}
}

// A guest signs nothing, and is taken for nobody: not for the person who has the
// name, and nobody of that name is expected to have the guest's key.
func TestAGuestIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := calltest.NewService(t)
	grace, ben := join(t, s, "Grace"), joinKnown(t, s, "Ben")
	m := &meddler{}
	s.Tamper(m.swap(t, "Ben", wire.KindInvite, func(_ *wire.Description, env *wire.Envelope) {
		from := *env.From
		from.Guest = true
		env.From = &from
	}))
	sa, sb := connected(t, grace, ben.person)
	if p := sb.State().Peer; !p.Guest || p.Signed || p.Verified || len(p.Emoji) > 0 || sb.State().Peer.SafetyNumber != "" {
		t.Errorf("a guest is vouched for: %+v", p)
	}
	sb.Hangup()
	<-sa.Done()
	<-sb.Done()
	if pin, ok := ben.book.Look("Grace"); ok {
		t.Errorf("the guest is remembered as %+v", pin)
	}
}

// notShown: not one picture, and nobody was seen.
func notShown(t *testing.T, s *call.Session) {
	t.Helper()
	if st := s.State(); st.Remote.HasVideo || !st.ConnectedAt.IsZero() {
		t.Errorf("connected at %v, picture %v: want neither", st.ConnectedAt, st.Remote.HasVideo)
	}
}

// Both fingerprints swapped is what somebody does who sits in between.
func TestSwappedFingerprintsInBoth(t *testing.T) {
	t.Parallel()
	s := calltest.NewService(t)
	ada, ben := joinKnown(t, s, "Ada"), joinKnown(t, s, "Ben")
	m := &meddler{}
	s.Tamper(func(p wire.Person, env wire.Envelope) []wire.Envelope {
		if env.Kind == wire.KindInvite || env.Kind == wire.KindAnswer {
			return m.swap(t, "", env.Kind, otherPrint)(p, env)
		}
		return []wire.Envelope{env}
	})
	sa := ada.dial("Ben", true)
	over(t, ben.refuses(), call.EndNotGenuine)
	over(t, sa, call.EndIncompatible)
	notShown(t, sa)
}

// A genuine offer of one call is shown in another, and an old invitation again.
func TestOfferIsGoodForOneCall(t *testing.T) {
	t.Parallel()
	s := calltest.NewService(t)
	ada, ben := joinKnown(t, s, "Ada"), joinKnown(t, s, "Ben")
	m := &meddler{}
	s.Tamper(m.swap(t, "Ben", wire.KindStatus, nil)) // looks only
	sa := ada.dial("Ben", true)
	sb := ben.rings()
	sb.Decline(wire.RejectDeclined, "")
	over(t, sa, call.EndDeclined)
	over(t, sb, call.EndDeclined)
	m.mu.Lock()
	invite := m.seen[wire.KindInvite]
	m.mu.Unlock()

	other := invite
	other.Call = "OTHER"
	ben.party.Deliver(other)
	over(t, ben.refuses(), call.EndNotGenuine)

	ben.party.Deliver(invite)
	over(t, ben.refuses(), call.EndNotGenuine)
}

// In the middle of a call, a new fingerprint ends it.
func TestNewFingerprintInMidCall(t *testing.T) {
	t.Parallel()
	s := calltest.NewService(t)
	ada, ben := joinKnown(t, s, "Ada"), joinKnown(t, s, "Ben")
	sa, sb := connected(t, ada.person, ben.person)
	state(t, sb, "Ada is known by what she signed", func(st call.State) bool { return st.Peer.Signed })
	env := must(wire.New(wire.KindNegotiate, wire.Negotiate{Generation: 1, Restart: true, Description: wire.Description{
		Type: "offer", SDP: "v=0\r\na=fingerprint:sha-256 AB:CD\r\n",
	}}))
	env.Call = sb.State().ID
	ben.party.Deliver(env)
	over(t, sb, call.EndNotGenuine)
	<-sa.Done()
}

// The service tells another key of somebody who is known: neither side gets a
// call through before the person has said that the key is right.
func TestSwappedKeyOfAKnownPerson(t *testing.T) {
	t.Parallel()
	s := calltest.NewService(t)
	ada, ben := joinKnown(t, s, "Ada"), joinKnown(t, s, "Ben")
	sa, sb := connected(t, ada.person, ben.person)
	state(t, sa, "Ben is known", func(st call.State) bool { return st.Peer.Signed })
	sa.Hangup()
	over(t, sa, call.EndedByMe)
	over(t, sb, call.EndedByOther)

	mallory := newBook(t)
	s.SetKey("Ben", mallory.Identity.Public())
	no := ada.dial("Ben", true)
	over(t, no, call.EndKeyChanged)
	notShown(t, no)
	if got := no.State().Peer.Key; !bytes.Equal(got, mallory.Identity.Public()) {
		t.Errorf("the new key is not shown: %x", got)
	}
	ben.dial("Ada", true) // as Mallory would, in his name
	in := ada.refuses()
	over(t, in, call.EndKeyChanged)
	notShown(t, in)

	// Ben bought a new computer, and says so on the phone.
	if err := in.TrustKey(); err != nil {
		t.Fatal(err)
	}
	s.SetKey("Ben", ben.book.Identity.Public())
	over(t, ada.dial("Ben", true), call.EndKeyChanged) // now the old one is the wrong one
}

// What two people see of a call that nobody meddles with.
func TestTwoPeopleSeeTheSame(t *testing.T) {
	t.Parallel()
	s := calltest.NewService(t)
	ada, ben := joinKnown(t, s, "Ada"), joinKnown(t, s, "Ben")
	sa, sb := connected(t, ada.person, ben.person)
	seven := func(st call.State) bool { return len(st.Peer.Emoji) == 7 }
	state(t, sa, "seven emoji", seven)
	state(t, sb, "seven emoji", seven)
	if x, y := sa.State().Peer.Emoji, sb.State().Peer.Emoji; !slices.Equal(x, y) {
		t.Errorf("Ada sees %v, Ben %v", x, y)
	}
	if x, y := sa.State().Peer.SafetyNumber, sb.State().Peer.SafetyNumber; x != y || len(x) != 71 {
		t.Errorf("Ada sees %q, Ben %q", x, y)
	}
	if err := sa.SetVerified(true); err != nil {
		t.Fatal(err)
	}
	state(t, sa, "verified", func(st call.State) bool { return st.Peer.Verified })
	sa.Hangup()
	over(t, sa, call.EndedByMe)
	over(t, sb, call.EndedByOther)
	sa, _ = connected(t, ada.person, ben.person)
	state(t, sa, "still verified", func(st call.State) bool { return st.Peer.Verified })
}

// linkedTo is a device of a person's account, and the account's list with it.
func linkedTo(t *testing.T, main *trust.Book) *trust.Book {
	t.Helper()
	book := newBook(t)
	list := must(main.Identity.NextList(main.Identity.Devices(), book.Identity.Public(), true))
	if err := book.Identity.Become(book.Identity.Key(), main.Identity.Account(), &list); err != nil {
		t.Fatal(err)
	}
	if err := main.Identity.SetDevices(&list); err != nil {
		t.Fatal(err)
	}
	return book
}

// A linked device is the person: same key, same safety number, verified as
// before. Once it was removed it is nobody, whatever the service says.
func TestCallFromALinkedDevice(t *testing.T) {
	t.Parallel()
	s := calltest.NewService(t)
	main := newBook(t)
	laptopBook := linkedTo(t, main)
	ben := joinKnown(t, s, "Ben")
	laptop := joinWithBook(t, s, "Ada", laptopBook)
	sa, sb := connected(t, laptop.person, ben.person)
	state(t, sb, "Ada is known by what she signed", func(st call.State) bool { return st.Peer.Signed })
	if got := sb.State().Peer.Key; !bytes.Equal(got, main.Identity.Account()) {
		t.Errorf("her key is %x", got)
	}
	state(t, sa, "a safety number", func(st call.State) bool { return st.Peer.SafetyNumber != "" })
	if x, y := sa.State().Peer.SafetyNumber, sb.State().Peer.SafetyNumber; x != y {
		t.Errorf("Ada sees %q, Ben %q", x, y)
	}
	sa.Hangup()
	<-sa.Done()
	<-sb.Done()
	if pin, _ := ben.book.Look("Ada"); !pin.Devices.Has(laptopBook.Identity.Public()) {
		t.Errorf("her devices are not remembered: %+v", pin.Devices)
	}

	// He calls her, and the device answers.
	sb, sa = connected(t, ben.person, laptop.person)
	state(t, sb, "Ada is known by what she signed", func(st call.State) bool { return st.Peer.Signed })
	sb.Hangup()
	<-sa.Done()
	<-sb.Done()

	without := must(main.Identity.NextList(main.Identity.Devices(), laptopBook.Identity.Public(), false))
	if err := ben.book.Saw("Ada", main.Identity.Account(), &without); err != nil {
		t.Fatal(err)
	}
	no := laptop.dial("Ben", true) // the service lets it go on
	in := ben.refuses()
	over(t, in, call.EndNotGenuine)
	notShown(t, in)
	over(t, no, call.EndIncompatible)
	out := ben.dial("Ada", true)
	laptop.rings().Accept(true)
	over(t, out, call.EndNotGenuine)
	notShown(t, out)
}

// A service that puts its own device into her account.
func TestForgedDevice(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(list *wire.DeviceList){
		"without a list":                    func(l *wire.DeviceList) { *l = wire.DeviceList{} },
		"with a list that she did not sign": func(l *wire.DeviceList) { l.Version++ },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := calltest.NewService(t)
			ada, ben := joinKnown(t, s, "Ada"), joinKnown(t, s, "Ben")
			theirs := linkedTo(t, newBook(t)) // some account's device
			s.Tamper((&meddler{}).swap(t, "Ben", wire.KindInvite, func(d *wire.Description, env *wire.Envelope) {
				d.Identity = theirs.Identity.NewGuard(env.Call, true, ben.book.Identity.Account(), nil).Sign(*d, 0, nil)
				d.Identity.Account = ada.book.Identity.Account()
				if forge(d.Identity.Devices); d.Identity.Devices.Version == 0 {
					d.Identity.Devices = nil
				}
			}))
			sa := ada.dial("Ben", true)
			in := ben.refuses()
			over(t, in, call.EndNotGenuine)
			notShown(t, in)
			over(t, sa, call.EndIncompatible)
		})
	}
}
