package server_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/gorilla/websocket"

	"parley/signaling/server"
	"parley/signaling/wire"
)

// unlimited lifts the limits that a load generator on one address meets.
var unlimited = config(func(c *server.Config) {
	c.Limits.MessagesPerSecond, c.Limits.MessageBurst = 1e9, 1<<30
	c.Limits.Unauthenticated, c.Limits.Sessions = 1<<30, 1<<30
})

// One relayed message, with the request's ok and the acknowledgements, both
// ends in this process.
func BenchmarkRelay(b *testing.B) {
	r := newRig(b, unlimited)
	ada, bob := r.signIn(b, "Ada"), r.signIn(b, "Bob")
	connect(ada, bob, "c1")
	n := wire.Negotiate{Description: wire.Description{Type: "offer", SDP: "v=0"}}
	b.ReportAllocs()
	for b.Loop() {
		ada.do(wire.KindNegotiate, "c1", n)
		bob.want(wire.KindNegotiate)
		bob.send(wire.Envelope{Kind: wire.KindAck, Ack: bob.in}, nil)
	}
}

// Heap and stacks of one idle session and of its client, which is in this
// process, too: an upper bound for the service's share.
func BenchmarkIdleSessions(b *testing.B) {
	const sessions = 2000
	for b.Loop() {
		b.StopTimer()
		r := newRig(b, unlimited)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var ws []*websocket.Conn
		for i := range sessions {
			p := r.signIn(b, fmt.Sprint("p", i))
			ws = append(ws, p.ws)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		total := after.HeapInuse + after.StackInuse - before.HeapInuse - before.StackInuse
		b.ReportMetric(float64(total)/sessions, "B/session+client")
		for _, c := range ws {
			c.Close()
		}
		r.stop()
		b.StartTimer()
	}
}
