// Package data is what two programs say to each other over the call's
// reliable, ordered data channel: chat with delivery marks, whether microphone,
// camera and screen are on, what is to be recorded, and what either side is
// short of.
//
//	Line.Chat, SetMedia, SetRecord, SetHealth, SetReveal ──queue──> Run ──JSON──> channel
//	channel ──JSON──> Run ──> entries, what the other side said of itself ──> Changed
//
// Every message is one JSON object with a version and a kind. Kinds that are
// not known are ignored, so that reactions, pointers and files can be added
// without asking both ends first; so are unknown fields.
package data

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Version is the newest version that this program reads. A message carries the
// lowest version that can read it.
const Version = 1

// Limits in bytes.
const (
	MaxText    = 16 << 10 // one line of chat
	MaxMessage = 60 << 10 // one message, JSON
	MaxID      = 64
)

// Kind says what a message is.
type Kind string

// The kinds.
const (
	KindChat      Kind = "chat"
	KindDelivered Kind = "delivered"
	KindMedia     Kind = "state"
	KindRecord    Kind = "record"
	KindHealth    Kind = "health"
	KindReveal    Kind = "reveal"
)

// Errors of this package.
var (
	ErrUnknown   = errors.New("message of an unknown kind or version") // to be ignored
	ErrMalformed = errors.New("malformed message")
	ErrTooLong   = errors.New("text too long")
	ErrEmpty     = errors.New("nothing to send")
	ErrFull      = errors.New("too many messages wait to be sent")
)

// Chat is a line of text.
type Chat struct {
	ID   string // of the sender's making, unique among its own
	Text string // clean: see CleanText
	At   time.Time
}

// Delivered says that the chat line of that id has arrived.
type Delivered struct{ ID string }

// Media says what somebody sends.
type Media struct {
	Mic     bool
	Camera  bool
	Screen  bool
	Waiting bool // nothing of the other side arrives here; it is being mended
}

// Record is where one side stands about recordings, its own and the other's.
// It is a state: only the newest counts. A program that has never sent one
// does not know of recordings and cannot be asked.
type Record struct {
	Ask    int  // number of the recording that this side asks for or makes; 0: none
	On     bool // it is being made
	Answer int  // number of the other side's question that was answered last
	Allow  bool // what was answered; taking it back ends the recording
}

// Health is what one side is short of and the other cannot know. It is a state:
// only the newest counts.
type Health struct {
	CPU    bool // its computer is too slow for the picture that it would send
	Narrow bool // what it sends has to be small, because its way here carries no more
	Away   bool // it has lost the service, as happens when its own network is gone
	// MaxKbps is what it wants to be sent at most, picture and sound in all,
	// kilobits a second; 0: no matter.
	MaxKbps int
}

// Reveal is the nonce of the caller to which it bound itself in the invitation:
// what both sides see of the call's emoji depends on it.
type Reveal struct{ Nonce string } // base64

// frame is every message as it travels.
type frame struct {
	V    int    `json:"v"`
	Kind Kind   `json:"kind"`
	ID   string `json:"id,omitempty"`
	Text string `json:"text,omitempty"`
	AtMS int64  `json:"at,omitempty"` // Unix milliseconds, sender's clock
	// Of state. Pointers: absent is not false.
	Mic     *bool `json:"mic,omitempty"`
	Camera  *bool `json:"camera,omitempty"`
	Screen  *bool `json:"screen,omitempty"`
	Waiting bool  `json:"waiting,omitempty"`
	// Of record.
	Ask    int  `json:"ask,omitempty"`
	On     bool `json:"on,omitempty"`
	Answer int  `json:"answer,omitempty"`
	Allow  bool `json:"allow,omitempty"`
	// Of health.
	CPU    bool `json:"cpu,omitempty"`
	Narrow bool `json:"narrow,omitempty"`
	Away   bool `json:"away,omitempty"`
	Max    int  `json:"max_kbps,omitempty"`
	// Of reveal.
	Nonce string `json:"nonce,omitempty"`
}

// Encode writes a Chat, Delivered, Media, Record, Health or Reveal.
func Encode(m any) ([]byte, error) {
	f := frame{V: 1}
	switch m := m.(type) {
	case Chat:
		f.Kind, f.ID, f.Text, f.AtMS = KindChat, m.ID, m.Text, m.At.UnixMilli()
	case Delivered:
		f.Kind, f.ID = KindDelivered, m.ID
	case Media:
		f.Kind, f.Mic, f.Camera, f.Screen, f.Waiting = KindMedia, &m.Mic, &m.Camera, &m.Screen, m.Waiting
	case Record:
		f.Kind, f.Ask, f.On, f.Answer, f.Allow = KindRecord, m.Ask, m.On, m.Answer, m.Allow
	case Health:
		f.Kind, f.CPU, f.Narrow, f.Away, f.Max = KindHealth, m.CPU, m.Narrow, m.Away, m.MaxKbps
	case Reveal:
		f.Kind, f.Nonce = KindReveal, m.Nonce
	default:
		return nil, fmt.Errorf("%w: %T", ErrUnknown, m)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // would make text up to six times as long
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("encode %s: %w", f.Kind, err)
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
	if len(out) > MaxMessage {
		return nil, fmt.Errorf("encode %s: %w: %d bytes", f.Kind, ErrTooLong, len(out))
	}
	return out, nil
}

// Decode reads one message: a Chat, Delivered, Media, Record, Health or Reveal.
// ErrUnknown means to ignore it, ErrMalformed that the other side is broken.
func Decode(b []byte) (any, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	// First only what every version has: a later one may give other fields
	// other types.
	var head struct {
		V    int  `json:"v"`
		Kind Kind `json:"kind"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("%w: not a message", ErrMalformed)
	}
	if head.V < 1 || head.Kind == "" {
		return nil, fmt.Errorf("%w: no version or kind", ErrMalformed)
	}
	if head.V > Version {
		return nil, fmt.Errorf("%w: version %d", ErrUnknown, head.V)
	}
	switch head.Kind {
	case KindChat, KindDelivered, KindMedia, KindRecord, KindHealth, KindReveal:
	default:
		return nil, ErrUnknown
	}
	var f frame
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrMalformed, head.Kind)
	}
	switch f.Kind {
	case KindMedia:
		if f.Mic == nil || f.Camera == nil {
			return nil, fmt.Errorf("%w: state without mic or camera", ErrMalformed)
		}
		return Media{Mic: *f.Mic, Camera: *f.Camera, Screen: f.Screen != nil && *f.Screen, Waiting: f.Waiting}, nil
	case KindRecord:
		return Record{Ask: f.Ask, On: f.On, Answer: f.Answer, Allow: f.Allow}, nil
	case KindHealth:
		return Health{CPU: f.CPU, Narrow: f.Narrow, Away: f.Away, MaxKbps: max(f.Max, 0)}, nil
	case KindReveal:
		if len(f.Nonce) > MaxID {
			return nil, fmt.Errorf("%w: nonce", ErrMalformed)
		}
		return Reveal{Nonce: f.Nonce}, nil
	case KindDelivered:
		if !validID(f.ID) {
			return nil, fmt.Errorf("%w: id", ErrMalformed)
		}
		return Delivered{ID: f.ID}, nil
	}
	if !validID(f.ID) {
		return nil, fmt.Errorf("%w: id", ErrMalformed)
	}
	text, err := CleanText(f.Text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Chat{ID: f.ID, Text: text, At: time.UnixMilli(f.AtMS)}, nil
}

func validID(s string) bool {
	if s == "" || len(s) > MaxID {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// CleanText returns the text as it is shown: valid UTF-8, line ends as \n, no
// control characters but \n and \t, none that turn the writing direction
// around, no space around it. The error is ErrEmpty or ErrTooLong.
func CleanText(s string) (string, error) {
	if len(s) > MaxText {
		return "", ErrTooLong
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case r == utf8.RuneError, unicode.IsControl(r), turns(r):
			return -1
		}
		return r
	}, s)
	if s = strings.TrimSpace(s); s == "" {
		return "", ErrEmpty
	}
	return s, nil
}

// turns reports whether a character changes the direction of what follows it
// (Unicode Bidirectional_Control): text of one person must not rearrange the
// window of another.
func turns(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
