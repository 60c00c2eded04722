//go:build !noupdate

package present

import (
	"strconv"
	"strings"
)

// Whether newer versions are shown at all. A distribution that updates its
// packages itself builds with the tag noupdate: then nothing of this is in.
const updateNotices = true

// updateBanner says that there is a newer version. Only the service that the
// person uses tells of one, as it greets the program: nobody else is asked.
func (h *Home) updateBanner(s Service) BannerModel {
	c, have := h.p.deps.Settings.Get(), h.p.deps.About.Version
	if s.Phase != ServiceOnline || s.Embedded || s.Found || !c.UpdateNotices || h.p.deps.Rules.NoUpdates ||
		s.Newest.Version == c.VersionSeen || !newerVersion(have, s.Newest.Version) {
		return BannerModel{}
	}
	l, newest := h.p.lang, s.Newest
	return BannerModel{
		Tone: ToneInfo, Text: l.T("update.there", "version", newest.Version, "have", have, "address", s.Address),
		Actions: []Action{{ID: "home.update", Text: l.T("update.show"), Do: func() {
			if err := h.p.screen.Browse(newest.Page); err != nil {
				h.p.log.Warn("the browser was not opened", "error", err)
				h.say(ToneWarning, l.T("update.no_browser", "address", newest.Page))
				h.p.Refresh()
			}
		}}},
		Close: func() {
			if err := h.p.deps.Settings.Update(func(c *Choices) { c.VersionSeen = newest.Version }); err != nil {
				h.p.log.Warn("what was seen is not kept", "error", err)
			}
			h.p.Refresh()
		},
	}
}

// newerVersion reports whether than is a later version than have. Both are as
// in 1.4.0, v1.4.0, or 1.4.0~20261129.c95b821 for what came before 1.4.0.
// Anything else, as a developer's build, is neither older nor newer.
func newerVersion(have, than string) bool {
	a, aOK := parseVersion(have)
	b, bOK := parseVersion(than)
	if !aOK || !bOK {
		return false
	}
	for i := range max(len(a.release), len(b.release)) {
		if x, y := at(a.release, i), at(b.release, i); x != y {
			return x < y
		}
	}
	if a.before != b.before {
		// The release is later than whatever came before it; of two before it the
		// later day.
		return a.before != 0 && (b.before == 0 || a.before < b.before)
	}
	return false
}

type parsedVersion struct {
	release []int
	before  int // the day of a version before the release; 0: it is the release
}

func parseVersion(s string) (parsedVersion, bool) {
	number, suffix, early := strings.Cut(strings.TrimPrefix(s, "v"), "~")
	var v parsedVersion
	for p := range strings.SplitSeq(number, ".") {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || len(v.release) == 4 {
			return v, false
		}
		v.release = append(v.release, n)
	}
	if early {
		day, _, _ := strings.Cut(suffix, ".")
		n, err := strconv.Atoi(day)
		if err != nil || n <= 0 {
			return v, false
		}
		v.before = n
	}
	return v, true
}

func at(n []int, i int) int {
	if i < len(n) {
		return n[i]
	}
	return 0
}
