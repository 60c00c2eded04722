package server

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// main reports whether the session's device has the key of the account.
func (s *session) main() bool { return bytes.Equal(s.key, s.person.Key) }

func errNotMain() *wire.Error {
	return wire.Errorf(wire.CodeNotMain, "Only the first device of the account can do this.")
}

func errPlace() *wire.Error {
	return wire.Errorf(wire.CodePlaceUnknown, "This code is not known, its time is over, or the other device said no. Please make a new one there.")
}

func errRemoved() *wire.Error {
	return wire.Errorf(wire.CodeDeviceRemoved, "This device was removed from the account.")
}

func deviceError(err error) error {
	switch {
	case errors.Is(err, store.ErrListOld):
		return wire.Errorf(wire.CodeListOld, "The devices were changed at the same time. Please try again.")
	case errors.Is(err, store.ErrKeyUsed):
		return wire.Errorf(wire.CodeDeviceUsed, "This device belongs to an account already.")
	}
	return err
}

// join is hello of a device that waits to be let in: it returns the person once
// the main device has agreed, until then an error.
func (c *conn) join(ctx context.Context, h wire.Hello) (wire.Person, *wire.Joined, error) {
	now := time.Now()
	proof, err := c.srv.store.Join(ctx, h.Join.Place, wire.Joining{Key: h.Key, Name: h.Join.Name, Proof: h.Join.Proof}, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return wire.Person{}, nil, errPlace()
	case err != nil:
		return wire.Person{}, nil, err
	case proof == nil:
		werr := wire.Errorf(wire.CodeJoinWait, "The other device has not let this one in yet.")
		werr.RetryMS = time.Second.Milliseconds()
		return wire.Person{}, nil, werr
	}
	who, err := c.srv.store.Claim(ctx, h.Key, "", now)
	return who, &wire.Joined{Proof: proof}, err
}

// devicesOf is what the person's programs show.
func (srv *Server) devicesOf(ctx context.Context, person wire.Person) (wire.Devices, error) {
	list, err := srv.store.DeviceList(ctx, person.ID)
	if err != nil {
		return wire.Devices{}, err
	}
	linked, err := srv.store.Devices(ctx, person.ID)
	if err != nil {
		return wire.Devices{}, err
	}
	now := time.Now()
	ago := func(t time.Time) int64 { return max(0, now.Sub(t).Milliseconds()) }
	out := wire.Devices{List: list, Devices: []wire.Device{{Key: person.Key, Main: true}}}
	for _, d := range linked {
		out.Devices = append(out.Devices, wire.Device{Key: d.Key, Name: d.Name, AddedMS: ago(d.Added), SeenMS: ago(d.Seen)})
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, s := range srv.byPerson[person.ID] {
		for i, d := range out.Devices {
			if bytes.Equal(d.Key, s.key) {
				out.Devices[i].Here = true
			}
		}
	}
	return out, nil
}

func (srv *Server) devices(ctx context.Context, s *session) (any, error) {
	return srv.devicesOf(ctx, s.person)
}

func (srv *Server) placeOpen(ctx context.Context, s *session, p wire.Place) error {
	if !s.main() {
		return errNotMain()
	}
	now := time.Now()
	err := srv.store.OpenPlace(ctx, s.person.ID, p.Place, now.Add(wire.PlaceFor), now)
	if errors.Is(err, store.ErrKeyUsed) {
		return errPlace()
	}
	return err
}

func (srv *Server) placeLook(ctx context.Context, s *session, p wire.Place) (any, error) {
	j, err := srv.store.LookPlace(ctx, s.person.ID, p.Place, time.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, errPlace()
	}
	return j, err
}

// signed refuses a list that the account did not sign: others would, too.
func (s *session) signed(l wire.DeviceList) error {
	if !s.main() {
		return errNotMain()
	}
	if !ed25519.Verify(s.person.Key, wire.ListTranscript(l), l.Signature) {
		return wire.Errorf(wire.CodeMalformed, "The account did not sign the list of devices.")
	}
	return nil
}

func (srv *Server) deviceAdmit(ctx context.Context, s *session, a wire.Admit) (any, error) {
	if err := s.signed(a.List); err != nil {
		return nil, err
	}
	err := srv.store.Admit(ctx, s.person.ID, a, time.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, errPlace()
	}
	if err != nil {
		return nil, deviceError(err)
	}
	srv.log.Info("device linked", "person", s.person.ID, "devices", len(a.List.Keys))
	return srv.tellDevices(ctx, s)
}

func (srv *Server) deviceRemove(ctx context.Context, s *session, r wire.Remove) (any, error) {
	if r.List == nil && !bytes.Equal(r.Key, s.key) || bytes.Equal(r.Key, s.person.Key) {
		return nil, errNotMain()
	}
	if r.List != nil {
		if err := s.signed(*r.List); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	err := srv.store.RemoveDevice(ctx, s.person.ID, r, now)
	if errors.Is(err, store.ErrNotFound) {
		return nil, wire.Errorf(wire.CodeNobody, "This device is not among those of the account.")
	}
	if err != nil {
		return nil, deviceError(err)
	}
	srv.log.Info("device removed", "person", s.person.ID)
	if !bytes.Equal(r.Key, s.key) { // who leaves gets the answer first; lookForEnded ends the session
		srv.endDevices(now, [][]byte{r.Key})
	}
	return srv.tellDevices(ctx, s)
}

// tellDevices returns the devices of the person of s, and tells the person's
// other sessions on this node. Those of other nodes hear of it when they sign in:
// an older list is good for all that the newer one has, too.
func (srv *Server) tellDevices(ctx context.Context, s *session) (any, error) {
	ds, err := srv.devicesOf(ctx, s.person)
	if err != nil {
		return nil, err
	}
	e, err := wire.New(wire.KindDeviceList, ds)
	if err != nil {
		return nil, err
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, o := range srv.byPerson[s.person.ID] {
		if o != s {
			o.tell(e)
		}
	}
	return ds, nil
}

// endDevices ends the sessions of devices that were removed.
func (srv *Server) endDevices(now time.Time, keys [][]byte) {
	if len(keys) == 0 {
		return
	}
	gone := map[string]bool{}
	for _, k := range keys {
		gone[string(k)] = true
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, s := range srv.sessions {
		if gone[string(s.key)] {
			srv.dismissLocked(now, s, errRemoved())
		}
	}
}
