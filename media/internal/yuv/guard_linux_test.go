package yuv

import (
	"os"
	"syscall"
	"testing"
)

// guarded hands out memory that ends where an unmapped page begins: a read or
// write of one byte too many ends the test.
func guarded(t *testing.T) alloc {
	page := os.Getpagesize()
	return func(n int) []byte {
		pages := (n + page - 1) / page * page
		m, err := syscall.Mmap(-1, 0, pages+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Munmap(m) })
		if err := syscall.Mprotect(m[pages:], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
		return m[pages-n : pages : pages]
	}
}

// libyuv works on 16 to 64 pixels at a time: what it does with the rest of a
// row may not reach beyond it.
func TestNothingIsTouchedBeyondThePlanes(t *testing.T) {
	for _, s := range sizes {
		t.Run("", func(t *testing.T) {
			a := guarded(t)
			for name, err := range calls(a, s[0], s[1]) {
				if err != nil {
					t.Errorf("%dx%d: %s: %v", s[0], s[1], name, err)
				}
			}
		})
	}
}
