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

func scanRecord(row scanner) (Record, error) {
	var r Record
	var seen int64
	if err := row.Scan(&r.Person.ID, &r.Person.Name, &r.Person.Key, &seen); err != nil {
		return Record{}, why(err)
	}
	r.Seen = time.UnixMilli(seen)
	return r, nil
}

func (s *SQLite) records(ctx context.Context, query string, args ...any) ([]Record, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, why(err)
	}
	defer rows.Close()
	var rs []Record
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs, why(rows.Err())
}

// Claim implements Store.
func (s *SQLite) Claim(ctx context.Context, key []byte, name string, now time.Time) (wire.Person, error) {
	r, err := scanRecord(s.db.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.key = ?", key))
	known := err == nil
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return wire.Person{}, fmt.Errorf("claim: %w", err)
	case name == "" && !known:
		return wire.Person{}, ErrNoName
	case known && (name == "" || name == r.Person.Name):
		return r.Person, nil
	}
	if other, err := s.ByName(ctx, name); err == nil && string(other.Person.Key) != string(key) {
		return wire.Person{}, ErrNameTaken // also when nothing can be written
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if known {
			_, err := tx.ExecContext(ctx, "UPDATE people SET name = ?, name_key = ?, seen = ? WHERE key = ?",
				name, wire.NameKey(name), now.UnixMilli(), key)
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO people (id, name, name_key, key, created, seen) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET name = excluded.name, name_key = excluded.name_key`,
			NewCode(10), name, wire.NameKey(name), key, now.UnixMilli(), now.UnixMilli())
		return err
	})
	if unique(err) {
		return wire.Person{}, ErrNameTaken
	}
	if err != nil {
		return wire.Person{}, fmt.Errorf("claim: %w", err)
	}
	r, err = scanRecord(s.db.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.key = ?", key))
	return r.Person, err
}

// ByName implements Store.
func (s *SQLite) ByName(ctx context.Context, name string) (Record, error) {
	return scanRecord(s.db.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.name_key = ?", wire.NameKey(name)))
}

// ByID implements Store.
func (s *SQLite) ByID(ctx context.Context, id string) (Record, error) {
	return scanRecord(s.db.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people p WHERE p.id = ?", id))
}

// People implements Store.
func (s *SQLite) People(ctx context.Context, limit int) ([]Record, error) {
	return s.records(ctx, "SELECT "+personColumns+" FROM people p ORDER BY p.seen DESC LIMIT ?", limit)
}

// Seen implements Store.
func (s *SQLite) Seen(ctx context.Context, id string, now time.Time) error {
	_, err := s.db.ExecContext(ctx, "UPDATE people SET seen = ? WHERE id = ?", now.UnixMilli(), id)
	return why(err)
}

// Contacts implements Store.
func (s *SQLite) Contacts(ctx context.Context, owner string) ([]Record, error) {
	return s.records(ctx, "SELECT "+personColumns+` FROM contacts c JOIN people p ON p.id = c.other
		WHERE c.owner = ? ORDER BY p.name_key`, owner)
}

// AddContact implements Store.
func (s *SQLite) AddContact(ctx context.Context, owner, other string, most int) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO contacts (owner, other) VALUES (?, ?) ON CONFLICT DO NOTHING", owner, other); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM contacts WHERE owner = ?", owner).Scan(&n); err != nil {
			return err
		}
		if n > most {
			return ErrTooMany
		}
		return nil
	})
}

// DelContact implements Store.
func (s *SQLite) DelContact(ctx context.Context, owner, other string) error {
	return s.one(ctx, "DELETE FROM contacts WHERE owner = ? AND other = ?", owner, other)
}

// one runs a statement that must change a row.
func (s *SQLite) one(ctx context.Context, query string, args ...any) error {
	res, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return why(err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return why(err)
	} else if n == 0 {
		return ErrNotFound
	}
	return nil
}

// Log implements Store.
func (s *SQLite) Log(ctx context.Context, owner string, e wire.LogEntry) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO log (owner, call, other, outgoing, video, outcome, start, seconds)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		owner, e.Call, e.Other.ID, e.Outgoing, e.Video, string(e.Outcome), e.Unix, e.Seconds)
	return why(err)
}

// History implements Store.
func (s *SQLite) History(ctx context.Context, owner string, before int64, limit int) ([]wire.LogEntry, bool, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	rows, err := s.db.QueryContext(ctx, `SELECT l.id, l.call, p.id, p.name, p.key, l.outgoing, l.video, l.outcome, l.start, l.seconds
		FROM log l JOIN people p ON p.id = l.other
		WHERE l.owner = ? AND l.id < ? ORDER BY l.id DESC LIMIT ?`, owner, before, limit+1)
	if err != nil {
		return nil, false, why(err)
	}
	defer rows.Close()
	var es []wire.LogEntry
	for rows.Next() {
		var e wire.LogEntry
		if err := rows.Scan(&e.ID, &e.Call, &e.Other.ID, &e.Other.Name, &e.Other.Key,
			&e.Outgoing, &e.Video, &e.Outcome, &e.Unix, &e.Seconds); err != nil {
			return nil, false, why(err)
		}
		es = append(es, e)
	}
	if err := rows.Err(); err != nil {
		return nil, false, why(err)
	}
	if len(es) > limit {
		return es[:limit], true, nil
	}
	return es, false, nil
}
