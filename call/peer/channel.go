package peer

import (
	"errors"
	"fmt"
	"sync"

	"github.com/pion/webrtc/v4"

	"parley/media"
)

// Limits of the data channel.
const (
	MaxData    = 60 << 10 // bytes of one message
	maxPending = 1 << 20  // bytes that wait for the network
)

// Errors of Channel.Send.
var (
	ErrNotOpen = errors.New("data channel not open yet")
	ErrFull    = errors.New("data channel full")
)

// Channel is a reliable, ordered stream of messages to the other side. It
// survives ICE restarts.
type Channel struct {
	dc   *webrtc.DataChannel
	done <-chan struct{} // of the peer
	open chan struct{}
	once sync.Once
	in   chan []byte
}

func newChannel(pc *webrtc.PeerConnection, done <-chan struct{}) (*Channel, error) {
	yes, id := true, uint16(0)
	dc, err := pc.CreateDataChannel("parley", &webrtc.DataChannelInit{Ordered: &yes, Negotiated: &yes, ID: &id})
	if err != nil {
		return nil, fmt.Errorf("data channel: %w", err)
	}
	c := &Channel{dc: dc, done: done, open: make(chan struct{}), in: make(chan []byte, 64)}
	dc.OnOpen(func() { c.once.Do(func() { close(c.open) }) })
	dc.OnMessage(func(m webrtc.DataChannelMessage) {
		// A reader that is behind holds back the sender, not memory.
		select {
		case c.in <- m.Data:
		case <-c.done:
		}
	})
	return c, nil
}

// Ready is closed when messages can be sent.
func (c *Channel) Ready() <-chan struct{} { return c.open }

// Done is closed when no more messages will come: Close of the peer has begun.
func (c *Channel) Done() <-chan struct{} { return c.done }

// Messages has what arrives, in order, at most MaxData bytes each from a
// Parley. It is never closed: see Done.
func (c *Channel) Messages() <-chan []byte { return c.in }

// Send queues a message and does not block. The error is ErrNotOpen, ErrFull,
// media.ErrClosed, or about the size.
func (c *Channel) Send(b []byte) error {
	if len(b) > MaxData {
		return fmt.Errorf("peer: message of %d bytes, limit %d", len(b), MaxData)
	}
	select {
	case <-c.done:
		return media.ErrClosed
	default:
	}
	select {
	case <-c.open:
	default:
		return ErrNotOpen
	}
	if c.dc.BufferedAmount()+uint64(len(b)) > maxPending {
		return ErrFull
	}
	if err := c.dc.SendText(string(b)); err != nil {
		if c.dc.ReadyState() != webrtc.DataChannelStateOpen {
			return media.ErrClosed
		}
		return fmt.Errorf("peer: send: %w", err)
	}
	return nil
}

// Buffered is how many bytes wait for the network.
func (c *Channel) Buffered() uint64 { return c.dc.BufferedAmount() }
