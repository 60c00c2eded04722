package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

func text(tag uint32, s string) entry { return entry{tag, typeString, 1, append([]byte(s), 0)} }

func number(tag, n uint32) entry {
	return entry{tag, 4, 1, binary.BigEndian.AppendUint32(nil, n)}
}

// archive has one file of five bytes for each name.
func archive(names ...string) []byte {
	var b []byte
	for _, name := range append(names, "TRAILER!!!") {
		content := "bytes"
		if name == "TRAILER!!!" {
			content = ""
		}
		b = fmt.Appendf(b, "070701%048x%08x%032x%08x%08x%s\x00", 1, len(content), 2, len(name)+1, 0, name)
		b = append(b, make([]byte, (4-len(b)%4)%4)...)
		b = append(b, content...)
		b = append(b, make([]byte, (4-len(b)%4)%4)...)
	}
	return b
}

// made is a package as nfpm makes it, built on the named machine.
func made(host string, files []byte, extra ...entry) []byte {
	head := format([]entry{
		text(1000, "parley"), number(1006, 1795982093), text(tagBuildHost, host), number(1009, 42),
		{1030, 3, 2, []byte{0x81, 0xa4, 0x81, 0xed}}, {1117, 8, 2, []byte("one\x00two\x00")}, text(tagPacker, "xz"),
		{5000, 5, 1, make([]byte, 8)}, {tagDigest, 8, 1, append([]byte(digest(files)), 0)},
	}, tagImmutable)
	b := append(bytes.Clone(leadMagic), make([]byte, leadSize-len(leadMagic))...)
	b = append(b, format(append([]entry{text(sigSHA256, digest(head)),
		number(sigSize, uint32(len(head)+len(files))), number(sigArchiveSize, uint32(len(files)))}, extra...), tagSignatures)...)
	b = append(b, make([]byte, (8-len(b)%8)%8)...)
	return append(append(b, head...), files...)
}

func same(b []byte) ([]byte, error) { return b, nil }

func TestPackagesOfTwoMachinesAreTheSame(t *testing.T) {
	want := made("localhost", archive("./usr/bin/parley", "./etc/x", "README"))
	for _, host := range []string{"a", "localhost", "builder.example.org"} {
		got, err := repack(made(host, archive("/usr/bin/parley", "/etc/x", "README")), "localhost", same, same)
		if err != nil {
			t.Fatalf("built on %s: %v", host, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("built on %s it is\n%q\nnot\n%q", host, got, want)
		}
	}
}

func TestWhatCannotBeRepackedIsRefused(t *testing.T) {
	files := archive("/usr/bin/parley")
	good := made("builder", files)
	for name, b := range map[string][]byte{
		"empty":              nil,
		"no rpm":             []byte(strings.Repeat("no rpm", 100)),
		"cut off":            good[:len(good)/2],
		"archive is cut off": good[:len(good)-10],
		"no archive":         made("builder", []byte("payload")),
		"signed":             made("builder", files, entry{268, typeBinary, 4, []byte{1, 2, 3, 4}}),
		"header is short":    good[:leadSize+20],
	} {
		if _, err := repack(b, "localhost", same, same); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, host := range []string{"", "a\x00b"} {
		if _, err := repack(good, host, same, same); err == nil {
			t.Errorf("the name %q: taken", host)
		}
	}
}

func FuzzRepack(f *testing.F) {
	good := made("builder", archive("/usr/bin/parley", "etc"))
	f.Add(good)
	f.Add(good[:200])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := repack(b, "localhost", same, same)
		if err != nil {
			return
		}
		twice, err := repack(once, "localhost", same, same)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("what it wrote, it reads differently: %v", err)
		}
	})
}

func FuzzRelative(f *testing.F) {
	f.Add(archive("/usr/bin/parley", "etc"))
	f.Add([]byte("070701"))
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := relative(b)
		if err != nil {
			return
		}
		twice, err := relative(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("what it wrote, it reads differently: %v", err)
		}
	})
}
