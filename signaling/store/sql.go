package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// SQL is a Store in a database: one SQLite file, or PostgreSQL for several
// nodes. Queries are written once, with $1 for arguments and in what both
// understand; where the databases differ, Dialect says how.
type SQL struct {
	db      *sql.DB
	dialect Dialect
}

var _ Store = (*SQL)(nil)

// Dialect is what two databases do not have in common.
type Dialect struct {
	// Migrations lead from one version to the next. They are only ever added
	// to: an older database is brought up to date when it is opened.
	Migrations []string
	// Exclude keeps other nodes from migrating until the transaction ends, and
	// makes the place where the version is kept. "": nothing to do.
	Exclude    string
	Version    string // asks for the version
	SetVersion string // sets it to %d

	Why    func(error) error // gives the driver's errors the names of this package
	Unique func(error) bool  // the value is there already
}

// New takes a database over and brings it up to date. It is closed with the
// Store, also after an error.
func New(ctx context.Context, db *sql.DB, d Dialect) (*SQL, error) {
	s := &SQL{db: db, dialect: d}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

func (s *SQL) migrate(ctx context.Context) error {
	target := len(s.dialect.Migrations)
	var now int // no table of versions yet: an error, and the next step makes it
	if err := s.db.QueryRowContext(ctx, s.dialect.Version).Scan(&now); err == nil && now == target {
		return nil // without a write: the database may be read-only
	}
	for {
		current := 0
		err := s.tx(ctx, func(tx *sql.Tx) error {
			if s.dialect.Exclude != "" {
				if _, err := tx.ExecContext(ctx, s.dialect.Exclude); err != nil {
					return err
				}
			}
			if err := tx.QueryRowContext(ctx, s.dialect.Version).Scan(&current); err != nil {
				return err
			}
			switch {
			case current == target:
				return nil
			case current > target:
				return fmt.Errorf("%w: the database has version %d, this program knows up to %d", ErrNewer, current, target)
			}
			if _, err := tx.ExecContext(ctx, s.dialect.Migrations[current]); err != nil {
				return fmt.Errorf("bring the database to version %d: %w", current+1, err)
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf(s.dialect.SetVersion, current+1))
			return err
		})
		if err != nil || current == target {
			return err
		}
	}
}

// tx runs f in a transaction.
func (s *SQL) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.why(err)
	}
	if err := f(tx); err != nil {
		tx.Rollback()
		return s.why(err)
	}
	return s.why(tx.Commit())
}

// hold makes whoever counts what a person owns wait until the transaction
// ends: two of them would otherwise both find room for one more.
func hold(ctx context.Context, tx *sql.Tx, person string) error {
	_, err := tx.ExecContext(ctx, "UPDATE people SET seen = seen WHERE id = $1", person)
	return err
}

// one runs a statement that must change a row.
func (s *SQL) one(ctx context.Context, query string, args ...any) error {
	res, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return s.why(err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return s.why(err)
	} else if n == 0 {
		return ErrNotFound
	}
	return nil
}

// why gives the driver's errors the names of this package.
func (s *SQL) why(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, sql.ErrConnDone), strings.Contains(err.Error(), "sql: database is closed"):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return s.dialect.Why(err)
}

// Ready asks the database for its version.
func (s *SQL) Ready(ctx context.Context) error {
	var v int
	return s.why(s.db.QueryRowContext(ctx, s.dialect.Version).Scan(&v))
}

// Close writes what is in a file's journal into the file, and ends.
func (s *SQL) Close() error { return s.db.Close() }

// NewCode returns n random bytes as letters and digits that are told apart
// easily: 8 for each 5 bytes.
func NewCode(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding).EncodeToString(b)
}
