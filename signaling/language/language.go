// Package language finds the language in which a page of the service speaks.
package language

import (
	"slices"
	"strconv"
	"strings"
)

// Codes are those that the service's pages have; the first is for everybody
// else.
func Codes() []string { return []string{"en", "de", "fr", "es"} }

// Pick returns the language that Accept-Language (RFC 9110 section 12.5.4)
// likes best among Codes.
func Pick(accept string) string {
	best, most := Codes()[0], 0.0
	for _, item := range strings.Split(accept, ",") {
		tag, params, _ := strings.Cut(item, ";")
		q := 1.0
		if s, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(s, 64); err != nil {
				continue
			}
		}
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if q > most && slices.Contains(Codes(), base) {
			best, most = base, q
		}
	}
	return best
}
