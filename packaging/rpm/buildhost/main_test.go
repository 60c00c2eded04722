package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

func text(tag uint32, s string) entry { return entry{tag, typeString, 1, append([]byte(s), 0)} }

func number(tag, n uint32) entry {
	return entry{tag, 4, 1, binary.BigEndian.AppendUint32(nil, n)}
}

// made is a package as nfpm makes it, built on the named machine.
func made(host string, extra ...entry) []byte {
	head := format([]entry{
		text(1000, "parley"), number(1006, 1795982093), text(tagBuildHost, host), number(1009, 42),
		{1030, 3, 2, []byte{0x81, 0xa4, 0x81, 0xed}}, {1117, 8, 2, []byte("one\x00two\x00")}, {5000, 5, 1, make([]byte, 8)},
	}, tagImmutable)
	sum := sha256.Sum256(head)
	payload := []byte("payload")
	b := append(bytes.Clone(leadMagic), make([]byte, leadSize-len(leadMagic))...)
	b = append(b, format(append([]entry{text(sigSHA256, hex.EncodeToString(sum[:])),
		number(sigSize, uint32(len(head)+len(payload))), number(sigPayloadSize, 99)}, extra...), tagSignatures)...)
	b = append(b, make([]byte, (8-len(b)%8)%8)...)
	return append(append(b, head...), payload...)
}

func TestPackagesOfTwoMachinesAreTheSame(t *testing.T) {
	want := made("localhost")
	for _, host := range []string{"a", "localhost", "builder.example.org"} {
		got, err := setBuildHost(made(host), "localhost")
		if err != nil {
			t.Fatalf("built on %s: %v", host, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("built on %s it differs from one that was built on localhost:\n%x\n%x", host, got, want)
		}
	}
}

func TestWhatCannotBeRewrittenIsRefused(t *testing.T) {
	good := made("builder")
	for name, b := range map[string][]byte{
		"empty":           nil,
		"no rpm":          []byte(strings.Repeat("no rpm", 100)),
		"cut off":         good[:len(good)/2],
		"signed":          made("builder", entry{268, typeBinary, 4, []byte{1, 2, 3, 4}}),
		"header is short": good[:leadSize+20],
	} {
		if _, err := setBuildHost(b, "localhost"); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, host := range []string{"", "a\x00b"} {
		if _, err := setBuildHost(good, host); err == nil {
			t.Errorf("the name %q: taken", host)
		}
	}
}

func FuzzSetBuildHost(f *testing.F) {
	good := made("builder")
	f.Add(good)
	f.Add(good[:200])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := setBuildHost(b, "localhost")
		if err != nil {
			return
		}
		twice, err := setBuildHost(once, "localhost")
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("what it wrote, it reads differently: %v", err)
		}
	})
}
