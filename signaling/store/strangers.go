package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"parley/signaling/wire"
)

// RequestFor is how long a request waits for an answer, and how long a no
// keeps the same person from asking again.
const RequestFor = 14 * 24 * time.Hour

// Standing is what a call from one person to another has to heed.
type Standing struct {
	Known bool      // the callee has called, asked, talked to or added the caller
	Rule  wire.Rule // the callee's own for strangers; "": none chosen
	// Blocked: the callee has blocked the caller, who was Known then or not.
	Blocked, BlockedKnown bool
	Blocks                bool // the caller has blocked the callee
}

// Block says who blocked whom.
type Block struct {
	Owner wire.Person
	Other wire.Person
	At    time.Time
}

// Request is a stranger who asked to be allowed to call.
type Request struct {
	Person wire.Person
	At     time.Time
}

const (
	requestOpen     = "open"
	requestDeclined = "declined"
	requestAccepted = "accepted" // and the asker not told yet
)

const knownQuery = `(EXISTS (SELECT 1 FROM contacts c WHERE c.owner = $1 AND c.other = $2)
	OR EXISTS (SELECT 1 FROM log l WHERE l.owner = $1 AND l.other = $2 AND (l.outgoing OR l.outcome = 'answered'))
	OR EXISTS (SELECT 1 FROM requests r WHERE r.owner = $2 AND r.asker = $1 AND r.at > $3))`

// Standing implements Store.
func (s *SQL) Standing(ctx context.Context, callee, caller string, now time.Time) (Standing, error) {
	var st Standing
	var blockedKnown sql.NullBool
	err := s.db.QueryRowContext(ctx, `SELECT p.strangers, b.known, `+knownQuery+`,
		EXISTS (SELECT 1 FROM blocks m WHERE m.owner = $2 AND m.other = $1)
		FROM people p LEFT JOIN blocks b ON b.owner = p.id AND b.other = $2 WHERE p.id = $1`,
		callee, caller, now.Add(-RequestFor).UnixMilli()).Scan(&st.Rule, &blockedKnown, &st.Known, &st.Blocks)
	if err != nil {
		return Standing{}, s.why(err)
	}
	st.Blocked, st.BlockedKnown = blockedKnown.Valid, blockedKnown.Bool
	return st, nil
}

// Strangers implements Store.
func (s *SQL) Strangers(ctx context.Context, owner string) (wire.Rule, error) {
	var r wire.Rule
	err := s.db.QueryRowContext(ctx, "SELECT strangers FROM people WHERE id = $1", owner).Scan(&r)
	return r, s.why(err)
}

// SetStrangers implements Store.
func (s *SQL) SetStrangers(ctx context.Context, owner string, r wire.Rule) error {
	return s.one(ctx, "UPDATE people SET strangers = $1 WHERE id = $2", string(r), owner)
}

// Block implements Store.
func (s *SQL) Block(ctx context.Context, owner, other string, most int, now time.Time) (at time.Time, err error) {
	var ms int64
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if err := hold(ctx, tx, owner); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO blocks (owner, other, at, known) SELECT $1, $2, $4, `+knownQuery+`
			WHERE NOT EXISTS (SELECT 1 FROM blocks b WHERE b.owner = $1 AND b.other = $2)`,
			owner, other, now.Add(-RequestFor).UnixMilli(), now.UnixMilli()); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM blocks WHERE owner = $1", owner).Scan(&n); err != nil {
			return err
		}
		if n > most {
			return ErrTooMany
		}
		for _, q := range []string{
			"DELETE FROM contacts WHERE owner = $1 AND other = $2",
			"DELETE FROM requests WHERE owner = $1 AND asker = $2",
			"DELETE FROM requests WHERE owner = $2 AND asker = $1",
		} {
			if _, err := tx.ExecContext(ctx, q, owner, other); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, "SELECT at FROM blocks WHERE owner = $1 AND other = $2", owner, other).Scan(&ms)
	})
	return time.UnixMilli(ms), err
}

// Unblock implements Store.
func (s *SQL) Unblock(ctx context.Context, owner, other string) error {
	return s.one(ctx, "DELETE FROM blocks WHERE owner = $1 AND other = $2", owner, other)
}

const blockQuery = `SELECT o.id, o.name, o.key, p.id, p.name, p.key, b.at
	FROM blocks b JOIN people o ON o.id = b.owner JOIN people p ON p.id = b.other WHERE `

// Blocks implements Store.
func (s *SQL) Blocks(ctx context.Context, owner string) ([]Block, error) {
	return s.blocks(ctx, blockQuery+"b.owner = $1 ORDER BY b.at DESC, p.name_key", owner)
}

// BlockedBy implements Store.
func (s *SQL) BlockedBy(ctx context.Context, other string) ([]Block, error) {
	return s.blocks(ctx, blockQuery+"b.other = $1 ORDER BY b.at DESC", other)
}

// BlocksSince implements Store.
func (s *SQL) BlocksSince(ctx context.Context, since time.Time) ([]Block, error) {
	return s.blocks(ctx, blockQuery+"b.at >= $1 ORDER BY b.at DESC", since.UnixMilli())
}

func (s *SQL) blocks(ctx context.Context, query string, args ...any) ([]Block, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var bs []Block
	for rows.Next() {
		var b Block
		var at int64
		if err := rows.Scan(&b.Owner.ID, &b.Owner.Name, &b.Owner.Key, &b.Other.ID, &b.Other.Name, &b.Other.Key, &at); err != nil {
			return nil, s.why(err)
		}
		b.At = time.UnixMilli(at)
		bs = append(bs, b)
	}
	return bs, s.why(rows.Err())
}

// Ask implements Store.
func (s *SQL) Ask(ctx context.Context, owner, asker string, mostOpen, mostAsked int, now time.Time) (fresh bool, err error) {
	old := now.Add(-RequestFor).UnixMilli()
	var n int
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM requests WHERE owner = $1 AND asker = $2 AND at > $3", owner, asker, old).Scan(&n)
	if err != nil || n > 0 {
		return false, s.why(err) // the usual repeat needs no write
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		// Both lists are counted: whoever counts the same ones waits. By id, so
		// that two who ask each other do not wait for one another for ever.
		for _, id := range []string{min(owner, asker), max(owner, asker)} {
			if err := hold(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM requests WHERE at <= $1", old); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "INSERT INTO requests (owner, asker, at, state) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
			owner, asker, now.UnixMilli(), requestOpen)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		fresh = true
		var open, asked int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM requests WHERE owner = $1 AND state = $2", owner, requestOpen).Scan(&open); err != nil {
			return err
		}
		// Answered ones count as well: the asker must not tell a no by it.
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM requests WHERE asker = $1", asker).Scan(&asked); err != nil {
			return err
		}
		if open > mostOpen || asked > mostAsked {
			return ErrTooMany
		}
		return nil
	})
	return fresh && err == nil, err
}

// Requests implements Store.
func (s *SQL) Requests(ctx context.Context, owner string, now time.Time) ([]Request, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT p.id, p.name, p.key, r.at FROM requests r JOIN people p ON p.id = r.asker
		WHERE r.owner = $1 AND r.state = $2 AND r.at > $3 ORDER BY r.at DESC, p.name_key`,
		owner, requestOpen, now.Add(-RequestFor).UnixMilli())
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var rs []Request
	for rows.Next() {
		var r Request
		var at int64
		if err := rows.Scan(&r.Person.ID, &r.Person.Name, &r.Person.Key, &at); err != nil {
			return nil, s.why(err)
		}
		r.At = time.UnixMilli(at)
		rs = append(rs, r)
	}
	return rs, s.why(rows.Err())
}

// AnswerRequest implements Store.
func (s *SQL) AnswerRequest(ctx context.Context, owner, asker string, accept bool, most int, now time.Time) error {
	state := requestDeclined
	if accept {
		state = requestAccepted
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		for _, id := range []string{min(owner, asker), max(owner, asker)} {
			if err := hold(ctx, tx, id); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, "UPDATE requests SET state = $1 WHERE owner = $2 AND asker = $3 AND state = $4 AND at > $5",
			state, owner, asker, requestOpen, now.Add(-RequestFor).UnixMilli())
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return ErrNotFound
		}
		if !accept {
			return nil
		}
		for _, pair := range [][2]string{{owner, asker}, {asker, owner}} {
			var n int
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM contacts WHERE owner = $1 AND other <> $2", pair[0], pair[1]).Scan(&n); err != nil {
				return err
			}
			switch {
			case n >= most && pair[0] == owner:
				return ErrTooMany
			case n >= most:
				continue // the asker's list is full: they may call all the same
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO contacts (owner, other) VALUES ($1, $2) ON CONFLICT DO NOTHING", pair[0], pair[1]); err != nil {
				return err
			}
		}
		return nil
	})
}

// TakeAccepted implements Store.
func (s *SQL) TakeAccepted(ctx context.Context, asker string) ([]wire.Person, error) {
	rs, err := s.records(ctx, "SELECT "+personColumns+` FROM requests r JOIN people p ON p.id = r.owner
		WHERE r.asker = $1 AND r.state = $2 ORDER BY p.name_key`, asker, requestAccepted)
	if err != nil || len(rs) == 0 {
		return nil, err
	}
	var ps []wire.Person
	for _, r := range rs {
		err := s.one(ctx, "DELETE FROM requests WHERE owner = $1 AND asker = $2 AND state = $3", r.Person.ID, asker, requestAccepted)
		switch {
		case errors.Is(err, ErrNotFound):
			continue // another device was told
		case err != nil:
			return nil, err
		}
		ps = append(ps, r.Person)
	}
	return ps, nil
}
