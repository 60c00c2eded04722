package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"
)

// RelayUse is what a person's relays carried.
type RelayUse struct {
	Person string
	Bytes  int64 // payload, both ways
	Relays int64 // allocated
}

// dayOf numbers days, in UTC, so that all nodes mean the same one.
func dayOf(t time.Time) int64 { return t.Unix() / 86400 }

// Month is when the month of t begins, in UTC.
func Month(t time.Time) time.Time {
	y, m, _ := t.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// AddRelayUse implements Store.
func (s *SQL) AddRelayUse(ctx context.Context, day time.Time, uses []RelayUse) error {
	if len(uses) == 0 {
		return nil
	}
	// In one order everywhere: two nodes would otherwise wait for each other.
	uses = slices.SortedFunc(slices.Values(uses), func(a, b RelayUse) int { return cmp.Compare(a.Person, b.Person) })
	return s.tx(ctx, func(tx *sql.Tx) error {
		for _, u := range uses {
			if _, err := tx.ExecContext(ctx, `INSERT INTO relay_usage (person, day, bytes, relays)
				SELECT id, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM people WHERE id = $1
				ON CONFLICT (person, day) DO UPDATE SET
					bytes = relay_usage.bytes + excluded.bytes, relays = relay_usage.relays + excluded.relays`,
				u.Person, dayOf(day), u.Bytes, u.Relays); err != nil {
				return err
			}
		}
		return nil
	})
}

// RelayOver implements Store.
func (s *SQL) RelayOver(ctx context.Context, from time.Time, most int64) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT person FROM relay_usage WHERE day >= $1 GROUP BY person HAVING sum(bytes) >= $2", dayOf(from), most)
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

// ForgetRelayUse implements Store.
func (s *SQL) ForgetRelayUse(ctx context.Context, before time.Time) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM relay_usage WHERE day < $1", dayOf(before))
	return s.why(err)
}

// RelayUses returns what each person used since the day of from, most first.
func (s *SQL) RelayUses(ctx context.Context, from time.Time) ([]RelayUse, error) {
	// CAST: PostgreSQL's sum of BIGINT is NUMERIC.
	rows, err := s.db.QueryContext(ctx, `SELECT person, CAST(sum(bytes) AS BIGINT) AS total, CAST(sum(relays) AS BIGINT)
		FROM relay_usage WHERE day >= $1 GROUP BY person ORDER BY total DESC, person`, dayOf(from))
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var us []RelayUse
	for rows.Next() {
		var u RelayUse
		if err := rows.Scan(&u.Person, &u.Bytes, &u.Relays); err != nil {
			return nil, s.why(err)
		}
		us = append(us, u)
	}
	return us, s.why(rows.Err())
}

// CallDay is how many calls began on a day, and how many of them were
// answered.
type CallDay struct {
	Day             time.Time // its beginning, in UTC
	Calls, Answered int
}

// CallsPerDay counts calls in the logs since the day of from, oldest day
// first; days without calls are left out. A call that both sides have in their
// logs counts once.
func (s *SQL) CallsPerDay(ctx context.Context, from time.Time) ([]CallDay, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT start / 86400 AS day, count(DISTINCT call),
		count(DISTINCT CASE WHEN outcome = 'answered' THEN call END)
		FROM log WHERE start >= $1 GROUP BY start / 86400 ORDER BY day`, dayOf(from)*86400)
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var days []CallDay
	for rows.Next() {
		var d CallDay
		var day int64
		if err := rows.Scan(&day, &d.Calls, &d.Answered); err != nil {
			return nil, s.why(err)
		}
		d.Day = time.Unix(day*86400, 0).UTC()
		days = append(days, d)
	}
	return days, s.why(rows.Err())
}
