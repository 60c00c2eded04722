package client

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling/wire"
)

// askLogin makes the fake ask everybody for a login, until one let in.
func askLogin(f *fake) (asked *[]wire.Hello, in *bool) {
	asked, in = &[]wire.Hello{}, new(bool)
	f.login = func(h wire.Hello) *wire.Error {
		*asked = append(*asked, h)
		if *in && h.Login == "l1" {
			return nil
		}
		werr := wire.Errorf(wire.CodeLoginNeeded, "New people sign in with their browser here.")
		werr.Login = &wire.Login{ID: "l1", URL: "https://fake/login/l1", Code: "KTQ-482", ExpiresMS: (10 * time.Minute).Milliseconds()}
		return werr
	}
	return asked, in
}

// A login takes minutes, over a network that ends what is silent, and goes on
// by itself.
func TestLogin(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		asked, in := askLogin(f)
		c := run(t, f, nil)
		s := c.reach(NeedLogin)
		if s.Login.URL != "https://fake/login/l1" || s.Login.Code != "KTQ-482" {
			t.Errorf("the state has %+v", s.Login)
		}
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		if n := f.count(&f.attempts); n != 1 {
			t.Errorf("%d connections", n)
		}
		if pings := f.count(&f.pinged); pings < 18 {
			t.Errorf("%d signs of life in 9 minutes", pings)
		}
		f.set(func() { *in = true })
		f.tell(envelope(wire.KindLogin, wire.Login{ID: "l1"}))
		if s := c.reach(Online); s.Login != (wire.Login{}) {
			t.Errorf("afterwards %+v", s.Login)
		}
		f.set(func() {
			if len(*asked) != 2 || (*asked)[0].Login != "" || (*asked)[1].Login != "l1" {
				t.Errorf("hellos: %+v", *asked)
			}
		})
	})
}

// A connection that is lost meanwhile is made anew, and the login is the same.
func TestLoginOverACut(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		asked, in := askLogin(f)
		c := run(t, f, nil)
		c.reach(NeedLogin)
		f.cut()
		synctest.Wait()
		if s := c.State(); s.Phase != NeedLogin || s.Login.Code != "KTQ-482" || wire.AsError(s.Err).Code != wire.CodeLoginNeeded {
			t.Errorf("while it is away: %s, %+v, %v", s.Phase, s.Login, s.Err)
		}
		time.Sleep(time.Minute)
		f.set(func() {
			if n := len(*asked); n < 2 || (*asked)[n-1].Login != "l1" {
				t.Errorf("hellos: %+v", *asked)
			}
			*in = true
		})
		c.Kick() // the network has changed, too
		c.reach(Online)
	})
}

// What came of it is said, and another try is the person's to make.
func TestLoginFails(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		asked, _ := askLogin(f)
		c := run(t, f, nil)
		c.reach(NeedLogin)
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		s := c.State()
		if w := (*wire.Error)(nil); !errors.As(s.Err, &w) || s.Phase != NeedLogin || s.Login.Reason != wire.LoginExpired || s.Login.URL != "" {
			t.Errorf("after its time: %s, %+v, %v", s.Phase, s.Login, s.Err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := f.count(&f.attempts); n != 1 {
			t.Errorf("%d connections without anybody's wish", n)
		}
		c.Login()
		synctest.Wait()
		if s := c.State(); s.Phase != NeedLogin || s.Login.URL == "" {
			t.Errorf("another try: %s, %+v", s.Phase, s.Login)
		}
		f.set(func() {
			if n := len(*asked); n != 2 || (*asked)[1].Login != "" {
				t.Errorf("hellos: %+v", *asked)
			}
		})
		if err := c.Rename("Ben"); err != nil { // in the middle of it
			t.Fatal(err)
		}
		synctest.Wait()
		f.set(func() {
			if n := len(*asked); n != 3 || (*asked)[2].Name != "Ben" || (*asked)[2].Login != "l1" {
				t.Errorf("hellos: %+v", *asked)
			}
		})
	})
}

// A service that is deaf while a person is in the browser is noticed.
func TestLoginOnADeadLink(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		askLogin(f)
		f.noPongs = true
		c := run(t, f, nil)
		c.reach(NeedLogin)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := f.count(&f.attempts); n < 2 {
			t.Errorf("%d connections in two minutes of silence", n)
		}
		if s := c.State(); s.Phase != NeedLogin {
			t.Errorf("meanwhile %s", s.Phase)
		}
	})
}
