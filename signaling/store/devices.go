package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/signaling/wire"
)

// Device is a device linked to a person's account, as stored. The device that
// has the account's key is not among them.
type Device struct {
	Key   []byte
	Name  string
	Added time.Time
	Seen  time.Time
}

// removedFor is how long a removed device is remembered as one: it is told so,
// and not taken for somebody new.
const removedFor = 365 * 24 * time.Hour

// deviceOwner returns whose device a key is. ErrNotFound: nobody's; ErrRemoved.
func (s *SQL) deviceOwner(ctx context.Context, key []byte) (person string, err error) {
	var removed int64
	if err := s.db.QueryRowContext(ctx, "SELECT person, removed FROM devices WHERE key = $1", key).Scan(&person, &removed); err != nil {
		return "", s.why(err)
	}
	if removed != 0 {
		return "", ErrRemoved
	}
	return person, nil
}

// DeviceList implements Store.
func (s *SQL) DeviceList(ctx context.Context, person string) (*wire.DeviceList, error) {
	return s.deviceList(s.db.QueryRowContext(ctx, "SELECT devices FROM people WHERE id = $1", person))
}

func (s *SQL) deviceList(row scanner) (*wire.DeviceList, error) {
	var text string
	if err := row.Scan(&text); err != nil {
		return nil, s.why(err)
	}
	if text == "" {
		return nil, nil
	}
	var l wire.DeviceList
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return nil, fmt.Errorf("list of devices: %w: %w", ErrDamaged, err)
	}
	return &l, nil
}

// Devices implements Store.
func (s *SQL) Devices(ctx context.Context, person string) ([]Device, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT key, name, added, seen FROM devices WHERE person = $1 AND removed = 0 ORDER BY added, key", person)
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var ds []Device
	for rows.Next() {
		var d Device
		var added, seen int64
		if err := rows.Scan(&d.Key, &d.Name, &added, &seen); err != nil {
			return nil, s.why(err)
		}
		d.Added, d.Seen = time.UnixMilli(added), time.UnixMilli(seen)
		ds = append(ds, d)
	}
	return ds, s.why(rows.Err())
}

// DeviceSeen implements Store.
func (s *SQL) DeviceSeen(ctx context.Context, key []byte, now time.Time) error {
	_, err := s.db.ExecContext(ctx, "UPDATE devices SET seen = $1 WHERE key = $2", now.UnixMilli(), key)
	return s.why(err)
}

// OpenPlace implements Store.
func (s *SQL) OpenPlace(ctx context.Context, person, place string, expires, now time.Time) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := hold(ctx, tx, person); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM places WHERE person = $1 OR expires < $2", person, now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO places (place, person, expires) VALUES ($1, $2, $3)", place, person, expires.UnixMilli())
		return err
	})
	if s.dialect.Unique(err) {
		return ErrKeyUsed
	}
	return err
}

// LookPlace implements Store.
func (s *SQL) LookPlace(ctx context.Context, person, place string, now time.Time) (wire.Joining, error) {
	var j wire.Joining
	var name sql.NullString
	err := s.db.QueryRowContext(ctx, "SELECT key, name, proof FROM places WHERE place = $1 AND person = $2 AND expires > $3",
		place, person, now.UnixMilli()).Scan(&j.Key, &name, &j.Proof)
	j.Name = name.String
	return j, s.why(err)
}

// ClosePlace implements Store.
func (s *SQL) ClosePlace(ctx context.Context, person, place string) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM places WHERE place = $1 AND person = $2", place, person)
	return s.why(err)
}

// Join implements Store.
func (s *SQL) Join(ctx context.Context, place string, j wire.Joining, now time.Time) ([]byte, error) {
	// The first that comes has the place: the condition is part of the write.
	err := s.one(ctx, `UPDATE places SET key = $1, name = $2, proof = $3
		WHERE place = $4 AND expires > $5 AND (key IS NULL OR key = $1) AND admitted IS NULL`,
		j.Key, j.Name, j.Proof, place, now.UnixMilli())
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	var admitted []byte
	err = s.db.QueryRowContext(ctx, "SELECT admitted FROM places WHERE place = $1 AND key = $2 AND expires > $3",
		place, j.Key, now.UnixMilli()).Scan(&admitted)
	return admitted, s.why(err)
}

// Admit implements Store.
func (s *SQL) Admit(ctx context.Context, person string, a wire.Admit, now time.Time) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.replaceList(ctx, tx, person, a.List); err != nil {
			return err
		}
		var name string
		if err := tx.QueryRowContext(ctx, "SELECT name FROM places WHERE place = $1 AND person = $2 AND key = $3 AND expires > $4 AND admitted IS NULL",
			a.Place, person, a.Key, now.UnixMilli()).Scan(&name); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM people WHERE key = $1", a.Key).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return ErrKeyUsed
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM devices WHERE removed > 0 AND removed < $1", now.Add(-removedFor).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO devices (key, person, name, added, seen, removed) VALUES ($1, $2, $3, $4, $5, 0)",
			a.Key, person, name, now.UnixMilli(), now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE places SET admitted = $1 WHERE place = $2", a.Proof, a.Place)
		return err
	})
	if s.dialect.Unique(err) {
		return ErrKeyUsed
	}
	return err
}

// replaceList puts a list in the place of the one before it; ErrListOld.
func (s *SQL) replaceList(ctx context.Context, tx *sql.Tx, person string, l wire.DeviceList) error {
	if err := hold(ctx, tx, person); err != nil {
		return err
	}
	old, err := s.deviceList(tx.QueryRowContext(ctx, "SELECT devices FROM people WHERE id = $1", person))
	if err != nil {
		return err
	}
	var version uint64
	if old != nil {
		version = old.Version
	}
	if l.Version != version+1 {
		return ErrListOld
	}
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE people SET devices = $1 WHERE id = $2", string(b), person)
	return err
}

// RemoveDevice implements Store.
func (s *SQL) RemoveDevice(ctx context.Context, person string, r wire.Remove, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if r.List != nil {
			if err := s.replaceList(ctx, tx, person, *r.List); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, "UPDATE devices SET removed = $1 WHERE key = $2 AND person = $3 AND removed = 0", now.UnixMilli(), r.Key, person)
		if err != nil {
			return err
		}
		// A device that left by itself is still in the list until the next one.
		if n, err := res.RowsAffected(); err != nil || n > 0 || r.List != nil {
			return err
		}
		return ErrNotFound
	})
}

// RemovedDevices implements Store.
func (s *SQL) RemovedDevices(ctx context.Context, since time.Time) ([][]byte, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT key FROM devices WHERE removed >= $1 AND removed > 0", since.UnixMilli())
	if err != nil {
		return nil, s.why(err)
	}
	keys, err := scanKeys(rows)
	return keys, s.why(err)
}

// deviceKeys are the keys of all devices that a person has or had.
func deviceKeys(ctx context.Context, tx *sql.Tx, person string) ([][]byte, error) {
	rows, err := tx.QueryContext(ctx, "SELECT key FROM devices WHERE person = $1", person)
	if err != nil {
		return nil, err
	}
	return scanKeys(rows)
}

func scanKeys(rows *sql.Rows) ([][]byte, error) {
	defer rows.Close()
	var keys [][]byte
	for rows.Next() {
		var k []byte
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}
