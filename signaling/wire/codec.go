package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Decode reads one message. The error is an *Error with CodeTooLarge (over
// MaxMessage) or CodeMalformed and names what is wrong; the envelope then
// holds what could be read, so that an answer can carry ID and Call. Unknown
// fields are ignored and unknown kinds are left to the caller. The body is part
// of b.
func Decode(b []byte) (Envelope, error) {
	var e Envelope
	if len(b) > MaxMessage {
		return e, Errorf(CodeTooLarge, "A message of %d bytes is over the limit of %d.", len(b), MaxMessage)
	}
	if !utf8.Valid(b) {
		return e, Errorf(CodeMalformed, "The message is not UTF-8.")
	}
	if err := unmarshal(b, &e); err != nil {
		return harmless(e), malformed(err)
	}
	switch {
	case e.Kind == "":
		return harmless(e), Errorf(CodeMalformed, "The message has no kind.")
	case e.ID != "" && !ValidID(e.ID):
		e.ID = ""
		return harmless(e), Errorf(CodeMalformed, "The field id is not 1 to %d of letters, digits, - and _.", MaxID)
	case e.Call != "" && !ValidID(e.Call):
		return harmless(e), Errorf(CodeMalformed, "The field call is not 1 to %d of letters, digits, - and _.", MaxID)
	case e.TTLms < 0:
		return e, Errorf(CodeMalformed, "The field ttl_ms is negative.")
	}
	return e, nil
}

// harmless keeps only what an answer may repeat.
func harmless(e Envelope) Envelope {
	if !ValidID(e.ID) {
		e.ID = ""
	}
	if !ValidID(e.Call) {
		e.Call = ""
	}
	return e
}

// Encode writes one message. Its body must be JSON, as Decode and New make it.
// The error is an *Error with CodeTooLarge if the
// other side would refuse it for its size.
func Encode(e Envelope) ([]byte, error) {
	b, ok := appendEnvelope(make([]byte, 0, len(e.Body)+256), &e)
	if !ok {
		var err error
		if b, err = marshal(e); err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.Kind, err)
		}
	}
	if len(b) > MaxMessage {
		return nil, Errorf(CodeTooLarge, "A message of %d bytes is over the limit of %d.", len(b), MaxMessage)
	}
	return b, nil
}

// marshal is json.Marshal without the escapes that only HTML needs: they make
// a relayed body up to six times as long as its sender wrote it.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// New makes an envelope with a body; nil makes one without.
func New(kind Kind, body any) (Envelope, error) {
	e := Envelope{Kind: kind}
	if body == nil {
		return e, nil
	}
	b, err := marshal(body)
	if err != nil {
		return e, fmt.Errorf("encode %s: %w", kind, err)
	}
	e.Body = b
	return e, nil
}

// Body reads an envelope's body as T and validates it. The error is an *Error
// with CodeMalformed (CodeBadName for a bad name in hello) and wraps the
// FieldError if a field is the reason.
func Body[T any](e Envelope) (T, error) {
	var v T
	if len(e.Body) == 0 {
		return v, Errorf(CodeMalformed, "The message %s needs a body.", e.Kind)
	}
	if err := unmarshal(e.Body, &v); err != nil {
		return v, malformed(err)
	}
	if c, ok := any(v).(interface{ Validate() error }); ok {
		if err := c.Validate(); err != nil {
			return v, refused(e.Kind, err)
		}
	}
	return v, nil
}

// refused turns a FieldError into the error that the sender gets.
func refused(kind Kind, err error) error {
	var f *FieldError
	if !errors.As(err, &f) {
		return Errorf(CodeMalformed, "The message %s is not valid.", kind)
	}
	code := CodeMalformed
	if kind == KindHello && f.Field == "name" {
		code = CodeBadName
	}
	return &bodyError{Err: Errorf(code, "The field %s of %s %s.", f.Field, kind, f.Reason), field: f}
}

// bodyError is an *Error for errors.As that also wraps the FieldError.
type bodyError struct {
	Err   *Error
	field *FieldError
}

func (b *bodyError) Error() string   { return b.Err.Error() }
func (b *bodyError) Unwrap() []error { return []error{b.Err, b.field} }

// malformed explains a JSON error without repeating the sender's bytes.
func malformed(err error) *Error {
	var t *json.UnmarshalTypeError
	var s *json.SyntaxError
	switch {
	case errors.As(err, &t) && t.Field != "":
		return Errorf(CodeMalformed, "The field %.64s cannot be a JSON %s.", t.Field, t.Value)
	case errors.As(err, &t):
		return Errorf(CodeMalformed, "A message is a JSON object, not a %s.", t.Value)
	case errors.As(err, &s):
		return Errorf(CodeMalformed, "The message is not JSON (byte %d).", s.Offset)
	}
	return Errorf(CodeMalformed, "The message is not valid JSON for its kind.")
}

// AsError returns the *Error in err's chain, or one with CodeInternal.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Errorf(CodeInternal, "Something went wrong in the service. Please try again.")
}
