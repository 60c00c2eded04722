package record

import (
	"encoding/binary"
	"math"
)

// EBML element ids (RFC 8794, and RFC 9559 for Matroska), with their length
// marker.
const (
	idEBML               = 0x1A45DFA3
	idEBMLVersion        = 0x4286
	idEBMLReadVersion    = 0x42F7
	idEBMLMaxIDLength    = 0x42F2
	idEBMLMaxSizeLength  = 0x42F3
	idDocType            = 0x4282
	idDocTypeVersion     = 0x4287
	idDocTypeReadVersion = 0x4285
	idVoid               = 0xEC

	idSegment        = 0x18538067
	idSeekHead       = 0x114D9B74
	idSeek           = 0x4DBB
	idSeekID         = 0x53AB
	idSeekPosition   = 0x53AC
	idInfo           = 0x1549A966
	idTimestampScale = 0x2AD7B1
	idDuration       = 0x4489
	idDateUTC        = 0x4461
	idMuxingApp      = 0x4D80
	idWritingApp     = 0x5741

	idTracks          = 0x1654AE6B
	idTrackEntry      = 0xAE
	idTrackNumber     = 0xD7
	idTrackUID        = 0x73C5
	idTrackType       = 0x83
	idFlagDefault     = 0x88
	idFlagLacing      = 0x9C
	idName            = 0x536E
	idLanguage        = 0x22B59C
	idCodecID         = 0x86
	idCodecPrivate    = 0x63A2
	idCodecDelay      = 0x56AA
	idSeekPreRoll     = 0x56BB
	idVideo           = 0xE0
	idPixelWidth      = 0xB0
	idPixelHeight     = 0xBA
	idAudio           = 0xE1
	idSamplingFreq    = 0xB5
	idChannels        = 0x9F
	idCluster         = 0x1F43B675
	idTimestamp       = 0xE7
	idSimpleBlock     = 0xA3
	idCues            = 0x1C53BB6B
	idCuePoint        = 0xBB
	idCueTime         = 0xB3
	idCueTrackPos     = 0xB7
	idCueTrack        = 0xF7
	idCueClusterPos   = 0xF1
	unknownSize       = 0x01FFFFFFFFFFFFFF
	unknownSizeLength = 8
)

// ebml appends elements to a buffer.
type ebml []byte

func (b *ebml) id(id uint32) {
	switch {
	case id > 0xFFFFFF:
		*b = append(*b, byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
	case id > 0xFFFF:
		*b = append(*b, byte(id>>16), byte(id>>8), byte(id))
	case id > 0xFF:
		*b = append(*b, byte(id>>8), byte(id))
	default:
		*b = append(*b, byte(id))
	}
}

// size appends a length in the shortest form (RFC 8794, section 4).
func (b *ebml) size(n int) {
	for length := 1; ; length++ {
		if n < 1<<(7*length)-1 { // all ones mean unknown
			v := uint64(n) | 1<<(7*length)
			for i := length - 1; i >= 0; i-- {
				*b = append(*b, byte(v>>(8*i)))
			}
			return
		}
	}
}

func (b *ebml) bytes(id uint32, data []byte) {
	b.id(id)
	b.size(len(data))
	*b = append(*b, data...)
}

func (b *ebml) text(id uint32, s string) { b.bytes(id, []byte(s)) }

func (b *ebml) uint(id uint32, v uint64) {
	n := 1
	for n < 8 && v>>(8*n) != 0 {
		n++
	}
	b.id(id)
	b.size(n)
	for i := n - 1; i >= 0; i-- {
		*b = append(*b, byte(v>>(8*i)))
	}
}

// uint64 has a fixed length, to be overwritten later.
func (b *ebml) uint64(id uint32, v uint64) {
	b.id(id)
	b.size(8)
	*b = binary.BigEndian.AppendUint64(*b, v)
}

func (b *ebml) float(id uint32, v float64) { b.uint64(id, math.Float64bits(v)) }

// master appends an element whose content is what f appends.
func (b *ebml) master(id uint32, f func(*ebml)) {
	var in ebml
	f(&in)
	b.bytes(id, in)
}

// void fills n bytes, 2 to 127.
func (b *ebml) void(n int) {
	b.id(idVoid)
	b.size(n - 2)
	*b = append(*b, make([]byte, n-2)...)
}
