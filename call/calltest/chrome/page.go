package chrome

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Page is one end of a call: the functions of page/call.js. Methods wait for
// the page and fail after callWithin.
type Page struct {
	ctx     context.Context
	events  chan Event
	dropped atomic.Uint64
}

// Event is what the page tells by itself.
type Event struct {
	What      string     `json:"what"` // candidate, connection, track, open, message, picture, ready
	State     string     `json:"state"`
	Kind      string     `json:"kind"`
	At        int64      `json:"at"`
	Candidate *Candidate `json:"candidate"` // nil with "candidate": there are no more
}

// Description is an offer or an answer.
type Description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// Candidate is RTCIceCandidateInit.
type Candidate struct {
	Candidate string  `json:"candidate"`
	Mid       *string `json:"sdpMid,omitempty"`
	Line      *uint16 `json:"sdpMLineIndex,omitempty"`
	Ufrag     *string `json:"usernameFragment,omitempty"`
}

// Want says what a page sends.
type Want struct {
	Audio   bool    `json:"audio"`
	Video   bool    `json:"video"`
	Width   int     `json:"width,omitempty"`
	Height  int     `json:"height,omitempty"`
	Rate    float64 `json:"rate,omitempty"`
	Canvas  bool    `json:"canvas,omitempty"`  // draws its picture with the time in it
	Tone    float64 `json:"tone,omitempty"`    // Hz, instead of the fake microphone
	Bitrate int     `json:"bitrate,omitempty"` // of the picture at most, bit/s; its size then stays
}

// callWithin bounds every call into the page.
const callWithin = 30 * time.Second

// maxEvents that nobody has taken; further ones are dropped and counted.
const maxEvents = 1024

// Page opens the page; a browser has one.
func (b *Browser) Page() (*Page, error) {
	p := &Page{ctx: b.ctx, events: make(chan Event, maxEvents)}
	if err := chromedp.Listen(b.ctx, p.hear); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	if _, err := chromedp.Call(b.ctx, runtime.AddBinding, runtime.AddBindingParams{Name: "tell"}); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, startWithin)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(b.url), chromedp.Poll[chromedp.Void]("window.call")); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return p, nil
}

// hear runs on the goroutine that reads from the browser.
func (p *Page) hear(ev any) {
	called, ok := ev.(*runtime.EventBindingCalled)
	if !ok || called.Name != "tell" {
		return
	}
	var e Event
	if json.Unmarshal([]byte(called.Payload), &e) != nil {
		return
	}
	select {
	case p.events <- e:
	default:
		p.dropped.Add(1)
	}
}

// Events has what the page tells, in order.
func (p *Page) Events() <-chan Event { return p.events }

// Eval calls a function of the page with arguments as JSON, waits for its
// promise, and reads the result into out, which may be nil.
func (p *Page) Eval(out any, function string, args ...any) error {
	return p.EvalWithin(callWithin, out, function, args...)
}

// EvalWithin is Eval with another bound.
func (p *Page) EvalWithin(d time.Duration, out any, function string, args ...any) error {
	var list []string
	for _, a := range args {
		b, err := json.Marshal(a)
		if err != nil {
			return err
		}
		list = append(list, string(b))
	}
	expr := fmt.Sprintf("(async () => JSON.stringify(await %s(%s)) ?? 'null')()", function, strings.Join(list, ", "))
	ctx, cancel := context.WithTimeout(p.ctx, d)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expr, chromedp.EvalAwaitPromise))
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	return nil
}

// Start opens devices and connection.
func (p *Page) Start(w Want) error { return p.Eval(nil, "call.start", w) }

// Loop connects the page with itself and returns after how long both ends were
// connected and the first picture was shown.
func (p *Page) Loop(w Want) (connected, picture time.Duration, err error) {
	var r struct{ Connected, Picture float64 }
	err = p.Eval(&r, "call.loop", w)
	ms := func(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
	return ms(r.Connected), ms(r.Picture), err
}

// Offer makes an offer; restart asks for new ICE credentials.
func (p *Page) Offer(restart bool) (d Description, err error) {
	return d, p.Eval(&d, "call.offer", map[string]bool{"iceRestart": restart})
}

// Answer applies an offer and answers it.
func (p *Page) Answer(offer Description) (d Description, err error) {
	return d, p.Eval(&d, "call.answer", offer)
}

// Answered applies an answer.
func (p *Page) Answered(d Description) error { return p.Eval(nil, "call.answered", d) }

// Candidates adds the other end's candidates.
func (p *Page) Candidates(list []Candidate) error { return p.Eval(nil, "call.candidates", list) }

// Stats is getStats.
func (p *Page) Stats() (s Stats, err error) { return s, p.Eval(&s, "call.stats") }

// State is what the page knows of the call.
type State struct {
	Connection string
	Signaling  string
	Chat       string
	Lines      []Line
	Theirs     *struct{ Mic, Camera bool }
}

// Line is one line of chat.
type Line struct {
	Mine      bool
	Text      string
	Delivered bool
}

// State returns it.
func (p *Page) State() (s State, err error) { return s, p.Eval(&s, "call.state") }

// Remote is a track that arrives.
type Remote struct {
	Kind          string
	Painted       int
	Width, Height int
}

// Remotes lists them in the order of their arrival.
func (p *Page) Remotes() (r []Remote, err error) { return r, p.Eval(&r, "call.remotes") }

// Picture is what the nth remote video shows now; nil before its first.
func (p *Page) Picture(n int) (image.Image, error) {
	var url string
	if err := p.Eval(&url, "call.picture", n); err != nil || url == "" {
		return nil, err
	}
	_, text, ok := strings.Cut(url, ",")
	if !ok {
		return nil, errors.New("picture: not a data URL")
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return png.Decode(bytes.NewReader(b))
}

// Heard is the last 85 ms of what arrives as sound, at 48 kHz.
func (p *Page) Heard() ([]int16, error) {
	var f []float64
	if err := p.Eval(&f, "call.heard"); err != nil {
		return nil, err
	}
	out := make([]int16, len(f))
	for i, v := range f {
		out[i] = int16(max(-1, min(1, v)) * 32767)
	}
	return out, nil
}

// Stats is a report of getStats: each entry as the page gave it.
type Stats []map[string]any

// One returns the entry of a type and kind ("": any) that has the most
// packets; nil if there is none.
func (s Stats) One(typ, kind string) map[string]any {
	var best map[string]any
	count := func(m map[string]any) float64 {
		return Number(m, "packetsSent") + Number(m, "packetsReceived")
	}
	for _, m := range s {
		if m["type"] != typ || kind != "" && m["kind"] != kind {
			continue
		}
		if best == nil || count(m) > count(best) {
			best = m
		}
	}
	return best
}

// Pair is the candidate pair in use; nil if there is none.
func (s Stats) Pair() map[string]any {
	t := s.One("transport", "")
	for _, m := range s {
		if t != nil && m["id"] == t["selectedCandidatePairId"] {
			return m
		}
	}
	return nil
}

// Number reads a number, 0 if there is none.
func Number(m map[string]any, name string) float64 {
	v, _ := m[name].(float64)
	return v
}
