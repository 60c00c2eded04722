package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/signaling/wire"
)

var update = flag.Bool("update", false, "write testdata and the examples of PROTOCOL.md")

func ptr[T any](v T) *T { return &v }

func fill(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

// examples has one message of each kind, and one of each body of ok, by the
// name of its file.
func examples() map[string]wire.Envelope {
	ada := wire.Person{ID: "q4wzk7mdn2yh3xce", Name: "Ada", Key: fill(1, 32)}
	bob := wire.Person{ID: "b8tr5vgp6sfj9uka", Name: "Bob", Key: fill(2, 32)}
	grace := wire.Person{ID: "gt5n2wq8hxk4zrc7y", Name: "Grace", Key: fill(8, 32), Guest: true}
	const call = "nbswy3dpeb3w64tmmqqhg2lhna"
	ice := wire.ICE{Servers: []wire.ICEServer{
		{URLs: []string{"stun:calls.example.org:3478"}},
		{URLs: []string{"turn:calls.example.org:3478?transport=udp", "turns:calls.example.org:443?transport=tcp"}, Username: "1760000000:q4wzk7mdn2yh3xce", Credential: "c2VjcmV0"},
	}, ExpiresMS: 300_000}
	link := wire.Link{Code: "hfpc37ktnwy2emrx", URL: "https://calls.example.org/j/hfpc37ktnwy2emrx", Owner: ada, ExpiresMS: 604_800_000, UsesLeft: 1}
	people := []wire.Presence{{Person: ada, State: wire.Available}, {Person: bob, State: wire.Offline, SeenMS: 86_400_000}}
	offer := wire.Description{Type: "offer", SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}
	signed := offer
	signed.Identity = &wire.Identity{Version: 1, Key: ada.Key, To: bob.Key, Mix: fill(8, 32), Signature: fill(9, 64)}
	answer := wire.Description{Type: "answer", SDP: "v=0\r\no=- 2 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}
	reason := wire.Reason{Reason: wire.EndHangup}

	m := map[string]wire.Envelope{}
	add := func(name string, e wire.Envelope, body any) {
		n, err := wire.New(e.Kind, body)
		if err != nil {
			panic(err)
		}
		e.Body = n.Body
		m[name] = e
	}
	kind := func(e wire.Envelope, body any) { add(string(e.Kind), e, body) }
	reply := func(to wire.Kind, e wire.Envelope, body any) {
		e.Kind = wire.KindOK
		add("ok."+string(to), e, body)
	}

	kind(wire.Envelope{Kind: wire.KindWelcome}, wire.Welcome{Server: "calls.example.org", Version: "1.0.0", Nonce: fill(3, 32),
		MaxMessage: wire.MaxMessage, PingMS: 10_000, Directory: true, LinkPattern: "https://calls.example.org/j/"})
	add("welcome.newest", wire.Envelope{Kind: wire.KindWelcome}, wire.Welcome{Server: "calls.example.org", Version: "1.4.0", Nonce: fill(3, 32),
		MaxMessage: wire.MaxMessage, PingMS: 10_000, Directory: true, LinkPattern: "https://calls.example.org/j/",
		Newest: &wire.Release{Version: "1.4.0", Page: "https://calls.example.org/parley"}})
	kind(wire.Envelope{Kind: wire.KindHello, ID: "h1"}, wire.Hello{Key: ada.Key, Signature: fill(4, 64), Name: "Ada", Client: "parley 1.0.0"})
	add("hello.guest", wire.Envelope{Kind: wire.KindHello, ID: "h1"},
		wire.Hello{Key: grace.Key, Signature: fill(4, 64), Name: "Grace", Client: "page 1.0.0", Link: link.Code})
	add("hello.invited", wire.Envelope{Kind: wire.KindHello, ID: "h1"},
		wire.Hello{Key: ada.Key, Signature: fill(4, 64), Name: "Ada", Client: "parley 1.0.0", Invite: "hxw3k7mdn2yh3xceb8tr5vgp"})
	add("hello.login", wire.Envelope{Kind: wire.KindHello, ID: "h1"},
		wire.Hello{Key: ada.Key, Signature: fill(4, 64), Name: "Ada", Client: "parley 1.0.0", Login: "c7vb2xk8w0qjt5mzhn3fr9gp"})
	add("error.login", wire.Envelope{Kind: wire.KindError, ID: "h1"}, wire.Error{Code: wire.CodeLoginNeeded,
		Message: "New people sign in with their browser here.", Login: &wire.Login{ID: "c7vb2xk8w0qjt5mzhn3fr9gp",
			URL: "https://calls.example.org/login/c7vb2xk8w0qjt5mzhn3fr9gp", Code: "KTQ-482", ExpiresMS: 600_000}})
	kind(wire.Envelope{Kind: wire.KindLogin}, wire.Login{ID: "c7vb2xk8w0qjt5mzhn3fr9gp"})
	kind(wire.Envelope{Kind: wire.KindReady, ID: "h1"}, wire.Ready{Session: "s2kd9wqhfm4xzt7cbn6vyr3p", Token: fill(5, 32), Me: ada, ICE: ice})
	kind(wire.Envelope{Kind: wire.KindResume, Ack: 12}, wire.Resume{Session: "s2kd9wqhfm4xzt7cbn6vyr3p", Token: fill(5, 32), Signature: fill(6, 64)})
	kind(wire.Envelope{Kind: wire.KindResumed, Epoch: 1, Ack: 7}, wire.Resumed{Token: fill(7, 32), ICE: ice})
	kind(wire.Envelope{Kind: wire.KindAck, Ack: 13}, nil)
	kind(wire.Envelope{Kind: wire.KindPing, Ack: 7}, nil)
	kind(wire.Envelope{Kind: wire.KindPong, Ack: 13}, nil)
	kind(wire.Envelope{Kind: wire.KindOK, ID: "r1", Seq: 1, Ack: 1}, nil)
	kind(wire.Envelope{Kind: wire.KindError, ID: "r9", Seq: 9, Ack: 9, Call: "mz2w4y3unfxw4idbnzsca43jnu"},
		wire.Error{Code: wire.CodeGlare, Message: "Bob is calling you at this moment.", Call: call})
	kind(wire.Envelope{Kind: wire.KindResync, Epoch: 1, Ack: 7}, nil)
	kind(wire.Envelope{Kind: wire.KindDrain}, wire.Drain{AfterMS: 1200})
	kind(wire.Envelope{Kind: wire.KindBye, Ack: 13}, nil)

	kind(wire.Envelope{Kind: wire.KindWatch, ID: "r2", Seq: 2}, wire.Watch{Everyone: true})
	reply(wire.KindWatch, wire.Envelope{ID: "r2", Seq: 2, Ack: 2}, wire.PresenceList{People: people})
	kind(wire.Envelope{Kind: wire.KindUnwatch, ID: "r3", Seq: 3}, wire.Watch{Names: []string{"Bob"}})
	kind(wire.Envelope{Kind: wire.KindPresence, Ack: 3}, wire.PresenceList{People: []wire.Presence{{Person: bob, State: wire.InCall}}})
	kind(wire.Envelope{Kind: wire.KindStatus, ID: "r4", Seq: 4}, wire.Status{State: wire.Busy})

	kind(wire.Envelope{Kind: wire.KindContacts, ID: "r5", Seq: 5}, nil)
	reply(wire.KindContacts, wire.Envelope{ID: "r5", Seq: 5, Ack: 5}, wire.ContactList{People: people[1:]})
	kind(wire.Envelope{Kind: wire.KindContactAdd, ID: "r6", Seq: 6}, wire.Contact{Name: "Bob"})
	reply(wire.KindContactAdd, wire.Envelope{ID: "r6", Seq: 6, Ack: 6}, bob)
	kind(wire.Envelope{Kind: wire.KindContactDel, ID: "r7", Seq: 7}, wire.Contact{Name: "Bob"})
	kind(wire.Envelope{Kind: wire.KindHistory, ID: "r8", Seq: 8}, wire.HistoryQuery{Before: 120, Limit: 50})
	reply(wire.KindHistory, wire.Envelope{ID: "r8", Seq: 8, Ack: 8}, wire.History{More: true, Entries: []wire.LogEntry{
		{ID: 119, Call: call, Other: bob, Outgoing: true, Video: true, Outcome: wire.Answered, Unix: 1_760_000_000, Seconds: 754}}})

	kind(wire.Envelope{Kind: wire.KindBlocks, ID: "r24", Seq: 24}, nil)
	reply(wire.KindBlocks, wire.Envelope{ID: "r24", Seq: 24, Ack: 24}, wire.BlockList{People: []wire.Blocked{{Person: bob, SinceMS: 86_400_000}}})
	kind(wire.Envelope{Kind: wire.KindBlockAdd, ID: "r25", Seq: 25}, wire.Contact{Name: "Bob"})
	kind(wire.Envelope{Kind: wire.KindBlockDel, ID: "r26", Seq: 26}, wire.Contact{Name: "Bob"})
	kind(wire.Envelope{Kind: wire.KindStrangers, ID: "r27", Seq: 27}, wire.Strangers{Rule: wire.RuleAsk})
	reply(wire.KindStrangers, wire.Envelope{ID: "r27", Seq: 27, Ack: 27}, wire.Strangers{Rule: wire.RuleAsk, Own: true})
	kind(wire.Envelope{Kind: wire.KindRequests, ID: "r28", Seq: 28}, nil)
	reply(wire.KindRequests, wire.Envelope{ID: "r28", Seq: 28, Ack: 28},
		wire.RequestList{Open: []wire.Request{{Person: bob, AgeMS: 3_600_000}}, Accepted: []wire.Person{ada}})
	kind(wire.Envelope{Kind: wire.KindRequestAnswer, ID: "r29", Seq: 29}, wire.RequestAnswer{Name: "Bob", Accept: true})

	kind(wire.Envelope{Kind: wire.KindLinkCreate, ID: "r10", Seq: 10}, wire.LinkCreate{TTLms: 604_800_000, Uses: 1})
	reply(wire.KindLinkCreate, wire.Envelope{ID: "r10", Seq: 10, Ack: 10}, link)
	kind(wire.Envelope{Kind: wire.KindLinkLook, ID: "r11", Seq: 11}, wire.LinkRef{Code: link.Code})
	reply(wire.KindLinkLook, wire.Envelope{ID: "r11", Seq: 11, Ack: 11}, link)
	kind(wire.Envelope{Kind: wire.KindLinkDel, ID: "r12", Seq: 12}, wire.LinkRef{Code: link.Code})
	kind(wire.Envelope{Kind: wire.KindAccountDelete, ID: "r24", Seq: 24}, nil)
	kind(wire.Envelope{Kind: wire.KindICE, ID: "r13", Seq: 13}, nil)
	reply(wire.KindICE, wire.Envelope{ID: "r13", Seq: 13, Ack: 13}, ice)
	spent := ice
	spent.RelaySpent = true
	for _, name := range []string{"fra", "nyc"} {
		spent.Regions = append(spent.Regions, wire.ICERegion{Name: name, Servers: []wire.ICEServer{
			{URLs: []string{"turn:" + name + ".example.org:3478?transport=udp"}, Username: "1760000000:q4wzk7mdn2yh3xce", Credential: "c2VjcmV0"},
		}})
	}
	spent.Servers = spent.Regions[0].Servers
	add("ok.ice.regions", wire.Envelope{Kind: wire.KindOK, ID: "r13", Seq: 13, Ack: 13}, spent)

	kind(wire.Envelope{Kind: wire.KindInvite, Seq: 14, Ack: 14, From: &ada, Call: call, TTLms: 45_000},
		wire.Invite{To: "Bob", Media: wire.Media{Audio: true, Video: true}, Offer: signed})
	add("invite.guest", wire.Envelope{Kind: wire.KindInvite, Seq: 14, Ack: 14, From: &grace, Call: call, TTLms: 45_000, Stranger: true},
		wire.Invite{Link: link.Code, Media: wire.Media{Audio: true, Video: true}, Offer: offer})
	reply(wire.KindInvite, wire.Envelope{ID: "r14", Seq: 14, Ack: 14, Call: call}, wire.Invited{Person: bob, Devices: 2})
	kind(wire.Envelope{Kind: wire.KindRinging, Seq: 15, Call: call}, nil)
	kind(wire.Envelope{Kind: wire.KindAnswer, ID: "r16", Seq: 16, Call: call}, wire.Answer{Media: wire.Media{Audio: true}, Answer: answer})
	kind(wire.Envelope{Kind: wire.KindReject, ID: "r17", Seq: 17, Call: call}, wire.Reject{Reason: wire.RejectDeclined, Message: "I will call back at six."})
	kind(wire.Envelope{Kind: wire.KindCancel, ID: "r18", Seq: 18, Call: call}, wire.Reason{Reason: wire.EndCancelled})
	kind(wire.Envelope{Kind: wire.KindTaken, Seq: 19, From: &ada, Call: call}, wire.Taken{Declined: true})
	kind(wire.Envelope{Kind: wire.KindCandidates, Seq: 20, Call: call}, wire.Candidates{Generation: 1, End: true, Candidates: []wire.Candidate{
		{Candidate: "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host", SDPMid: ptr("0"), SDPMLineIndex: ptr(uint16(0)), Ufrag: ptr("EsAw")}}})
	kind(wire.Envelope{Kind: wire.KindNegotiate, Seq: 21, Call: call}, wire.Negotiate{Description: offer, Generation: 1, Restart: true})
	kind(wire.Envelope{Kind: wire.KindHangup, ID: "r22", Seq: 22, Call: call}, reason)
	kind(wire.Envelope{Kind: wire.KindStanding, ID: "r23", Seq: 23, Call: call},
		wire.Standing{Peer: bob.Key, Caller: true, Media: wire.Media{Audio: true, Video: true}, AgeMS: 754_000})

	laptop := fill(10, 32)
	list := wire.DeviceList{Version: 2, Keys: [][]byte{laptop}, Signature: fill(11, 64)}
	const place = "mfrggzdfmztwq2lknnwg23tpoa"
	devices := wire.Devices{List: &list, Devices: []wire.Device{
		{Key: ada.Key, Main: true, Here: true, AddedMS: 2_592_000_000}, {Key: laptop, Name: "Laptop", AddedMS: 604_800_000, SeenMS: 3_600_000}}}
	add("hello.join", wire.Envelope{Kind: wire.KindHello, ID: "h1"}, wire.Hello{Key: laptop, Signature: fill(4, 64), Client: "parley 1.0.0",
		Join: &wire.Join{Place: place, Name: "Laptop", Proof: fill(12, 32)}})
	add("ready.joined", wire.Envelope{Kind: wire.KindReady, ID: "h1"}, wire.Ready{Session: "s2kd9wqhfm4xzt7cbn6vyr3p", Token: fill(5, 32), Me: ada, ICE: ice,
		Devices: &list, Joined: &wire.Joined{Proof: fill(13, 32)}})
	linked := offer
	linked.Identity = &wire.Identity{Version: 1, Key: laptop, To: bob.Key, Mix: fill(8, 32), Signature: fill(9, 64), Account: ada.Key, Devices: &list}
	add("invite.linked", wire.Envelope{Kind: wire.KindInvite, Seq: 14, Ack: 14, From: &ada, Call: call, TTLms: 45_000},
		wire.Invite{To: "Bob", Media: wire.Media{Audio: true, Video: true}, Offer: linked})
	kind(wire.Envelope{Kind: wire.KindDevices, ID: "r24", Seq: 24}, nil)
	reply(wire.KindDevices, wire.Envelope{ID: "r24", Seq: 24, Ack: 24}, devices)
	kind(wire.Envelope{Kind: wire.KindPlaceOpen, ID: "r25", Seq: 25}, wire.Place{Place: place})
	kind(wire.Envelope{Kind: wire.KindPlaceLook, ID: "r26", Seq: 26}, wire.Place{Place: place})
	reply(wire.KindPlaceLook, wire.Envelope{ID: "r26", Seq: 26, Ack: 26}, wire.Joining{Key: laptop, Name: "Laptop", Proof: fill(12, 32)})
	kind(wire.Envelope{Kind: wire.KindPlaceClose, ID: "r27", Seq: 27}, wire.Place{Place: place})
	kind(wire.Envelope{Kind: wire.KindDeviceAdmit, ID: "r28", Seq: 28}, wire.Admit{Place: place, Key: laptop, List: list, Proof: fill(13, 32)})
	reply(wire.KindDeviceAdmit, wire.Envelope{ID: "r28", Seq: 28, Ack: 28}, devices)
	none := wire.DeviceList{Version: 3, Keys: [][]byte{}, Signature: fill(11, 64)}
	kind(wire.Envelope{Kind: wire.KindDeviceRemove, ID: "r29", Seq: 29}, wire.Remove{Key: laptop, List: &none})
	reply(wire.KindDeviceRemove, wire.Envelope{ID: "r29", Seq: 29, Ack: 29}, wire.Devices{List: &none, Devices: devices.Devices[:1]})
	kind(wire.Envelope{Kind: wire.KindDeviceList, Seq: 30}, devices)
	return m
}

func golden(name string) string { return filepath.Join("testdata", name+".json") }

func pretty(t *testing.T, e wire.Envelope) string {
	t.Helper()
	b, err := wire.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

// Every kind and every body of ok has a golden, and reads back as what was
// written.
func TestGoldens(t *testing.T) {
	ex := examples()
	files := map[string]bool{}
	for _, s := range wire.Specs() {
		names := map[string]func() any{string(s.Kind): s.Body}
		if s.Reply != nil {
			names["ok."+string(s.Kind)] = s.Reply
		}
		for other := range ex { // further examples of a kind are named kind.what
			switch {
			case s.Kind != wire.KindOK && strings.HasPrefix(other, string(s.Kind)+"."):
				names[other] = s.Body
			case s.Reply != nil && strings.HasPrefix(other, "ok."+string(s.Kind)+"."):
				names[other] = s.Reply
			}
		}
		for name, body := range names {
			files[name+".json"] = true
			e, ok := ex[name]
			if !ok {
				t.Errorf("no example of %s", name)
				continue
			}
			text := pretty(t, e)
			if *update {
				if err := os.WriteFile(golden(name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			have, err := os.ReadFile(golden(name))
			if err != nil {
				t.Fatal(err)
			}
			if string(have) != text {
				t.Errorf("%s is\n%s\nwant\n%s", golden(name), have, text)
			}
			back, err := wire.Decode(have)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if (body == nil) != (len(back.Body) == 0) && name != "ok" {
				t.Errorf("%s: body %s", name, back.Body)
			}
			if s.Call && !strings.HasPrefix(name, "ok.") && back.Call == "" {
				t.Errorf("%s names no call", name)
			}
			if s.Loose && back.Seq != 0 {
				t.Errorf("%s is loose and has the number %d", name, back.Seq)
			}
			if body == nil {
				continue
			}
			b := body()
			d := json.NewDecoder(bytes.NewReader(back.Body))
			d.DisallowUnknownFields()
			if err := d.Decode(b); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if v, ok := b.(interface{ Validate() error }); ok {
				if err := v.Validate(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			again, err := wire.New(back.Kind, b)
			if err != nil {
				t.Fatal(err)
			}
			var one, two any
			json.Unmarshal(back.Body, &one)
			json.Unmarshal(again.Body, &two)
			if !reflect.DeepEqual(one, two) {
				t.Errorf("%s: %s became %s", name, back.Body, again.Body)
			}
		}
	}
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range entries {
		if !f.IsDir() && !files[f.Name()] {
			t.Errorf("testdata/%s belongs to no message", f.Name())
		}
	}
}

// consts returns the values of this package's constants of a type ("" for
// untyped ones whose name begins with prefix).
func consts(t *testing.T, typ, prefix string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range []string{"wire.go", "codes.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				id, _ := v.Type.(*ast.Ident)
				if (typ == "") != (v.Type == nil) || id != nil && id.Name != typ {
					continue
				}
				for i, n := range v.Names {
					if lit, ok := v.Values[i].(*ast.BasicLit); ok && strings.HasPrefix(n.Name, prefix) {
						val := constant.MakeFromLiteral(lit.Value, lit.Kind, 0)
						found[n.Name] = strings.Trim(val.ExactString(), `"`)
					}
				}
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no constants of type %q", typ)
	}
	return found
}

// PROTOCOL.md has every kind with its example, every code and every close code.
func TestProtocolIsComplete(t *testing.T) {
	raw, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	specs := map[wire.Kind]wire.Spec{}
	for _, s := range wire.Specs() {
		specs[s.Kind] = s
	}
	for name, kind := range consts(t, "Kind", "Kind") {
		s, ok := specs[wire.Kind(kind)]
		if !ok {
			t.Errorf("%s is not in Specs", name)
			continue
		}
		head := "\n### `" + kind + "`\n"
		at := strings.Index(doc, head)
		if at < 0 {
			t.Errorf("PROTOCOL.md does not have %s", kind)
			continue
		}
		start := at + len(head)
		end := len(doc)
		if next := strings.Index(doc[start:], "\n#"); next >= 0 {
			end = start + next
		}
		section := doc[start:end]
		if s.Loose != strings.Contains(section, "loose") {
			t.Errorf("%s: loose is not the same in PROTOCOL.md and Specs", kind)
		}
		if s.Client != regexp.MustCompile(`^(C[,.: ]|Both)`).MatchString(section) {
			t.Errorf("%s: who sends it is not the same in PROTOCOL.md and Specs", kind)
		}
		want := "\n```json\n" + example(t, kind)
		want += furtherExamples(t, s.Kind, kind)
		if s.Reply != nil {
			want += example(t, "ok."+kind) + furtherExamples(t, s.Kind, "ok."+kind)
		}
		want += "```\n"
		text := section
		if i := strings.Index(section, "\n```json\n"); i >= 0 {
			text = section[:i]
		}
		text = strings.TrimRight(text, "\n") + "\n"
		if *update {
			doc = doc[:start] + text + want + doc[end:]
		} else if section != text+want {
			t.Errorf("%s: the example in PROTOCOL.md is not that of testdata; run go test -update", kind)
		}
	}
	for _, code := range consts(t, "Code", "Code") {
		retry := ""
		if wire.Code(code).Retry() {
			retry = "retry "
		}
		if !regexp.MustCompile("\n\\| `" + code + "` \\| [^|]+ \\| " + retry + "\\|\n").MatchString(doc) {
			t.Errorf("PROTOCOL.md does not have %s with retry %q", code, retry)
		}
	}
	for name, code := range consts(t, "", "Close") {
		if !strings.Contains(doc, "\n| "+code+" | ") {
			t.Errorf("PROTOCOL.md does not have %s, %s", name, code)
		}
	}
	if *update {
		if err := os.WriteFile("PROTOCOL.md", []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// furtherExamples are the goldens named name.what, a line each.
func furtherExamples(t *testing.T, k wire.Kind, name string) string {
	t.Helper()
	if k == wire.KindOK { // ok.what are answers
		return ""
	}
	files, err := filepath.Glob(golden(name + ".*"))
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, f := range files {
		all += example(t, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return all
}

// example is a golden on one line.
func example(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(golden(name))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

func TestDecodeRefuses(t *testing.T) {
	for in, want := range map[string]struct {
		code wire.Code
		id   string
	}{
		``:                                     {wire.CodeMalformed, ""},
		`null`:                                 {wire.CodeMalformed, ""},
		`7`:                                    {wire.CodeMalformed, ""},
		`{"kind":"ping"} {}`:                   {wire.CodeMalformed, ""},
		`{"id":"a"}`:                           {wire.CodeMalformed, "a"},
		`{"kind":7,"id":"a"}`:                  {wire.CodeMalformed, "a"},
		`{"kind":"ping","id":"a b"}`:           {wire.CodeMalformed, ""},
		`{"kind":"ping","id":"a","call":"é"}`:  {wire.CodeMalformed, "a"},
		`{"kind":"ping","id":"a","seq":-1}`:    {wire.CodeMalformed, "a"},
		`{"kind":"ping","id":"a","ttl_ms":-1}`: {wire.CodeMalformed, "a"},
		`{"kind":"ping","id":"` + long(65) + `"}`: {wire.CodeMalformed, ""},
		"{\"kind\":\"\xff\"}":                     {wire.CodeMalformed, ""},
		`"` + long(wire.MaxMessage) + `"`:         {wire.CodeTooLarge, ""},
	} {
		e, err := wire.Decode([]byte(in))
		var werr *wire.Error
		if !errors.As(err, &werr) || werr.Code != want.code || e.ID != want.id {
			t.Errorf("%.60s: id %q, %v", in, e.ID, err)
		}
	}
	if e, err := wire.Decode([]byte(`{"kind":"of the future","new":1,"ack":3}`)); err != nil || e.Ack != 3 {
		t.Errorf("unknown kind and field: %+v, %v", e, err)
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestBodyNamesTheField(t *testing.T) {
	sdp := wire.Description{Type: "offer", SDP: "x"}
	for field, e := range map[string]error{
		"key":                check(wire.Hello{Key: []byte("short"), Signature: fill(1, 64)}),
		"signature":          check(wire.Hello{Key: fill(1, 32)}),
		"client":             check(wire.Hello{Key: fill(1, 32), Signature: fill(1, 64), Client: long(200)}),
		"token":              check(wire.Resume{Session: "s"}),
		"session":            check(wire.Resume{}),
		"names.name":         check(wire.Watch{Names: []string{""}}),
		"state":              check(wire.Status{State: wire.InCall}),
		"limit":              check(wire.HistoryQuery{Limit: 1000}),
		"before":             check(wire.HistoryQuery{Before: -1}),
		"ttl_ms":             check(wire.LinkCreate{TTLms: -1}),
		"uses":               check(wire.LinkCreate{Uses: 1 << 20}),
		"code":               check(wire.LinkRef{Code: "../etc"}),
		"to":                 check(wire.Invite{Offer: sdp}),
		"to.name":            check(wire.Invite{To: "\x00", Offer: sdp}),
		"link":               check(wire.Invite{Link: "a/b", Offer: sdp}),
		"offer.type":         check(wire.Invite{To: "Bob", Offer: wire.Description{Type: "answer", SDP: "x"}}),
		"offer.identity.sig": check(wire.Invite{To: "Bob", Offer: wire.Description{Type: "offer", SDP: "x", Identity: &wire.Identity{Signature: make([]byte, 129)}}}),
		"offer.sdp":          check(wire.Invite{To: "Bob", Offer: wire.Description{Type: "offer", SDP: long(wire.MaxSDP + 1)}}),
		"answer.sdp":         check(wire.Answer{Answer: wire.Description{Type: "answer"}}),
		"reason":             check(wire.Reject{Reason: "because"}),
		"message":            check(wire.Reason{Reason: wire.EndHangup, Message: long(wire.MaxText + 1)}),
		"generation":         check(wire.Candidates{Generation: -1}),
		"candidates":         check(wire.Candidates{Candidates: make([]wire.Candidate, 65)}),
		"description.type":   check(wire.Negotiate{Description: wire.Description{Type: "x"}}),
		"candidates.sdpMid":  check(wire.Candidates{Candidates: []wire.Candidate{{SDPMid: ptr(long(65))}}}),
		"peer":               check(wire.Standing{Peer: fill(1, 31)}),
		"age_ms":             check(wire.Standing{Peer: fill(1, 32), AgeMS: -1}),
		"nonce":              check(wire.Welcome{Server: "h"}),
		"newest.page":        check(wire.Welcome{Server: "h", Nonce: fill(1, 32), Newest: &wire.Release{Version: "1.4.0", Page: "http://example.org"}}),
		"newest.version":     check(wire.Welcome{Server: "h", Nonce: fill(1, 32), Newest: &wire.Release{Version: "1 4", Page: "https://example.org"}}),
		"me.id":              check(wire.Ready{Session: "s", Token: fill(1, 32)}),
	} {
		var f *wire.FieldError
		if !errors.As(e, &f) || f.Field != field {
			t.Errorf("%s: %v", field, e)
		}
	}
	_, err := wire.Body[wire.Hello](wire.Envelope{Kind: wire.KindHello, Body: mustJSON(wire.Hello{Key: fill(9, 32), Signature: fill(1, 64), Name: "a\tb"})})
	var werr *wire.Error
	var f *wire.FieldError
	if !errors.As(err, &werr) || werr.Code != wire.CodeBadName || !errors.As(err, &f) || f.Field != "name" {
		t.Errorf("hello with a bad name: %v", err)
	}
	if _, err := wire.Body[wire.Drain](wire.Envelope{Kind: wire.KindDrain}); err == nil {
		t.Error("no body, no error")
	}
}

func check(v interface{ Validate() error }) error { return v.Validate() }

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		" Ada ":            "Ada",
		"Åsa Ögren":        "Åsa Ögren",
		"李雷":               "李雷",
		"نیما\u200cپور":    "نیما\u200cپور",
		"👩‍💻":              "👩‍💻",
		long(64):           long(64),
		long(65):           "",
		"":                 "",
		"   ":              "",
		"\u200d":           "",
		"a\nb":             "",
		"a\x7fb":           "",
		"\u202eevil":       "",
		"zero\u200bwidth":  "",
		"\ufeffbom":        "",
		"a\u2028b":         "",
		"\xff":             "",
		"private\ue000use": "",
	} {
		got, err := wire.CleanName(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
	for _, same := range [][2]string{{"Ada", "aDA"}, {"ÖGREN", "ögren"}, {"a  b", "A b"}, {"ΣΑΣ", "σας"}, {"K", "\u212a"}, {"ni\u200cma", "NIMA"}} {
		if wire.NameKey(same[0]) != wire.NameKey(same[1]) {
			t.Errorf("%q and %q are two names", same[0], same[1])
		}
	}
	for _, two := range [][2]string{{"Ada", "Adа"}, {"a b", "ab"}, {"Bob", "Rob"}} { // the second а is Cyrillic
		if wire.NameKey(two[0]) == wire.NameKey(two[1]) {
			t.Errorf("%q and %q are one name", two[0], two[1])
		}
	}
}

// Under a key of small order, the signature (identity, 0) holds for some
// messages, though nobody has signed. All of them are refused, with either
// sign bit.
func TestWeakKeys(t *testing.T) {
	sig := make([]byte, 64)
	sig[0] = 1 // R = the identity, S = 0
	weak := 0
	for _, k := range [][]byte{
		fill(0, 32),
		append([]byte{1}, fill(0, 31)...),
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
		append(append([]byte{0xec}, fill(0xff, 30)...), 0x7f),
		append(append([]byte{0xed}, fill(0xff, 30)...), 0x7f),
		append(append([]byte{0xee}, fill(0xff, 30)...), 0x7f),
	} {
		for _, sign := range []byte{0, 0x80} {
			key := bytes.Clone(k)
			key[31] |= sign
			if (wire.Hello{Key: key, Signature: sig}).Validate() == nil {
				t.Errorf("the key %x is accepted", key)
			}
			for i := range 64 {
				if ed25519.Verify(key, fmt.Append(nil, i), sig) {
					weak++
					break
				}
			}
		}
	}
	if weak < 10 { // some encodings are no points for crypto/ed25519
		t.Errorf("only %d of the keys are really weak: the list is wrong", weak)
	}
	if err := (wire.Hello{Key: ed25519.NewKeyFromSeed(fill(1, 32)).Public().(ed25519.PublicKey), Signature: sig}).Validate(); err != nil {
		t.Errorf("an ordinary key: %v", err)
	}
}

func TestEncodeKeepsBytes(t *testing.T) {
	e := wire.Envelope{Kind: wire.KindNegotiate, Body: json.RawMessage(`{"x":"<&>"}`)}
	b, err := wire.Encode(e)
	if err != nil || !bytes.Contains(b, []byte("<&>")) {
		t.Errorf("%s, %v", b, err)
	}
	e.Body = mustJSON(long(wire.MaxMessage))
	if _, err := wire.Encode(e); wire.AsError(err).Code != wire.CodeTooLarge {
		t.Errorf("a message that nobody would take: %v", err)
	}
}

func TestErrors(t *testing.T) {
	e := wire.Errorf(wire.CodeSlowDown, "Wait %d s.", 2)
	e.RetryMS = 2000
	if e.Error() != "slow_down: Wait 2 s." || e.RetryAfter() != 2*time.Second || !e.Code.Retry() {
		t.Errorf("%v %v", e, e.RetryAfter())
	}
	if got := wire.AsError(fmt.Errorf("ask: %w", e)); got != e {
		t.Errorf("wrapped: %v", got)
	}
	if got := wire.AsError(errors.New("secret detail")); got.Code != wire.CodeInternal || strings.Contains(got.Message, "secret") {
		t.Errorf("not ours: %v", got)
	}
	for code, final := range map[int]bool{1000: false, wire.CloseSlow: false, wire.CloseStorage: false, wire.CloseBadHello: true, wire.CloseForbidden: true, 5000: false} {
		if wire.Final(code) != final {
			t.Errorf("close code %d: final is %v", code, !final)
		}
	}
}
