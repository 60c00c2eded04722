// Package postgres opens a store.Store in PostgreSQL, which several nodes of
// the service share. What is asked of it is in package store; here is what
// PostgreSQL does in its own way.
//
// Measured with PostgreSQL 15 on the same machine, two cores, busy, without
// fsync: a line of the call log is written in 55 µs (BenchmarkLog).
package postgres

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"parley/signaling/store"
)

// dialect is for one database for several nodes. Names are compared byte by byte
// (COLLATE "C"), as SQLite does, whatever the database's language is.
var dialect = store.Dialect{
	// The number is this program's own; it has no other meaning.
	Exclude: `SELECT pg_advisory_xact_lock(8096114297);
		CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);
		INSERT INTO schema_version SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM schema_version)`,
	Version:    "SELECT version FROM schema_version",
	SetVersion: "UPDATE schema_version SET version = %d",
	Why:        why,
	Unique:     func(err error) bool { return pgCode(err) == "23505" },
	Migrations: []string{
		`CREATE TABLE people (
			id       TEXT PRIMARY KEY,
			name     TEXT NOT NULL,
			name_key TEXT COLLATE "C" NOT NULL UNIQUE,
			key      BYTEA NOT NULL UNIQUE,
			created  BIGINT NOT NULL,
			seen     BIGINT NOT NULL
		);
		CREATE INDEX people_seen ON people (seen DESC);
		CREATE TABLE contacts (
			owner TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			other TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			PRIMARY KEY (owner, other)
		);
		CREATE TABLE log (
			id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			owner    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			call     TEXT NOT NULL,
			other    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			outgoing BOOLEAN NOT NULL,
			video    BOOLEAN NOT NULL,
			outcome  TEXT NOT NULL,
			start    BIGINT NOT NULL,
			seconds  BIGINT NOT NULL
		);
		CREATE INDEX log_owner ON log (owner, id DESC);
		CREATE TABLE links (
			code    TEXT PRIMARY KEY,
			owner   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			expires BIGINT NOT NULL,
			uses    INTEGER
		);
		CREATE INDEX links_owner ON links (owner);`,
		`ALTER TABLE people ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT FALSE;
		CREATE TABLE ended (
			person TEXT PRIMARY KEY,
			at     BIGINT NOT NULL
		);
		CREATE TABLE invitations (
			hash    BYTEA PRIMARY KEY,
			expires BIGINT NOT NULL,
			uses    INTEGER NOT NULL
		);`,
		`CREATE TABLE barred (
			hash   BYTEA PRIMARY KEY,
			person TEXT NOT NULL,
			at     BIGINT NOT NULL
		);`,
		`ALTER TABLE people ADD COLUMN strangers TEXT NOT NULL DEFAULT '';
		CREATE TABLE blocks (
			owner TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			other TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			at    BIGINT NOT NULL,
			known BOOLEAN NOT NULL,
			PRIMARY KEY (owner, other)
		);
		CREATE INDEX blocks_other ON blocks (other);
		CREATE TABLE requests (
			owner TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			asker TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			at    BIGINT NOT NULL,
			state TEXT NOT NULL,
			PRIMARY KEY (owner, asker)
		);
		CREATE INDEX requests_asker ON requests (asker);
		CREATE INDEX log_pair ON log (owner, other);`,
		`CREATE TABLE relay_usage (
			person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			day    INTEGER NOT NULL,
			bytes  BIGINT NOT NULL,
			relays BIGINT NOT NULL,
			PRIMARY KEY (person, day)
		);
		CREATE INDEX relay_usage_day ON relay_usage (day);
		CREATE INDEX log_start ON log (start);`,
		`ALTER TABLE people ADD COLUMN devices TEXT NOT NULL DEFAULT '';
		CREATE TABLE devices (
			key     BYTEA PRIMARY KEY,
			person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			name    TEXT NOT NULL,
			added   BIGINT NOT NULL,
			seen    BIGINT NOT NULL,
			removed BIGINT NOT NULL
		);
		CREATE INDEX devices_person ON devices (person);
		CREATE INDEX devices_removed ON devices (removed);
		CREATE TABLE places (
			place    TEXT PRIMARY KEY,
			person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			expires  BIGINT NOT NULL,
			key      BYTEA,
			name     TEXT,
			proof    BYTEA,
			admitted BYTEA
		);
		CREATE INDEX places_person ON places (person);`,
		`CREATE TABLE logins (
			ref      TEXT PRIMARY KEY,
			device   BYTEA NOT NULL,
			name     TEXT NOT NULL,
			client   TEXT NOT NULL,
			code     TEXT NOT NULL,
			expires  BIGINT NOT NULL,
			state    TEXT UNIQUE,
			browser  BYTEA,
			nonce    TEXT NOT NULL DEFAULT '',
			verifier TEXT NOT NULL DEFAULT '',
			outcome  TEXT NOT NULL DEFAULT '',
			issuer   TEXT NOT NULL DEFAULT '',
			subject  TEXT NOT NULL DEFAULT '',
			claimed  TEXT NOT NULL DEFAULT ''
		);
		CREATE TABLE subjects (
			issuer   TEXT NOT NULL,
			subject  TEXT NOT NULL,
			person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			released BOOLEAN NOT NULL,
			PRIMARY KEY (issuer, subject)
		);
		CREATE INDEX subjects_person ON subjects (person);`,
		`ALTER TABLE barred ADD COLUMN own BOOLEAN NOT NULL DEFAULT FALSE;`,
	},
}

// Open opens a PostgreSQL database by its address, as in
// postgres://parley@db.example.org/parley, and makes the tables if need be.
// Several nodes may do so at once.
func Open(ctx context.Context, address string) (*store.SQL, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err) // pgx leaves passwords out
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 3 * time.Second // a request waits for a new connection
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	db.SetConnMaxIdleTime(time.Minute)
	s, err := store.New(ctx, db, dialect)
	if err != nil {
		return nil, fmt.Errorf("open database %s at %s: %w", cfg.Database, cfg.Host, err)
	}
	return s, nil
}

// Inspect says which version a database has, and changes nothing in it.
func Inspect(ctx context.Context, address string) (store.Versions, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return store.Versions{}, fmt.Errorf("open the database: %w", err) // pgx leaves passwords out
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	v, err := store.InspectSQL(ctx, db, dialect)
	if pgCode(err) == "42P01" { // no such table: nothing is there yet
		return v, nil
	}
	if err != nil {
		return v, fmt.Errorf("database %s at %s: %w", cfg.Database, cfg.Host, err)
	}
	return v, nil
}

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// why gives errors their names: what the connection or the server cannot do at the moment is
// store.ErrUnavailable; the codes are in the appendix of PostgreSQL's manual.
func why(err error) error {
	code := pgCode(err)
	if code == "53100" {
		return fmt.Errorf("%w: %w: %w", store.ErrUnavailable, store.ErrFull, err)
	}
	if code == "23503" { // whom it is about was deleted meanwhile
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	if code != "" {
		switch code[:2] {
		case "08", "53", "57", "58", "XX", "25", "28", "40":
			// connection, resources, shut down or cancelled, input and output,
			// internal, read-only, may not sign in, deadlock
			return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		return err
	}
	var refused *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &refused) || errors.As(err, &network) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, sqldriver.ErrBadConn) || errors.Is(err, sql.ErrTxDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}
