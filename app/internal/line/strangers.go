package line

import (
	"context"
	"errors"
	"slices"
	"time"

	"parley/signaling/wire"
	"parley/ui/present"
)

// strangers is what the service says of those whom this person does not know,
// or does not want to hear of.
type strangers struct {
	known    bool // the service has all of this
	rule     wire.Rule
	requests []present.Request
	blocked  []string
	accepted []string // in this run, oldest first
}

// Near reports whether the service is one of this network or this computer.
func (l *Line) Near() bool {
	l.mu.Lock()
	near, c := l.mine != nil || l.found, l.client
	l.mu.Unlock()
	return near || c != nil && c.State().Near
}

// refreshStrangers reads block list, rule and requests anew. A service that
// does not know of them has none.
func (l *Line) refreshStrangers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	now := time.Now()
	blocks, err := asked[wire.BlockList](ctx, l, wire.KindBlocks, nil)
	if err != nil {
		l.strangersUnknown(err)
		return
	}
	rule, err := asked[wire.Strangers](ctx, l, wire.KindStrangers, wire.Strangers{})
	if err != nil {
		l.strangersUnknown(err)
		return
	}
	if want := l.cfg.Strangers; want != "" && rule.Rule != want {
		if rule, err = asked[wire.Strangers](ctx, l, wire.KindStrangers, wire.Strangers{Rule: want}); err != nil {
			l.strangersUnknown(err)
			return
		}
	}
	list, err := asked[wire.RequestList](ctx, l, wire.KindRequests, nil)
	if err != nil {
		l.strangersUnknown(err)
		return
	}
	l.change(func() {
		st := strangers{known: true, rule: rule.Rule, accepted: l.strangers.accepted}
		for _, b := range blocks.People {
			st.blocked = append(st.blocked, b.Person.Name)
		}
		for _, r := range list.Open {
			st.requests = append(st.requests, present.Request{Name: r.Person.Name, At: now.Add(-time.Duration(r.AgeMS) * time.Millisecond)})
		}
		for _, p := range list.Accepted {
			st.accepted = append(slices.Clip(st.accepted), p.Name)
		}
		l.strangers = st
	})
}

func (l *Line) strangersUnknown(err error) {
	if no, ok := errors.AsType[*wire.Error](err); ok && no.Code == wire.CodeUnknownKind {
		l.change(func() { l.strangers = strangers{accepted: l.strangers.accepted} })
		return
	}
	l.log.Info("block list and requests are not known", "err", err)
}

func asked[T any](ctx context.Context, l *Line, kind wire.Kind, body any) (T, error) {
	e, err := l.Request(ctx, kind, "", body)
	if err != nil {
		var none T
		return none, err
	}
	return wire.Body[T](e)
}

// requestsChanged is what the service says when somebody asks, or has accepted:
// then there are also new contacts.
func (l *Line) requestsChanged(ctx context.Context) {
	l.refreshStrangers(ctx)
	l.Refresh(ctx)
}

// Block implements present.Directory.
func (l *Line) Block(ctx context.Context, name string) error {
	return l.alter(ctx, wire.KindBlockAdd, wire.Contact{Name: name})
}

// Unblock implements present.Directory.
func (l *Line) Unblock(ctx context.Context, name string) error {
	return l.alter(ctx, wire.KindBlockDel, wire.Contact{Name: name})
}

// AnswerRequest implements present.Directory.
func (l *Line) AnswerRequest(ctx context.Context, name string, accept bool) error {
	return l.alter(ctx, wire.KindRequestAnswer, wire.RequestAnswer{Name: name, Accept: accept})
}

// SetStrangers implements present.Directory.
func (l *Line) SetStrangers(ctx context.Context, rule wire.Rule) error {
	if want := l.cfg.Strangers; want != "" && rule != want {
		return &present.ServiceError{Problem: present.ProblemPolicy}
	}
	return l.alter(ctx, wire.KindStrangers, wire.Strangers{Rule: rule})
}

// alter asks for a change, and reads what it changed.
func (l *Line) alter(ctx context.Context, kind wire.Kind, body any) error {
	asking, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	if _, err := l.Request(asking, kind, "", body); err != nil {
		return refused(err)
	}
	l.requestsChanged(ctx)
	return nil
}

// refused is said for changes of lists, in which some codes mean other things
// than when signing in.
func refused(err error) error {
	if no, ok := errors.AsType[*wire.Error](err); ok {
		switch no.Code {
		case wire.CodeNobody:
			return &present.ServiceError{Problem: present.ProblemNobody, Err: err}
		case wire.CodeTooMany:
			return &present.ServiceError{Problem: present.ProblemTooMany, Err: err}
		}
	}
	return said(err)
}
