package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"parley/signaling/wire"
)

// What an operator does with the people of a service, also from another
// process while it runs.

// Account is a person as an operator sees them.
type Account struct {
	Record
	Created  time.Time
	Disabled bool
}

const accountQuery = "SELECT id, name, key, seen, created, disabled FROM people"

func (s *SQL) scanAccount(row scanner) (Account, error) {
	var a Account
	var seen, created int64
	if err := row.Scan(&a.Person.ID, &a.Person.Name, &a.Person.Key, &seen, &created, &a.Disabled); err != nil {
		return Account{}, s.why(err)
	}
	a.Seen, a.Created = time.UnixMilli(seen), time.UnixMilli(created)
	return a, nil
}

// Accounts returns everybody by name.
func (s *SQL) Accounts(ctx context.Context) ([]Account, error) {
	rows, err := s.db.QueryContext(ctx, accountQuery+" ORDER BY name_key")
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var as []Account
	for rows.Next() {
		a, err := s.scanAccount(rows)
		if err != nil {
			return nil, err
		}
		as = append(as, a)
	}
	return as, s.why(rows.Err())
}

// Disable keeps a person from signing in and ends their sessions; ErrNotFound.
func (s *SQL) Disable(ctx context.Context, name string, now time.Time) error {
	r, err := s.ByName(ctx, name)
	if err != nil {
		return err
	}
	return s.end(ctx, r.Person.ID, now, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE people SET disabled = TRUE WHERE id = $1", r.Person.ID)
		return err
	})
}

// Enable lets a person sign in again; ErrNotFound.
func (s *SQL) Enable(ctx context.Context, name string) error {
	r, err := s.ByName(ctx, name)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM ended WHERE person = $1", r.Person.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE people SET disabled = FALSE WHERE id = $1", r.Person.ID)
		return err
	})
}

// Delete forgets a person with their contacts, links and call log, also in the
// lists of others, and ends their sessions; ErrNotFound. Their devices get
// ErrDisabled until Readmit, unless they may return; of their keys hashes are
// kept.
func (s *SQL) Delete(ctx context.Context, name string, mayReturn bool, now time.Time) error {
	r, err := s.ByName(ctx, name)
	if err != nil {
		return err
	}
	return s.end(ctx, r.Person.ID, now, func(tx *sql.Tx) error {
		if !mayReturn {
			if err := bar(ctx, tx, r.Person, false, now); err != nil {
				return err
			}
		}
		return deletePerson(ctx, tx, r.Person.ID)
	})
}

// Leave implements Store.
func (s *SQL) Leave(ctx context.Context, id string, now time.Time) error {
	r, err := s.ByID(ctx, id)
	if err != nil {
		return err
	}
	return s.end(ctx, id, now, func(tx *sql.Tx) error {
		if err := bar(ctx, tx, r.Person, true, now); err != nil {
			return err
		}
		return deletePerson(ctx, tx, id)
	})
}

func deletePerson(ctx context.Context, tx *sql.Tx, id string) error {
	res, err := tx.ExecContext(ctx, "DELETE FROM people WHERE id = $1", id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return ErrNotFound
	}
	return nil
}

// endedFor is how long the ids of people whose sessions have ended are kept.
const endedFor = 24 * time.Hour

// end notes that a person's sessions have to end, and makes the change that is
// why.
func (s *SQL) end(ctx context.Context, id string, now time.Time, change func(*sql.Tx) error) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM ended WHERE at < $1", now.Add(-endedFor).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO ended (person, at) VALUES ($1, $2)
			ON CONFLICT (person) DO UPDATE SET at = excluded.at`, id, now.UnixMilli()); err != nil {
			return err
		}
		return change(tx)
	})
}

// Ended implements Store.
func (s *SQL) Ended(ctx context.Context, since time.Time) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT person FROM ended WHERE at >= $1", since.UnixMilli())
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, s.why(err)
		}
		ids = append(ids, id)
	}
	return ids, s.why(rows.Err())
}

// Invite makes an invitation for so many new people. Only a hash of the code
// is kept: whoever reads the database cannot use it.
func (s *SQL) Invite(ctx context.Context, uses int, expires, now time.Time) (code string, err error) {
	code = NewCode(15)
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM invitations WHERE expires < $1 OR uses <= 0", now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO invitations (hash, expires, uses) VALUES ($1, $2, $3)",
			invitationHash(code), expires.UnixMilli(), uses)
		return err
	})
	return code, err
}

// redeemInvitation takes one use; the condition is part of the write, so that
// the last use is had once.
func redeemInvitation(ctx context.Context, tx *sql.Tx, code string, now time.Time) error {
	res, err := tx.ExecContext(ctx, "UPDATE invitations SET uses = uses - 1 WHERE hash = $1 AND uses > 0 AND expires > $2",
		invitationHash(code), now.UnixMilli())
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return ErrInvite
	}
	return nil
}

// invitationHash needs no salt: a code has 120 random bits. Case and spaces
// are not held against a person who types it.
func invitationHash(code string) []byte {
	h := sha256.Sum256([]byte("parley invitation\x00" + strings.ToLower(strings.TrimSpace(code))))
	return h[:]
}

// Stats are numbers about what is stored.
type Stats struct {
	Version                  int // of the database
	People, Disabled         int
	Day, Week, Month         int // people seen since
	Contacts, Links, Invites int // links and invitations that can be used
	Calls                    map[wire.Outcome]int
}

// Stats counts. Calls are those of the week before now, each once for each
// side that has it in its log.
func (s *SQL) Stats(ctx context.Context, now time.Time) (Stats, error) {
	st := Stats{Calls: map[wire.Outcome]int{}}
	ago := func(days int) int64 { return now.AddDate(0, 0, -days).UnixMilli() }
	for _, q := range []struct {
		to    *int
		query string
		args  []any
	}{
		{&st.Version, s.dialect.Version, nil},
		{&st.People, "SELECT count(*) FROM people", nil},
		{&st.Disabled, "SELECT count(*) FROM people WHERE disabled", nil},
		{&st.Day, "SELECT count(*) FROM people WHERE seen >= $1", []any{ago(1)}},
		{&st.Week, "SELECT count(*) FROM people WHERE seen >= $1", []any{ago(7)}},
		{&st.Month, "SELECT count(*) FROM people WHERE seen >= $1", []any{ago(30)}},
		{&st.Contacts, "SELECT count(*) FROM contacts", nil},
		{&st.Links, "SELECT count(*) FROM links WHERE expires > $1 AND (uses IS NULL OR uses > 0)", []any{now.UnixMilli()}},
		{&st.Invites, "SELECT count(*) FROM invitations WHERE expires > $1 AND uses > 0", []any{now.UnixMilli()}},
	} {
		if err := s.db.QueryRowContext(ctx, q.query, q.args...).Scan(q.to); err != nil {
			return st, s.why(err)
		}
	}
	rows, err := s.db.QueryContext(ctx, "SELECT outcome, count(*) FROM log WHERE start >= $1 GROUP BY outcome", now.AddDate(0, 0, -7).Unix())
	if err != nil {
		return st, s.why(err)
	}
	defer rows.Close()
	for rows.Next() {
		var outcome wire.Outcome
		var n int
		if err := rows.Scan(&outcome, &n); err != nil {
			return st, s.why(err)
		}
		st.Calls[outcome] = n
	}
	return st, s.why(rows.Err())
}

// Backup writes a SQLite database as it is at one moment into a new file,
// while others go on using it. An existing file is an error.
func (s *SQL) Backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // nobody else reads it
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	// VACUUM INTO takes an empty file for a new one.
	if _, err := s.db.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return errors.Join(s.why(err), os.Remove(path))
	}
	f, err = os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Check reads through a SQLite file and says whether it is a database of this
// service that is whole; ErrDamaged, ErrNewer. The file is brought up to date.
func Check(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	var verdict string
	if err := s.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return s.why(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %w: %s", ErrUnavailable, ErrDamaged, verdict)
	}
	return nil
}

// Restore puts a backup in the place of the database in dir, which nobody may
// have open. What was there is kept beside it; kept is its path, or "".
func Restore(ctx context.Context, backup, dir string) (kept string, err error) {
	if st, err := os.Stat(backup + "-wal"); err == nil && st.Size() > 0 {
		return "", fmt.Errorf("%w: it has a journal beside it, so it is the copy of a database in use; take one that parleyd backup made", ErrDamaged)
	}
	b, err := os.ReadFile(backup)
	if err != nil {
		return "", err
	}
	fresh := dir + "/.restore.db"
	if err := errors.Join(removeDatabase(fresh), os.WriteFile(fresh, b, 0o600), sameOwner(fresh, dir)); err != nil {
		return "", err
	}
	if len(b) == 0 {
		return "", errors.Join(fmt.Errorf("%w: the file is empty", ErrDamaged), removeDatabase(fresh))
	}
	if err := Check(ctx, fresh); err != nil {
		return "", errors.Join(err, removeDatabase(fresh))
	}
	path := dir + "/" + File
	if _, err := os.Stat(path); err == nil {
		kept = path + ".before-restore"
		for n := 2; ; n++ { // what was kept before is kept
			if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
				break
			}
			kept = fmt.Sprintf("%s.before-restore-%d", path, n)
		}
		// With the journal first: a database without its journal may lack the
		// last transactions, a journal without its database is nothing.
		for _, part := range []string{"-wal", "-shm", ""} {
			if err := os.Rename(path+part, kept+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	}
	return kept, os.Rename(fresh, path)
}

func removeDatabase(path string) error {
	for _, part := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
