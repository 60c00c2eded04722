package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const linkQuery = `SELECT l.code, l.expires, l.uses, p.id, p.name, p.key
	FROM links l JOIN people p ON p.id = l.owner WHERE l.code = $1 AND NOT p.disabled`

func (s *SQL) scanLink(row scanner, now time.Time) (Link, error) {
	var l Link
	var expires int64
	var uses sql.NullInt64
	if err := row.Scan(&l.Code, &expires, &uses, &l.Owner.ID, &l.Owner.Name, &l.Owner.Key); err != nil {
		return Link{}, s.why(err)
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
func (s *SQL) CreateLink(ctx context.Context, l Link, most int, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := hold(ctx, tx, l.Owner.ID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM links WHERE expires < $1", now.Add(-30*24*time.Hour).UnixMilli()); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM links WHERE owner = $1 AND expires > $2",
			l.Owner.ID, now.UnixMilli()).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return ErrTooMany
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO links (code, owner, expires, uses) VALUES ($1, $2, $3, $4)",
			l.Code, l.Owner.ID, l.Expires.UnixMilli(), sql.NullInt64{Int64: int64(l.Left), Valid: l.Limited})
		return err
	})
}

// Link implements Store.
func (s *SQL) Link(ctx context.Context, code string, now time.Time) (Link, error) {
	return s.scanLink(s.db.QueryRowContext(ctx, linkQuery, code), now)
}

// RedeemLink implements Store. A link without a limit needs no write.
func (s *SQL) RedeemLink(ctx context.Context, code string, now time.Time) (Link, error) {
	l, err := s.Link(ctx, code, now)
	if err != nil || !l.Limited {
		return l, err
	}
	// The last use may have gone since: the condition is part of the write.
	err = s.one(ctx, "UPDATE links SET uses = uses - 1 WHERE code = $1 AND uses > 0", code)
	if errors.Is(err, ErrNotFound) {
		return Link{}, ErrLinkUsed
	}
	if err != nil {
		return Link{}, err
	}
	l.Left--
	return l, nil
}

// ReturnLink implements Store.
func (s *SQL) ReturnLink(ctx context.Context, code string) error {
	return s.one(ctx, "UPDATE links SET uses = uses + 1 WHERE code = $1 AND uses IS NOT NULL", code)
}

// DelLink implements Store.
func (s *SQL) DelLink(ctx context.Context, owner, code string) error {
	return s.one(ctx, "DELETE FROM links WHERE owner = $1 AND code = $2", owner, code)
}
