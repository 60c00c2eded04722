package data

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"parley/media"
	"parley/media/latest"
)

// channel is a reliable, ordered stream of messages.
type channel interface {
	Ready() <-chan struct{} // closed when Send can work
	Done() <-chan struct{}  // closed when nothing more will come
	Messages() <-chan []byte
	Send([]byte) error // must not block; media.ErrClosed is final
}

// Status is how far an own line of chat got.
type Status uint8

// The marks.
const (
	Sending     Status = iota // waits for the channel
	Sent                      // handed to the channel
	Arrived                   // the other program has it
	Undelivered               // the call ended before that was known
)

// Entry is one line of the conversation.
type Entry struct {
	ID     string
	Mine   bool
	Text   string
	At     time.Time // sent or arrived, this machine's clock
	Status Status    // of own lines
}

const (
	maxEntries = 1000 // the oldest go first
	maxQueue   = 200  // own lines that wait; then Chat refuses
	maxAcks    = 1000 // marks that wait; the oldest go first
	retryAfter = 200 * time.Millisecond
)

// What is a state: only the last value counts.
const (
	stateMedia = iota
	stateRecord
	stateHealth
	stateReveal
	states // how many
)

// Line is one end of the conversation. Its methods may be called from any
// goroutine, before the channel is open too: what is said then waits.
type Line struct {
	ch  channel
	log *slog.Logger
	now func() time.Time

	wake    chan struct{} // capacity 1: Run looks at the queues
	changed chan struct{} // capacity 1

	mu      sync.Mutex // guards the rest
	entries []Entry
	seen    map[string]struct{} // ids of the other side's lines in entries
	queue   []Chat
	acks    []string
	own     [states]any // to be sent, in order; nil: said, or nothing to say
	remote  Media
	heard   bool // remote has come
	record  Record
	records bool // record has come
	health  Health
	reveal  Reveal
	ended   bool
	counts  Counts
}

// Counts are what went wrong, for the log.
type Counts struct {
	Unknown     int // messages of kinds that this program does not know
	Malformed   int
	AcksDropped int
}

// NewLine returns the conversation over ch; Run moves it. log may be nil.
func NewLine(ch channel, log *slog.Logger) *Line {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Line{
		ch: ch, log: log, now: time.Now,
		wake: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		seen: map[string]struct{}{},
	}
}

// Run sends and receives until ctx ends or the channel closes. Lines that were
// not confirmed by then become Undelivered.
func (l *Line) Run(ctx context.Context) error {
	defer l.end()
	ready := l.ch.Ready()
	var wake <-chan struct{} // nil until ready
	retry := time.NewTimer(time.Hour)
	retry.Stop()
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.ch.Done():
			return nil
		case b := <-l.ch.Messages():
			l.receive(b)
			continue
		case <-ready:
			ready, wake = nil, l.wake
		case <-wake:
		case <-retry.C:
		}
		if ready != nil {
			continue
		}
		err := l.flush()
		switch {
		case errors.Is(err, media.ErrClosed):
			return nil
		case err != nil:
			l.log.Debug("data channel", "err", err)
			retry.Reset(retryAfter)
		}
	}
}

// end marks what will not be delivered any more.
func (l *Line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for i := range l.entries {
		if e := &l.entries[i]; e.Mine && e.Status != Arrived {
			e.Status = Undelivered
		}
	}
	l.queue, l.acks, l.own = nil, nil, [states]any{}
	latest.Poke(l.changed)
}

// Chat says a line and returns it as it will be shown. The error is ErrEmpty,
// ErrTooLong, ErrFull, or media.ErrClosed after Run has ended.
func (l *Line) Chat(text string) (Entry, error) {
	text, err := CleanText(text)
	if err != nil {
		return Entry{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended:
		return Entry{}, media.ErrClosed
	case len(l.queue) >= maxQueue:
		return Entry{}, ErrFull
	}
	e := Entry{ID: rand.Text(), Mine: true, Text: text, At: l.now()}
	l.addLocked(e)
	l.queue = append(l.queue, Chat{ID: e.ID, Text: e.Text, At: e.At})
	latest.Poke(l.wake)
	latest.Poke(l.changed)
	return e, nil
}

// say puts a state in the place of what was to be said of it.
func (l *Line) say(state int, m any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.own[state] = m
	latest.Poke(l.wake)
}

// SetMedia tells the other side what is sent to it. Only the last value counts.
func (l *Line) SetMedia(m Media) { l.say(stateMedia, m) }

// SetRecord tells the other side where this one stands about recordings. Only
// the last value counts.
func (l *Line) SetRecord(r Record) { l.say(stateRecord, r) }

// Record is where the other side stands about recordings; false: it has not
// said so, and may not know of them.
func (l *Line) Record() (Record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.record, l.records
}

// SetHealth tells the other side what this one is short of. Only the last value
// counts.
func (l *Line) SetHealth(h Health) { l.say(stateHealth, h) }

// Health is what the other side says that it is short of.
func (l *Line) Health() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health
}

// SetReveal shows the other side the nonce that this one is bound to.
func (l *Line) SetReveal(r Reveal) { l.say(stateReveal, r) }

// Reveal is the nonce that the other side has shown; empty: none yet.
func (l *Line) Reveal() Reveal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reveal
}

// Entries returns the conversation, oldest first.
func (l *Line) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Entry(nil), l.entries...)
}

// Remote is what the other side says that it sends; false: nothing yet.
func (l *Line) Remote() (Media, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remote, l.heard
}

// Changed is readable after Entries, Remote, Record, Health or Reveal changed;
// changes that come together are one.
func (l *Line) Changed() <-chan struct{} { return l.changed }

// Counts says what was dropped or ignored.
func (l *Line) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// addLocked appends an entry and forgets the oldest over the limit.
func (l *Line) addLocked(e Entry) {
	if len(l.entries) == maxEntries {
		delete(l.seen, l.entries[0].ID)
		l.entries = append(l.entries[:0], l.entries[1:]...)
	}
	l.entries = append(l.entries, e)
}

// flush sends what waits: state first, then marks, then lines.
func (l *Line) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, m := range l.own {
		if m == nil {
			continue
		}
		if err := l.sendLocked(m); err != nil {
			return err
		}
		l.own[i] = nil
	}
	for len(l.acks) > 0 {
		if err := l.sendLocked(Delivered{ID: l.acks[0]}); err != nil {
			return err
		}
		l.acks = l.acks[1:]
	}
	for len(l.queue) > 0 {
		c := l.queue[0]
		if err := l.sendLocked(c); err != nil {
			return err
		}
		l.queue = l.queue[1:]
		l.markLocked(c.ID, Sent)
	}
	return nil
}

func (l *Line) sendLocked(m any) error {
	b, err := Encode(m)
	if err != nil {
		return err
	}
	return l.ch.Send(b)
}

func (l *Line) markLocked(id string, s Status) {
	for i := len(l.entries) - 1; i >= 0; i-- {
		if e := &l.entries[i]; e.Mine && e.ID == id {
			if s > e.Status {
				e.Status = s
				latest.Poke(l.changed)
			}
			return
		}
	}
}

func (l *Line) receive(b []byte) {
	m, err := Decode(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch m := m.(type) {
	case Chat:
		l.ackLocked(m.ID)
		if _, twice := l.seen[m.ID]; twice {
			return
		}
		l.seen[m.ID] = struct{}{}
		l.addLocked(Entry{ID: m.ID, Text: m.Text, At: l.now()})
		latest.Poke(l.changed)
	case Delivered:
		l.markLocked(m.ID, Arrived)
	case Media:
		if !l.heard || m != l.remote {
			l.remote, l.heard = m, true
			latest.Poke(l.changed)
		}
	case Record:
		if !l.records || m != l.record {
			l.record, l.records = m, true
			latest.Poke(l.changed)
		}
	case Reveal:
		if l.reveal == (Reveal{}) { // it is shown once
			l.reveal = m
			latest.Poke(l.changed)
		}
	case Health:
		if m != l.health {
			l.health = m
			latest.Poke(l.changed)
		}
	default:
		if errors.Is(err, ErrUnknown) {
			l.counts.Unknown++
		} else {
			l.counts.Malformed++
		}
	}
}

func (l *Line) ackLocked(id string) {
	if len(l.acks) == maxAcks {
		l.acks = append(l.acks[:0], l.acks[1:]...)
		l.counts.AcksDropped++
	}
	l.acks = append(l.acks, id)
	latest.Poke(l.wake)
}
