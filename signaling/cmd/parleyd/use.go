package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"parley/signaling/store"
)

const (
	mostUsers = 10 // of the relay, in stats
	mostDays  = 14 // of calls, in stats
)

// relayed is how many bytes each person has relayed in this month, by id.
func relayed(ctx context.Context, db *store.SQL) (map[string]int64, error) {
	uses, err := db.RelayUses(ctx, store.Month(time.Now()))
	if err != nil {
		return nil, err
	}
	used := make(map[string]int64, len(uses))
	for _, u := range uses {
		used[u.Person] = u.Bytes
	}
	return used, nil
}

// statsOfUse prints calls per day, and who used the relay most.
func statsOfUse(ctx context.Context, db *store.SQL, w io.Writer, now time.Time) error {
	days, err := db.CallsPerDay(ctx, now.AddDate(0, 0, 1-mostDays))
	if err != nil {
		return err
	}
	for _, d := range days {
		fmt.Fprintf(w, "calls on %s\t%d, %d answered\n", d.Day.Format(time.DateOnly), d.Calls, d.Answered)
	}
	uses, err := db.RelayUses(ctx, store.Month(now))
	if err != nil {
		return err
	}
	var bytes, relays int64
	for _, u := range uses {
		bytes += u.Bytes
		relays += u.Relays
	}
	fmt.Fprintf(w, "relayed this month\t%s by %d people, %d relays\n", inWords(bytes), len(uses), relays)
	for _, u := range uses[:min(len(uses), mostUsers)] {
		name := u.Person
		switch r, err := db.ByID(ctx, u.Person); {
		case err == nil:
			name = r.Person.Name
		case !errors.Is(err, store.ErrNotFound): // deleted in this moment
			return err
		}
		fmt.Fprintf(w, "relayed by %s\t%s, %d relays\n", name, inWords(u.Bytes), u.Relays)
	}
	return nil
}
