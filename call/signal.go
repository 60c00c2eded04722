package call

import (
	"context"

	"parley/signaling/wire"
)

// Signal is the line to the service, as calls need it: signaling/client
// implements it, and calltest has one in memory. It survives reconnects: what
// was accepted by Request or Send is delivered once and in order, or fails.
type Signal interface {
	// Request sends a message and waits for ok or error. The error is a
	// *wire.Error if the service said no; anything else means that no answer
	// came before ctx ended.
	Request(ctx context.Context, kind wire.Kind, call string, body any) (wire.Envelope, error)
	// Send queues a message that needs no answer. It fails only when the queue
	// is full or the line is closed for good.
	Send(kind wire.Kind, call string, body any) error
	// Incoming has the call messages in order: invite, ringing, answer, reject,
	// cancel, taken, candidates, negotiate, hangup.
	Incoming() <-chan wire.Envelope
	// ICE returns servers with credentials valid for at least a minute.
	ICE(ctx context.Context) (wire.ICE, error)
	// Online reports whether the service is reachable now.
	Online() bool
	// Subscribe returns a channel that is readable after Online changed, and a
	// function that ends the subscription.
	Subscribe() (<-chan struct{}, func())
}
