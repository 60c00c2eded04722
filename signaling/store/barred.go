package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"parley/signaling/wire"
)

// Barred are the devices and sign-ins of people who were deleted. By the
// operator: that would be of no use if the same program came back a second
// later as somebody new. By themselves: their other devices must not make the
// account anew when they are switched on; who wants to come back does so with a
// new key. Kept are hashes, and the id that the person had, by which the
// operator takes it back. Nothing of it says who it was.

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

// bar keeps a person's devices from coming back; unless it is their own wish,
// also the person, through the provider.
func bar(ctx context.Context, tx *sql.Tx, who wire.Person, own bool, now time.Time) error {
	hashes := [][]byte{deviceHash(who.Key)}
	keys, err := deviceKeys(ctx, tx, who.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		hashes = append(hashes, deviceHash(k))
	}
	if !own {
		more, err := subjectHashes(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		hashes = append(hashes, more...)
	}
	for _, h := range hashes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO barred (hash, person, at, own) VALUES ($1, $2, $3, $4)
			ON CONFLICT (hash) DO UPDATE SET person = excluded.person, at = excluded.at, own = excluded.own`, h, who.ID, now.UnixMilli(), own); err != nil {
			return err
		}
	}
	return nil
}

func subjectHashes(ctx context.Context, tx *sql.Tx, person string) (hashes [][]byte, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT issuer, subject FROM subjects WHERE person = $1", person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Subject
		if err := rows.Scan(&s.Issuer, &s.Subject); err != nil {
			return nil, err
		}
		hashes = append(hashes, subjectHash(s))
	}
	return hashes, rows.Err()
}

// admitted returns ErrDisabled if a hash is barred by the operator, ErrDeleted
// if by its owner.
func (s *SQL) admitted(ctx context.Context, hash []byte) error {
	var own bool
	switch err := s.why(s.db.QueryRowContext(ctx, "SELECT own FROM barred WHERE hash = $1", hash).Scan(&own)); {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case own:
		return ErrDeleted
	}
	return ErrDisabled
}

// Barring implements Store.
func (s *SQL) Barring(ctx context.Context, id string) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM barred WHERE person = $1 AND NOT own", id).Scan(&n)
	return n > 0, s.why(err)
}

// Barred returns whom the operator deleted and who may not come back, the last
// one first.
func (s *SQL) Barred(ctx context.Context) ([]Barred, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT person, max(at) FROM barred WHERE NOT own GROUP BY person ORDER BY max(at) DESC, person")
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
	return s.one(ctx, "DELETE FROM barred WHERE person = $1 AND NOT own", id)
}
