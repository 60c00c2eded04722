package wire

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Sizes of single fields, in bytes. They keep one message from standing for
// much memory on the other side, whatever MaxMessage allows.
const (
	MaxID        = 64       // request ids, call ids, session ids, link codes
	MaxText      = 500      // a sentence from one person to another
	MaxSDP       = 48 << 10 // one description
	MaxCandidate = 1 << 10  // one candidate line
	MaxNames     = 500      // names in one watch
	MaxHistory   = 100      // entries of one history
	MaxUses      = 10000    // of one link
	NonceLen     = 32
	TokenLen     = 32
)

// FieldError says which field of a body is wrong and why.
type FieldError struct {
	Field  string // as in JSON, with a dot for a field within a field
	Reason string
}

// Error returns "field: reason".
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

func bad(field, format string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// CleanName returns the name without surrounding space, or a FieldError named
// "name". A name is valid UTF-8 of 1 to MaxName bytes without control
// characters, line breaks or characters that change the writing direction.
// Bytes are kept as the person wrote them: no Unicode normalization.
func CleanName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", bad("name", "is not UTF-8")
	}
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", bad("name", "is empty")
	case len(name) > MaxName:
		return "", bad("name", "has %d bytes, at most %d are possible", len(name), MaxName)
	}
	visible := false
	for _, r := range name {
		switch {
		case joiner(r): // ZWNJ and ZWJ belong to Persian names and to emoji
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs):
			return "", bad("name", "has the character %U, which cannot be seen", r)
		case unicode.IsGraphic(r) && !unicode.IsSpace(r):
			visible = true
		}
	}
	if !visible {
		return "", bad("name", "has no visible character")
	}
	return name, nil
}

func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// NameKey is what two names are compared by: equal keys are one name. Case,
// joiners and the amount of space between words make no difference.
func NameKey(name string) string {
	var b strings.Builder
	for i, w := range strings.Fields(name) {
		if i > 0 {
			b.WriteByte(' ')
		}
		for _, r := range w {
			if !joiner(r) {
				b.WriteRune(fold(r))
			}
		}
	}
	return b.String()
}

// fold is the smallest rune that r is equal to under simple case folding, so
// that every spelling of a letter maps to one.
func fold(r rune) rune {
	low := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		low = min(low, f)
	}
	return low
}

// ValidID reports whether s can be a request, call or session id or a link
// code: 1 to MaxID of A-Z, a-z, 0-9, '-' and '_'.
func ValidID(s string) bool {
	if s == "" || len(s) > MaxID {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

func checkID(field, s string) error {
	if !ValidID(s) {
		return bad(field, "is not 1 to %d of letters, digits, - and _", MaxID)
	}
	return nil
}

func checkKey(field string, key []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return bad(field, "has %d bytes, an Ed25519 key has %d", len(key), ed25519.PublicKeySize)
	}
	return nil
}

func checkSignature(sig []byte) error {
	if len(sig) != ed25519.SignatureSize {
		return bad("signature", "has %d bytes, an Ed25519 signature has %d", len(sig), ed25519.SignatureSize)
	}
	return nil
}

func checkToken(token []byte) error {
	if len(token) != TokenLen {
		return bad("token", "has %d bytes, not %d", len(token), TokenLen)
	}
	return nil
}

func checkText(field, s string, most int) error {
	if len(s) > most {
		return bad(field, "has %d bytes, at most %d are possible", len(s), most)
	}
	return nil
}

// Validate names the first field that is wrong.
func (p Person) Validate() error {
	if err := checkID("id", p.ID); err != nil {
		return err
	}
	if _, err := CleanName(p.Name); err != nil {
		return err
	}
	return checkKey("key", p.Key)
}

// Validate names the first field that is wrong.
func (w Welcome) Validate() error {
	switch {
	case len(w.Nonce) != NonceLen:
		return bad("nonce", "has %d bytes, not %d", len(w.Nonce), NonceLen)
	case w.Server == "":
		return bad("server", "is empty")
	case w.MaxMessage < 0:
		return bad("max_message", "is negative")
	case w.PingMS < 0:
		return bad("ping_ms", "is negative")
	}
	if w.Newest != nil {
		return within("newest", w.Newest.Validate())
	}
	return nil
}

// MaxPage is how long the address of a page can be, in bytes.
const MaxPage = 1024

// Validate names the first field that is wrong.
func (r Release) Validate() error {
	if r.Version == "" || len(r.Version) > MaxID {
		return bad("version", "has %d bytes, not 1 to %d", len(r.Version), MaxID)
	}
	for _, c := range r.Version {
		if c <= ' ' || c > '~' {
			return bad("version", "has the character %U; a version is as 1.4.0", c)
		}
	}
	if len(r.Page) > MaxPage {
		return bad("page", "has %d bytes, at most %d are possible", len(r.Page), MaxPage)
	}
	if u, err := url.Parse(r.Page); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return bad("page", "is not an address as in https://example.org/parley")
	}
	return nil
}

// Validate names the first field that is wrong. An empty name is valid.
func (h Hello) Validate() error {
	if err := checkKey("key", h.Key); err != nil {
		return err
	}
	if weakKey(h.Key) {
		return bad("key", "is a point of small order, which proves nothing")
	}
	if err := checkSignature(h.Signature); err != nil {
		return err
	}
	if h.Name != "" {
		if _, err := CleanName(h.Name); err != nil {
			return err
		}
	}
	if h.Login != "" {
		if err := checkID("login", h.Login); err != nil {
			return err
		}
	}
	if h.Link != "" {
		if err := checkID("link", h.Link); err != nil {
			return err
		}
		if h.Name == "" {
			return bad("name", "is empty, and a guest has no other")
		}
	}
	if err := checkText("invite", h.Invite, MaxID); err != nil {
		return err
	}
	if h.Join != nil {
		if err := within("join", h.Join.Validate()); err != nil {
			return err
		}
	}
	return checkText("client", h.Client, 128)
}

// Validate names the first field that is wrong.
func (r Ready) Validate() error {
	if err := checkID("session", r.Session); err != nil {
		return err
	}
	if err := checkToken(r.Token); err != nil {
		return err
	}
	return within("me", r.Me.Validate())
}

// Validate names the first field that is wrong.
func (r Resume) Validate() error {
	if err := checkID("session", r.Session); err != nil {
		return err
	}
	if err := checkToken(r.Token); err != nil {
		return err
	}
	return checkSignature(r.Signature)
}

// Validate names the first field that is wrong.
func (r Resumed) Validate() error { return checkToken(r.Token) }

// Validate names the first field that is wrong.
func (w Watch) Validate() error {
	if len(w.Names) > MaxNames {
		return bad("names", "has %d entries, at most %d are possible", len(w.Names), MaxNames)
	}
	for _, n := range w.Names {
		if _, err := CleanName(n); err != nil {
			return within("names", err)
		}
	}
	return nil
}

// Validate names the first field that is wrong.
func (s Status) Validate() error {
	if s.State != Available && s.State != Busy {
		return bad("state", "%.32q is neither available nor busy", s.State)
	}
	return nil
}

// Validate names the first field that is wrong.
func (c Contact) Validate() error {
	_, err := CleanName(c.Name)
	return err
}

// Validate names the first field that is wrong.
func (q HistoryQuery) Validate() error {
	switch {
	case q.Before < 0:
		return bad("before", "is negative")
	case q.Limit < 0 || q.Limit > MaxHistory:
		return bad("limit", "is not 0 to %d", MaxHistory)
	}
	return nil
}

// Validate names the first field that is wrong.
func (l LinkCreate) Validate() error {
	const year = 366 * 24 * 3600 * 1000
	switch {
	case l.TTLms < 0 || l.TTLms > year:
		return bad("ttl_ms", "is not 0 to a year")
	case l.Uses < 0 || l.Uses > MaxUses:
		return bad("uses", "is not 0 to %d", MaxUses)
	}
	return nil
}

// Validate names the first field that is wrong.
func (l LinkRef) Validate() error { return checkID("code", l.Code) }

// validate names the first field that is wrong. kinds are the types allowed;
// none means any of the three.
func (d Description) validate(kinds ...string) error {
	if len(kinds) == 0 {
		kinds = []string{"offer", "answer", "rollback"}
	}
	known := false
	for _, k := range kinds {
		known = known || d.Type == k
	}
	switch {
	case !known:
		return bad("type", "%.32q is not %s", d.Type, strings.Join(kinds, ", "))
	case d.SDP == "" && d.Type != "rollback":
		return bad("sdp", "is empty")
	}
	if err := checkText("sdp", d.SDP, MaxSDP); err != nil || d.Identity == nil {
		return err
	}
	return within("identity", d.Identity.Validate())
}

// maxIdentity bounds each part of an Identity, in bytes; what they mean is
// between the two ends.
const maxIdentity = 128

// Validate names the first field that is wrong.
func (i Identity) Validate() error {
	for _, f := range []struct {
		name  string
		bytes []byte
	}{{"key", i.Key}, {"to", i.To}, {"mix", i.Mix}, {"sig", i.Signature}, {"account", i.Account}} {
		if len(f.bytes) > maxIdentity {
			return bad(f.name, "has %d bytes, more than %d", len(f.bytes), maxIdentity)
		}
	}
	if i.Devices == nil {
		return nil
	}
	return within("devices", i.Devices.Validate())
}

// Validate names the first field that is wrong.
func (d Description) Validate() error { return d.validate() }

// Validate names the first field that is wrong.
func (i Invite) Validate() error {
	switch {
	case i.To == "" && i.Link == "":
		return bad("to", "is empty, and so is link")
	case i.To != "" && i.Link != "":
		return bad("to", "is given together with link")
	}
	if i.To != "" {
		if _, err := CleanName(i.To); err != nil {
			return within("to", err)
		}
	}
	if i.Link != "" {
		if err := checkID("link", i.Link); err != nil {
			return err
		}
	}
	return within("offer", i.Offer.validate("offer"))
}

// Validate names the first field that is wrong.
func (a Answer) Validate() error { return within("answer", a.Answer.validate("answer")) }

// Validate names the first field that is wrong.
func (r Reject) Validate() error {
	switch r.Reason {
	case RejectBusy, RejectDeclined, RejectFailed:
		return checkText("message", r.Message, MaxText)
	}
	return bad("reason", "%.32q is not busy, declined or failed", r.Reason)
}

// Validate names the first field that is wrong.
func (r Reason) Validate() error {
	switch r.Reason {
	case EndHangup, EndCancelled, EndNoAnswer, EndUnreachable, EndError, EndGlare:
		return checkText("message", r.Message, MaxText)
	}
	return bad("reason", "%.32q is not a reason to end a call", r.Reason)
}

// Validate names the first field that is wrong. How many candidates a
// generation has is counted by the service over all its batches.
func (c Candidates) Validate() error {
	if c.Generation < 0 {
		return bad("generation", "is negative")
	}
	if len(c.Candidates) > MaxCandidates {
		return bad("candidates", "has %d entries, at most %d are possible", len(c.Candidates), MaxCandidates)
	}
	for _, k := range c.Candidates {
		if err := checkText("candidates", k.Candidate, MaxCandidate); err != nil {
			return err
		}
		if k.SDPMid != nil && len(*k.SDPMid) > 64 {
			return bad("candidates.sdpMid", "has more than 64 bytes")
		}
		if k.Ufrag != nil && len(*k.Ufrag) > 256 { // RFC 8839 section 5.4: at most 256
			return bad("candidates.usernameFragment", "has more than 256 bytes")
		}
	}
	return nil
}

// Validate names the first field that is wrong.
func (n Negotiate) Validate() error {
	if n.Generation < 0 {
		return bad("generation", "is negative")
	}
	return within("description", n.Description.validate())
}

// maxAge of a standing call: longer than anybody talks.
const maxAge = 30 * 24 * time.Hour

// Validate names the first field that is wrong.
func (s Standing) Validate() error {
	if s.AgeMS < 0 || s.AgeMS > maxAge.Milliseconds() {
		return bad("age_ms", "is not between 0 and %d", maxAge.Milliseconds())
	}
	return checkKey("peer", s.Peer)
}

// Validate names the first field that is wrong.
func (e Error) Validate() error {
	if e.Code == "" {
		return bad("code", "is empty")
	}
	if e.Login != nil {
		if err := e.Login.Validate(); err != nil {
			return within("login", err)
		}
	}
	return nil
}

// within puts the outer field's name before an inner one's.
func within(outer string, err error) error {
	if f, ok := errors.AsType[*FieldError](err); ok {
		return &FieldError{Field: outer + "." + f.Field, Reason: f.Reason}
	}
	return err
}
