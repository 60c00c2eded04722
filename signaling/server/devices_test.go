package server_test

import (
	"bytes"
	"crypto/ed25519"
	"net/http"
	"testing"
	"time"

	"parley/signaling/server"
	"parley/signaling/wire"
)

const place = "mfrggzdfmztwq2lknnwg23tpoa"

func proof(n byte) []byte { return bytes.Repeat([]byte{n}, wire.ProofLen) }

func public(name string) []byte { return keyOf(name).Public().(ed25519.PublicKey) }

// signedList is what an account says of its devices.
func signedList(account string, version uint64, devices ...string) wire.DeviceList {
	l := wire.DeviceList{Version: version, Keys: [][]byte{}}
	for _, d := range devices {
		l.Keys = append(l.Keys, public(d))
	}
	l.Signature = ed25519.Sign(keyOf(account), wire.ListTranscript(l))
	return l
}

// join says hello as a device that wants to be linked.
func (p *peer) join(device string) {
	p.t.Helper()
	p.key = keyOf(device)
	p.send(wire.Envelope{Kind: wire.KindHello, ID: "hello"}, wire.Hello{
		Key:       public(device),
		Signature: ed25519.Sign(p.key, wire.HelloTranscript(p.welcome.Server, p.welcome.Nonce)),
		Client:    "test", Join: &wire.Join{Place: place, Name: device, Proof: proof(1)},
	})
}

// link brings a new device to an account and returns its session.
func (p *peer) linkDevice(device string, l wire.DeviceList) *peer {
	p.t.Helper()
	p.do(wire.KindPlaceOpen, "", wire.Place{Place: place})
	d := p.r.dial(p.t)
	d.join(device)
	d.isError(d.next(), wire.CodeJoinWait)
	p.do(wire.KindDeviceAdmit, "", wire.Admit{Place: place, Key: public(device), List: l, Proof: proof(2)})
	d.join(device)
	d.ready = body[wire.Ready](d, d.want(wire.KindReady))
	d.token = d.ready.Token
	return d
}

func TestLinkedDevice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	ada.refused(wire.CodePlaceUnknown, wire.KindPlaceLook, "", wire.Place{Place: place})
	ada.do(wire.KindPlaceOpen, "", wire.Place{Place: place})
	if j := body[wire.Joining](ada, ada.do(wire.KindPlaceLook, "", wire.Place{Place: place})); j.Key != nil {
		t.Errorf("nobody has come, and yet %+v", j)
	}
	d := r.dial(t)
	for range 3 { // it asks again and again on the same connection
		d.join("Laptop")
		d.isError(d.next(), wire.CodeJoinWait)
	}
	late := r.dial(t)
	late.join("Thief")
	late.isError(late.next(), wire.CodePlaceUnknown)
	if code := late.closed(); code != wire.CloseBadHello {
		t.Errorf("close code %d", code)
	}
	j := body[wire.Joining](ada, ada.do(wire.KindPlaceLook, "", wire.Place{Place: place}))
	if !bytes.Equal(j.Key, public("Laptop")) || j.Name != "Laptop" || !bytes.Equal(j.Proof, proof(1)) {
		t.Errorf("who waits: %+v", j)
	}
	bob.refused(wire.CodePlaceUnknown, wire.KindPlaceLook, "", wire.Place{Place: place})
	admit := wire.Admit{Place: place, Key: public("Laptop"), List: signedList("Ada", 1, "Laptop"), Proof: proof(2)}
	foreign := admit
	foreign.List = signedList("Bob", 1, "Laptop")
	ada.refused(wire.CodeMalformed, wire.KindDeviceAdmit, "", foreign)
	bob.refused(wire.CodePlaceUnknown, wire.KindDeviceAdmit, "", foreign)
	late2 := admit
	late2.List = signedList("Ada", 2, "Laptop")
	ada.refused(wire.CodeListOld, wire.KindDeviceAdmit, "", late2)
	ds := body[wire.Devices](ada, ada.do(wire.KindDeviceAdmit, "", admit))
	if len(ds.Devices) != 2 || !ds.Devices[0].Main || !ds.Devices[0].Here || ds.Devices[1].Name != "Laptop" || ds.Devices[1].Here || ds.List.Version != 1 {
		t.Errorf("devices %+v", ds)
	}
	d.join("Laptop")
	d.ready = body[wire.Ready](d, d.want(wire.KindReady))
	d.token = d.ready.Token
	if me := d.ready.Me; me.ID != ada.ready.Me.ID || me.Name != "Ada" || !bytes.Equal(me.Key, public("Ada")) {
		t.Errorf("the device is %+v", me)
	}
	if !bytes.Equal(d.ready.Joined.Proof, proof(2)) || !d.ready.Devices.Has(public("Laptop")) {
		t.Errorf("ready has %+v, %+v", d.ready.Joined, d.ready.Devices)
	}

	// Both ring; the device answers, and is Ada for the caller.
	bob.do(wire.KindInvite, "c1", inviteTo("Ada"))
	ada.want(wire.KindInvite)
	d.want(wire.KindInvite)
	d.do(wire.KindAnswer, "c1", wire.Answer{Answer: answer})
	ada.want(wire.KindTaken)
	if e := bob.want(wire.KindAnswer); !bytes.Equal(e.From.Key, public("Ada")) {
		t.Errorf("answered by %+v", e.From)
	}
	// Its session is taken up with its own key.
	d.cut()
	if e := d.resume(); e.Kind != wire.KindResumed {
		t.Fatalf("%s %s", e.Kind, e.Body)
	}
	d.do(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup})
	bob.want(wire.KindHangup)

	// It may not do what is the main device's.
	d.refused(wire.CodeNotMain, wire.KindPlaceOpen, "", wire.Place{Place: place})
	d.refused(wire.CodeNotMain, wire.KindDeviceRemove, "", wire.Remove{Key: public("Ada")})
	two := signedList("Laptop", 2)
	d.refused(wire.CodeNotMain, wire.KindDeviceRemove, "", wire.Remove{Key: public("Phone"), List: &two})
}

func TestRefusedDevice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	ada.do(wire.KindPlaceOpen, "", wire.Place{Place: place})
	d := r.dial(t)
	d.join("Laptop")
	d.isError(d.next(), wire.CodeJoinWait)
	ada.do(wire.KindPlaceClose, "", wire.Place{Place: place})
	d.join("Laptop")
	d.isError(d.next(), wire.CodePlaceUnknown)
	d.closed()
}

// A device that is removed is out, with the call that it is in, and is told so
// when it comes back.
func TestRemovedDevice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	laptop := ada.linkDevice("Laptop", signedList("Ada", 1, "Laptop"))
	phone := ada.linkDevice("Phone", signedList("Ada", 2, "Laptop", "Phone"))
	laptop.want(wire.KindDeviceList)
	connect(bob, laptop, "c1")
	ada.want(wire.KindInvite)
	ada.want(wire.KindTaken)
	phone.want(wire.KindInvite)
	phone.want(wire.KindTaken)

	three := signedList("Ada", 3, "Phone")
	ds := body[wire.Devices](ada, ada.do(wire.KindDeviceRemove, "", wire.Remove{Key: public("Laptop"), List: &three}))
	if len(ds.Devices) != 2 || ds.Devices[1].Name != "Phone" || !ds.Devices[1].Here {
		t.Errorf("devices %+v", ds.Devices)
	}
	laptop.isError(laptop.next(), wire.CodeDeviceRemoved)
	if code := laptop.closed(); code != wire.CloseForbidden {
		t.Errorf("close code %d", code)
	}
	bob.want(wire.KindHangup)
	if ds := body[wire.Devices](phone, phone.want(wire.KindDeviceList)); ds.List.Version != 3 {
		t.Errorf("the others hear of %+v", ds.List)
	}
	again := r.dial(t)
	again.hello(keyOf("Laptop"), "")
	again.isError(again.next(), wire.CodeDeviceRemoved)
	if code := again.closed(); code != wire.CloseForbidden {
		t.Errorf("close code %d", code)
	}
	again = r.dial(t)
	again.hello(keyOf("Laptop"), "Grace") // nor as somebody else
	again.isError(again.next(), wire.CodeDeviceRemoved)

	// One goes by itself, and is answered before it is out.
	phone.do(wire.KindDeviceRemove, "", wire.Remove{Key: public("Phone")})
	phone.isError(phone.next(), wire.CodeDeviceRemoved)
	if code := phone.closed(); code != wire.CloseForbidden {
		t.Errorf("close code %d", code)
	}
	if ds := body[wire.Devices](ada, ada.want(wire.KindDeviceList)); len(ds.Devices) != 1 {
		t.Errorf("devices %+v", ds.Devices)
	}
}

// Removed through another node, or by another process.
func TestRemovedElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	laptop := ada.linkDevice("Laptop", signedList("Ada", 1, "Laptop"))
	two := signedList("Ada", 2)
	if err := r.store.RemoveDevice(t.Context(), ada.ready.Me.ID, wire.Remove{Key: public("Laptop"), List: &two}, time.Now()); err != nil {
		t.Fatal(err)
	}
	laptop.isError(laptop.next(), wire.CodeDeviceRemoved)
	laptop.closed()
}

// Guessing codes is refused before it leads anywhere.
func TestGuessedPlaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range server.Default().Limits.FailedSignIns {
		p := r.dial(t)
		p.join("Thief")
		p.isError(p.next(), wire.CodePlaceUnknown)
		p.closed()
	}
	d := r.dialer
	d.Subprotocols = []string{wire.Subprotocol}
	if _, res, err := d.Dial("ws://"+r.addr+wire.Path, nil); err == nil || res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more guess: %v", err)
	}
}

// The two meet on different nodes, and the device's session moves with its key.
func TestLinkedAcrossNodes(t *testing.T) {
	ns := newNodes(t, 3, 0)
	ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[1].signIn(t, "Bob")
	ada.do(wire.KindPlaceOpen, "", wire.Place{Place: place})
	d := ns.rigs[2].dial(t)
	d.join("Laptop")
	d.isError(d.next(), wire.CodeJoinWait)
	ada.do(wire.KindDeviceAdmit, "", wire.Admit{Place: place, Key: public("Laptop"), List: signedList("Ada", 1, "Laptop"), Proof: proof(2)})
	d.join("Laptop")
	d.ready = body[wire.Ready](d, d.want(wire.KindReady))
	d.token = d.ready.Token
	bob.presenceOf(t, "Ada")
	bob.do(wire.KindInvite, "c1", inviteTo("Ada"))
	d.want(wire.KindInvite)
	d.cut()
	d.r = ns.rigs[0]
	if e := d.resume(); e.Kind != wire.KindResumed {
		t.Fatalf("on another node: %s %s", e.Kind, e.Body)
	}
	d.do(wire.KindAnswer, "c1", wire.Answer{Answer: answer})
	if e := bob.want(wire.KindAnswer); !bytes.Equal(e.From.Key, public("Ada")) {
		t.Errorf("answered by %+v", e.From)
	}
}
