package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v5"
	"go.uber.org/goleak"

	"parley/signaling/client"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childEnv); child != "" {
		children[child]()
		return
	}
	goleak.VerifyTestMain(m)
}

var (
	offer  = wire.Invite{Media: wire.Media{Audio: true, Video: true}, Offer: wire.Description{Type: "offer", SDP: "v=0\r\no=- 1"}}
	answer = wire.Answer{Media: wire.Media{Audio: true}, Answer: wire.Description{Type: "answer", SDP: "v=0\r\no=- 2"}}
)

func batch(n int) wire.Candidates {
	return wire.Candidates{Candidates: []wire.Candidate{{Candidate: fmt.Sprintf("candidate:%d 1 udp 1 192.0.2.1 9 typ host", n)}}}
}

// connect sets a call up and returns its id.
func connect(t *testing.T, ann, ben *line, id string) string {
	t.Helper()
	inv := offer
	inv.To = "Ben"
	if in, err := wire.Body[wire.Invited](ann.ask(wire.KindInvite, id, inv)); err != nil || in.Person.Name != "Ben" || in.Devices != 1 {
		t.Fatalf("invited is %+v, %v", in, err)
	}
	e := ben.next(wire.KindInvite)
	if got, err := wire.Body[wire.Invite](e); err != nil || e.From == nil || e.From.Name != "Ann" || got.Offer != offer.Offer || e.Call != id {
		t.Fatalf("the invitation is %+v %+v, %v", e, got, err)
	}
	ben.tell(wire.KindRinging, id, nil)
	ann.next(wire.KindRinging)
	ben.ask(wire.KindAnswer, id, answer)
	if got, err := wire.Body[wire.Answer](ann.next(wire.KindAnswer)); err != nil || got.Answer != answer.Answer {
		t.Fatalf("the answer is %+v, %v", got, err)
	}
	return id
}

func TestTwoPeopleCall(t *testing.T) {
	p := start(t, t.TempDir())
	ann, ben := device(t, p.url, "Ann").online(), device(t, p.url, "Ben").online()
	ann.sees("Ben", wire.Available)
	ben.sees("Ann", wire.Available)
	id := connect(t, ann, ben, "CALL1")
	ann.sees("Ben", wire.InCall)
	ann.tell(wire.KindCandidates, id, batch(1))
	if got, err := wire.Body[wire.Candidates](ben.next(wire.KindCandidates)); err != nil || got.Candidates[0] != batch(1).Candidates[0] {
		t.Errorf("candidates are %+v, %v", got, err)
	}
	ben.tell(wire.KindHangup, id, wire.Reason{Reason: wire.EndHangup})
	ann.next(wire.KindHangup)
	ann.sees("Ben", wire.Available)

	ice, err := ann.ICE(t.Context())
	if err != nil || len(ice.Servers) != 2 || !strings.HasSuffix(ice.Servers[1].Username, ":"+ann.State().Me.ID) {
		t.Errorf("ICE is %+v, %v", ice, err)
	}
	if l, err := wire.Body[wire.Link](ann.ask(wire.KindLinkCreate, "", wire.LinkCreate{})); err != nil || !strings.HasPrefix(l.URL, p.url+"/j/") {
		t.Errorf("the link is %+v, %v; the service is %s", l, err, p.url)
	}
	for path, want := range map[string]string{"/livez": "ok", "/readyz": "ok", "/metrics": "parley_turn_allocations_total 2"} {
		if body := get(t, p.url+path); !strings.Contains(body, want) {
			t.Errorf("%s says %q, want %q in it", path, body, want)
		}
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	checkLog(t, p)
}

// With relays elsewhere there is none here, and clients are told of those.
func TestExternalRelay(t *testing.T) {
	p := start(t, t.TempDir(), "--turn-external", "turn:relay.example.org:3478", "--turn-secret", "north-wind-and-the-sun")
	ann := device(t, p.url, "Ann").online()
	ice, err := ann.ICE(t.Context())
	if err != nil || len(ice.Servers) != 1 || ice.Servers[0].URLs[0] != "turn:relay.example.org:3478" ||
		!strings.HasSuffix(ice.Servers[0].Username, ":"+ann.State().Me.ID) || ice.Servers[0].Credential == "" {
		t.Errorf("ICE is %+v, %v", ice, err)
	}
}

// Relays in several places: each client is told of all, and uses the nearest.
func TestRegions(t *testing.T) {
	elsewhere := start(t, t.TempDir(), "--turn-secret", "north-wind-and-the-sun")
	_, at, _ := strings.Cut(elsewhere.log.String(), `"relay":"`)
	at, _, _ = strings.Cut(at, `"`)
	file := write(t, `[turn]
		secret = "north-wind-and-the-sun"
		region = ["off=turn:127.0.0.1:9?transport=udp,turns:127.0.0.1:9?transport=tcp", "here=turn:`+at+`?transport=udp"]`)
	p := start(t, t.TempDir(), "--config", file, "--no-turn")
	if body := get(t, p.url+"/v1/regions"); !strings.Contains(body, `"name":"here"`) || strings.Contains(body, "credential") {
		t.Errorf("the list is %s", body)
	}
	if body := get(t, elsewhere.url+"/v1/regions"); body != "{\"regions\":[]}\n" {
		t.Errorf("without regions it is %q", body)
	}
	ann := device(t, p.url, "Ann").online()
	var ice wire.ICE
	for { // it is measured beside everything else
		var err error
		if ice, err = ann.ICE(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(ice.Servers) == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	s := ice.Servers[0]
	if s.URLs[0] != "turn:"+at+"?transport=udp" {
		t.Fatalf("it uses %+v", ice)
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := turn.NewClient(&turn.ClientConfig{STUNServerAddr: at, TURNServerAddr: at, Conn: conn, Username: s.Username, Password: s.Credential})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	relay, err := c.Allocate() // two services, one secret
	if err != nil {
		t.Fatal(err)
	}
	relay.Close()
}

func get(t *testing.T, url string) string {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkLog: every line is JSON, the self-test went well, and what must not be
// in a log is not.
func checkLog(t *testing.T, p *program) {
	t.Helper()
	tested := false
	for l := range strings.Lines(p.log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(l), &line); err != nil {
			t.Errorf("not JSON: %s", l)
			continue
		}
		if line["msg"] == "relay self-test" {
			tested = true
			if line["ok"] != true {
				t.Errorf("self-test: %s", l)
			}
		}
		for _, secret := range []string{"v=0", "candidate:"} {
			if strings.Contains(l, secret) {
				t.Errorf("%q is in the log: %s", secret, l)
			}
		}
	}
	if !tested {
		t.Error("the log has no self-test")
	}
}

// The connection breaks again and again while both sides send: everything
// arrives once and in order.
func TestCallOverCuts(t *testing.T) {
	p := start(t, t.TempDir(), "--no-turn")
	ann, ben := device(t, p.url, "Ann").online(), device(t, p.url, "Ben").online()
	id := connect(t, ann, ben, "CALL1")
	const n = 50
	for i := range n {
		ann.tell(wire.KindNegotiate, id, wire.Negotiate{Generation: i, Description: offer.Offer})
		ben.tell(wire.KindNegotiate, id, wire.Negotiate{Generation: i, Description: answer.Answer})
		if i%5 == 2 {
			ann.cut()
		}
		if i%7 == 3 {
			ben.cut()
		}
	}
	for i := range n {
		for _, l := range []*line{ann, ben} {
			if got, err := wire.Body[wire.Negotiate](l.next(wire.KindNegotiate)); err != nil || got.Generation != i {
				t.Fatalf("message %d is %d, %v", i, got.Generation, err)
			}
		}
	}
	if body := get(t, p.url+"/metrics"); !strings.Contains(body, `parley_resumes_total{result="ok"}`) || !strings.Contains(body, `parley_sign_ins_total{result="ok"} 2`) {
		t.Errorf("the sessions were not resumed:\n%s", body)
	}
}

func TestNameTaken(t *testing.T) {
	p := start(t, t.TempDir(), "--no-turn")
	device(t, p.url, "Ann").online()
	other := device(t, p.url, "ANN")
	other.until("asked for another name", func() bool { return other.State().Phase == client.NeedName })
	if err := other.State().Err; wire.AsError(err).Code != wire.CodeNameTaken {
		t.Errorf("the reason is %v", err)
	}
	if err := other.Rename("Anna"); err != nil {
		t.Fatal(err)
	}
	other.online()
	if name := other.State().Me.Name; name != "Anna" {
		t.Errorf("the name is %q", name)
	}
}

// A restart ends sessions; people come back by themselves, with their names.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, "--no-turn")
	_, addr, _ := strings.Cut(p.url, "://")
	ann, ben := device(t, p.url, "Ann").online(), device(t, p.url, "Ben").online()
	me := ann.State().Me
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	ann.until("noticed", func() bool { return ann.State().Phase == client.Reconnecting })
	if err := ann.State().Err; err == nil {
		t.Error("nothing says why")
	}
	again := start(t, dir, "--no-turn", "--listen", addr)
	ann.online()
	ben.online()
	if now := ann.State().Me; now.ID != me.ID || now.Name != "Ann" {
		t.Errorf("Ann is %+v now, was %+v", now, me)
	}
	ann.sees("Ben", wire.Available)
	ann.next(wire.KindResync)
	ben.next(wire.KindResync)
	stranger := device(t, again.url, "Ben")
	stranger.until("refused", func() bool { return stranger.State().Phase == client.NeedName })
	connect(t, ann, ben, "CALL2")
}

func TestTLS(t *testing.T) {
	cert, key, pool := certificate(t)
	p := start(t, t.TempDir(), "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(p.url, "https://127.0.0.1:") {
		t.Errorf("the address is %s", p.url)
	}
	ann := device(t, p.url, "Ann", func(c *client.Config) { c.TLS = &tls.Config{RootCAs: pool} }).online()
	ice, err := ann.ICE(t.Context())
	if err != nil || !slices.ContainsFunc(ice.Servers[1].URLs, func(u string) bool { return strings.HasPrefix(u, "turns:127.0.0.1:") }) {
		t.Errorf("ICE is %+v, %v", ice, err)
	}
	stranger := device(t, p.url, "Ben")
	stranger.until("refused the certificate", func() bool {
		var d *client.DialError
		return errors.As(stranger.State().Err, &d) && d.Problem == client.BadCertificate
	})
}

// A certificate that is renewed in its files is used without a restart.
func TestCertificateIsReadAgain(t *testing.T) {
	cert, key, _ := certificate(t)
	f := &files{cert: cert, key: key}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	first, _ := f.get(nil)
	newCert, newKey, _ := certificate(t)
	for from, to := range map[string]string{newCert: cert, newKey: key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	future := time.Now().Add(time.Second)
	if err := os.Chtimes(cert, future, future); err != nil {
		t.Fatal(err)
	}
	f.looked = time.Now().Add(-lookAgain)
	if second, _ := f.get(nil); second == first {
		t.Error("the old certificate is still used")
	}
}
