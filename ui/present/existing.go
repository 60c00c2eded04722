package present

import (
	"context"
	"errors"
	"strings"
)

// ExistingModel is the first screen for somebody who has an account: with a
// code of the first device, or with its recovery phrase.
type ExistingModel struct {
	ByPhrase           bool
	Code, Device, Text string // Text: the phrase
	Waiting            bool   // for the first device to say yes
}

// existing is that part of Welcome.
type existing struct {
	w        *Welcome
	open     bool
	byPhrase bool
	code     string
	device   string
	phrase   string
	stop     context.CancelFunc // ends what is under way; nil: nothing is
	problem  ServiceProblem
	detail   string
	address  string
}

// UseExisting begins with an account that is there already.
func (w *Welcome) UseExisting() {
	if w.busy {
		return
	}
	w.existing.open, w.existing.problem = true, ProblemNone
	w.p.Refresh()
}

// Back goes back to a new account, and gives up what is under way.
func (w *Welcome) Back() {
	x := &w.existing
	if x.stop != nil {
		x.stop()
		x.stop = nil
	}
	x.open, x.phrase = false, ""
	w.p.Refresh()
}

// SetByPhrase chooses between the code and the phrase.
func (w *Welcome) SetByPhrase(v bool) { w.existing.edit(func(x *existing) { x.byPhrase = v }) }

// SetCode is called as the person types.
func (w *Welcome) SetCode(s string) { w.existing.edit(func(x *existing) { x.code = s }) }

// SetDevice is called as the person types.
func (w *Welcome) SetDevice(s string) { w.existing.edit(func(x *existing) { x.device = s }) }

// SetPhrase is called as the person types.
func (w *Welcome) SetPhrase(s string) { w.existing.edit(func(x *existing) { x.phrase = s }) }

func (x *existing) edit(f func(x *existing)) {
	f(x)
	x.problem = ProblemNone
	x.w.p.Refresh()
}

func (x *existing) complete() bool {
	if !x.w.automatic && strings.TrimSpace(x.w.service) == "" {
		return false
	}
	if x.byPhrase {
		return strings.TrimSpace(x.phrase) != ""
	}
	return strings.TrimSpace(x.code) != "" && strings.TrimSpace(x.device) != ""
}

func (x *existing) model() *WelcomeModel {
	busy := x.stop != nil
	m := &WelcomeModel{
		Service: x.w.service, Automatic: x.w.automatic, Busy: busy, CanGo: !busy && x.complete(),
		Existing: &ExistingModel{ByPhrase: x.byPhrase, Code: x.code, Device: x.device, Text: x.phrase, Waiting: busy && !x.byPhrase},
	}
	if x.problem != ProblemNone {
		m.Error = ProblemSentence(x.w.p.lang, x.problem, x.address, x.detail)
	}
	return m
}

// Continue goes on with the account.
func (w *Welcome) Continue() {
	x := &w.existing
	if x.stop != nil || !x.complete() {
		return
	}
	service := strings.TrimSpace(w.service)
	if w.automatic {
		service = ""
	}
	ctx, stop := context.WithCancel(context.Background())
	x.stop, x.problem = stop, ProblemNone
	byPhrase, code, device, phrase := x.byPhrase, x.code, x.device, x.phrase
	w.p.async(func(closing context.Context) func() {
		end := context.AfterFunc(closing, stop)
		defer end()
		var err error
		if byPhrase {
			err = w.p.deps.Account.Recover(ctx, service, phrase)
		} else {
			err = w.p.deps.Account.Join(ctx, service, code, device)
		}
		given := ctx.Err() != nil
		stop()
		return func() {
			if given && err != nil { // the person went back
				return
			}
			x.stop = nil
			if err != nil {
				x.fail(err, service)
				return
			}
			x.open, x.code, x.phrase, w.begun, w.saidRemoved = false, "", "", false, false
		}
	})
	w.p.Refresh()
}

func (x *existing) fail(err error, service string) {
	x.problem, x.detail, x.address = problemOf(err), "", service
	if e, ok := errors.AsType[*ServiceError](err); ok {
		x.detail = e.Detail
		if e.Address != "" {
			x.address = e.Address
		}
	}
	x.w.p.log.Warn("not signed in", "error", err)
}
