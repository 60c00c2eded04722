package main

import (
	"bytes"
	"encoding/binary"
	"os"

	"parley/media"
)

// writeIVF writes VP8 in the container that every tool reads.
func writeIVF(path string, units []media.Unit, width, height, fps int) error {
	var b bytes.Buffer
	b.WriteString("DKIF")
	le := binary.LittleEndian
	b.Write(le.AppendUint16(nil, 0))
	b.Write(le.AppendUint16(nil, 32))
	b.WriteString("VP80")
	b.Write(le.AppendUint16(nil, uint16(width)))
	b.Write(le.AppendUint16(nil, uint16(height)))
	b.Write(le.AppendUint32(nil, uint32(fps)))
	b.Write(le.AppendUint32(nil, 1))
	b.Write(le.AppendUint32(nil, uint32(len(units))))
	b.Write(le.AppendUint32(nil, 0))
	for i, u := range units {
		b.Write(le.AppendUint32(nil, uint32(len(u.Data))))
		b.Write(le.AppendUint64(nil, uint64(i)))
		b.Write(u.Data)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
