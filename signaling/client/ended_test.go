package client

import (
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// The service says why it ends a session for good, and the state says it on.
func TestAccountEndsInASession(t *testing.T) {
	for _, code := range []wire.Code{wire.CodeDisabled, wire.CodeDeleted, wire.CodeDeviceRemoved} {
		t.Run(string(code), func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				c := run(t, f, nil)
				c.reach(Online)
				f.tell(envelope(wire.KindError, wire.Errorf(code, "This account cannot be used.")))
				f.closeAll(wire.CloseForbidden)
				s := c.reach(Failed)
				if w := (*wire.Error)(nil); !errors.As(s.Err, &w) || w.Code != code {
					t.Errorf("the state has %v", s.Err)
				}
				if hellos := f.count(&f.hellos); hellos != 1 {
					t.Errorf("%d sign-ins", hellos)
				}
				_ = c.finish()
			})
		})
	}
}

// Who has deleted the account is not signed in again: that would make the
// person anew.
func TestAccountDeleted(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.answer = func(s *fakeSession, e wire.Envelope) *wire.Envelope {
			if e.Kind != wire.KindAccountDelete {
				return &wire.Envelope{Kind: wire.KindOK}
			}
			s.link.write(wire.Envelope{Kind: wire.KindOK, ID: e.ID})
			_ = s.link.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "deleted"), time.Now().Add(time.Second))
			return nil
		}
		c := run(t, f, nil)
		c.reach(Online)
		if _, err := c.Request(t.Context(), wire.KindAccountDelete, "", nil); err != nil {
			t.Fatal(err)
		}
		s := c.reach(Failed)
		if w := (*wire.Error)(nil); !errors.As(s.Err, &w) || w.Code != wire.CodeDeleted {
			t.Errorf("the state has %v", s.Err)
		}
		if hellos := f.count(&f.hellos); hellos != 1 {
			t.Errorf("%d sign-ins", hellos)
		}
		_ = c.finish()
	})
}

// The connection is lost before the answer: that the account is gone says that
// it was done.
func TestAccountDeletedOverACut(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		f.set(func() {
			f.answer = func(s *fakeSession, e wire.Envelope) *wire.Envelope {
				if e.Kind == wire.KindAccountDelete {
					f.set(func() {
						f.sessions = map[string]*fakeSession{}
						f.login = func(wire.Hello) *wire.Error { return wire.Errorf(wire.CodeDeleted, "This account was deleted.") }
					})
					s.link.ws.Close()
				}
				return nil
			}
		})
		if _, err := c.Request(t.Context(), wire.KindAccountDelete, "", nil); err != nil {
			t.Errorf("the request ended with %v", err)
		}
		c.reach(Failed)
		_ = c.finish()
	})
}
