package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"parley/signaling/service"
	"parley/signaling/store"
	"parley/signaling/store/postgres"
)

// operate carries out the commands for whoever runs the service. handled is
// false for the others.
func (f *flags) operate(ctx context.Context, stdout io.Writer) (handled bool, err error) {
	if f.Database != "" {
		switch f.command {
		case "backup <file>", "restore <file>":
			return true, errors.New("with --database the database is PostgreSQL's: use pg_dump and pg_restore")
		case "migrate": // opening it does it
			db, err := postgres.Open(ctx, f.Database)
			if err != nil {
				return true, err
			}
			return true, db.Close()
		}
	}
	switch f.command {
	case "restore <file>":
		return true, f.restore(ctx, stdout)
	case "migrate":
		return true, f.migrate(ctx, stdout)
	}
	does, ok := map[string]func(context.Context, *store.SQL, io.Writer) error{
		"user list":           userList,
		"user invite":         f.userInvite,
		"user disable <name>": f.userDisable,
		"user enable <name>":  f.userEnable,
		"user delete <name>":  f.userDelete,
		"user readmit <id>":   f.userReadmit,
		"user release <name>": f.userRelease,
		"stats":               f.stats,
		"backup <file>":       f.backup,
	}[f.command]
	if !ok {
		return false, nil
	}
	db, err := f.open(ctx)
	if err != nil {
		return true, err
	}
	if err := does(ctx, db, stdout); err != nil {
		return true, errors.Join(err, db.Close())
	}
	return true, db.Close()
}

// open opens the database of the service.
func (f *flags) open(ctx context.Context) (*store.SQL, error) {
	if f.Database != "" {
		return postgres.Open(ctx, f.Database)
	}
	path := f.database()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database in %s: name the service's folder with --data, or its settings with --config", f.Data)
	}
	db, err := store.Open(ctx, path)
	if err != nil {
		return nil, service.ExplainData(f.Data, err)
	}
	return db, nil
}

func (f *flags) database() string { return filepath.Join(f.Data, store.File) }

func userList(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	as, err := db.Accounts(ctx)
	if err != nil {
		return err
	}
	used, err := relayed(ctx, db)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tSINCE\tLAST SEEN\tRELAYED THIS MONTH\tNAME")
	for _, a := range as {
		state := "enabled"
		if a.Disabled {
			state = "disabled"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Person.ID, state, day(a.Created), minute(a.Seen), inWords(used[a.Person.ID]), a.Person.Name)
	}
	gone, err := db.Barred(ctx)
	if err != nil {
		return err
	}
	for _, b := range gone { // their names are forgotten
		fmt.Fprintf(w, "%s\tdeleted\t%s\t\t\n", b.ID, day(b.Since))
	}
	return w.Flush()
}

func day(t time.Time) string    { return t.Local().Format("2006-01-02") }
func minute(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

func (f *flags) userInvite(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	c := f.User.Invite
	switch {
	case c.Uses < 1 || c.Uses > 10000:
		return fmt.Errorf("--uses %d: use 1 to 10000", c.Uses)
	case c.For < time.Minute || c.For > 365*24*time.Hour:
		return fmt.Errorf("--for %s: use 1m to 8760h", c.For)
	}
	now := time.Now()
	code, err := db.Invite(ctx, c.Uses, now.Add(c.For), now)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, code)
	return err
}

// nobody says what to do about a name that is not known.
func nobody(name string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("nobody here is called %q: parleyd user list shows who is", name)
	}
	return err
}

func (f *flags) userDisable(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	name := f.User.Disable.Name
	if err := db.Disable(ctx, name, time.Now()); err != nil {
		return nobody(name, err)
	}
	_, err := fmt.Fprintf(stdout, "%s cannot sign in any more; sessions end within seconds.\n", name)
	return err
}

func (f *flags) userEnable(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	name := f.User.Enable.Name
	if err := db.Enable(ctx, name); err != nil {
		return nobody(name, err)
	}
	_, err := fmt.Fprintf(stdout, "%s can sign in.\n", name)
	return err
}

func (f *flags) userDelete(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	name := f.User.Delete.Name
	r, err := db.ByName(ctx, name)
	if err != nil {
		return nobody(name, err)
	}
	if !f.User.Delete.Yes {
		return fmt.Errorf("%s (%s, last seen %s) would be deleted, with contacts, links and calls; say --yes to do it",
			r.Person.Name, r.Person.ID, minute(r.Seen))
	}
	if err := db.Delete(ctx, name, f.User.Delete.MayReturn, time.Now()); err != nil {
		return nobody(name, err)
	}
	fmt.Fprintf(stdout, "%s is deleted; sessions end within seconds.\n", r.Person.Name)
	if !f.User.Delete.MayReturn {
		_, err = fmt.Fprintf(stdout, "The same device cannot come back, unless you say: parleyd user readmit %s\n", r.Person.ID)
	}
	return err
}

func (f *flags) userRelease(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	name := f.User.Release.Name
	switch err := db.Release(ctx, name, time.Now()); {
	case errors.Is(err, store.ErrNoSubject):
		return fmt.Errorf("%s did not come through the OpenID Connect provider: there is nothing by which to know them on another device", name)
	case err != nil:
		return nobody(name, err)
	}
	_, err := fmt.Fprintf(stdout, "The device of %s is signed out within seconds. The next one with which they sign in at the provider is theirs; those who know them will be told that their key has changed.\n", name)
	return err
}

func (f *flags) userReadmit(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	id := f.User.Readmit.ID
	switch err := db.Readmit(ctx, id); {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("nobody with the id %q was deleted: parleyd user list shows who was", id)
	case err != nil:
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s may come back, as somebody new.\n", id)
	return err
}

func (f *flags) stats(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	st, err := db.Stats(ctx, time.Now())
	if err != nil {
		return err
	}
	var size int64
	for _, part := range []string{"", "-wal"} {
		if i, err := os.Stat(f.database() + part); err == nil {
			size += i.Size()
		}
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "people\t%d\n", st.People)
	fmt.Fprintf(w, "disabled\t%d\n", st.Disabled)
	fmt.Fprintf(w, "seen within a day\t%d\n", st.Day)
	fmt.Fprintf(w, "seen within 7 days\t%d\n", st.Week)
	fmt.Fprintf(w, "seen within 30 days\t%d\n", st.Month)
	fmt.Fprintf(w, "contacts\t%d\n", st.Contacts)
	fmt.Fprintf(w, "links in force\t%d\n", st.Links)
	fmt.Fprintf(w, "invitations in force\t%d\n", st.Invites)
	for _, outcome := range slices.SortedFunc(maps.Keys(st.Calls), cmp.Compare) {
		fmt.Fprintf(w, "in call logs, 7 days: %s\t%d\n", outcome, st.Calls[outcome])
	}
	if err := statsOfUse(ctx, db, w, time.Now()); err != nil {
		return err
	}
	fmt.Fprintf(w, "database version\t%d\n", st.Version)
	fmt.Fprintf(w, "database bytes\t%d\n", size)
	return w.Flush()
}

func (f *flags) backup(ctx context.Context, db *store.SQL, stdout io.Writer) error {
	path := f.Backup.File
	err := db.Backup(ctx, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists: name a new file, as in parley-%s.db", path, day(time.Now()))
	case err != nil:
		return fmt.Errorf("backup to %s: %w", path, err)
	}
	_, err = fmt.Fprintf(stdout, "The database is copied to %s.\n", path)
	return err
}

func (f *flags) restore(ctx context.Context, stdout io.Writer) error {
	release, err := service.Hold(f.Data)
	if err != nil {
		return err
	}
	defer release()
	path := f.Restore.File
	kept, err := store.Restore(ctx, path, f.Data)
	switch {
	case errors.Is(err, store.ErrDamaged):
		return fmt.Errorf("%s is no backup, or damaged; nothing was changed (%w)", path, err)
	case errors.Is(err, store.ErrNewer):
		return fmt.Errorf("%s was made by a newer version: use that one; nothing was changed (%w)", path, err)
	case err != nil:
		return fmt.Errorf("restore %s: %w", path, err)
	}
	fmt.Fprintf(stdout, "The database is that of %s.\n", path)
	if kept != "" {
		fmt.Fprintf(stdout, "What was there before is in %s.\n", kept)
	}
	return nil
}

func (f *flags) migrate(ctx context.Context, stdout io.Writer) error {
	release, err := service.Hold(f.Data)
	if err != nil {
		return err
	}
	defer release()
	db, err := store.Open(ctx, f.database()) // which does it
	if err != nil {
		return service.ExplainData(f.Data, err)
	}
	st, err := db.Stats(ctx, time.Now())
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The database has version %d.\n", st.Version)
	return err
}
