package wire

import (
	"net/url"
	"time"
)

// Login is a registration with the browser, at the OpenID Connect provider of
// whoever runs the service.
type Login struct {
	// ID names it; only this device may know it. For the next Hello.
	ID string `json:"id,omitempty"`
	// URL is where the browser has to go, with CodeLoginNeeded: http or https,
	// on the service.
	URL string `json:"url,omitempty"`
	// Code is shown there, and must be shown by the program: a person compares
	// the two, so that nobody lets somebody else's program in.
	Code string `json:"code,omitempty"`
	// ExpiresMS is how long it can be used, from arrival.
	ExpiresMS int64 `json:"expires_ms,omitempty"`
	// Name is what the provider calls the person, a proposal: with
	// CodeNameNeeded and CodeNameTaken after a login that succeeded.
	Name string `json:"name,omitempty"`
	// Reason says why it failed, with CodeLoginFailed.
	Reason LoginReason `json:"reason,omitempty"`
}

// LoginReason says why a login lets nobody in.
type LoginReason string

// The reasons.
const (
	LoginDenied     LoginReason = "denied"      // the person, or the provider, said no
	LoginNotAllowed LoginReason = "not_allowed" // not among those whom the operator lets in
	LoginExpired    LoginReason = "expired"     // it took too long
	LoginProvider   LoginReason = "provider"    // the provider did not answer, or not as it must
	LoginElsewhere  LoginReason = "elsewhere"   // the person has an account here, with another device
)

// Within is ExpiresMS as a duration.
func (l Login) Within() time.Duration { return time.Duration(l.ExpiresMS) * time.Millisecond }

// maxURL bounds an address.
const maxURL = 500

// Validate names the first field that is wrong.
func (l Login) Validate() error {
	if l.ID != "" {
		if err := checkID("id", l.ID); err != nil {
			return err
		}
	}
	if l.URL != "" {
		u, err := url.Parse(l.URL)
		if err != nil || len(l.URL) > maxURL || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			return bad("url", "is not a web address")
		}
	}
	if len(l.Code) > MaxID {
		return bad("code", "has %d bytes, at most %d are possible", len(l.Code), MaxID)
	}
	if l.ExpiresMS < 0 || l.ExpiresMS > time.Hour.Milliseconds() {
		return bad("expires_ms", "is not within an hour")
	}
	if l.Name != "" {
		if _, err := CleanName(l.Name); err != nil {
			return err
		}
	}
	return nil
}
