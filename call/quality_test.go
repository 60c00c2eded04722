package call

import (
	"testing"
	"time"

	"parley/call/data"
	"parley/call/local"
	"parley/call/peer"
	"parley/media/device"
)

func TestGrade(t *testing.T) {
	cpu, narrow, away := data.Health{CPU: true}, data.Health{Narrow: true}, data.Health{Away: true}
	for name, c := range map[string]struct {
		m       measured
		level   QualityLevel
		trouble Trouble
		whose   Whose
	}{
		"good":                          {measured{hasIn: true, hasOut: true, rtt: 40 * time.Millisecond}, QualityGood, TroubleNone, Nobodys},
		"loss here":                     {measured{hasIn: true, lossIn: 0.05}, QualityFair, TroubleLoss, Between},
		"heavy loss here":               {measured{hasIn: true, lossIn: 0.2}, QualityPoor, TroubleLoss, Between},
		"loss there":                    {measured{hasOut: true, lossOut: 0.2}, QualityPoor, TroubleLossUp, Between},
		"my upload is full":             {measured{hasOut: true, lossOut: 0.2, narrow: true}, QualityPoor, TroubleLossUp, Mine},
		"their upload is full":          {measured{hasIn: true, lossIn: 0.2, theirs: narrow}, QualityPoor, TroubleLoss, Theirs},
		"loss both ways":                {measured{hasIn: true, lossIn: 0.2, hasOut: true, lossOut: 0.15, narrow: true}, QualityPoor, TroubleLoss, Between},
		"loss, and my service is gone":  {measured{hasIn: true, lossIn: 0.2, away: true}, QualityPoor, TroubleLoss, Mine},
		"loss, and theirs is gone":      {measured{hasIn: true, lossIn: 0.2, theirs: away}, QualityPoor, TroubleLoss, Theirs},
		"loss, and both are gone":       {measured{hasIn: true, lossIn: 0.2, away: true, theirs: away}, QualityPoor, TroubleLoss, Between},
		"far away":                      {measured{rtt: 500 * time.Millisecond}, QualityFair, TroubleDelay, Between},
		"a queue here":                  {measured{rtt: 500 * time.Millisecond, narrow: true}, QualityFair, TroubleDelay, Mine},
		"a queue there":                 {measured{rtt: 500 * time.Millisecond, theirs: narrow}, QualityFair, TroubleDelay, Theirs},
		"very far away":                 {measured{rtt: time.Second}, QualityPoor, TroubleDelay, Between},
		"slow machine":                  {measured{slowCPU: true}, QualityFair, TroubleCPU, Mine},
		"their machine is slow":         {measured{theirs: cpu}, QualityFair, TroubleCPU, Theirs},
		"both machines are slow":        {measured{slowCPU: true, theirs: cpu}, QualityFair, TroubleCPU, Mine},
		"narrow here":                   {measured{narrow: true}, QualityFair, TroubleNarrow, Mine},
		"narrow there":                  {measured{theirs: narrow}, QualityFair, TroubleNarrow, Theirs},
		"made-up sound":                 {measured{soundCame: true, concealed: 0.05}, QualityFair, TroubleUneven, Between},
		"sound made up for losses":      {measured{hasIn: true, lossIn: 0.015, soundCame: true, concealed: 0.05}, QualityFair, TroubleLoss, Between},
		"no sound":                      {measured{soundDue: true}, QualityPoor, TroubleNoSound, Theirs},
		"picture stands still":          {measured{frozen: true}, QualityFair, TroubleUneven, Between},
		"the worst counts":              {measured{hasIn: true, lossIn: 0.05, rtt: time.Second}, QualityPoor, TroubleDelay, Between},
		"through TCP, well":             {measured{path: peer.PathRelayTCP}, QualityGood, TroubleRelaying, Between},
		"through TCP, and loss besides": {measured{path: peer.PathRelayTLS, hasIn: true, lossIn: 0.05}, QualityFair, TroubleLoss, Between},
	} {
		t.Run(name, func(t *testing.T) {
			if q := grade(c.m); q.Level != c.level || q.Trouble != c.trouble || q.Whose != c.whose {
				t.Errorf("%d %q of %d, want %d %q of %d", q.Level, q.Trouble, q.Whose, c.level, c.trouble, c.whose)
			}
		})
	}
}

func TestTheDotDoesNotFlicker(t *testing.T) {
	var s steady
	good, poor := Quality{Level: QualityGood}, Quality{Level: QualityPoor, Trouble: TroubleLoss}
	want := func(q Quality, level QualityLevel) {
		t.Helper()
		if got := s.add(q); got.Level != level {
			t.Errorf("shows %d, want %d", got.Level, level)
		}
	}
	want(good, QualityGood) // the first at once
	want(poor, QualityGood)
	want(good, QualityGood)
	want(poor, QualityGood)
	want(poor, QualityPoor)
	want(good, QualityPoor)
	want(good, QualityPoor)
	want(good, QualityPoor)
	want(good, QualityGood)
}

func TestDeviceNotices(t *testing.T) {
	use := func(name string, problem *device.Error) local.Use {
		return local.Use{On: true, Open: name != "", Info: device.Info{ID: name, Name: name}, Problem: problem}
	}
	lost := &device.Error{Name: "A", Reason: device.Lost}
	off := use("A", nil)
	off.On, off.Open = false, false
	other := use("B", nil)
	other.Selector = "B"
	for name, c := range map[string]struct {
		before, after local.Use
		kind          NoticeKind
		dev           string
	}{
		"nothing":        {use("A", nil), use("A", nil), "", ""},
		"replaced":       {use("A", nil), use("B", lost), NoticeDeviceReplaced, "B"},
		"replaced again": {use("B", lost), use("C", lost), NoticeDeviceReplaced, "C"},
		"still replaced": {use("B", lost), use("B", lost), "", ""},
		"gone":           {use("A", nil), use("", lost), NoticeDeviceLost, "A"},
		"still gone":     {use("", lost), use("", lost), "", ""},
		"back":           {use("B", lost), use("A", nil), NoticeDeviceBack, "A"},
		"switched off":   {use("A", nil), off, "", ""},
		"another chosen": {use("A", nil), other, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := deviceNotices(t0, local.State{Camera: c.before}, local.State{Camera: c.after})
			if c.kind == "" {
				if len(got) > 0 {
					t.Errorf("said %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Kind != c.kind || got[0].Name != c.dev || got[0].Dev != device.Camera || !got[0].At.Equal(t0) {
				t.Errorf("said %+v, want %s of %s", got, c.kind, c.dev)
			}
		})
	}
}
