package present

import (
	"context"
)

// BrowserLogin is what a person has to do in the browser, in
// ServiceLoginNeeded.
type BrowserLogin struct {
	URL  string // where; "": the last one failed, Service.Problem says why
	Code string // that the page there shows as well
}

// LoginModel is the first screen while a service wants a new person to sign in
// with the browser.
type LoginModel struct {
	Words  string // what happens, on which service
	Code   string // "": none, try again
	Opened bool   // the browser was opened
	Copied bool   // the address is on the clipboard
	Error  string
}

// login is that step of the first screen.
type login struct {
	hidden bool   // the person went back to name and service
	opened string // addresses for which it was done
	copied string
	failed bool // the browser could not be opened
}

// login returns the step, or nil when there is none.
func (w *Welcome) loginModel() *LoginModel {
	s := w.p.deps.Directory.State().Service
	if s.Phase != ServiceLoginNeeded || w.login.hidden || w.busy {
		return nil
	}
	l := w.p.lang
	m := &LoginModel{Words: l.T("login.words", "address", s.Address), Code: s.Login.Code,
		Opened: s.Login.URL != "" && w.login.opened == s.Login.URL, Copied: s.Login.URL != "" && w.login.copied == s.Login.URL}
	switch {
	case s.Login.URL == "" && s.Problem != ProblemNone:
		m.Code, m.Error = "", ProblemSentence(l, s.Problem, s.Address, "")
	case w.login.failed && !m.Copied:
		m.Error = l.T("login.no_browser")
	}
	return m
}

// OpenBrowser opens the page on which to sign in, also a second time; after a
// login that failed it begins another one.
func (w *Welcome) OpenBrowser() {
	s := w.p.deps.Directory.State().Service
	if s.Phase != ServiceLoginNeeded {
		return
	}
	if s.Login.URL == "" {
		w.p.deps.Directory.Login()
		return
	}
	w.login.opened, w.login.failed = s.Login.URL, false
	if err := w.p.screen.Browse(s.Login.URL); err != nil {
		w.p.log.Warn("the browser was not opened", "error", err)
		w.login.opened, w.login.failed = "", true
	}
	w.p.Refresh()
}

// CopyLogin puts the page's address on the clipboard, for another browser.
func (w *Welcome) CopyLogin() {
	s := w.p.deps.Directory.State().Service
	if s.Login.URL == "" {
		return
	}
	w.p.screen.Copy(s.Login.URL)
	w.login.copied = s.Login.URL
	w.p.Refresh()
}

// CancelLogin goes back to name and service.
func (w *Welcome) CancelLogin() {
	w.login = login{hidden: true}
	w.p.Refresh()
}

// signIn signs in, and begins a login anew where the last one failed.
func (w *Welcome) signIn(ctx context.Context, name, service string) error {
	before := w.p.deps.Directory.State().Service
	err := w.p.deps.Directory.SignIn(ctx, name, service)
	if err == nil && before.Phase == ServiceLoginNeeded && before.Login.URL == "" {
		w.p.deps.Directory.Login()
	}
	return err
}
