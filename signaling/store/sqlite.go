package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"modernc.org/sqlite" // the driver "sqlite", pure Go
	lib "modernc.org/sqlite/lib"
)

// File is the name of the database in the data directory.
const File = "parley.db"

// SQLite is a Store in one file. The journal is a WAL with synchronous=NORMAL:
// a power cut can lose the last transactions, never the database.
type SQLite struct {
	db *sql.DB
}

var _ Store = (*SQLite)(nil)

// migrations lead from one user_version to the next. They are only ever added
// to: an older file is brought up to date when it is opened.
var migrations = [...]string{
	`CREATE TABLE people (
		id       TEXT PRIMARY KEY,
		name     TEXT NOT NULL,
		name_key TEXT NOT NULL UNIQUE,
		key      BLOB NOT NULL UNIQUE,
		created  INTEGER NOT NULL,
		seen     INTEGER NOT NULL
	) WITHOUT ROWID;
	CREATE INDEX people_seen ON people (seen DESC);
	CREATE TABLE contacts (
		owner TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
		other TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
		PRIMARY KEY (owner, other)
	) WITHOUT ROWID;
	CREATE TABLE log (
		id       INTEGER PRIMARY KEY AUTOINCREMENT,
		owner    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
		call     TEXT NOT NULL,
		other    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
		outgoing INTEGER NOT NULL,
		video    INTEGER NOT NULL,
		outcome  TEXT NOT NULL,
		start    INTEGER NOT NULL,
		seconds  INTEGER NOT NULL
	);
	CREATE INDEX log_owner ON log (owner, id DESC);
	CREATE TABLE links (
		code    TEXT PRIMARY KEY,
		owner   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
		expires INTEGER NOT NULL,
		uses    INTEGER
	) WITHOUT ROWID;
	CREATE INDEX links_owner ON links (owner);`,
}

// Options restrict what is done with a database. The zero value does not.
type Options struct {
	MaxBytes int64 // the file does not grow beyond it; 0: the disk is the limit
	ReadOnly bool  // writes return ErrUnavailable
}

// Open opens or makes the database file. ":memory:" keeps everything in
// memory. A file made by a newer version is refused.
func Open(ctx context.Context, path string) (*SQLite, error) {
	return OpenWith(ctx, path, Options{})
}

// OpenWith is Open with restrictions.
func OpenWith(ctx context.Context, path string, o Options) (*SQLite, error) {
	// busy_timeout first: what follows waits for a file that another process
	// holds, as during a backup.
	q := url.Values{"_pragma": {"busy_timeout(5000)", "foreign_keys(1)"}, "_txlock": {"immediate"}}
	conns := 4
	if path == ":memory:" {
		conns = 1 // each connection would have a database of its own
	} else {
		q["_pragma"] = append(q["_pragma"], "journal_mode(WAL)", "synchronous(NORMAL)", "wal_autocheckpoint(1000)")
	}
	if o.MaxBytes > 0 {
		q["_pragma"] = append(q["_pragma"], fmt.Sprintf("max_page_count(%d)", max(1, o.MaxBytes/4096)))
	}
	if o.ReadOnly {
		q["_pragma"] = append(q["_pragma"], "query_only(1)")
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	s := &SQLite{db: db}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

func (s *SQLite) migrate(ctx context.Context) error {
	for {
		var version int
		if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return why(err)
		}
		switch {
		case version == len(migrations):
			return nil
		case version > len(migrations):
			return fmt.Errorf("%w: the database has version %d, this program knows up to %d", ErrNewer, version, len(migrations))
		}
		err := s.tx(ctx, func(tx *sql.Tx) error {
			var now int // another process may have been first
			if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&now); err != nil || now != version {
				return err
			}
			if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("bring the database to version %d: %w", version+1, err)
		}
	}
}

// tx runs f in a transaction that holds the write lock from its beginning.
func (s *SQLite) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return why(err)
	}
	if err := f(tx); err != nil {
		tx.Rollback()
		return why(err)
	}
	return why(tx.Commit())
}

// why gives the driver's errors the names of this package.
func why(err error) error {
	var e *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, sql.ErrConnDone), strings.Contains(err.Error(), "sql: database is closed"):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.As(err, &e):
		switch e.Code() & 0xff { // the primary code is the low byte
		case lib.SQLITE_FULL:
			return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrFull, err)
		case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrDamaged, err)
		case lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_BUSY,
			lib.SQLITE_LOCKED, lib.SQLITE_CANTOPEN, lib.SQLITE_NOMEM:
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	return err
}

func unique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// NewCode returns n random bytes as letters and digits that are told apart
// easily: 8 for each 5 bytes.
func NewCode(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding).EncodeToString(b)
}

// Ready asks the database for its version.
func (s *SQLite) Ready(ctx context.Context) error {
	var v int
	return why(s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v))
}

// Close writes what is in the journal into the file and closes it.
func (s *SQLite) Close() error { return s.db.Close() }
