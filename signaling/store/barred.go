package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"parley/signaling/wire"
)

// Barred are the devices and sign-ins of people whom the operator deleted: an
// operator's delete would be of no use if the same program came back a second
// later as somebody new. Kept are hashes, and the id that the person had, by
// which the operator takes it back. Nothing of it says who it was.

// Barred is somebody who may not come back.
type Barred struct {
	ID    string // of the person that was
	Since time.Time
}

// deviceHash needs no salt: a key is random.
func deviceHash(key []byte) []byte {
	h := sha256.Sum256(append([]byte("parley device\x00"), key...))
	return h[:]
}

// bar keeps a person from coming back, with this device or through the
// provider.
func bar(ctx context.Context, tx *sql.Tx, who wire.Person, now time.Time) error {
	hashes := [][]byte{deviceHash(who.Key)}
	rows, err := tx.QueryContext(ctx, "SELECT issuer, subject FROM subjects WHERE person = $1", who.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var s Subject
		if err := rows.Scan(&s.Issuer, &s.Subject); err != nil {
			return err
		}
		hashes = append(hashes, subjectHash(s))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO barred (hash, person, at) VALUES ($1, $2, $3)
			ON CONFLICT (hash) DO UPDATE SET person = excluded.person, at = excluded.at`, h, who.ID, now.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// admitted returns ErrDeleted if a hash is barred.
func (s *SQL) admitted(ctx context.Context, hash []byte) error {
	var n int
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM barred WHERE hash = $1", hash).Scan(&n); err != nil {
		return s.why(err)
	}
	if n > 0 {
		return ErrDeleted
	}
	return nil
}

// Barred returns who may not come back, the last one first.
func (s *SQL) Barred(ctx context.Context) ([]Barred, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT person, max(at) FROM barred GROUP BY person ORDER BY max(at) DESC, person")
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var bs []Barred
	for rows.Next() {
		var b Barred
		var at int64
		if err := rows.Scan(&b.ID, &at); err != nil {
			return nil, s.why(err)
		}
		b.Since = time.UnixMilli(at)
		bs = append(bs, b)
	}
	return bs, s.why(rows.Err())
}

// Readmit lets somebody come back whom Delete ended, by the id that they had,
// as somebody new; ErrNotFound.
func (s *SQL) Readmit(ctx context.Context, id string) error {
	return s.one(ctx, "DELETE FROM barred WHERE person = $1", id)
}
