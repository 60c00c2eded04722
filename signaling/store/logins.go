package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"parley/signaling/wire"
)

// Logins are registrations through the operator's OpenID Connect provider that
// are under way: the program that asks is connected to one node, and the
// browser may come to another. What their owners alone may know, ids, states
// and cookies, is kept as hashes, and all of it for minutes.

// The errors about logins.
var (
	ErrLogin        = errors.New("login is unknown or its time is over")
	ErrLoginPending = errors.New("login has not come to its end")
)

// LoginFailed says how a login ended that lets nobody in.
type LoginFailed struct{ Reason wire.LoginReason }

// Error names the reason.
func (e *LoginFailed) Error() string { return "login failed: " + string(e.Reason) }

// loginOK is the outcome that lets somebody in; others are a wire.LoginReason.
const loginOK = "ok"

// Login is one of them.
type Login struct {
	Ref     string    // stands for its id, which is not kept
	Device  []byte    // key of the device that asks
	Name    string    // that the device wants
	Client  string    // what runs on it
	Code    string    // shown by both, for a person to compare
	Expires time.Time // then it is over, however it stands
	Flow
	Ended bool
}

// Flow is one way through the provider: a login has one at a time.
type Flow struct {
	Browser  []byte // hash of the cookie of the browser that goes it
	Nonce    string // in the ID token
	Verifier string // of PKCE (RFC 7636)
}

// Subject is who somebody is at a provider.
type Subject struct{ Issuer, Subject, Name string }

// LoginRef stands for an id.
func LoginRef(id string) string {
	h := sha256.Sum256([]byte("parley login\x00" + id))
	return hex.EncodeToString(h[:])
}

func stateHash(state string) string {
	h := sha256.Sum256([]byte("parley login state\x00" + state))
	return hex.EncodeToString(h[:])
}

func subjectHash(s Subject) []byte {
	h := sha256.Sum256([]byte("parley subject\x00" + s.Issuer + "\x00" + s.Subject))
	return h[:]
}

// BeginLogin keeps a new login; of l the flow is not read.
func (s *SQL) BeginLogin(ctx context.Context, l Login, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM logins WHERE expires <= $1", now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO logins (ref, device, name, client, code, expires) VALUES ($1, $2, $3, $4, $5, $6)",
			l.Ref, l.Device, l.Name, l.Client, l.Code, l.Expires.UnixMilli())
		return err
	})
}

const loginQuery = "SELECT ref, device, name, client, code, expires, browser, nonce, verifier, outcome FROM logins WHERE "

func (s *SQL) scanLogin(row scanner) (Login, string, error) {
	var l Login
	var expires int64
	var outcome string
	if err := row.Scan(&l.Ref, &l.Device, &l.Name, &l.Client, &l.Code, &expires, &l.Browser, &l.Nonce, &l.Verifier, &outcome); err != nil {
		return Login{}, "", s.why(err)
	}
	l.Expires, l.Ended = time.UnixMilli(expires), outcome != ""
	return l, outcome, nil
}

// Login returns one whose time is not over; ErrNotFound.
func (s *SQL) Login(ctx context.Context, ref string, now time.Time) (Login, error) {
	l, _, err := s.scanLogin(s.db.QueryRowContext(ctx, loginQuery+"ref = $1 AND expires > $2", ref, now.UnixMilli()))
	return l, err
}

// StartLogin begins a flow, in the place of an earlier one; ErrNotFound if the
// login has ended.
func (s *SQL) StartLogin(ctx context.Context, ref, state string, f Flow, now time.Time) error {
	return s.one(ctx, `UPDATE logins SET state = $1, browser = $2, nonce = $3, verifier = $4
		WHERE ref = $5 AND expires > $6 AND outcome = ''`, stateHash(state), f.Browser, f.Nonce, f.Verifier, ref, now.UnixMilli())
}

// LoginByState returns the login with a flow; ErrNotFound.
func (s *SQL) LoginByState(ctx context.Context, state string, now time.Time) (Login, error) {
	l, _, err := s.scanLogin(s.db.QueryRowContext(ctx, loginQuery+"state = $1 AND expires > $2", stateHash(state), now.UnixMilli()))
	return l, err
}

// TakeState takes the state of a flow, which is good for once: of many at the
// same time one succeeds, the others get ErrNotFound.
func (s *SQL) TakeState(ctx context.Context, state string) error {
	return s.one(ctx, "UPDATE logins SET state = NULL WHERE state = $1", stateHash(state))
}

// EndLogin says how a login ended: with a subject, or a reason. The first one
// counts; ErrNotFound for the others.
func (s *SQL) EndLogin(ctx context.Context, ref string, who Subject, reason wire.LoginReason) error {
	outcome := string(reason)
	if reason == "" {
		outcome = loginOK
	}
	return s.one(ctx, `UPDATE logins SET outcome = $1, issuer = $2, subject = $3, claimed = $4, state = NULL, nonce = '', verifier = ''
		WHERE ref = $5 AND outcome = ''`, outcome, who.Issuer, who.Subject, who.Name, ref)
}

// EndedLogins returns the refs of logins that have come to their end.
func (s *SQL) EndedLogins(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT ref FROM logins WHERE outcome <> ''")
	if err != nil {
		return nil, s.why(err)
	}
	defer rows.Close()
	var refs []string
	for rows.Next() {
		var ref string
		if err := rows.Scan(&ref); err != nil {
			return nil, s.why(err)
		}
		refs = append(refs, ref)
	}
	return refs, s.why(rows.Err())
}

// ClaimLogin is Claim where a new person has to sign in at the provider. claimed
// is the name that the provider has for them, also with ErrNoName and
// ErrNameTaken; the login is used up only by who comes in. ErrLogin,
// ErrLoginPending, *LoginFailed.
//
// A subject is one person: signing in with another device than theirs fails
// with wire.LoginElsewhere, because others know the person by the device's key.
// After Release the next device is theirs.
func (s *SQL) ClaimLogin(ctx context.Context, key []byte, name, ref string, now time.Time) (who wire.Person, claimed string, err error) {
	_, err = s.scanAccount(s.db.QueryRowContext(ctx, accountQuery+" WHERE key = $1", key))
	if errors.Is(err, ErrNotFound) { // or a linked device of somebody, removed or not
		_, err = s.deviceOwner(ctx, key)
	}
	if err == nil || errors.Is(err, ErrRemoved) { // known: needs none
		who, err = s.Claim(ctx, key, name, now)
		return who, "", err
	}
	if !errors.Is(err, ErrNotFound) {
		return wire.Person{}, "", fmt.Errorf("claim: %w", err)
	}
	if err := s.admitted(ctx, deviceHash(key)); err != nil {
		return wire.Person{}, "", fmt.Errorf("claim: %w", err)
	}
	var subject Subject
	var outcome string
	row := s.db.QueryRowContext(ctx, "SELECT outcome, issuer, subject, claimed FROM logins WHERE ref = $1 AND device = $2 AND expires > $3", ref, key, now.UnixMilli())
	switch err := s.why(row.Scan(&outcome, &subject.Issuer, &subject.Subject, &subject.Name)); {
	case errors.Is(err, ErrNotFound):
		return wire.Person{}, "", ErrLogin
	case err != nil:
		return wire.Person{}, "", fmt.Errorf("claim: %w", err)
	case outcome == "":
		return wire.Person{}, "", ErrLoginPending
	case outcome != loginOK:
		return wire.Person{}, "", &LoginFailed{wire.LoginReason(outcome)}
	}
	if err := s.admitted(ctx, subjectHash(subject)); err != nil {
		return wire.Person{}, "", fmt.Errorf("claim: %w", err)
	}
	use := func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "DELETE FROM logins WHERE ref = $1", ref)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return ErrLogin
		}
		return nil
	}
	var id string
	var released, disabled bool
	row = s.db.QueryRowContext(ctx, `SELECT p.id, s.released, p.disabled FROM subjects s JOIN people p ON p.id = s.person
		WHERE s.issuer = $1 AND s.subject = $2`, subject.Issuer, subject.Subject)
	switch err := s.why(row.Scan(&id, &released, &disabled)); {
	case errors.Is(err, ErrNotFound):
		who, err := s.claim(ctx, key, name, now, func(tx *sql.Tx) error {
			if err := use(tx); err != nil {
				return err
			}
			var n int // of two at once the second one finds the first
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM subjects WHERE issuer = $1 AND subject = $2", subject.Issuer, subject.Subject).Scan(&n); err != nil {
				return err
			} else if n > 0 {
				return &LoginFailed{wire.LoginElsewhere}
			}
			return nil
		}, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO subjects (issuer, subject, person, released)
				SELECT $1, $2, id, FALSE FROM people WHERE key = $3`, subject.Issuer, subject.Subject, key)
			if s.dialect.Unique(err) { // another one was faster
				return &LoginFailed{wire.LoginElsewhere}
			}
			return err
		})
		return who, subject.Name, err
	case err != nil:
		return wire.Person{}, "", fmt.Errorf("claim: %w", err)
	case disabled:
		return wire.Person{}, "", ErrDisabled
	case !released:
		return wire.Person{}, "", &LoginFailed{wire.LoginElsewhere}
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if err := use(tx); err != nil {
			return err
		}
		for _, q := range []string{
			"UPDATE subjects SET released = FALSE WHERE person = $1",
			"DELETE FROM ended WHERE person = $1", // what had to end has ended
		} {
			if _, err := tx.ExecContext(ctx, q, id); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE people SET key = $1, seen = $2 WHERE id = $3", key, now.UnixMilli(), id)
		return err
	})
	if err != nil {
		return wire.Person{}, "", fmt.Errorf("claim: %w", err)
	}
	r, err := s.ByID(ctx, id) // with the name that the person has
	return r.Person, subject.Name, err
}

// ErrNoSubject says that a person did not come through a provider.
var ErrNoSubject = errors.New("person has not signed in at a provider")

// Release takes the devices from a person who came through a provider: their
// sessions end, the main one is nobody's, the linked ones are removed, and the
// next device with which they sign in there is theirs. ErrNotFound,
// ErrNoSubject.
func (s *SQL) Release(ctx context.Context, name string, now time.Time) error {
	r, err := s.ByName(ctx, name)
	if err != nil {
		return err
	}
	return s.end(ctx, r.Person.ID, now, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE subjects SET released = TRUE WHERE person = $1", r.Person.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return ErrNoSubject
		}
		if _, err := tx.ExecContext(ctx, "UPDATE devices SET removed = $1 WHERE person = $2 AND removed = 0", now.UnixMilli(), r.Person.ID); err != nil {
			return err
		}
		nobodys := make([]byte, len(r.Person.Key)) // nobody has its other half
		rand.Read(nobodys)
		_, err = tx.ExecContext(ctx, "UPDATE people SET key = $1, devices = '' WHERE id = $2", nobodys, r.Person.ID)
		return err
	})
}
