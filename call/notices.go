package call

import (
	"time"

	"parley/call/local"
	"parley/media/device"
)

// deviceNotices says what happened to this person's devices between two
// snapshots, leaving out what they did themselves.
func deviceNotices(now time.Time, before, after local.State) []Notice {
	var out []Notice
	for _, d := range []struct {
		kind device.Kind
		a, b local.Use
	}{
		{device.Camera, before.Camera, after.Camera},
		{device.Microphone, before.Microphone, after.Microphone},
		{device.Speaker, before.Speaker, after.Speaker},
	} {
		if n, ok := deviceNotice(d.a, d.b); ok {
			n.At, n.Dev = now, d.kind
			out = append(out, n)
		}
	}
	return out
}

func deviceNotice(a, b local.Use) (Notice, bool) {
	if a.Selector != b.Selector || a.On != b.On || b.Opening {
		return Notice{}, false
	}
	switch {
	case b.Open && b.Problem != nil && (a.Problem == nil || a.Info.ID != b.Info.ID):
		return Notice{Kind: NoticeDeviceReplaced, Name: b.Info.Name}, true
	case b.Open && b.Problem == nil && a.Problem != nil:
		return Notice{Kind: NoticeDeviceBack, Name: b.Info.Name}, true
	case !b.Open && b.Problem != nil && (a.Problem == nil || a.Open):
		return Notice{Kind: NoticeDeviceLost, Name: b.Problem.Name}, true
	}
	return Notice{}, false
}
