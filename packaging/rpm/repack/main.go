// Command repack makes of rpm packages as nfpm writes them ones that are the same
// wherever they are built, smaller, and safe to unpack by hand: instead of this
// machine's own name they hold the given one, Debian's xz packs them, and the
// names in the archive are relative to where it is unpacked (rpm2cpio FILE | cpio
// -i writes over the system's files otherwise). The packages must not be signed yet.
//
//	repack -name NAME FILE...
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
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

func main() {
	name := flag.String("name", "localhost", "of the machine that built them, to write")
	flag.Parse()
	for _, path := range flag.Args() {
		if err := rewrite(path, *name); err != nil {
			fmt.Fprintf(os.Stderr, "repack: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func rewrite(path, name string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// rpm reads the filter for x86 everywhere; that for arm64 needs xz 5.4.
	pack := []string{"-T1", "--lzma2=preset=9e"}
	if strings.HasSuffix(path, ".x86_64.rpm") {
		pack = []string{"-T1", "--x86", "--lzma2=preset=9e"}
	}
	b, err = repack(b, name, xz("-dc"), xz(pack...))
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644) //nolint:gosec // for everybody
}

func xz(args ...string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		cmd := exec.Command("xz", args...)
		cmd.Stdin = bytes.NewReader(b)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("xz: %w", err)
		}
		return out, nil
	}
}

// Tags and types of rpm's headers.
const (
	tagSignatures = 62
	tagImmutable  = 63
	tagBuildHost  = 1007
	tagPacker     = 1125
	tagDigest     = 5092 // of the packed archive
	tagDigestAlt  = 5097 // of the archive

	sigSHA256      = 273
	sigSize        = 1000
	sigArchiveSize = 1007

	typeString = 6
	typeBinary = 7
)

const leadSize = 96

var (
	leadMagic   = []byte{0xed, 0xab, 0xee, 0xdb}
	headerMagic = []byte{0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0}
)

// repack returns the package with another name in its header and its archive
// packed anew, and with the sizes and digests that fit them.
func repack(b []byte, name string, unpack, pack func([]byte) ([]byte, error)) ([]byte, error) {
	if len(b) < leadSize || !bytes.HasPrefix(b, leadMagic) {
		return nil, errors.New("this is no rpm package")
	}
	if name == "" || strings.ContainsRune(name, 0) {
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
	if p := find(head, tagPacker); p == nil || string(p.data) != "xz\x00" {
		return nil, errors.New("it is not packed by xz")
	}
	archive, err := unpack(b[start+n:])
	if err != nil {
		return nil, err
	}
	if archive, err = relative(archive); err != nil {
		return nil, fmt.Errorf("its archive: %w", err)
	}
	packed, err := pack(archive)
	if err != nil {
		return nil, err
	}

	for tag, text := range map[uint32]string{tagBuildHost: name, tagDigest: digest(packed), tagDigestAlt: digest(archive)} {
		e := find(head, tag)
		switch {
		case e == nil && tag == tagDigestAlt: // which nfpm leaves out
		case e == nil || e.count != 1:
			return nil, fmt.Errorf("its header has not one value %d", tag)
		default:
			e.data = append([]byte(text), 0)
		}
	}
	newHead := format(head, tagImmutable)
	for i := range signature {
		switch e := &signature[i]; e.tag {
		case sigSHA256:
			e.data = append([]byte(digest(newHead)), 0)
		case sigSize:
			e.data = binary.BigEndian.AppendUint32(nil, uint32(len(newHead)+len(packed))) //nolint:gosec // below 4 GB
		case sigArchiveSize:
			e.data = binary.BigEndian.AppendUint32(nil, uint32(len(archive))) //nolint:gosec // below 4 GB
		default:
			return nil, fmt.Errorf("it has signature or digest %d, which would no longer fit: sign afterwards", e.tag)
		}
	}
	if find(signature, sigSHA256) == nil || find(signature, sigSize) == nil {
		return nil, errors.New("it has no digest of its header")
	}
	out := append(slices.Clone(b[:leadSize]), format(signature, tagSignatures)...)
	out = append(out, make([]byte, (8-len(out)%8)%8)...)
	return append(append(out, newHead...), packed...), nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// relative puts a dot before the names of a cpio archive (newc) that start at the
// root. Names and contents each end at a multiple of four bytes.
func relative(b []byte) ([]byte, error) {
	const headSize, sizeAt, nameSizeAt = 110, 54, 94
	var out []byte
	aligned := func(n uint64) uint64 { return (n + 3) / 4 * 4 }
	for {
		if len(b) < headSize || string(b[:6]) != "070701" {
			return nil, errors.New("an entry does not start as one")
		}
		size, err := strconv.ParseUint(string(b[sizeAt:sizeAt+8]), 16, 32)
		if err != nil {
			return nil, err
		}
		nameSize, err := strconv.ParseUint(string(b[nameSizeAt:nameSizeAt+8]), 16, 32)
		if err != nil {
			return nil, err
		}
		content := aligned(headSize + nameSize)
		end := content + aligned(size)
		if nameSize < 2 || end > uint64(len(b)) || b[headSize+nameSize-1] != 0 {
			return nil, errors.New("an entry ends after the archive")
		}
		name := string(b[headSize : headSize+nameSize-1])
		if strings.HasPrefix(name, "/") {
			name = "." + name
		}
		entry := fmt.Appendf(slices.Clone(b[:nameSizeAt]), "%08x%s%s\x00", len(name)+1, b[nameSizeAt+8:headSize], name)
		out = append(out, entry...)
		out = append(out, make([]byte, aligned(uint64(len(entry)))-uint64(len(entry)))...)
		out = append(out, b[content:end]...)
		b = b[end:]
		if name == "TRAILER!!!" {
			return append(out, b...), nil
		}
	}
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
