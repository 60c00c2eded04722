package device

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Choice is how a Selector chooses.
type Choice uint8

// The choices.
const (
	ByDefault Choice = iota // ""
	ByDevice                // a name, path or ID
	NoDevice                // "none"
	TestCard                // "testcard"
	Tone                    // "tone", "tone:HZ"
	File                    // "file:PATH"
	Null                    // "null"
)

// DefaultTone is the pitch of "tone" in Hz.
const DefaultTone = 440

// Selector is a parsed --camera, --microphone or --speaker.
type Selector struct {
	Choice Choice
	Value  string  // ByDevice: name, path or ID as typed; File: the path
	Hz     float64 // Tone
}

// ParseSelector reads a selector: "" is the system's default, "none" no
// device, "testcard", "tone" or "tone:880", "file:PATH", "null", and anything
// else the name, path or ID of a device. To reach a device that is really
// called "tone" write "device:tone".
func ParseSelector(s string) (Selector, error) {
	head, rest, colon := strings.Cut(s, ":")
	switch {
	case s == "":
		return Selector{}, nil
	case s == "none":
		return Selector{Choice: NoDevice}, nil
	case s == "testcard":
		return Selector{Choice: TestCard}, nil
	case s == "null":
		return Selector{Choice: Null}, nil
	case head == "tone":
		if !colon {
			return Selector{Choice: Tone, Hz: DefaultTone}, nil
		}
		hz, err := strconv.ParseFloat(rest, 64)
		if err != nil || !(hz >= 20 && hz <= 20000) {
			return Selector{}, fmt.Errorf("selector %q: a tone has 20 to 20000 Hz", s)
		}
		return Selector{Choice: Tone, Hz: hz}, nil
	case head == "file" && colon:
		if rest == "" {
			return Selector{}, errors.New(`selector "file:": the path is missing`)
		}
		return Selector{Choice: File, Value: rest}, nil
	case head == "device" && colon && rest != "":
		return Selector{Choice: ByDevice, Value: rest}, nil
	}
	return Selector{Choice: ByDevice, Value: s}, nil
}

// String is the inverse of ParseSelector.
func (s Selector) String() string {
	switch s.Choice {
	case NoDevice:
		return "none"
	case TestCard:
		return "testcard"
	case Null:
		return "null"
	case Tone:
		if s.Hz == DefaultTone {
			return "tone"
		}
		return "tone:" + strconv.FormatFloat(s.Hz, 'g', -1, 64)
	case File:
		return "file:" + s.Value
	case ByDevice:
		if t, err := ParseSelector(s.Value); err != nil || t.Choice != ByDevice || t.Value != s.Value {
			return "device:" + s.Value
		}
		return s.Value
	}
	return ""
}

// Virtual says whether the selector names something that this program makes.
func (s Selector) Virtual() bool {
	return s.Choice == TestCard || s.Choice == Tone || s.Choice == File || s.Choice == Null
}

// Fits says, as an *Error, why the selector cannot serve kind k; nil if it can.
func (s Selector) Fits(k Kind) error {
	no := func(why string) error {
		return &Error{Kind: k, Name: s.String(), Reason: Unsupported, Err: errors.New(why)}
	}
	switch s.Choice {
	case TestCard:
		if k != Camera && k != Screen {
			return no("a test card is a picture, not a sound")
		}
	case Tone:
		if k != Microphone {
			return no("a tone is a microphone")
		}
	case Null:
		if k == Screen {
			return no("there is no null screen")
		}
	case File:
		ext := strings.ToLower(filepath.Ext(s.Value))
		switch {
		case k == Camera && ext != ".y4m":
			return no("a camera file is a .y4m")
		case (k == Microphone || k == Speaker) && ext != ".wav":
			return no("a sound file is a .wav")
		case k == Screen:
			return no("a screen is not read from a file")
		}
	}
	return nil
}
