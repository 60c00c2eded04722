package trust

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"slices"
	"strings"
)

const (
	numberRounds = 5200 // makes it dear to look for a key with the same digits
	emojiCount   = 7    // of 64: 42 bits
)

// SafetyNumber is 60 digits in twelve groups of five, the same for both people:
// read aloud, they show that nobody stands in between.
func SafetyNumber(a, b []byte) string {
	x, y := digits(a), digits(b)
	if x > y {
		x, y = y, x
	}
	all := x + y
	groups := make([]string, 0, 12)
	for i := 0; i < len(all); i += 5 {
		groups = append(groups, all[i:i+5])
	}
	return strings.Join(groups, " ")
}

// digits are the 30 of one key.
func digits(key []byte) string {
	h := sha512.Sum512(append([]byte("parley.v1 safety number\x00"), key...))
	for range numberRounds {
		h = sha512.Sum512(append(h[:], key...))
	}
	var out strings.Builder
	for i := range 6 {
		v := uint64(0)
		for _, c := range h[5*i : 5*i+5] {
			v = v<<8 | uint64(c)
		}
		fmt.Fprintf(&out, "%05d", v%100_000)
	}
	return out.String()
}

// Emoji are seven pictures that both sides of a call see. nonces are what each
// side threw in, the caller's first; prints are the fingerprints that the
// encryption uses. Because the caller is bound to its nonce before it sees the
// other's, nobody in between can look for a match.
func Emoji(callerNonce, calleeNonce []byte, prints ...[]byte) []string {
	h := sha256.New()
	h.Write([]byte("parley.v1 emoji\x00"))
	prints = slices.Clone(prints)
	slices.SortFunc(prints, slices.Compare)
	for _, part := range append([][]byte{callerNonce, calleeNonce}, prints...) {
		h.Write([]byte{byte(len(part))})
		h.Write(part)
	}
	sum := h.Sum(nil)
	out := make([]string, emojiCount)
	bits, n := uint(0), 0
	for i := range out {
		for n < 6 {
			bits, sum, n = bits<<8|uint(sum[0]), sum[1:], n+8
		}
		n -= 6
		out[i] = emoji[bits>>n&63]
	}
	return out
}

// Commitment binds to a nonce before it is shown.
func Commitment(nonce []byte) []byte {
	h := sha256.Sum256(append([]byte("parley.v1 emoji nonce\x00"), nonce...))
	return h[:]
}

// emoji that are told apart at a glance and have a name in every language.
var emoji = [64]string{
	"🐶", "🐱", "🦁", "🐴", "🦄", "🐷", "🐘", "🐰", "🐼", "🐔", "🐧", "🐢", "🐟", "🐙", "🦋", "🌷",
	"🌳", "🌵", "🍄", "🌍", "🌙", "☁️", "🔥", "🍌", "🍎", "🍓", "🌽", "🍕", "🎂", "❤️", "🙂", "🤖",
	"🎩", "👓", "🔧", "🎅", "👍", "☂️", "⌛", "⏰", "🎁", "💡", "📕", "✏️", "📎", "✂️", "🔒", "🔑",
	"🔨", "☎️", "🏁", "🚂", "🚲", "✈️", "🚀", "🏆", "⚽", "🎸", "🎺", "🔔", "⚓", "🎧", "📁", "📌",
}
