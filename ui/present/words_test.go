package present_test

import (
	"strings"
	"testing"
	"time"

	"parley/assets"
	"parley/call"
	"parley/media/device"
	"parley/ui/i18n"
	"parley/ui/present"
)

func english(t *testing.T) *i18n.Lang {
	t.Helper()
	c, err := i18n.Load(assets.Translations())
	if err != nil {
		t.Fatal(err)
	}
	return c.Pick("en")
}

func TestTimes(t *testing.T) {
	l := english(t)
	now := time.Date(2026, 5, 14, 0, 5, 0, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{present.When(l, now.Add(-time.Minute), now), "today 00:04"},
		{present.When(l, now.Add(-10*time.Minute), now), "yesterday 23:55"},
		{present.When(l, now.Add(time.Hour), now), "today 01:05"},
		{present.When(l, now.AddDate(0, 0, -6), now), "Friday 00:05"},
		{present.When(l, now.AddDate(0, 0, -7), now), "7 May 00:05"},
		{present.When(l, now.AddDate(-1, 0, 0), now), "14 May 2025"},
		{present.Timer(0), "00:00"},
		{present.Timer(-time.Second), "00:00"},
		{present.Timer(766 * time.Second), "12:46"},
		{present.Timer(3723 * time.Second), "1:02:03"},
		{present.Span(l, 40*time.Second), "40 s"},
		{present.Span(l, 24*time.Minute+10*time.Second), "24 min"},
		{present.Span(l, 65*time.Minute), "1 h 5 min"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestEveryTroubleHasASentence(t *testing.T) {
	l := english(t)
	seen := map[string]bool{}
	sentence := func(what, s string) {
		t.Helper()
		if s == "" || strings.Contains(s, "{") || strings.Contains(s, "_") || !strings.ContainsAny(s, " ") {
			t.Errorf("%s says %q", what, s)
		}
		seen[s] = true
	}
	for _, q := range []call.Trouble{call.TroubleLoss, call.TroubleLossUp, call.TroubleDelay, call.TroubleUneven, call.TroubleNarrow, call.TroubleCPU, call.TroubleNoSound, call.TroubleNoRoute, call.TroubleService, call.TroubleRelaying} {
		sentence(string(q), present.QualitySentence(l, call.Quality{Level: call.QualityFair, Trouble: q}))
	}
	for _, q := range []call.QualityLevel{call.QualityGood, call.QualityFair, call.QualityPoor, call.QualityLost} {
		sentence("level", present.QualitySentence(l, call.Quality{Level: q}))
	}
	if len(seen) != 14 {
		t.Errorf("%d different sentences about quality, want 14", len(seen))
	}
	group := &device.Error{Kind: device.Camera, Name: "Webcam", Reason: device.Denied, Group: "video"}
	sentence("a group", present.DeviceSentence(l, group))
	if s := present.DeviceSentence(l, group); !strings.Contains(s, "“video”") || !strings.Contains(s, "-aG video") || strings.Contains(s, "privacy") {
		t.Errorf("a camera for a group: %q", s)
	}
	for _, k := range []device.Kind{device.Camera, device.Microphone, device.Speaker} {
		for _, r := range []device.Reason{device.Missing, device.Busy, device.Denied, device.Broken, device.Unsupported, device.Lost, 0} {
			for _, name := range []string{"", "Headset"} {
				sentence(k.String()+" "+r.String(), present.DeviceSentence(l, &device.Error{Kind: k, Name: name, Reason: r}))
			}
		}
		for _, n := range []call.NoticeKind{call.NoticeDeviceLost, call.NoticeDeviceReplaced, call.NoticeDeviceBack} {
			sentence(string(n), present.NoticeSentence(l, call.Notice{Kind: n, Dev: k}))
		}
	}
	for _, p := range []present.ServiceProblem{
		present.ProblemUnreachable, present.ProblemNetwork, present.ProblemAddress, present.ProblemNotParley, present.ProblemCertificate,
		present.ProblemRefused, present.ProblemBadName, present.ProblemNameTaken, present.ProblemReplaced, present.ProblemPort,
		present.ProblemStorage, present.ProblemSlowDown, present.ProblemNobody, present.ProblemTooMany, present.ProblemInternal, "else",
	} {
		sentence(string(p), present.ProblemSentence(l, p, "", "Anna"))
	}
}
