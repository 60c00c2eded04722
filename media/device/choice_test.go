package device

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"parley/media"
)

func TestSelectors(t *testing.T) {
	for in, want := range map[string]Selector{
		"":                       {},
		"none":                   {Choice: NoDevice},
		"testcard":               {Choice: TestCard},
		"null":                   {Choice: Null},
		"tone":                   {Choice: Tone, Hz: 440},
		"tone:880":               {Choice: Tone, Hz: 880},
		"tone:32.5":              {Choice: Tone, Hz: 32.5},
		"file:a.y4m":             {Choice: File, Value: "a.y4m"},
		"file:/tmp/a:b.wav":      {Choice: File, Value: "/tmp/a:b.wav"},
		"/dev/video0":            {Choice: ByDevice, Value: "/dev/video0"},
		"Integrated Camera":      {Choice: ByDevice, Value: "Integrated Camera"},
		"hw:0,1":                 {Choice: ByDevice, Value: "hw:0,1"},
		"device:tone":            {Choice: ByDevice, Value: "tone"},
		"device:device:testcard": {Choice: ByDevice, Value: "device:testcard"},
	} {
		got, err := ParseSelector(in)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", in, got, err, want)
		}
		if again, err := ParseSelector(got.String()); err != nil || again != got {
			t.Errorf("%q came back as %q", in, got.String())
		}
	}
	for _, in := range []string{"tone:", "tone:x", "tone:5", "tone:NaN", "tone:1e9", "file:"} {
		if _, err := ParseSelector(in); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}

func TestSelectorsFitTheirKind(t *testing.T) {
	for _, c := range []struct {
		in   string
		fits []Kind
	}{
		{"", []Kind{Camera, Microphone, Speaker, Screen}},
		{"none", []Kind{Camera, Microphone, Speaker, Screen}},
		{"Headset", []Kind{Camera, Microphone, Speaker, Screen}},
		{"testcard", []Kind{Camera, Screen}},
		{"tone", []Kind{Microphone}},
		{"null", []Kind{Camera, Microphone, Speaker}},
		{"file:a.Y4M", []Kind{Camera}},
		{"file:a.wav", []Kind{Microphone, Speaker}},
		{"file:a.mp4", nil},
	} {
		sel, err := ParseSelector(c.in)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []Kind{Camera, Microphone, Speaker, Screen} {
			want := false
			for _, f := range c.fits {
				want = want || f == k
			}
			err := sel.Fits(k)
			if (err == nil) != want {
				t.Errorf("%q as %v: %v", c.in, k, err)
			}
			if err != nil && ReasonOf(err) != Unsupported {
				t.Errorf("%q as %v: reason %v", c.in, k, ReasonOf(err))
			}
		}
	}
}

func FuzzParseSelector(f *testing.F) {
	for _, s := range []string{"", "none", "tone:880", "file:a.wav", "device:tone", "hw:0,1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sel, err := ParseSelector(s)
		if err != nil {
			return
		}
		if again, err := ParseSelector(sel.String()); err != nil || again != sel {
			t.Errorf("%q is %+v, which is written %q and read %+v, %v", s, sel, sel.String(), again, err)
		}
	})
}

func cams() []Info {
	return Distinct([]Info{
		{ID: "usb-logi", Name: "HD Webcam", Path: "/dev/video2", Kind: Camera},
		{ID: "usb-built-in", Name: "Integrated Camera", Path: "/dev/video0", Kind: Camera, Default: true},
		{ID: "usb-logi-2", Name: "HD Webcam", Path: "/dev/video4", Kind: Camera},
		{ID: "nameless", Path: "/dev/video9", Kind: Camera},
		{ID: "testcard", Name: "Test card", Kind: Camera, Virtual: true},
		{ID: "mic", Name: "Mic", Kind: Microphone},
	})
}

func TestMatch(t *testing.T) {
	for in, want := range map[string]string{
		"usb-logi-2":        "usb-logi-2",
		"/dev/video0":       "usb-built-in",
		"HD Webcam":         "usb-logi",
		"HD Webcam (2)":     "usb-logi-2",
		"integrated camera": "usb-built-in",
		"integr":            "usb-built-in",
		"webcam":            "", // two have it
		"/dev/video9":       "nameless",
		"card":              "", // no virtual one by a part of its name
		"testcard":          "testcard",
		"":                  "",
		"other":             "",
	} {
		got, ok := Match(cams(), in)
		if got.ID != want || ok != (want != "") {
			t.Errorf("%q found %q, %v, want %q", in, got.ID, ok, want)
		}
	}
}

func TestNextBest(t *testing.T) {
	for _, c := range []struct {
		want  string
		tried []string
		best  string
	}{
		{"", nil, "usb-built-in"},                                                // the default
		{"usb-logi", nil, "usb-logi"},                                            // the wanted one
		{"usb-logi", []string{"usb-logi"}, "usb-built-in"},                       // it did not work: the default
		{"", []string{"usb-built-in"}, "usb-logi"},                               // the first other
		{"HD Webcam (2)", []string{"usb-built-in"}, "usb-logi-2"},                // plugged in elsewhere: same name
		{"gone", nil, "usb-built-in"},                                            //
		{"testcard", nil, "testcard"},                                            // virtual only when asked for
		{"testcard", []string{"testcard"}, "usb-built-in"},                       //
		{"", []string{"usb-logi", "usb-built-in", "usb-logi-2", "nameless"}, ""}, // and never otherwise
	} {
		got, ok := NextBest(Camera, c.want, c.tried, cams())
		if got.ID != c.best || ok != (c.best != "") {
			t.Errorf("want %q, tried %v: %q, want %q", c.want, c.tried, got.ID, c.best)
		}
	}
}

func TestErrorsAreSentences(t *testing.T) {
	for _, c := range []struct {
		err  *Error
		want string
	}{
		{&Error{Kind: Camera, Reason: Missing}, "there is no camera"},
		{&Error{Kind: Camera, Name: "A", Reason: Missing}, `camera "A" was not found`},
		{&Error{Kind: Camera, Name: "A", Reason: Busy, Err: syscall.EBUSY}, `camera "A" is in use by another program: device or resource busy`},
		{&Error{Kind: Microphone, Name: "A", Reason: Denied}, `microphone "A" may not be used: access denied`},
		{&Error{Kind: Camera, Name: "a.y4m", Reason: Broken, Err: errors.New("it has no pictures")}, `camera "a.y4m" cannot be read: it has no pictures`},
		{&Error{Kind: Speaker, Name: "A", Reason: Unsupported}, `speaker "A" cannot be used`},
		{&Error{Kind: Screen, Name: "A", Reason: Lost, Err: media.ErrSourceLost}, `screen "A" is gone: source lost`},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if c.err.Err != nil && !errors.Is(c.err, c.err.Err) {
			t.Errorf("%v does not wrap its cause", c.err)
		}
	}
}

func TestReasonFor(t *testing.T) {
	_, missing := os.Open("/no/such/file")
	for _, c := range []struct {
		err  error
		want Reason
	}{
		{missing, Missing},
		{fs.ErrPermission, Denied},
		{syscall.EBUSY, Busy},
		{errors.New("Failed to start streaming: device or resource busy"), Busy}, // the errno's text is all that is left
		{errors.New("Failed to map request buffers: no such device"), Missing},
		{errors.New("open: permission denied"), Denied},
		{syscall.ENODEV, Missing},
		{&Error{Reason: Unsupported}, Unsupported},
		{errors.New("anything"), Broken},
		{nil, 0},
	} {
		if got := ReasonFor(c.err); got != c.want {
			t.Errorf("%v is %v, want %v", c.err, got, c.want)
		}
	}
	for r := Missing; r <= Lost; r++ {
		if s := r.String(); s == "unknown" || strings.ToLower(s) != s {
			t.Errorf("reason %d is called %q", r, s)
		}
	}
}
