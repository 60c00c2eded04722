package main

import (
	"context"
	"errors"
	"fmt"

	"parley/signaling/wire"
	"parley/ui/present"
)

// deleteAccount does what --delete-account asks for, and says that it is done.
func (p *program) deleteAccount(ctx context.Context) (string, error) {
	if err := p.signedIn(ctx); err != nil {
		return "", err
	}
	me, service := p.line.Me().Name, p.line.State().Service.Address
	if wire.NameKey(me) != wire.NameKey(p.flags.DeleteAccount) {
		return "", fmt.Errorf("--delete-account %s: the account of this profile at %s is called %s; nothing was deleted", p.flags.DeleteAccount, service, me)
	}
	if err := p.line.DeleteAccount(ctx); err != nil {
		if e, ok := errors.AsType[*present.ServiceError](err); ok {
			return "", fmt.Errorf("the account %s was not deleted: %s (%w)", me, present.ProblemSentence(english(), e.Problem, service, me), err)
		}
		return "", fmt.Errorf("the account %s was not deleted: %w", me, err)
	}
	return fmt.Sprintf("The account %s at %s is deleted, and the key of this profile.", me, service), nil
}
