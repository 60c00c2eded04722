package wire

import (
	"fmt"
	"time"
)

// Code is a stable name for what went wrong. Code.Retry says whether the same
// request can succeed later without a change by the person.
type Code string

// The error codes.
const (
	CodeMalformed    Code = "malformed"     // not JSON, or a field of the wrong type
	CodeTooLarge     Code = "too_large"     // over the size limit; closes
	CodeUnknownKind  Code = "unknown_kind"  // this server does not know the kind
	CodeHelloFirst   Code = "hello_first"   // sent before ready; closes
	CodeBadSignature Code = "bad_signature" // key not proven; closes
	CodeBadName      Code = "bad_name"      // empty, too long, or with control characters
	CodeNameTaken    Code = "name_taken"    // belongs to another key; say hello again with another name
	CodeNameNeeded   Code = "name_needed"   // the key has no name yet
	CodeInviteNeeded Code = "invite_needed" // new people need an invitation here; say hello again with one
	CodeInviteBad    Code = "invite_bad"    // unknown, used up or expired; say hello again with another one
	CodeLoginNeeded  Code = "login_needed"  // new people sign in with a browser here: Error.Login says where
	CodeLoginFailed  Code = "login_failed"  // that did not let this device in; say hello again for another try
	CodeDisabled     Code = "disabled"      // the operator does not let this person sign in; closes
	CodeDeleted      Code = "deleted"       // the account was deleted; closes
	CodeResumeFailed Code = "resume_failed" // session or token unknown; say hello
	CodeReplaced     Code = "replaced"      // the session was resumed elsewhere; closes
	CodeNobody       Code = "nobody"        // no such person
	CodeAway         Code = "away"          // person known, no device connected
	CodeSelf         Code = "self"          // a person cannot call themselves
	CodeGlare        Code = "glare"         // the other is already calling: answer Error.Call
	CodeNoCall       Code = "no_call"       // call unknown or over
	CodeNotYours     Code = "not_yours"     // the session is not a party of it
	CodeLinkUnknown  Code = "link_unknown"
	CodeLinkUsed     Code = "link_used"
	CodeLinkExpired  Code = "link_expired"
	CodeNoDirectory  Code = "no_directory"   // this service lists nobody
	CodeNotForGuests Code = "not_for_guests" // a guest may call the owner of their link and nothing else
	CodeRequested    Code = "requested"      // the callee does not know the caller, and is asked
	CodeKnownOnly    Code = "known_only"     // the callee takes calls of people they know and no others
	CodeBlocked      Code = "blocked"        // the caller has blocked the callee
	CodeTooMany      Code = "too_many"       // a limit of calls, candidates, sessions, contacts
	CodeSlowDown     Code = "slow_down"      // rate limit; RetryMS says when
	CodeStorage      Code = "storage"        // the service cannot write just now; retry
	CodeInternal     Code = "internal"       // the service's fault; retry
	CodeDraining     Code = "draining"       // the service is restarting; reconnect

	CodeJoinWait      Code = "join_wait"      // nobody has let the device in yet: say hello again
	CodePlaceUnknown  Code = "place_unknown"  // no such code, or its time is over, or the device was refused
	CodeDeviceRemoved Code = "device_removed" // the device was taken from its account; closes
	CodeDeviceUsed    Code = "device_used"    // the key of the device belongs to an account already
	CodeListOld       Code = "list_old"       // another list of devices came first: ask for it
	CodeNotMain       Code = "not_main"       // only the device with the account's key may do this
)

// Retry reports whether the same request can succeed later with nothing
// changed by the person.
func (c Code) Retry() bool {
	switch c {
	case CodeAway, CodeTooMany, CodeSlowDown, CodeStorage, CodeInternal, CodeDraining, CodeJoinWait, CodeListOld:
		return true
	}
	return false
}

// Error answers a request that failed. It is a Go error too.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`            // a sentence for a person, English
	RetryMS int64  `json:"retry_ms,omitempty"` // when to try again
	Call    string `json:"call,omitempty"`     // with glare: the call to answer
	Login   *Login `json:"login,omitempty"`    // about signing in with the browser
}

// Error returns "code: message".
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// RetryAfter is RetryMS as a duration.
func (e *Error) RetryAfter() time.Duration { return time.Duration(e.RetryMS) * time.Millisecond }

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Close codes. RFC 6455's are used as meant there; 4000-4499: reconnect,
// 4500-4999: final, a person must act.
const (
	CloseSlow      = 4000 // the client did not read fast enough
	CloseDead      = 4001 // no pong
	CloseNoHello   = 4002 // no hello in time
	CloseDrain     = 4003 // restart; reconnect
	CloseRate      = 4004 // flooding; reconnect later
	CloseStorage   = 4005
	CloseBadHello  = 4500 // signature refused
	CloseReplaced  = 4501 // the session goes on elsewhere
	CloseProtocol  = 4502 // another subprotocol, or a message no client sends
	CloseForbidden = 4503 // origin or account refused
)

// Final reports whether a close code means that reconnecting cannot help.
func Final(code int) bool { return code >= 4500 && code <= 4999 }
