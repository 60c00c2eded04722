package line

import (
	"context"

	"parley/signaling/wire"
	"parley/ui/present"
)

// DeleteAccount implements present.Account. Nothing is forgotten here before
// the service has said that it has.
func (l *Line) DeleteAccount(ctx context.Context) error {
	if l.cfg.NoDeletion {
		return &present.ServiceError{Problem: present.ProblemPolicy}
	}
	if !l.Online() {
		return &present.ServiceError{Problem: present.ProblemUnreachable, Err: ErrOffline}
	}
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	defer l.givingUp()()
	if _, err := l.Request(ctx, wire.KindAccountDelete, "", nil); err != nil {
		return said(err)
	}
	l.log.Info("the account is deleted")
	return l.forget(present.ProblemLeft)
}

// givingUp keeps what the service then says of this device from being news.
func (l *Line) givingUp() (end func()) {
	l.change(func() { l.leaving = true })
	return func() { l.change(func() { l.leaving = false }) }
}

// SignOut implements present.Account. A linked device takes itself from the
// account on the way, if the service is there; it signs out even if that fails.
func (l *Line) SignOut(ctx context.Context) error {
	if id := l.cfg.Identity; !id.Main() && l.Online() {
		defer l.givingUp()()
		if _, err := ask[wire.Devices](ctx, l, wire.KindDeviceRemove, wire.Remove{Key: id.Public()}); err != nil {
			l.log.Warn("this device is still in its account's list", "err", err)
		}
	}
	l.log.Info("signed out")
	return l.nobody(present.ProblemSignedOut)
}

// forget begins anew after the account was deleted.
func (l *Line) forget(why present.ServiceProblem) error {
	if l.cfg.Forget != nil {
		if err := l.cfg.Forget(l.Scope()); err != nil {
			l.log.Warn("the people of the service are still known", "err", err)
		}
	}
	return l.nobody(why)
}

func (l *Line) isGivingUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leaving
}

// deleted begins anew after the account was deleted on another device: this
// one's key is of no use any more.
func (l *Line) deleted() {
	if l.isGivingUp() { // DeleteAccount goes on
		return
	}
	l.log.Warn("the account was deleted on another device")
	if err := l.forget(present.ProblemDeleted); err != nil {
		l.log.Error("begin anew", "err", err)
	}
}
