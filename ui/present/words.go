package present

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"parley/call"
	"parley/call/local"
	"parley/media/device"
	"parley/ui/i18n"
)

// endKeys are the sentences for the end of a call that this person did not end
// themselves. A reason that is not here is said as "internal".
func endKey(r call.EndReason, outgoing bool) string {
	switch r {
	case call.EndedByMe, call.EndElsewhere:
		return ""
	case call.EndedByOther:
		return "end.by_other"
	case call.EndCancelled, call.EndMissed:
		if outgoing {
			return ""
		}
		return "end.missed"
	case call.EndDeclined:
		if outgoing {
			return "end.declined"
		}
		return ""
	case call.EndBusy:
		if outgoing {
			return "end.busy"
		}
		return "end.missed"
	case call.EndNoAnswer:
		return "end.no_answer"
	case call.EndAway:
		return "end.away"
	case call.EndNobody:
		return "end.nobody"
	case call.EndSelf:
		return "end.self"
	case call.EndLinkUnknown:
		return "end.link_unknown"
	case call.EndLinkUsed:
		return "end.link_used"
	case call.EndLinkExpired:
		return "end.link_expired"
	case call.EndNoService:
		return "end.no_service"
	case call.EndRequested:
		return "end.requested"
	case call.EndKnownOnly:
		return "end.known_only"
	case call.EndBlocked:
		return "end.blocked"
	case call.EndSlowDown:
		return "end.slow_down"
	case call.EndNoRoute:
		return "end.no_route"
	case call.EndNoRelay:
		return "end.no_relay"
	case call.EndRelaySpent:
		return "end.relay_spent"
	case call.EndLost:
		return "end.lost"
	case call.EndIncompatible:
		return "end.incompatible"
	case call.EndKeyChanged:
		return "end.key_changed"
	case call.EndNotGenuine:
		return "end.not_genuine"
	}
	return "end.internal"
}

// EndSentence says why a call ended and what to do; "" when the person knows.
func EndSentence(l *i18n.Lang, s call.State) string {
	key := endKey(s.End.Reason, s.Outgoing)
	if key == "" {
		return ""
	}
	name := s.Peer.Name
	if name == "" {
		name = l.T("person.unknown")
	}
	if s.End.Reason == call.EndDeclined && s.End.Message != "" {
		return l.T("end.declined_saying", "name", name, "text", s.End.Message)
	}
	if s.End.Reason == call.EndedByOther && !s.ConnectedAt.IsZero() {
		return l.T("end.by_other_after", "name", name, "time", Span(l, s.End.At.Sub(s.ConnectedAt)))
	}
	return l.T(key, "name", name)
}

// retryable says whether "Call again" makes sense.
func retryable(r call.EndReason) bool {
	switch r {
	case call.EndNoAnswer, call.EndBusy, call.EndAway, call.EndNoService, call.EndNoRoute, call.EndNoRelay, call.EndRelaySpent, call.EndLost, call.EndInternal, call.EndMissed, call.EndCancelled, call.EndedByOther:
		return true
	}
	return false
}

// DeviceSentence says what is the matter with a device and what to do.
func DeviceSentence(l *i18n.Lang, e *device.Error) string {
	if e == nil {
		return ""
	}
	if e.Reason == device.Broken && e.Name != "" {
		return l.T("device.broken", "name", e.Name)
	}
	if e.Reason == device.Unsupported && e.Name != "" {
		return l.T("device.unsupported", "name", e.Name)
	}
	if e.Reason == device.Denied && e.Group != "" {
		return l.T("device.group", "name", deviceName(l, e.Kind, e.Name), "group", e.Group)
	}
	type kr struct {
		k device.Kind
		r device.Reason
	}
	key := map[kr]string{
		{device.Camera, device.Missing}:     "device.camera.missing",
		{device.Camera, device.Busy}:        "device.camera.busy",
		{device.Camera, device.Denied}:      "device.camera.denied",
		{device.Camera, device.Lost}:        "device.camera.lost",
		{device.Microphone, device.Missing}: "device.microphone.missing",
		{device.Microphone, device.Busy}:    "device.microphone.busy",
		{device.Microphone, device.Denied}:  "device.microphone.denied",
		{device.Microphone, device.Lost}:    "device.microphone.lost",
		{device.Speaker, device.Missing}:    "device.speaker.missing",
		{device.Speaker, device.Busy}:       "device.speaker.busy",
		{device.Speaker, device.Denied}:     "device.speaker.denied",
		{device.Speaker, device.Lost}:       "device.speaker.lost",
	}[kr{e.Kind, e.Reason}]
	if key == "" {
		return l.T("device.other", "name", deviceName(l, e.Kind, e.Name))
	}
	return l.T(key, "name", deviceName(l, e.Kind, e.Name))
}

// deviceName is a device's name, or what its kind is called.
func deviceName(l *i18n.Lang, k device.Kind, name string) string {
	if name != "" {
		return name
	}
	switch k {
	case device.Camera:
		return l.T("device.camera")
	case device.Microphone:
		return l.T("device.microphone")
	}
	return l.T("device.speaker")
}

// useSentence is the line under a picker: what is the matter, or what is used
// instead of what was asked for.
func useSentence(l *i18n.Lang, u local.Use) string {
	if u.Problem == nil {
		return ""
	}
	if u.Open && u.Info.Name != "" && u.Info.Name != u.Problem.Name {
		return l.T("device.instead", "problem", DeviceSentence(l, u.Problem), "name", u.Info.Name)
	}
	return DeviceSentence(l, u.Problem)
}

// NoticeSentence says in one line what happened to a device in a call.
func NoticeSentence(l *i18n.Lang, n call.Notice) string {
	name := deviceName(l, n.Dev, n.Name)
	switch n.Kind {
	case call.NoticeDeviceReplaced:
		return l.T("notice.replaced", "name", name)
	case call.NoticeDeviceBack:
		return l.T("notice.back", "name", name)
	}
	return l.T("notice.lost", "name", name)
}

// QualitySentence is what stands beside the dot.
func QualitySentence(l *i18n.Lang, q call.Quality) string {
	switch q.Trouble {
	case call.TroubleLoss:
		return l.T("quality.loss")
	case call.TroubleLossUp:
		return l.T("quality.loss_up")
	case call.TroubleUneven:
		return l.T("quality.uneven")
	case call.TroubleDelay:
		return l.T("quality.delay")
	case call.TroubleCPU:
		if q.Whose == call.Theirs {
			return l.T("quality.cpu_theirs")
		}
		return l.T("quality.cpu")
	case call.TroubleNarrow:
		if q.Whose == call.Theirs {
			return l.T("quality.narrow_theirs")
		}
		return l.T("quality.narrow")
	case call.TroubleNoSound:
		return l.T("quality.no_sound")
	case call.TroubleNoRoute:
		return l.T("quality.no_route")
	case call.TroubleService:
		return l.T("quality.no_service")
	case call.TroubleRelaying:
		return l.T("quality.relay")
	}
	switch q.Level {
	case call.QualityGood:
		return l.T("quality.good")
	case call.QualityFair:
		return l.T("quality.fair")
	case call.QualityPoor:
		return l.T("quality.poor")
	case call.QualityLost:
		return l.T("quality.lost")
	}
	return ""
}

// RecordSentence says how a recording ended when there is no file of it; "" if
// there is, or none was made.
func RecordSentence(l *i18n.Lang, r call.Recording, name string) string {
	if r.File != "" {
		return ""
	}
	key := map[call.RecordOutcome]string{
		call.RecordRefused: "record.refused", call.RecordUnheard: "record.unheard", call.RecordCannotAsk: "record.old",
		call.RecordDisk: "record.disk", call.RecordDiskFull: "record.disk",
	}[r.Outcome]
	if key == "" {
		return ""
	}
	return l.T(key, "name", name)
}

// SavedSentence says where a recording is, and why it ended if this person did
// not end it; "" while there is none.
func SavedSentence(l *i18n.Lang, r call.Recording, name string) string {
	key := map[call.RecordOutcome]string{
		call.RecordSaved: "record.saved", call.RecordStopped: "record.stopped",
		call.RecordDisk: "record.disk_part", call.RecordDiskFull: "record.disk_full",
	}[r.Outcome]
	if key == "" || r.File == "" {
		return ""
	}
	return l.T(key, "name", name, "file", filepath.Base(r.File))
}

// HelpSentence says whose link or machine is short, and what would help.
func HelpSentence(l *i18n.Lang, q call.Quality, name string) string {
	keys := map[call.Trouble][3]string{ // mine, theirs, between
		call.TroubleLoss:     {"help.loss_mine", "help.loss_theirs", "help.loss"},
		call.TroubleLossUp:   {"help.loss_mine", "help.loss_theirs", "help.loss"},
		call.TroubleUneven:   {"help.uneven", "help.uneven", "help.uneven"},
		call.TroubleDelay:    {"help.delay_mine", "help.delay_theirs", "help.delay"},
		call.TroubleCPU:      {"help.cpu_mine", "help.cpu_theirs", "help.cpu_mine"},
		call.TroubleNarrow:   {"help.narrow_mine", "help.narrow_theirs", "help.narrow_mine"},
		call.TroubleNoSound:  {"help.no_sound", "help.no_sound", "help.no_sound"},
		call.TroubleNoRoute:  {"help.no_route_mine", "help.no_route_theirs", "help.no_route_theirs"},
		call.TroubleService:  {"help.no_service", "help.no_service", "help.no_service"},
		call.TroubleRelaying: {"help.relay", "help.relay", "help.relay"},
	}[q.Trouble]
	key := keys[2]
	switch {
	case key == "":
		key = "help.none"
	case q.Whose == call.Mine:
		key = keys[0]
	case q.Whose == call.Theirs:
		key = keys[1]
	}
	return l.T(key, "name", name)
}

// ProblemSentence says what is wrong with the service and what to do.
func ProblemSentence(l *i18n.Lang, p ServiceProblem, address, name string) string {
	key := map[ServiceProblem]string{
		ProblemUnreachable: "service.unreachable",
		ProblemNetwork:     "service.network",
		ProblemAddress:     "service.address",
		ProblemNotParley:   "service.not_parley",
		ProblemCertificate: "service.certificate",
		ProblemRefused:     "service.refused",
		ProblemBadName:     "service.bad_name",
		ProblemNameTaken:   "service.name_taken",
		ProblemInvite:      "service.invite",
		ProblemDisabled:    "service.disabled",
		ProblemReplaced:    "service.replaced",
		ProblemPort:        "service.port",
		ProblemStorage:     "service.storage",
		ProblemSlowDown:    "service.slow_down",
		ProblemNobody:      "service.nobody",
		ProblemTooMany:     "service.too_many",
		ProblemLink:        "service.link",
		ProblemElsewhere:   "service.elsewhere",
		ProblemRemoved:     "own.removed",
		ProblemCode:        "own.bad_code",
		ProblemPlace:       "own.no_place",
		ProblemNoService:   "own.no_service",
		ProblemForged:      "own.forged",
		ProblemTryAgain:    "own.try_again",
		ProblemNotMain:     "own.not_main",
		ProblemDevices:     "own.too_many",
		ProblemPhrase:      "own.bad_phrase",
		ProblemWords:       "own.bad_count",
		ProblemWord:        "own.bad_word",
		ProblemNoAccount:   "own.no_account",
		ProblemDeleted:     "service.deleted",
		ProblemLeft:        "leave.done",
		ProblemSignedOut:   "signout.done",

		ProblemPolicy:        "policy.not_yours",
		ProblemPolicyService: "policy.service",
		ProblemPolicyBroken:  "policy.broken",
		ProblemNoneHere:      "policy.none_here",

		ProblemLoginDenied:     "login.denied",
		ProblemLoginNotAllowed: "login.not_allowed",
		ProblemLoginExpired:    "login.expired",
		ProblemLoginProvider:   "login.provider",
		ProblemLoginElsewhere:  "login.elsewhere",
	}[p]
	if key == "" {
		key = "service.internal"
	}
	if address == "" {
		address = l.T("service.own")
	}
	return l.T(key, "address", address, "name", name)
}

// Clock is a time of day.
func Clock(t time.Time) string { return t.Format("15:04") }

// When is a moment as a list shows it: "today 08:12", "yesterday 17:30",
// "Monday 17:30", "3 May 17:30", "3 May 2025".
func When(l *i18n.Lang, t, now time.Time) string {
	t = t.In(now.Location())
	day := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	}
	days := int(day(now).Sub(day(t)).Hours()/24 + 0.5)
	switch {
	case days <= 0:
		return l.T("when.today", "time", Clock(t))
	case days == 1:
		return l.T("when.yesterday", "time", Clock(t))
	case days < 7:
		return l.T("when.weekday", "day", weekday(l, t.Weekday()), "time", Clock(t))
	case t.Year() == now.Year():
		return l.T("when.date", "day", strconv.Itoa(t.Day()), "month", month(l, t.Month()), "time", Clock(t))
	}
	return l.T("when.year", "day", strconv.Itoa(t.Day()), "month", month(l, t.Month()), "year", strconv.Itoa(t.Year()))
}

func weekday(l *i18n.Lang, d time.Weekday) string {
	return l.T([]string{"day.sun", "day.mon", "day.tue", "day.wed", "day.thu", "day.fri", "day.sat"}[d])
}

func month(l *i18n.Lang, m time.Month) string {
	return l.T([]string{
		"month.1", "month.2", "month.3", "month.4", "month.5", "month.6",
		"month.7", "month.8", "month.9", "month.10", "month.11", "month.12",
	}[m-1])
}

// Timer is how long a call lasts: "12:46", "1:02:03".
func Timer(d time.Duration) string {
	s := max(0, int(d/time.Second))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// Span is how long a past call lasted: "40 s", "24 min", "1 h 5 min".
func Span(l *i18n.Lang, d time.Duration) string {
	s := max(0, int(d.Round(time.Second)/time.Second))
	switch {
	case s < 60:
		return l.T("span.seconds", "s", strconv.Itoa(s))
	case s < 3600:
		return l.T("span.minutes", "m", strconv.Itoa((s+30)/60))
	}
	return l.T("span.hours", "h", strconv.Itoa(s/3600), "m", strconv.Itoa(s/60%60))
}
