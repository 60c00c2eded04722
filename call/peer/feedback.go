package peer

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v4/packetio"
)

// ledger tells a flow when packets left. It stands between the interceptor
// that numbers packets and the wire.
type ledger struct {
	interceptor.NoOp
	flow *flow
}

// NewInterceptor implements interceptor.Factory.
func (l *ledger) NewInterceptor(string) (interceptor.Interceptor, error) { return l, nil }

// BindLocalStream implements interceptor.Interceptor.
func (l *ledger) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	id := uint8(0)
	for _, e := range info.RTPHeaderExtensions {
		if e.URI == sdp.TransportCCURI {
			id = uint8(e.ID)
		}
	}
	if id == 0 {
		return w // the other side does not report
	}
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		if ext := h.GetExtension(id); len(ext) >= 2 {
			l.flow.record(binary.BigEndian.Uint16(ext), h.MarshalSize()+len(payload)+wireOverhead, time.Now())
		}
		return w.Write(h, payload, a)
	})
}

// Sizes of the buffers between decryption and readers, as pion's own.
const (
	rtpBuffer  = 1000 * 1000
	rtcpBuffer = 100 * 1000
)

// buffers makes pion's buffers between decryption and readers; those for RTCP
// show what passes to the flow. It must be there: reports on transport-wide
// numbers are addressed to the stream that the last packet belonged to, which
// may be that of retransmissions, and pion (4.2.20) has no reader for its RTCP.
// pion's own rtpfb sits behind the readers, and reports a reordered packet as
// lost.
func (f *flow) buffers(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	b := packetio.NewBuffer()
	if kind == packetio.RTPBufferPacket {
		b.SetLimitSize(rtpBuffer)
		return b
	}
	b.SetLimitSize(rtcpBuffer)
	return &rtcpTap{Buffer: b, flow: f}
}

type rtcpTap struct {
	*packetio.Buffer
	flow *flow
}

// Write implements io.Writer. What nobody reads is dropped when the buffer is
// full, and so is what was made to keep its readers busy.
func (t *rtcpTap) Write(b []byte) (int, error) {
	if !eachFeedback(b, func(fb *rtcp.TransportLayerCC) { t.flow.feedback(time.Now(), fb) }) {
		return len(b), nil
	}
	n, err := t.Buffer.Write(b)
	if errors.Is(err, packetio.ErrFull) {
		return len(b), nil
	}
	return n, err
}

// countAt is where a report says of how many packets it tells
// (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1).
const countAt = 14

// eachFeedback finds transport-wide feedback in a compound RTCP packet. What
// cannot be parsed is left out. It is false for a report that tells of more
// packets than are remembered here: in two octets it can claim 8191 packets,
// and pion's parser allocates for each before it looks whether they are told of.
func eachFeedback(b []byte, do func(*rtcp.TransportLayerCC)) bool {
	for len(b) >= 4 {
		var h rtcp.Header
		if h.Unmarshal(b) != nil {
			return true
		}
		n := (int(h.Length) + 1) * 4
		if n > len(b) {
			return true
		}
		if h.Type == rtcp.TypeTransportSpecificFeedback && h.Count == rtcp.FormatTCC && n >= countAt+2 {
			if binary.BigEndian.Uint16(b[countAt:]) > rememberFB {
				return false
			}
			fb := &rtcp.TransportLayerCC{}
			if fb.Unmarshal(b[:n]) == nil {
				do(fb)
			}
		}
		b = b[n:]
	}
	return true
}
