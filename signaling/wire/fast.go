package wire

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// scanned is a body that is often passed on and can be read without reflection.
type scanned interface{ scan(s *scan) bool }

var envelopeFields = []string{"kind", "id", "seq", "epoch", "ack", "from", "call", "ttl_ms", "stranger", "body"}

func (e *Envelope) scan(s *scan) bool {
	return s.object(envelopeFields, func(name string) bool {
		switch name {
		case "kind":
			return s.str((*string)(&e.Kind))
		case "id":
			return s.str(&e.ID)
		case "seq":
			return s.uint(&e.Seq, math.MaxUint64)
		case "epoch":
			var n uint64
			ok := s.uint(&n, math.MaxUint32)
			e.Epoch = uint32(n) //nolint:gosec // below MaxUint32
			return ok
		case "ack":
			return s.uint(&e.Ack, math.MaxUint64)
		case "from":
			e.From = &Person{}
			return e.From.scan(s)
		case "call":
			return s.str(&e.Call)
		case "ttl_ms":
			var n uint64
			ok := s.uint(&n, math.MaxInt64)
			e.TTLms = int64(n) //nolint:gosec // below MaxInt64
			return ok
		case "stranger":
			return s.boolean(&e.Stranger)
		}
		return s.raw(&e.Body)
	})
}

var personFields = []string{"id", "name", "key", "guest"}

func (p *Person) scan(s *scan) bool {
	return s.object(personFields, func(name string) bool {
		switch name {
		case "id":
			return s.str(&p.ID)
		case "name":
			return s.str(&p.Name)
		case "key":
			return s.bytes(&p.Key)
		}
		return s.boolean(&p.Guest)
	})
}

var mediaFields = []string{"audio", "video"}

func (m *Media) scan(s *scan) bool {
	return s.object(mediaFields, func(name string) bool {
		if name == "audio" {
			return s.boolean(&m.Audio)
		}
		return s.boolean(&m.Video)
	})
}

var identityFields = []string{"v", "key", "to", "mix", "sig", "account", "devices"}

func (i *Identity) scan(s *scan) bool {
	return s.object(identityFields, func(name string) bool {
		switch name {
		case "v":
			var n uint64
			ok := s.uint(&n, math.MaxInt32)
			i.Version = int(n) //nolint:gosec // below MaxInt32
			return ok
		case "key":
			return s.bytes(&i.Key)
		case "to":
			return s.bytes(&i.To)
		case "mix":
			return s.bytes(&i.Mix)
		case "sig":
			return s.bytes(&i.Signature)
		case "account":
			return s.bytes(&i.Account)
		}
		return false // rare, and of many parts
	})
}

var descriptionFields = []string{"type", "sdp", "identity"}

func (d *Description) scan(s *scan) bool {
	return s.object(descriptionFields, func(name string) bool {
		switch name {
		case "type":
			return s.str(&d.Type)
		case "sdp":
			return s.str(&d.SDP)
		}
		d.Identity = &Identity{}
		return d.Identity.scan(s)
	})
}

var negotiateFields = []string{"description", "generation", "restart"}

func (n *Negotiate) scan(s *scan) bool {
	return s.object(negotiateFields, func(name string) bool {
		switch name {
		case "description":
			return n.Description.scan(s)
		case "generation":
			return s.generation(&n.Generation)
		}
		return s.boolean(&n.Restart)
	})
}

func (s *scan) generation(to *int) bool {
	var n uint64
	ok := s.uint(&n, math.MaxInt32)
	*to = int(n) //nolint:gosec // below MaxInt32
	return ok
}

var answerFields = []string{"media", "answer"}

func (a *Answer) scan(s *scan) bool {
	return s.object(answerFields, func(name string) bool {
		if name == "media" {
			return a.Media.scan(s)
		}
		return a.Answer.scan(s)
	})
}

var inviteFields = []string{"to", "link", "media", "offer"}

func (i *Invite) scan(s *scan) bool {
	return s.object(inviteFields, func(name string) bool {
		switch name {
		case "to":
			return s.str(&i.To)
		case "link":
			return s.str(&i.Link)
		case "media":
			return i.Media.scan(s)
		}
		return i.Offer.scan(s)
	})
}

var candidatesFields = []string{"generation", "candidates", "end"}

func (c *Candidates) scan(s *scan) bool {
	return s.object(candidatesFields, func(name string) bool {
		switch name {
		case "generation":
			return s.generation(&c.Generation)
		case "candidates":
			return s.list(func() bool {
				var k Candidate
				if !k.scan(s) {
					return false
				}
				c.Candidates = append(c.Candidates, k)
				return true
			}, func() { c.Candidates = []Candidate{} })
		}
		return s.boolean(&c.End)
	})
}

// list reads an array; each reads a value. empty is called if there is none.
func (s *scan) list(each func() bool, empty func()) bool {
	if !s.next('[') {
		return false
	}
	if s.next(']') {
		empty()
		return true
	}
	for {
		s.space()
		if !each() {
			return false
		}
		if s.next(',') {
			continue
		}
		return s.next(']')
	}
}

var candidateFields = []string{"candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"}

func (k *Candidate) scan(s *scan) bool {
	return s.object(candidateFields, func(name string) bool {
		switch name {
		case "candidate":
			return s.str(&k.Candidate)
		case "sdpMid":
			k.SDPMid = new(string)
			return s.str(k.SDPMid)
		case "sdpMLineIndex":
			var n uint64
			ok := s.uint(&n, math.MaxUint16)
			i := uint16(n) //nolint:gosec // below MaxUint16
			k.SDPMLineIndex = &i
			return ok
		}
		k.Ufrag = new(string)
		return s.str(k.Ufrag)
	})
}

// unmarshal reads a body; v is a pointer.
func unmarshal[T any](b []byte, v *T) error {
	if f, ok := any(v).(scanned); ok {
		s := scan{b: b}
		s.space()
		if f.scan(&s) && s.end() {
			return nil
		}
		*v = *new(T)
	}
	return json.Unmarshal(b, v)
}

// appendEnvelope writes what json.Marshal would, but the body as it is: it was
// read by Decode or made by New. false: a string needs more than quotes.
func appendEnvelope(b []byte, e *Envelope) ([]byte, bool) {
	b, ok := appendText(append(b, `{"kind":`...), string(e.Kind))
	field := func(name, v string) {
		if v == "" || !ok {
			return
		}
		b = append(append(append(b, ',', '"'), name...), '"', ':')
		b, ok = appendText(b, v)
	}
	number := func(name string, v uint64) {
		if v != 0 {
			b = append(append(append(b, ',', '"'), name...), '"', ':')
			b = strconv.AppendUint(b, v, 10)
		}
	}
	field("id", e.ID)
	number("seq", e.Seq)
	number("epoch", uint64(e.Epoch))
	number("ack", e.Ack)
	if !ok {
		return nil, false
	}
	if p := e.From; p != nil {
		b = append(b, `,"from":{"id":`...)
		if b, ok = appendText(b, p.ID); !ok {
			return nil, false
		}
		b = append(b, `,"name":`...)
		if b, ok = appendText(b, p.Name); !ok || p.Key == nil {
			return nil, false
		}
		b = append(b, `,"key":"`...)
		b = base64.StdEncoding.AppendEncode(b, p.Key)
		b = append(b, '"')
		if p.Guest {
			b = append(b, `,"guest":true`...)
		}
		b = append(b, '}')
	}
	field("call", e.Call)
	if e.TTLms < 0 {
		return nil, false
	}
	number("ttl_ms", uint64(e.TTLms))
	if e.Stranger {
		b = append(b, `,"stranger":true`...)
	}
	if len(e.Body) > 0 {
		b = append(append(b, `,"body":`...), e.Body...)
	}
	if !ok {
		return nil, false
	}
	return append(b, '}'), true
}

// appendText writes a string that needs no escapes.
func appendText(b []byte, s string) ([]byte, bool) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0xe2 { // U+2028 and U+2029 begin so
			return nil, false
		}
	}
	if !utf8.ValidString(s) {
		return nil, false
	}
	return append(append(append(b, '"'), s...), '"'), true
}
