package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	driver "modernc.org/sqlite" // the driver "sqlite", pure Go
	lib "modernc.org/sqlite/lib"
)

// File is the name of the database in the data directory.
const File = "parley.db"

// sqlite keeps everything in one file. The journal is a WAL with
// synchronous=NORMAL: a power cut can lose the last transactions, never the
// database. Its transactions hold the write lock from their beginning.
var sqlite = Dialect{
	Version:    "PRAGMA user_version",
	SetVersion: "PRAGMA user_version = %d",
	Why:        whySQLite,
	Unique:     uniqueSQLite,
	Migrations: []string{
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
		`ALTER TABLE people ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT FALSE;
		CREATE TABLE ended (
			person TEXT PRIMARY KEY,
			at     INTEGER NOT NULL
		) WITHOUT ROWID;
		CREATE TABLE invitations (
			hash    BLOB PRIMARY KEY,
			expires INTEGER NOT NULL,
			uses    INTEGER NOT NULL
		) WITHOUT ROWID;`,
		`CREATE TABLE barred (
			hash   BLOB PRIMARY KEY,
			person TEXT NOT NULL,
			at     INTEGER NOT NULL
		) WITHOUT ROWID;`,
		`ALTER TABLE people ADD COLUMN strangers TEXT NOT NULL DEFAULT '';
		CREATE TABLE blocks (
			owner TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			other TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			at    INTEGER NOT NULL,
			known BOOLEAN NOT NULL,
			PRIMARY KEY (owner, other)
		) WITHOUT ROWID;
		CREATE INDEX blocks_other ON blocks (other);
		CREATE TABLE requests (
			owner TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			asker TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			at    INTEGER NOT NULL,
			state TEXT NOT NULL,
			PRIMARY KEY (owner, asker)
		) WITHOUT ROWID;
		CREATE INDEX requests_asker ON requests (asker);
		CREATE INDEX log_pair ON log (owner, other);`,
		`CREATE TABLE relay_usage (
			person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			day    INTEGER NOT NULL,
			bytes  INTEGER NOT NULL,
			relays INTEGER NOT NULL,
			PRIMARY KEY (person, day)
		) WITHOUT ROWID;
		CREATE INDEX relay_usage_day ON relay_usage (day);
		CREATE INDEX log_start ON log (start);`,
		`ALTER TABLE people ADD COLUMN devices TEXT NOT NULL DEFAULT '';
		CREATE TABLE devices (
			key     BLOB PRIMARY KEY,
			person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			name    TEXT NOT NULL,
			added   INTEGER NOT NULL,
			seen    INTEGER NOT NULL,
			removed INTEGER NOT NULL
		) WITHOUT ROWID;
		CREATE INDEX devices_person ON devices (person);
		CREATE INDEX devices_removed ON devices (removed);
		CREATE TABLE places (
			place    TEXT PRIMARY KEY,
			person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			expires  INTEGER NOT NULL,
			key      BLOB,
			name     TEXT,
			proof    BLOB,
			admitted BLOB
		) WITHOUT ROWID;
		CREATE INDEX places_person ON places (person);`,
		`CREATE TABLE logins (
			ref      TEXT PRIMARY KEY,
			device   BLOB NOT NULL,
			name     TEXT NOT NULL,
			client   TEXT NOT NULL,
			code     TEXT NOT NULL,
			expires  INTEGER NOT NULL,
			state    TEXT UNIQUE,
			browser  BLOB,
			nonce    TEXT NOT NULL DEFAULT '',
			verifier TEXT NOT NULL DEFAULT '',
			outcome  TEXT NOT NULL DEFAULT '',
			issuer   TEXT NOT NULL DEFAULT '',
			subject  TEXT NOT NULL DEFAULT '',
			claimed  TEXT NOT NULL DEFAULT ''
		) WITHOUT ROWID;
		CREATE TABLE subjects (
			issuer   TEXT NOT NULL,
			subject  TEXT NOT NULL,
			person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			released BOOLEAN NOT NULL,
			PRIMARY KEY (issuer, subject)
		) WITHOUT ROWID;
		CREATE INDEX subjects_person ON subjects (person);`,
		`ALTER TABLE barred ADD COLUMN own BOOLEAN NOT NULL DEFAULT FALSE;`,
	},
}

// Options restrict what is done with a database. The zero value does not.
type Options struct {
	MaxBytes int64 // the file does not grow beyond it; 0: the disk is the limit
	ReadOnly bool  // writes return ErrUnavailable
}

// Open opens or makes the database file. ":memory:" keeps everything in
// memory. A file made by a newer version is refused.
func Open(ctx context.Context, path string) (*SQL, error) {
	return OpenWith(ctx, path, Options{})
}

// OpenWith is Open with restrictions.
func OpenWith(ctx context.Context, path string, o Options) (*SQL, error) {
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
	s, err := New(ctx, db, sqlite)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

func whySQLite(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Code() == lib.SQLITE_CONSTRAINT_FOREIGNKEY { // whom it is about was deleted meanwhile
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	switch e.Code() & 0xff { // the primary code is the low byte
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrFull, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrDamaged, err)
	case lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_BUSY,
		lib.SQLITE_LOCKED, lib.SQLITE_CANTOPEN, lib.SQLITE_NOMEM:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

func uniqueSQLite(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && (e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
}
