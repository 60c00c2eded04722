package server_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// FuzzSession sends messages in any order, with right and wrong numbers,
// signatures and tokens, over links that are cut at any moment. The service
// answers or closes with a code; what it sends is understood and numbered
// without a gap; and somebody else notices nothing.
func FuzzSession(f *testing.F) {
	f.Add([]byte{0, 10, 20, 30, 40})
	f.Add([]byte{0, 50, 1, 60, 2, 70, 255})
	f.Add([]byte{3, 0, 0, 1, 1, 200, 100})
	r := newRig(struct{ testing.TB }{f}, unlimited, config(func(c *serverConfig) { c.Limits.FailedSignIns = 1 << 30 }))
	bob := r.signIn(struct{ testing.TB }{f}, "Bob")
	_ = bob.ws.SetReadDeadline(time.Time{})
	go func() { // reads, acknowledges nothing that matters
		for {
			if _, _, err := bob.ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	kinds := wire.Specs()
	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) > 64 {
			ops = ops[:64]
		}
		p := r.dial(t)
		key := keyOf("fuzz")
		p.key = key
		seq := uint64(0)
		say := func(s string) { _ = p.ws.WriteMessage(websocket.TextMessage, []byte(s)) } // it may be closed
		for i, op := range ops {
			switch {
			case op < 8: // sign in, now and then with another nonce
				nonce := p.welcome.Nonce
				if op == 3 {
					nonce = []byte("another")
				}
				e, err := wire.New(wire.KindHello, wire.Hello{
					Key: key.Public().(ed25519.PublicKey), Name: "Fuzz", Client: "fuzz",
					Signature: ed25519.Sign(key, wire.HelloTranscript(p.welcome.Server, nonce)),
				})
				if err != nil {
					t.Fatal(err)
				}
				b, err := wire.Encode(e)
				if err != nil {
					t.Fatal(err)
				}
				say(string(b))
			case op < 12: // a token that was never given
				say(`{"kind":"resume","body":{"session":"x","token":"AA==","signature":"AA=="}}`)
			case op == 255:
				say("{")
			default:
				k := kinds[int(op)%len(kinds)]
				// (An ack of what is there and was not written yet would be a lie
				// that costs the client the message, and nobody else anything.)
				if op < 200 { // else a number that leaves one out, or comes twice
					seq++
				}
				call := ""
				if k.Call {
					call = fmt.Sprintf(`,"call":"c%d"`, op%3)
				}
				body := [...]string{`{}`, `null`, `{"to":"Bob","media":{"audio":true},"offer":{"type":"offer","sdp":"v=0"}}`,
					`{"reason":"hangup"}`, `{"name":"Bob"}`, `{"names":["Bob"]}`, `{"state":"busy"}`}[(i+int(op))%7]
				say(fmt.Sprintf(`{"kind":%q,"id":"i%d","seq":%d,"ack":%d%s,"body":%s}`, k.Kind, i%5, seq, op/253*99, call, body))
			}
		}
		say(`{"kind":"bye"}`)
		_ = p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
		for {
			_ = p.ws.SetReadDeadline(time.Now().Add(20 * time.Second))
			_, b, err := p.ws.ReadMessage()
			if err != nil {
				if n, ok := err.(interface{ Timeout() bool }); ok && n.Timeout() {
					t.Fatal("the service neither answers nor closes")
				}
				break
			}
			e, err := wire.Decode(b)
			if err != nil {
				t.Fatalf("the service sent %s: %v", b, err)
			}
			if e.Kind == wire.KindReady {
				p.in = 0 // numbers begin anew
			}
			if e.Seq != 0 {
				if e.Seq != p.in+1 {
					t.Fatalf("message %d after %d: %s", e.Seq, p.in, b)
				}
				p.in = e.Seq
			}
		}
	})
}
