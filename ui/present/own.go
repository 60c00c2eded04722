package present

import (
	"context"
	"errors"
	"strings"

	"parley/ui/i18n"
)

// OwnModel is the page with this person's devices.
type OwnModel struct {
	Words   string
	Rows    []OwnRow
	Empty   string // why there are no rows; "": there are
	Error   string
	CanLink bool

	Code    string // to be typed on the other device; "": none is open
	Steps   string // what to do with it
	Asker   string // who waits: a question; "": nobody does
	Busy    bool
	CanShow bool     // of the recovery phrase
	Phrase  []string // the words, while they show
	Copied  bool
	Note    string // about the phrase
}

// OwnRow is one device.
type OwnRow struct {
	Key, Name, Note string
	Here            bool
	CanRemove       bool
	Remove          string // the button's words
	Sure            bool   // the next press does it
}

// OwnScreen is the page in the settings where a person links devices, removes
// them, and sees the words that bring the account back.
type OwnScreen struct {
	p       *Program
	open    bool
	list    []OwnDevice
	known   bool // list was asked for, and came
	failed  ServiceProblem
	detail  string
	linking Linking
	stop    context.CancelFunc // ends the wait for a device
	came    string             // name of the device that waits
	busy    bool
	sure    string // key of the device whose button was pressed once
	phrase  []string
	copied  bool
}

// start is called when the page opens.
func (s *OwnScreen) start() {
	s.open = true
	s.failed, s.sure = ProblemNone, ""
	s.reload()
}

// leave is called when it closes: a code must not stay good, nor words in view.
func (s *OwnScreen) leave() {
	s.open, s.phrase, s.copied, s.sure = false, nil, false, ""
	s.drop()
}

func (s *OwnScreen) drop() {
	if s.linking == nil {
		return
	}
	k := s.linking
	s.stop()
	s.linking, s.stop, s.came = nil, nil, ""
	s.p.async(func(ctx context.Context) func() {
		k.Refuse(ctx)
		return nil
	})
}

func (s *OwnScreen) account() Account { return s.p.deps.Account }

// reload asks for the list.
func (s *OwnScreen) reload() {
	s.p.async(func(ctx context.Context) func() {
		list, err := s.account().Devices(ctx)
		return func() {
			if err != nil {
				s.fail(err)
				return
			}
			s.list, s.known = list, true
		}
	})
}

func (s *OwnScreen) fail(err error) {
	s.failed, s.detail = problemOf(err), ""
	if e, ok := errors.AsType[*ServiceError](err); ok {
		s.detail = e.Detail
	}
	s.p.log.Warn("devices", "error", err)
}

// Link asks for a code and waits for a device that has it.
func (s *OwnScreen) Link() {
	if s.busy || s.linking != nil {
		return
	}
	s.busy, s.failed, s.sure = true, ProblemNone, ""
	s.p.async(func(ctx context.Context) func() {
		k, err := s.account().Link(ctx)
		return func() {
			s.busy = false
			switch {
			case err != nil:
				s.fail(err)
			case !s.open: // the page was left meanwhile
				s.p.async(func(ctx context.Context) func() { k.Refuse(ctx); return nil })
			default:
				s.wait(k)
			}
		}
	})
	s.p.Refresh()
}

func (s *OwnScreen) wait(k Linking) {
	waiting, stop := context.WithCancel(context.Background())
	s.linking, s.stop = k, stop
	s.p.async(func(ctx context.Context) func() {
		end := context.AfterFunc(ctx, stop)
		defer end()
		name, err := k.Wait(waiting)
		return func() {
			if s.linking != k {
				return
			}
			if err != nil {
				s.linking, s.stop = nil, nil
				s.fail(err)
				return
			}
			s.came = name
		}
	})
}

// Admit lets the device in that waits.
func (s *OwnScreen) Admit() {
	k := s.linking
	if k == nil || s.came == "" || s.busy {
		return
	}
	s.busy = true
	s.p.async(func(ctx context.Context) func() {
		err := k.Admit(ctx)
		return func() {
			s.busy = false
			if err != nil {
				s.fail(err)
				if s.failed == ProblemTryAgain {
					return // the device still waits
				}
			}
			if s.linking == k {
				s.stop()
				s.linking, s.stop, s.came = nil, nil, ""
			}
			s.reload()
		}
	})
	s.p.Refresh()
}

// Refuse sends the device away that waits, or takes the code back.
func (s *OwnScreen) Refuse() {
	s.drop()
	s.p.Refresh()
}

// Remove takes a device from the account: the second press does it.
func (s *OwnScreen) Remove(key string) {
	if s.busy {
		return
	}
	if s.sure != key {
		s.sure = key
		s.p.Refresh()
		return
	}
	s.busy, s.sure, s.failed = true, "", ProblemNone
	s.p.async(func(ctx context.Context) func() {
		err := s.account().RemoveDevice(ctx, key)
		return func() {
			s.busy = false
			if err != nil {
				s.fail(err)
			}
			if s.account().Main() {
				s.reload()
			}
		}
	})
	s.p.Refresh()
}

// TogglePhrase shows the words, or hides them.
func (s *OwnScreen) TogglePhrase() {
	if s.phrase != nil {
		s.phrase, s.copied = nil, false
	} else if words, err := s.account().Phrase(); err != nil {
		s.fail(err)
	} else {
		s.phrase = words
	}
	s.p.Refresh()
}

// CopyPhrase puts the words on the clipboard.
func (s *OwnScreen) CopyPhrase() {
	if s.phrase == nil {
		return
	}
	s.p.screen.Copy(strings.Join(s.phrase, " "))
	s.copied = true
	s.p.Refresh()
}

// CopyCode puts the code on the clipboard.
func (s *OwnScreen) CopyCode() {
	if s.linking != nil {
		s.p.screen.Copy(s.linking.Code())
	}
}

func (s *OwnScreen) model() OwnModel {
	l, main := s.p.lang, s.account().Main()
	m := OwnModel{Busy: s.busy, Phrase: s.phrase, Copied: s.copied}
	m.CanLink, m.CanShow = main && s.linking == nil && !s.busy, main
	m.Words, m.Note = l.T("own.words"), l.T("own.phrase_note")
	if !main {
		m.Words, m.Note = l.T("own.words_linked"), ""
	}
	if !s.known && s.failed == ProblemNone {
		m.Empty = l.T("own.asking")
	}
	for _, d := range s.list {
		m.Rows = append(m.Rows, s.row(l, d, main))
	}
	if s.failed != ProblemNone {
		st := s.p.deps.Directory.State()
		m.Error = ProblemSentence(l, s.failed, st.Service.Address, s.detail)
	}
	if s.linking != nil {
		m.Code, m.Steps = s.linking.Code(), l.T("own.steps")
	}
	if s.came != "" {
		m.Asker, m.Steps = l.T("own.asks", "device", s.came), ""
	}
	return m
}

func (s *OwnScreen) row(l *i18n.Lang, d OwnDevice, main bool) OwnRow {
	r := OwnRow{Key: d.Key, Name: d.Name, Here: d.Here || d.This}
	if d.Main {
		r.Name = l.T("own.first")
	}
	switch {
	case d.This:
		r.Note = l.T("own.this")
	case d.Here:
		r.Note = l.T("own.here")
	case d.Main || d.Seen.IsZero():
		r.Note = l.T("own.away")
	default:
		r.Note = l.T("own.seen", "when", When(l, d.Seen, s.p.now()))
	}
	r.CanRemove = !d.Main && (main || d.This) && !s.busy
	r.Sure = s.sure == d.Key
	switch {
	case d.This && r.Sure:
		r.Remove = l.T("own.leave_sure")
	case d.This:
		r.Remove = l.T("own.leave")
	case r.Sure:
		r.Remove = l.T("own.remove_sure", "device", r.Name)
	default:
		r.Remove = l.T("own.remove")
	}
	return r
}
