package main

import (
	"fmt"
	"strconv"
	"strings"
)

// byteCount is a number of bytes in a setting: 53687091200, 50GB or 50GiB.
type byteCount int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *byteCount) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "BGKMTik ")
	size, ok := map[string]float64{"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}[strings.TrimSpace(string(text)[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(n >= 0 && n*size <= 1<<62) {
		return fmt.Errorf("%q is not a number of bytes, as in 50GB", text)
	}
	*b = byteCount(n * size)
	return nil
}

// inWords is a number of bytes for people.
func inWords(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= u.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
