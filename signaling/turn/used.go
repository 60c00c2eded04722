package turn

import (
	"strings"
	"sync/atomic"
)

// Used is what one person's relays carried since they were last asked about.
type Used struct {
	Person string
	Bytes  int64 // payload, both ways
	Relays int   // allocated
}

// account is what a person uses. It stays while there is something to say.
type account struct {
	bytes  atomic.Int64
	relays int // guarded by Server.mu
	open   int // relays that count here; guarded by Server.mu
}

// GuestOf is the person in the credentials of a guest: limits are the guest's
// own, and what goes through the relay counts for the one who gave the link.
func GuestOf(guest, owner string) string { return guest + "+" + owner }

// payer is for whom a person's relays count.
func payer(person string) string {
	if _, owner, guest := strings.Cut(person, "+"); guest && owner != "" {
		return owner
	}
	return person
}

// accountLocked opens a relay's account.
func (s *Server) accountLocked(person string) *account {
	a := s.used[person]
	if a == nil {
		a = &account{}
		s.used[person] = a
	}
	a.relays++
	a.open++
	return a
}

// Used returns what was used since the last time, in no order, and begins
// anew. After Close it returns the rest.
func (s *Server) Used() []Used {
	s.mu.Lock()
	defer s.mu.Unlock()
	var us []Used
	for person, a := range s.used {
		u := Used{Person: person, Bytes: a.bytes.Swap(0), Relays: a.relays}
		a.relays = 0
		if u.Bytes > 0 || u.Relays > 0 {
			us = append(us, u)
		}
		if a.open == 0 {
			delete(s.used, person)
		}
	}
	return us
}
