package server_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// frame is one of RFC 6455 section 5.2 as a hostile client can write it.
type frame struct {
	first  byte // FIN, reserved bits, opcode
	data   string
	bare   bool   // not masked
	length uint64 // said in the header; 0: that of data
}

const (
	fin     = 0x80
	opCont  = 0x0
	opText  = 0x1
	opBin   = 0x2
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xa
)

func (f frame) bytes() []byte {
	n := f.length
	if n == 0 {
		n = uint64(len(f.data))
	}
	out := []byte{f.first}
	mask := byte(0x80)
	if f.bare {
		mask = 0
	}
	switch {
	case f.length == 0 && n <= 125:
		out = append(out, mask|byte(n))
	case f.length == 0 && n <= 0xffff:
		out = binary.BigEndian.AppendUint16(append(out, mask|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, mask|127), n)
	}
	if f.bare {
		return append(out, f.data...)
	}
	key := [4]byte{1, 2, 3, 4}
	out = append(out, key[:]...)
	for i := range len(f.data) {
		out = append(out, f.data[i]^key[i%4])
	}
	return out
}

// What RFC 6455 says about frames holds, whatever a client sends: the
// connection ends with the right code, or goes on.
func TestFramesOfRFC6455(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const contacts = `{"kind":"contacts","id":"q1","seq":1}`
	half := len(contacts) / 2
	for name, c := range map[string]struct {
		frames []frame
		code   int // 0: the connection goes on and contacts is answered
	}{
		"whole":                              {[]frame{{first: fin | opText, data: contacts}}, 0},
		"in two pieces":                      {[]frame{{first: opText, data: contacts[:half]}, {first: fin | opCont, data: contacts[half:]}}, 0},
		"with an empty piece":                {[]frame{{first: opText, data: contacts}, {first: opCont}, {first: fin | opCont}}, 0},
		"ping between pieces":                {[]frame{{first: opText, data: contacts[:half]}, {first: fin | opPing, data: "x"}, {first: fin | opCont, data: contacts[half:]}}, 0},
		"pong that nobody asked for":         {[]frame{{first: fin | opPong, data: "x"}, {first: fin | opText, data: contacts}}, 0},
		"long form of a short length":        {[]frame{{first: fin | opText, data: contacts, length: uint64(len(contacts))}}, 0},
		"reserved bit 1":                     {[]frame{{first: fin | 0x40 | opText, data: contacts}}, websocket.CloseProtocolError},
		"reserved bit 2":                     {[]frame{{first: fin | 0x20 | opText, data: contacts}}, websocket.CloseProtocolError},
		"reserved bit 3":                     {[]frame{{first: fin | 0x10 | opText, data: contacts}}, websocket.CloseProtocolError},
		"reserved opcode of data":            {[]frame{{first: fin | 0x3, data: "x"}}, websocket.CloseProtocolError},
		"reserved opcode of control":         {[]frame{{first: fin | 0xb, data: "x"}}, websocket.CloseProtocolError},
		"not masked":                         {[]frame{{first: fin | opText, data: contacts, bare: true}}, websocket.CloseProtocolError},
		"piece of nothing":                   {[]frame{{first: fin | opCont, data: contacts}}, websocket.CloseProtocolError},
		"a message within a message":         {[]frame{{first: opText, data: "{"}, {first: fin | opText, data: contacts}}, websocket.CloseProtocolError},
		"ping in pieces":                     {[]frame{{first: opPing, data: "x"}}, websocket.CloseProtocolError},
		"ping of 126 bytes":                  {[]frame{{first: fin | opPing, data: strings.Repeat("x", 126)}}, websocket.CloseProtocolError},
		"close in pieces":                    {[]frame{{first: opClose, data: "\x03\xe8"}}, websocket.CloseProtocolError},
		"close of one byte":                  {[]frame{{first: fin | opClose, data: "\x03"}}, websocket.CloseNoStatusReceived},  // gorilla takes it for one without a code
		"close with a code nobody may send":  {[]frame{{first: fin | opClose, data: "\x03\xed"}}, websocket.CloseProtocolError}, // 1005
		"close with a code that is none":     {[]frame{{first: fin | opClose, data: "\x00\x01"}}, websocket.CloseProtocolError},
		"close with a reason in no alphabet": {[]frame{{first: fin | opClose, data: "\x03\xe8\xff"}}, websocket.CloseProtocolError},
		"close":                              {[]frame{{first: fin | opClose, data: "\x03\xe8bye"}}, websocket.CloseNormalClosure},
		"no UTF-8, in pieces":                {[]frame{{first: opText, data: "{\"kind\":\"\xe2\x82"}, {first: fin | opCont, data: "\"}"}}, websocket.CloseInvalidFramePayloadData},
		"binary, in pieces":                  {[]frame{{first: opBin, data: "x"}, {first: fin | opCont, data: "y"}}, websocket.CloseUnsupportedData},
		"a length that cannot be":            {[]frame{{first: fin | opText, length: 1 << 63, data: "x"}}, websocket.CloseAbnormalClosure}, // without a word
		"a length over the limit":            {[]frame{{first: fin | opText, length: 1 << 40, data: "x"}}, websocket.CloseMessageTooBig},
		"over the limit in pieces": {[]frame{
			{first: opText, data: strings.Repeat(" ", wire.MaxMessage/2)}, {first: fin | opCont, data: strings.Repeat(" ", wire.MaxMessage)},
		}, websocket.CloseMessageTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := r.signIn(t, "Ada "+strings.ReplaceAll(name, ",", ""))
			ponged := ""
			p.ws.SetPongHandler(func(s string) error { ponged = s; return nil })
			var all bytes.Buffer
			for _, f := range c.frames {
				all.Write(f.bytes())
			}
			_, _ = p.ws.NetConn().Write(all.Bytes()) // it may be closed before all is written
			if c.code != 0 {
				if code := p.closed(); code != c.code {
					t.Errorf("closed with %d, want %d", code, c.code)
				}
				return
			}
			if e := p.want(wire.KindOK); e.ID != "q1" {
				t.Errorf("answered %+v", e)
			}
			if strings.HasPrefix(name, "ping") && ponged != "x" {
				t.Errorf("pong %q, want what the ping had", ponged)
			}
		})
	}
}
