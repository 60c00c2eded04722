package recv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// packetReader is *peer.Remote. Each packet is the caller's to keep.
// Retransmitted packets come in between with the attribute "rtx_ssrc", sound
// that was lost and came with a later packet with "parley_repeated". When
// the connection closes, ReadRTP ends with io.EOF.
type packetReader interface {
	ReadRTP() (*rtp.Packet, interceptor.Attributes, error)
}

const (
	queueDepth = 512 // packets: a second of 5 Mbit/s
	maxErrors  = 100 // in a row
)

type received struct {
	packet *rtp.Packet
	at     time.Time
	rtx    bool
	mended bool // was lost, and came with a later one
}

// reads pumps packets from a reader.
type reads struct {
	reader    packetReader
	malformed atomic.Uint64
}

// run calls put with every packet until the reader ends, which is no error.
// After the end of ctx it only waits for that.
func (r *reads) run(ctx context.Context, put func(received)) error {
	failed := 0
	for {
		p, attrs, err := r.reader.ReadRTP()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
			return nil
		case err == nil:
			failed = 0
			if ctx.Err() == nil {
				put(received{packet: p, at: time.Now(), rtx: attrs.Get("rtx_ssrc") != nil, mended: attrs.Get("parley_repeated") != nil})
			}
		default:
			r.malformed.Add(1)
			if failed++; failed >= maxErrors {
				return fmt.Errorf("read remote track: %w", err)
			}
		}
	}
}
