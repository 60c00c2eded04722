package present

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/assets"
	"parley/ui/i18n"
)

// Limits of what Home lists: more is found by searching.
const (
	maxPeople = 200
	maxRecent = 20
)

// fold makes names comparable for searching: lower case, without accents.
func fold(s string) string {
	accents := strings.NewReplacer(
		"á", "a", "à", "a", "â", "a", "ä", "a", "ã", "a", "å", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
		"í", "i", "ì", "i", "î", "i", "ï", "i", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "ö", "o", "õ", "o", "ø", "o",
		"ú", "u", "ù", "u", "û", "u", "ü", "u", "ý", "y", "ÿ", "y", "ß", "ss", "œ", "oe", "æ", "ae")
	return accents.Replace(strings.ToLower(strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")))
}

// isLink says whether a text is a call link rather than a name.
func isLink(s string) bool {
	s = strings.TrimSpace(s)
	scheme := strings.HasPrefix(s, "parley://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
	return scheme && strings.Contains(s, "/j/") && !strings.ContainsAny(s, " \t\n")
}

func presenceRank(p Presence) int {
	return map[Presence]int{PresenceAvailable: 0, PresenceInCall: 1, PresenceBusy: 2, PresenceOffline: 3}[p]
}

// found returns the people whose names fit the query, those who can be called
// first.
func found(all []Person, query string) []Person {
	var hits []Person
	for _, p := range all {
		if strings.Contains(fold(p.Name), fold(query)) {
			hits = append(hits, p)
		}
	}
	slices.SortStableFunc(hits, func(a, b Person) int {
		return cmp.Or(presenceRank(a.Presence)-presenceRank(b.Presence), cmp.Compare(fold(a.Name), fold(b.Name)))
	})
	return hits
}

func (h *Home) sections(st People, now time.Time) (out []SectionModel) {
	l := h.p.lang
	online := st.Service.Phase == ServiceOnline
	query := strings.TrimSpace(h.query)
	if isLink(query) {
		row := RowModel{ID: "link", Name: l.T("home.open_link"), Note: query, Symbol: assets.IconLink}
		if online {
			row.Open = func() { h.OpenLink(query) }
		}
		return []SectionModel{{ID: "link", Title: l.T("home.link"), Rows: []RowModel{row}}}
	}
	if s := h.requests(st, now, query); len(s.Rows) > 0 {
		out = append(out, s)
	}
	hits := found(st.People, query)
	exact := false
	var people []RowModel
	for i, p := range hits {
		exact = exact || fold(p.Name) == fold(query)
		if i < maxPeople {
			row := h.personRow(p, now, online)
			if slices.Contains(st.Blocked, p.Name) {
				row.Note, row.ShowDot, row.Call = l.T("presence.blocked"), false, nil
			}
			people = append(people, row)
		}
	}
	if query != "" && !exact && online {
		people = append(people, RowModel{
			ID: "unknown", Name: query, Note: l.T("home.try_name"), Selected: h.selected == query,
			Open: func() { h.Select(query) },
		})
	}
	if len(people) > 0 {
		title := l.T("home.people")
		if more := len(hits) - maxPeople; more > 0 {
			title = l.N("home.people_more", more)
		}
		out = append(out, SectionModel{ID: "people", Title: title, Rows: people})
	}
	var recent []RowModel
	for i, e := range st.History {
		if query != "" && !strings.Contains(fold(e.Name), fold(query)) || len(recent) >= maxRecent {
			continue
		}
		recent = append(recent, h.recentRow(i, e, now))
	}
	if len(recent) > 0 {
		out = append(out, SectionModel{ID: "recent", Title: l.T("home.recent"), Rows: recent})
	}
	return out
}

func (h *Home) personRow(p Person, now time.Time, online bool) RowModel {
	row := RowModel{
		ID: p.Name, Name: p.Name, Note: presenceWords(h.p.lang, p, now), Presence: p.Presence, ShowDot: true,
		Selected: h.selected == p.Name, Open: func() { h.Select(p.Name) },
	}
	if online && p.Presence != PresenceOffline {
		row.Call = func() { h.CallNow(p.Name) }
	}
	return row
}

func (h *Home) recentRow(i int, e Entry, now time.Time) RowModel {
	l := h.p.lang
	when, note := When(l, e.At, now), ""
	alarm, mark := false, assets.IconOutgoing
	if !e.Outgoing {
		mark = assets.IconIncoming
	}
	switch e.Outcome {
	case CallAnswered:
		note = upper(l.T("recent.answered", "when", when, "time", Span(l, e.Duration)))
	case CallMissed, CallCancelled:
		if e.Outgoing {
			note = l.T("recent.no_answer", "when", when)
		} else {
			note, alarm = l.T("recent.missed", "when", when), true
		}
	case CallDeclined:
		note = l.T("recent.declined", "when", when)
	case CallBusy:
		note, alarm = l.T("recent.busy", "when", when), !e.Outgoing
	case CallUnreached:
		note = l.T("recent.unreached", "when", when)
	}
	return RowModel{
		ID: strconv.Itoa(i), Name: e.Name, Note: note, Alarm: alarm, Mark: mark,
		Open: func() { h.Select(e.Name) },
	}
}

// upper makes the first letter of a line a capital.
func upper(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+utf8.RuneLen(r):]
	}
	return s
}

// presenceWords says whether somebody can be called.
func presenceWords(l *i18n.Lang, p Person, now time.Time) string {
	switch p.Presence {
	case PresenceAvailable:
		return l.T("presence.available")
	case PresenceBusy:
		return l.T("presence.busy")
	case PresenceInCall:
		return l.T("presence.in_call")
	}
	if p.SeenAt.IsZero() {
		return l.T("presence.offline")
	}
	when := When(l, p.SeenAt, now)
	if seen := p.SeenAt.In(now.Location()); seen.YearDay() == now.YearDay() && seen.Year() == now.Year() {
		when = Clock(seen)
	}
	return l.T("presence.seen", "when", when)
}
