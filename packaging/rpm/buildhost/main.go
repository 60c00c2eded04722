// Command buildhost writes another name for the machine that built them into rpm
// packages, which are then the same wherever they are built: nfpm puts this
// machine's own name in. The packages must not be signed yet.
//
//	buildhost -name NAME FILE...
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
)

func main() {
	name := flag.String("name", "localhost", "to write")
	flag.Parse()
	for _, path := range flag.Args() {
		if err := rewrite(path, *name); err != nil {
			fmt.Fprintf(os.Stderr, "buildhost: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func rewrite(path, name string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if b, err = setBuildHost(b, name); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644) //nolint:gosec // for everybody
}

// Tags and types of rpm's headers.
const (
	tagSignatures = 62
	tagImmutable  = 63
	tagBuildHost  = 1007

	sigSHA256      = 273
	sigSize        = 1000
	sigPayloadSize = 1007

	typeString = 6
	typeBinary = 7
)

const leadSize = 96

var (
	leadMagic   = []byte{0xed, 0xab, 0xee, 0xdb}
	headerMagic = []byte{0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0}
)

// setBuildHost returns the package with another name in its header, and with the
// size and the digest that fit it.
func setBuildHost(b []byte, name string) ([]byte, error) {
	if len(b) < leadSize || !bytes.HasPrefix(b, leadMagic) {
		return nil, errors.New("this is no rpm package")
	}
	if name == "" || bytes.IndexByte([]byte(name), 0) >= 0 {
		return nil, fmt.Errorf("%q is no name of a machine", name)
	}
	signature, n, err := parse(b[leadSize:], tagSignatures)
	if err != nil {
		return nil, fmt.Errorf("its signatures: %w", err)
	}
	start := leadSize + (n+7)/8*8
	if start > len(b) {
		return nil, errors.New("it ends after its signatures")
	}
	head, n, err := parse(b[start:], tagImmutable)
	if err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	payload := b[start+n:]

	host := find(head, tagBuildHost)
	if host == nil || host.kind != typeString {
		return nil, errors.New("its header names no machine")
	}
	host.data = append([]byte(name), 0)
	newHead := format(head, tagImmutable)
	for i := range signature {
		switch e := &signature[i]; e.tag {
		case sigSHA256:
			sum := sha256.Sum256(newHead)
			e.data = append([]byte(hex.EncodeToString(sum[:])), 0)
		case sigSize:
			e.data = binary.BigEndian.AppendUint32(nil, uint32(len(newHead)+len(payload))) //nolint:gosec // below 4 GB
		case sigPayloadSize:
		default:
			return nil, fmt.Errorf("it has signature or digest %d, which would no longer fit: sign afterwards", e.tag)
		}
	}
	if find(signature, sigSHA256) == nil || find(signature, sigSize) == nil {
		return nil, errors.New("it has no digest of its header")
	}
	out := append(slices.Clone(b[:leadSize]), format(signature, tagSignatures)...)
	out = append(out, make([]byte, (8-len(out)%8)%8)...)
	return append(append(out, newHead...), payload...), nil
}

// entry is one value of a header: count items of a type.
type entry struct {
	tag, kind, count uint32
	data             []byte
}

func find(entries []entry, tag uint32) *entry {
	for i := range entries {
		if entries[i].tag == tag {
			return &entries[i]
		}
	}
	return nil
}

// width is the size of one item of a type, 0 for text, which ends with a zero.
func width(kind uint32) (int, error) {
	switch kind {
	case 1, 2, typeBinary:
		return 1, nil
	case 3:
		return 2, nil
	case 4:
		return 4, nil
	case 5:
		return 8, nil
	case typeString, 8, 9:
		return 0, nil
	}
	return 0, fmt.Errorf("it has a value of the unknown type %d", kind)
}

// parse reads the header at the start of b, without the entry that says over which
// region it goes, and returns how many bytes it has.
func parse(b []byte, region uint32) ([]entry, int, error) {
	if len(b) < 16 || !bytes.HasPrefix(b, headerMagic) {
		return nil, 0, errors.New("it does not start as one")
	}
	count, size := uint64(binary.BigEndian.Uint32(b[8:])), uint64(binary.BigEndian.Uint32(b[12:]))
	if count < 1 || 16+16*count+size > uint64(len(b)) {
		return nil, 0, errors.New("it is longer than the file")
	}
	index, store := b[16:16+16*count], b[16+16*count:16+16*count+size]
	var entries []entry
	for ; len(index) > 0; index = index[16:] {
		e := entry{tag: binary.BigEndian.Uint32(index), kind: binary.BigEndian.Uint32(index[4:]), count: binary.BigEndian.Uint32(index[12:])}
		offset := uint64(binary.BigEndian.Uint32(index[8:]))
		if offset > size || uint64(e.count) > size {
			return nil, 0, fmt.Errorf("value %d lies outside of it", e.tag)
		}
		w, err := width(e.kind)
		if err != nil {
			return nil, 0, err
		}
		from := store[offset:]
		length := uint64(w) * uint64(e.count) //nolint:gosec // of a few bytes
		if w == 0 {
			for range e.count {
				end := bytes.IndexByte(from[length:], 0)
				if end < 0 {
					return nil, 0, fmt.Errorf("text %d does not end", e.tag)
				}
				length += uint64(end) + 1 //nolint:gosec // not negative
			}
		}
		if length > uint64(len(from)) {
			return nil, 0, fmt.Errorf("value %d lies outside of it", e.tag)
		}
		e.data = from[:length:length]
		if len(entries) == 0 && e.tag == region && region != 0 {
			region = 0 // it comes first, once, and is written anew
			continue
		}
		entries = append(entries, e)
	}
	if region != 0 {
		return nil, 0, errors.New("it does not say over which region it goes")
	}
	return entries, int(16 + 16*count + size), nil //nolint:gosec // not above len(b)
}

// format is the header of these entries, which parse reads.
func format(entries []entry, region uint32) []byte {
	var index, store []byte
	word := func(b []byte, words ...uint32) []byte {
		for _, w := range words {
			b = binary.BigEndian.AppendUint32(b, w)
		}
		return b
	}
	for _, e := range entries {
		if w, err := width(e.kind); err == nil && w > 1 {
			store = append(store, make([]byte, (w-len(store)%w)%w)...)
		}
		index = word(index, e.tag, e.kind, uint32(len(store)), e.count) //nolint:gosec // below 4 GB
		store = append(store, e.data...)
	}
	count := uint32(len(entries) + 1)                                               //nolint:gosec // few
	index = append(word(nil, region, typeBinary, uint32(len(store)), 16), index...) //nolint:gosec // below 4 GB
	store = word(store, region, typeBinary, -(16 * count), 16)
	out := word(slices.Clone(headerMagic), count, uint32(len(store))) //nolint:gosec // below 4 GB
	return append(append(out, index...), store...)
}
