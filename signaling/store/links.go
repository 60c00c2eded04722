package store

import (
	"context"
	"database/sql"
	"time"
)

const linkQuery = `SELECT l.code, l.expires, l.uses, p.id, p.name, p.key
	FROM links l JOIN people p ON p.id = l.owner WHERE l.code = ?`

func scanLink(row scanner, now time.Time) (Link, error) {
	var l Link
	var expires int64
	var uses sql.NullInt64
	if err := row.Scan(&l.Code, &expires, &uses, &l.Owner.ID, &l.Owner.Name, &l.Owner.Key); err != nil {
		return Link{}, why(err)
	}
	l.Expires, l.Limited, l.Left = time.UnixMilli(expires), uses.Valid, int(uses.Int64)
	switch {
	case !now.Before(l.Expires):
		return Link{}, ErrLinkExpired
	case l.Limited && l.Left <= 0:
		return Link{}, ErrLinkUsed
	}
	return l, nil
}

// CreateLink implements Store. Links that expired a month ago are removed.
func (s *SQLite) CreateLink(ctx context.Context, l Link, most int, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM links WHERE expires < ?", now.Add(-30*24*time.Hour).UnixMilli()); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM links WHERE owner = ? AND expires > ?",
			l.Owner.ID, now.UnixMilli()).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return ErrTooMany
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO links (code, owner, expires, uses) VALUES (?, ?, ?, ?)",
			l.Code, l.Owner.ID, l.Expires.UnixMilli(), sql.NullInt64{Int64: int64(l.Left), Valid: l.Limited})
		return err
	})
}

// Link implements Store.
func (s *SQLite) Link(ctx context.Context, code string, now time.Time) (Link, error) {
	return scanLink(s.db.QueryRowContext(ctx, linkQuery, code), now)
}

// RedeemLink implements Store. A link without a limit needs no write.
func (s *SQLite) RedeemLink(ctx context.Context, code string, now time.Time) (Link, error) {
	l, err := s.Link(ctx, code, now)
	if err != nil || !l.Limited {
		return l, err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if l, err = scanLink(tx.QueryRowContext(ctx, linkQuery, code), now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE links SET uses = uses - 1 WHERE code = ?", code)
		l.Left--
		return err
	})
	if err != nil {
		return Link{}, err
	}
	return l, nil
}

// ReturnLink implements Store.
func (s *SQLite) ReturnLink(ctx context.Context, code string) error {
	return s.one(ctx, "UPDATE links SET uses = uses + 1 WHERE code = ? AND uses IS NOT NULL", code)
}

// DelLink implements Store.
func (s *SQLite) DelLink(ctx context.Context, owner, code string) error {
	return s.one(ctx, "DELETE FROM links WHERE owner = ? AND code = ?", owner, code)
}
