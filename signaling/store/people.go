package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parley/signaling/wire"
)

type scanner interface{ Scan(dest ...any) error }

const personColumns = "p.id, p.name, p.key, p.seen"

func (s *SQL) scanRecord(row scanner) (Record, error) {
	var r Record
	var seen int64
	if err := row.Scan(&r.Person.ID, &r.Person.Name, &r.Person.Key, &seen); err != nil {
		return Record{}, s.why(err)
	}
	r.Seen = time.UnixMilli(seen)
	return r, nil
}

func (s *SQL) records(ctx context.Context, query string, args ...any) ([]Record, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var rs []Record
	for rows.Next() {
		r, err := s.scanRecord(rows)
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs, s.why(rows.Err())
}

// Claim implements Store.
func (s *SQL) Claim(ctx context.Context, key []byte, name string, now time.Time) (wire.Person, error) {
	return s.claim(ctx, key, name, now, nil, nil)
}

// ClaimInvited implements Store.
func (s *SQL) ClaimInvited(ctx context.Context, key []byte, name, code string, now time.Time) (wire.Person, error) {
	return s.claim(ctx, key, name, now, func(tx *sql.Tx) error { return redeemInvitation(ctx, tx, code, now) }, nil)
}

// claim is Claim; admit decides within the transaction whether a new person
// is let in, and made is called in it once they are. nil: everybody is; nothing.
func (s *SQL) claim(ctx context.Context, key []byte, name string, now time.Time, admit, made func(*sql.Tx) error) (wire.Person, error) {
	a, err := s.scanAccount(s.db.QueryRowContext(ctx, accountQuery+" WHERE key = $1", key))
	if errors.Is(err, ErrNotFound) {
		var owner string
		if owner, err = s.deviceOwner(ctx, key); err == nil {
			a, err = s.scanAccount(s.db.QueryRowContext(ctx, accountQuery+" WHERE id = $1", owner))
		}
	}
	r, known := a.Record, err == nil
	switch {
	case known && a.Disabled:
		return wire.Person{}, ErrDisabled
	case errors.Is(err, ErrRemoved):
		return wire.Person{}, ErrRemoved
	case err != nil && !errors.Is(err, ErrNotFound):
		return wire.Person{}, fmt.Errorf("claim: %w", err)
	case !known:
		if err := s.admitted(ctx, deviceHash(key)); err != nil {
			return wire.Person{}, fmt.Errorf("claim: %w", err)
		}
		if name == "" {
			return wire.Person{}, ErrNoName
		}
	case name == "" || name == r.Person.Name:
		return r.Person, nil
	}
	if other, err := s.ByName(ctx, name); err == nil && other.Person.ID != r.Person.ID {
		return wire.Person{}, ErrNameTaken // also when nothing can be written
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if known {
			_, err := tx.ExecContext(ctx, "UPDATE people SET name = $1, name_key = $2, seen = $3 WHERE id = $4",
				name, wire.NameKey(name), now.UnixMilli(), r.Person.ID)
			return err
		}
		if admit != nil {
			if err := admit(tx); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO people (id, name, name_key, key, created, seen) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (key) DO UPDATE SET name = excluded.name, name_key = excluded.name_key`,
			NewCode(10), name, wire.NameKey(name), key, now.UnixMilli(), now.UnixMilli())
		if err == nil && made != nil {
			err = made(tx)
		}
		return err
	})
	if s.dialect.Unique(err) {
		return wire.Person{}, ErrNameTaken
	}
	if err != nil {
		return wire.Person{}, fmt.Errorf("claim: %w", err)
	}
	if known {
		r, err = s.ByID(ctx, r.Person.ID)
	} else {
		r, err = s.scanRecord(s.db.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.key = $1", key))
	}
	return r.Person, err
}

// ByName implements Store.
func (s *SQL) ByName(ctx context.Context, name string) (Record, error) {
	return s.scanRecord(s.db.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.name_key = $1", wire.NameKey(name)))
}

// ByID implements Store.
func (s *SQL) ByID(ctx context.Context, id string) (Record, error) {
	return s.scanRecord(s.db.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.id = $1", id))
}

// People implements Store.
func (s *SQL) People(ctx context.Context, limit int) ([]Record, error) {
	return s.records(ctx, "SELECT "+personColumns+" FROM people p WHERE NOT p.disabled ORDER BY p.seen DESC LIMIT $1", limit)
}

// Seen implements Store.
func (s *SQL) Seen(ctx context.Context, id string, now time.Time) error {
	_, err := s.db.ExecContext(ctx, "UPDATE people SET seen = $1 WHERE id = $2", now.UnixMilli(), id)
	return s.why(err)
}

// Contacts implements Store.
func (s *SQL) Contacts(ctx context.Context, owner string) ([]Record, error) {
	return s.records(ctx, "SELECT "+personColumns+` FROM contacts c JOIN people p ON p.id = c.other
		WHERE c.owner = $1 ORDER BY p.name_key`, owner)
}

// AddContact implements Store.
func (s *SQL) AddContact(ctx context.Context, owner, other string, most int) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := hold(ctx, tx, owner); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO contacts (owner, other) VALUES ($1, $2) ON CONFLICT DO NOTHING", owner, other); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM contacts WHERE owner = $1", owner).Scan(&n); err != nil {
			return err
		}
		if n > most {
			return ErrTooMany
		}
		return nil
	})
}

// DelContact implements Store.
func (s *SQL) DelContact(ctx context.Context, owner, other string) error {
	return s.one(ctx, "DELETE FROM contacts WHERE owner = $1 AND other = $2", owner, other)
}

// Log implements Store.
func (s *SQL) Log(ctx context.Context, owner string, e wire.LogEntry) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO log (owner, call, other, outgoing, video, outcome, start, seconds)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		owner, e.Call, e.Other.ID, e.Outgoing, e.Video, string(e.Outcome), e.Unix, e.Seconds)
	return s.why(err)
}

// History implements Store.
func (s *SQL) History(ctx context.Context, owner string, before int64, limit int) ([]wire.LogEntry, bool, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	rows, err := s.db.QueryContext(ctx, `SELECT l.id, l.call, p.id, p.name, p.key, l.outgoing, l.video, l.outcome, l.start, l.seconds
		FROM log l JOIN people p ON p.id = l.other
		WHERE l.owner = $1 AND l.id < $2 ORDER BY l.id DESC LIMIT $3`, owner, before, limit+1)
	if err != nil {
		return nil, false, s.why(err)
	}
	defer rows.Close()
	var es []wire.LogEntry
	for rows.Next() {
		var e wire.LogEntry
		if err := rows.Scan(&e.ID, &e.Call, &e.Other.ID, &e.Other.Name, &e.Other.Key,
			&e.Outgoing, &e.Video, &e.Outcome, &e.Unix, &e.Seconds); err != nil {
			return nil, false, s.why(err)
		}
		es = append(es, e)
	}
	if err := rows.Err(); err != nil {
		return nil, false, s.why(err)
	}
	if len(es) > limit {
		return es[:limit], true, nil
	}
	return es, false, nil
}
