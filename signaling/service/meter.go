package service

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/signaling/store"
	"parley/signaling/turn"
)

const (
	meterEvery  = 10 * time.Second // what the relay counted is written so often
	spentEvery  = time.Minute      // what other nodes wrote is looked at so often
	forgetEvery = 24 * time.Hour
	keptMonths  = 13
	meterWithin = 5 * time.Second // one visit to the store
)

// meterStore is what of the store a meter needs.
type meterStore interface {
	AddRelayUse(ctx context.Context, day time.Time, uses []store.RelayUse) error
	RelayOver(ctx context.Context, from time.Time, most int64) ([]string, error)
	ForgetRelayUse(ctx context.Context, before time.Time) error
}

// meter writes into the store what each person used of the relay, and knows
// who has used up a month's quota. While the store is away it gathers, at most
// one sum a person, and what it knew of quotas stands.
//
//	relay ──Used──> run (goroutine) ──> store
//	relay, server ──over──> spent <── run
type meter struct {
	// static
	store meterStore
	quota int64 // bytes a month; 0: none
	log   *slog.Logger
	used  func() []turn.Used // set by start

	cancel context.CancelFunc
	wg     sync.WaitGroup
	failed atomic.Uint64 // writes that the store refused

	// owned by run, and after its end by close
	waiting map[string]store.RelayUse
	looked  time.Time // when the whole of spent was last read
	forgot  time.Time

	mu    sync.Mutex
	month time.Time       // of spent
	spent map[string]bool // guarded by mu: over the quota; true: it was said
}

func newMeter(st meterStore, quota int64, log *slog.Logger) *meter {
	return &meter{store: st, quota: quota, log: log, waiting: map[string]store.RelayUse{}, spent: map[string]bool{}}
}

// start begins to write; close ends it.
func (m *meter) start(used func() []turn.Used) {
	m.used = used
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.wg.Go(func() { m.run(ctx) })
}

func (m *meter) run(ctx context.Context) {
	tick := time.NewTicker(meterEvery)
	defer tick.Stop()
	for {
		m.work(ctx, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// close writes what is left; the relay has ended.
func (m *meter) close() {
	if m.cancel == nil {
		return
	}
	m.cancel()
	m.wg.Wait()
	m.cancel = nil
	m.flush(context.Background(), time.Now())
	if n := len(m.waiting); n > 0 {
		m.log.Error("relay use is lost: the storage could not be written", "people", n)
	}
}

// work does what is due at now.
func (m *meter) work(ctx context.Context, now time.Time) {
	wrote := m.flush(ctx, now)
	m.mu.Lock()
	turned := !m.month.Equal(store.Month(now))
	m.mu.Unlock()
	if m.quota > 0 && (wrote || turned || now.Sub(m.looked) >= spentEvery) {
		m.look(ctx, now)
	}
	if now.Sub(m.forgot) >= forgetEvery {
		ctx, cancel := context.WithTimeout(ctx, meterWithin)
		defer cancel()
		if err := m.store.ForgetRelayUse(ctx, now.AddDate(0, -keptMonths, 0)); err == nil {
			m.forgot = now
		} else {
			m.warn("old relay use is not removed", err)
		}
	}
}

// flush writes what was used; false: there was nothing, or it has to wait.
func (m *meter) flush(ctx context.Context, now time.Time) bool {
	for _, u := range m.used() {
		w := m.waiting[u.Person]
		m.waiting[u.Person] = store.RelayUse{Person: u.Person, Bytes: w.Bytes + u.Bytes, Relays: w.Relays + int64(u.Relays)}
	}
	if len(m.waiting) == 0 {
		return false
	}
	uses := make([]store.RelayUse, 0, len(m.waiting))
	for _, u := range m.waiting {
		uses = append(uses, u)
	}
	ctx, cancel := context.WithTimeout(ctx, meterWithin)
	defer cancel()
	if err := m.store.AddRelayUse(ctx, now, uses); err != nil {
		m.failed.Add(1)
		m.warn("relay use has to wait", err)
		return false
	}
	clear(m.waiting)
	return true
}

func (m *meter) warn(what string, err error) {
	if !errors.Is(err, context.Canceled) {
		m.log.Warn(what, "err", err)
	}
}

// look reads who is over the quota.
func (m *meter) look(ctx context.Context, now time.Time) {
	month := store.Month(now)
	ctx, cancel := context.WithTimeout(ctx, meterWithin)
	defer cancel()
	ids, err := m.store.RelayOver(ctx, month, m.quota)
	if err != nil {
		m.warn("relay quotas are not known", err)
		return
	}
	m.looked = now
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.spent
	if !m.month.Equal(month) {
		before = nil
	}
	m.month, m.spent = month, make(map[string]bool, len(ids))
	for _, id := range ids {
		m.spent[id] = before[id]
	}
}

// over reports whether a person has used up the quota of the month.
func (m *meter) over(person string) bool {
	if m.quota == 0 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, over := m.spent[person]
	return over && m.month.Equal(store.Month(time.Now()))
}

// refuse is over for the relay: the first refusal of a person is logged.
func (m *meter) refuse(person string) bool {
	if !m.over(person) {
		return false
	}
	m.mu.Lock()
	said, over := m.spent[person]
	if over {
		m.spent[person] = true
	}
	m.mu.Unlock()
	if over && !said {
		m.log.Warn("relay refused until the month ends: the person has used up --turn-quota", "person", person, "quota_bytes", m.quota)
	}
	return true
}

// overNow is how many people are over the quota.
func (m *meter) overNow() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.spent)
}
