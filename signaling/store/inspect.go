package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
)

// Versions are those of a database and of this program. A database that is
// older is brought up to date when it is opened; 0: nothing is in it yet.
type Versions struct{ Have, Want int }

// Inspect reads the version of a SQLite file and changes nothing. The errors
// are os.ErrNotExist and those of Open.
func Inspect(ctx context.Context, path string) (Versions, error) {
	v := Versions{Want: len(sqlite.Migrations)}
	if _, err := os.Stat(path); err != nil {
		return v, err
	}
	if st, err := os.Stat(path + "-wal"); err != nil || st.Size() == 0 {
		// Without a journal the file itself says it, and opening it would leave
		// files beside it, which the service's user may not be allowed to use.
		err := v.header(path)
		return v, err
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)", "query_only(1)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return v, fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	err = v.read(ctx, db, sqlite)
	return v, err
}

// header reads the version where the file format has it (section 1.3.17 of
// https://sqlite.org/fileformat2.html).
func (v *Versions) header(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [100]byte
	switch n, err := io.ReadFull(f, head[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		return nil // SQLite takes an empty file for a new one
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case err != nil || string(head[:16]) != "SQLite format 3\x00":
		return fmt.Errorf("%w: %w: %s is no SQLite database", ErrUnavailable, ErrDamaged, path)
	}
	v.Have = int(binary.BigEndian.Uint32(head[60:64]))
	return v.tooNew()
}

func (v *Versions) tooNew() error {
	if v.Have > v.Want {
		return fmt.Errorf("%w: the database has version %d, this program knows up to %d", ErrNewer, v.Have, v.Want)
	}
	return nil
}

// InspectSQL is Inspect for a database that a backend has connected to.
func InspectSQL(ctx context.Context, db *sql.DB, d Dialect) (Versions, error) {
	v := Versions{Want: len(d.Migrations)}
	err := v.read(ctx, db, d)
	return v, err
}

func (v *Versions) read(ctx context.Context, db *sql.DB, d Dialect) error {
	if err := db.QueryRowContext(ctx, d.Version).Scan(&v.Have); err != nil {
		return d.Why(err)
	}
	return v.tooNew()
}
