package line

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"parley/call/trust"
	"parley/signaling/client"
	"parley/signaling/wire"
	"parley/ui/present"
)

// lookEvery is how often the main device asks whether another has come.
const lookEvery = time.Second

// Main implements present.Account.
func (l *Line) Main() bool { return l.cfg.Identity.Main() }

// Phrase implements present.Account.
func (l *Line) Phrase() ([]string, error) { return l.cfg.Identity.Phrase() }

// ask makes a request of the service and reads its reply.
func ask[T any](ctx context.Context, l *Line, kind wire.Kind, body any) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	var none T
	e, err := l.Request(ctx, kind, "", body)
	if err != nil {
		return none, said(err)
	}
	v, err := wire.Body[T](e)
	if err != nil {
		return none, said(err)
	}
	return v, nil
}

// Devices implements present.Account.
func (l *Line) Devices(ctx context.Context) ([]present.OwnDevice, error) {
	ds, err := ask[wire.Devices](ctx, l, wire.KindDevices, nil)
	if err != nil {
		return nil, err
	}
	ds = l.tidy(ctx, ds)
	me := l.cfg.Identity.Public()
	var out []present.OwnDevice
	for _, d := range ds.Devices {
		out = append(out, present.OwnDevice{
			Key: base64.StdEncoding.EncodeToString(d.Key), Name: d.Name, Main: d.Main, Here: d.Here,
			This: string(d.Key) == string(me), Seen: time.Now().Add(-time.Duration(d.SeenMS) * time.Millisecond),
		})
	}
	return out, nil
}

// tidy takes devices that left by themselves out of the account's list: others
// would go on believing them.
func (l *Line) tidy(ctx context.Context, ds wire.Devices) wire.Devices {
	if ds.List != nil {
		l.devices(ds.List)
	}
	if ds.List == nil || !l.Main() {
		return ds
	}
	for _, k := range ds.List.Keys {
		if has(ds.Devices, k) {
			continue
		}
		next, err := l.cfg.Identity.NextList(ds.List, k, false)
		if err == nil {
			var now wire.Devices
			if now, err = ask[wire.Devices](ctx, l, wire.KindDeviceRemove, wire.Remove{Key: k, List: &next}); err == nil {
				l.devices(now.List)
				ds = now
			}
		}
		if err != nil {
			l.log.Warn("a device that left is still in the account's list", "err", err)
		}
	}
	return ds
}

func has(ds []wire.Device, key []byte) bool {
	for _, d := range ds {
		if string(d.Key) == string(key) {
			return true
		}
	}
	return false
}

// devices takes in the account's list that the service has.
func (l *Line) devices(list *wire.DeviceList) {
	if err := l.cfg.Identity.SetDevices(list); err != nil {
		l.log.Warn("the list of this account's devices", "err", err)
	}
}

// RemoveDevice implements present.Account.
func (l *Line) RemoveDevice(ctx context.Context, key string) error {
	k, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return said(err)
	}
	id := l.cfg.Identity
	if !id.Main() {
		defer l.givingUp()()
		if _, err := ask[wire.Devices](ctx, l, wire.KindDeviceRemove, wire.Remove{Key: k}); err != nil {
			return err
		}
		return l.nobody(present.ProblemNone)
	}
	now, err := ask[wire.Devices](ctx, l, wire.KindDevices, nil)
	if err != nil {
		return err
	}
	next, err := id.NextList(now.List, k, false)
	if err != nil {
		return said(err)
	}
	if now, err = ask[wire.Devices](ctx, l, wire.KindDeviceRemove, wire.Remove{Key: k, List: &next}); err != nil {
		return err
	}
	l.devices(now.List)
	return nil
}

// removed begins anew after this device was taken from its account: its key is
// of no use to anybody.
func (l *Line) removed() {
	if l.isGivingUp() { // RemoveDevice or SignOut goes on
		return
	}
	l.log.Warn("this device was removed from its account")
	if err := l.nobody(present.ProblemRemoved); err != nil {
		l.log.Error("begin anew", "err", err)
	}
}

// nobody begins anew at the first screen, with a new key. The old one stays in
// a file beside it unless the person deleted the account: that a service says
// so is no reason to destroy it.
func (l *Line) nobody(why present.ServiceProblem) error {
	renew := l.cfg.Identity.Renew
	if why == present.ProblemLeft {
		renew = l.cfg.Identity.Discard
	}
	if err := renew(); err != nil {
		return said(err)
	}
	l.change(func() { l.name, l.lost, l.contacts, l.history = "", why, nil, nil })
	l.Changed()
	return l.cfg.Keep("", l.wanted())
}

func (l *Line) wanted() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.service
}

// linking is a place that is open.
type linking struct {
	l    *Line
	pair *trust.Pairing
	came wire.Joining
}

// Link implements present.Account.
func (l *Line) Link(ctx context.Context) (present.Linking, error) {
	if !l.Main() {
		return nil, said(trust.ErrNotMain)
	}
	pair, err := trust.NewPairing()
	if err != nil {
		return nil, said(err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	if _, err := l.Request(ctx, wire.KindPlaceOpen, "", wire.Place{Place: pair.Place()}); err != nil {
		return nil, said(err)
	}
	return &linking{l: l, pair: pair}, nil
}

// Code implements present.Linking.
func (k *linking) Code() string { return k.pair.Code() }

// Wait implements present.Linking.
func (k *linking) Wait(ctx context.Context) (string, error) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		j, err := ask[wire.Joining](ctx, k.l, wire.KindPlaceLook, wire.Place{Place: k.pair.Place()})
		var werr *wire.Error
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.As(err, &werr) && !werr.Code.Retry():
			return "", err
		case err != nil:
			k.l.log.Info("nobody can be seen at the place", "err", err)
		case len(j.Key) > 0 && !k.pair.CheckJoin(j):
			// It was not given the code: the service made it up.
			k.Refuse(ctx)
			return "", &present.ServiceError{Problem: present.ProblemForged}
		case len(j.Key) > 0:
			k.came = j
			return j.Name, nil
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// Admit implements present.Linking.
func (k *linking) Admit(ctx context.Context) error {
	id := k.l.cfg.Identity
	now, err := ask[wire.Devices](ctx, k.l, wire.KindDevices, nil)
	if err != nil {
		return err
	}
	next, err := id.NextList(now.List, k.came.Key, true)
	if err != nil {
		return said(err)
	}
	now, err = ask[wire.Devices](ctx, k.l, wire.KindDeviceAdmit, wire.Admit{
		Place: k.pair.Place(), Key: k.came.Key, List: next, Proof: k.pair.AdmitProof(k.came.Key, id.Account(), next)})
	if err != nil {
		return err
	}
	k.l.devices(now.List)
	return nil
}

// Refuse implements present.Linking.
func (k *linking) Refuse(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestWithin)
	defer cancel()
	if _, err := k.l.Request(ctx, wire.KindPlaceClose, "", wire.Place{Place: k.pair.Place()}); err != nil {
		k.l.log.Info("the place ends by itself", "err", err)
	}
}

// address is the service that a person named, or one on this network.
func (l *Line) address(ctx context.Context, service string) (string, error) {
	if err := l.permit(service); err != nil {
		return "", err
	}
	if service != "" {
		if _, err := client.ParseURL(service); err != nil {
			return "", &present.ServiceError{Problem: present.ProblemAddress, Address: service, Err: err}
		}
		return service, nil
	}
	if found := l.cfg.Find(ctx); len(found) > 0 {
		return found[0].URL, nil
	}
	return "", &present.ServiceError{Problem: present.ProblemNoService}
}

// Join implements present.Account.
func (l *Line) Join(ctx context.Context, service, code, name string) error {
	pair, err := trust.ParsePairing(code)
	if err != nil {
		return &present.ServiceError{Problem: present.ProblemCode, Err: err}
	}
	name, err = wire.CleanName(name)
	if err != nil {
		return &present.ServiceError{Problem: present.ProblemBadName, Err: err}
	}
	url, err := l.address(ctx, service)
	if err != nil {
		return err
	}
	// A new key: the one of this device may be somebody on a service already.
	fresh, err := trust.NewIdentity()
	if err != nil {
		return said(err)
	}
	device := fresh.Public()
	got, err := client.Join(ctx, client.Config{URL: url, Key: fresh.Key(), ClientVersion: l.cfg.Version, Log: l.cfg.Log},
		wire.Join{Place: pair.Place(), Name: name, Proof: pair.JoinProof(device)})
	if err != nil {
		return said(err)
	}
	if !pair.CheckAdmit(got.Proof, device, got.Me.Key, got.Devices) {
		return &present.ServiceError{Problem: present.ProblemForged}
	}
	if err := l.cfg.Identity.Become(fresh.Key(), ed25519.PublicKey(got.Me.Key), got.Devices); err != nil {
		return said(err)
	}
	l.Changed()
	return l.SignIn(ctx, got.Me.Name, service)
}

// Recover implements present.Account.
func (l *Line) Recover(ctx context.Context, service, phrase string) error {
	key, err := trust.ParsePhrase(phrase)
	if err != nil {
		return phraseError(err)
	}
	url, err := l.address(ctx, service)
	if err != nil {
		return err
	}
	me, err := client.Whose(ctx, client.Config{URL: url, Key: key, ClientVersion: l.cfg.Version, Log: l.cfg.Log})
	var werr *wire.Error
	if errors.As(err, &werr) && werr.Code == wire.CodeNameNeeded {
		return &present.ServiceError{Problem: present.ProblemNoAccount, Address: host(url), Err: err}
	}
	if err != nil {
		return said(err)
	}
	if err := l.cfg.Identity.Become(key, nil, nil); err != nil {
		return said(err)
	}
	l.Changed()
	return l.SignIn(ctx, me.Name, service)
}

func phraseError(err error) error {
	out := &present.ServiceError{Problem: present.ProblemPhrase, Err: err}
	var p *trust.PhraseError
	switch {
	case !errors.As(err, &p):
	case p.Word != "":
		out.Problem, out.Detail = present.ProblemWord, p.Word
	case p.Words != trust.PhraseWords:
		out.Problem, out.Detail = present.ProblemWords, strconv.Itoa(p.Words)
	}
	return out
}
