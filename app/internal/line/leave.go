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
	l.change(func() { l.leaving = true })
	defer l.change(func() { l.leaving = false })
	if _, err := l.Request(ctx, wire.KindAccountDelete, "", nil); err != nil {
		return said(err)
	}
	l.log.Info("the account is deleted")
	return l.forget(present.ProblemLeft)
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

// deleted begins anew after the account was deleted on another device: this
// one's key is of no use any more.
func (l *Line) deleted() {
	l.mu.Lock()
	here := l.leaving
	l.mu.Unlock()
	if here { // DeleteAccount goes on
		return
	}
	l.log.Warn("the account was deleted on another device")
	if err := l.forget(present.ProblemDeleted); err != nil {
		l.log.Error("begin anew", "err", err)
	}
}
