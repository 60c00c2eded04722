package peer

import "github.com/pion/rtp"

const (
	maxPacket   = 1500 // of RTP that is read; no path carries more
	slabBytes   = 16 << 10
	slabPackets = 16
)

// slab is memory for packets that their readers keep, for a dozen at a
// time: one for each would be three allocations a packet. What a reader keeps
// of a slab keeps all of it, at most 24 kB for one packet; whoever holds many
// holds neighbours.
type slab struct {
	bytes   []byte
	packets []incoming
}

// incoming has room for as many header extensions as are negotiated.
type incoming struct {
	rtp.Packet
	extensions [2]rtp.Extension
}

// room is where the next packet is to be read into.
func (s *slab) room() []byte {
	if len(s.bytes) < maxPacket {
		s.bytes = make([]byte, slabBytes)
	}
	return s.bytes[:maxPacket]
}

// packet parses the n bytes read into room.
func (s *slab) packet(n int) (*rtp.Packet, error) {
	b := s.bytes[:n:n]
	if len(s.packets) == 0 {
		s.packets = make([]incoming, slabPackets)
	}
	p := &s.packets[0]
	p.Extensions = p.extensions[:0]
	if err := p.Unmarshal(b); err != nil {
		p.Packet = rtp.Packet{}
		return nil, err
	}
	s.bytes, s.packets = s.bytes[n:], s.packets[1:]
	return &p.Packet, nil
}
