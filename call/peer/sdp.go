package peer

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/pion/webrtc/v4"

	"parley/signaling/wire"
)

// maxSDP bounds a description; Chromium's for one call has 8 KiB.
const maxSDP = wire.MaxSDP

// splitCandidates takes the candidates out of a description. They travel apart
// so that a prepared answer reveals and tries no address before the person has
// accepted, and so that each is sent once.
func splitCandidates(desc string) (string, []wire.Candidate) {
	var (
		b    strings.Builder
		list []wire.Candidate
		mid  string
		line = -1
	)
	b.Grow(len(desc))
	first := 0 // candidates of this section whose mid is not yet known
	for rest := desc; rest != ""; {
		l := rest
		if i := strings.IndexByte(rest, '\n'); i >= 0 {
			l, rest = rest[:i+1], rest[i+1:]
		} else {
			rest = ""
		}
		text := strings.TrimRight(l, "\r\n")
		switch {
		case strings.HasPrefix(text, "m="):
			line++
			mid, first = "", len(list)
		case strings.HasPrefix(text, "a=mid:"):
			m := text[len("a=mid:"):]
			mid = m
			for i := first; i < len(list); i++ {
				list[i].SDPMid = &m
			}
		case strings.HasPrefix(text, "a=candidate:"):
			c := wire.Candidate{Candidate: text[len("a="):]}
			if line >= 0 {
				n := uint16(min(line, 1<<16-1))
				c.SDPMLineIndex = &n
			}
			if mid != "" {
				m := mid
				c.SDPMid = &m
			}
			list = append(list, c)
			continue
		case text == "a=end-of-candidates":
			continue
		}
		b.WriteString(l)
	}
	return b.String(), list
}

// ufragOf returns the first ice-ufrag of a description; with bundle there is
// one for all sections.
func ufragOf(desc string) string {
	for l := range strings.Lines(desc) {
		if v, ok := strings.CutPrefix(l, "a=ice-ufrag:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// fingerprintsOf returns the certificates' fingerprints of a description,
// each once, in order.
func fingerprintsOf(desc string) []string {
	out := []string{}
	for l := range strings.Lines(desc) {
		if v, ok := strings.CutPrefix(l, "a=fingerprint:"); ok {
			out = append(out, strings.ToLower(strings.TrimSpace(v)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fingerprint is how a description names a certificate (RFC 8122 section 5).
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	hex := make([]string, len(sum))
	for i, b := range sum {
		hex[i] = fmt.Sprintf("%02x", b)
	}
	return "sha-256 " + strings.Join(hex, ":")
}

// setupOf returns who opens the encryption by a description: "active",
// "passive", "actpass" or "" (RFC 8842 section 4).
func setupOf(desc string) string {
	for l := range strings.Lines(desc) {
		if v, ok := strings.CutPrefix(l, setupLine); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

const setupLine = "a=setup:"

// otherSetup is the other side's role.
func otherSetup(role string) string {
	switch role {
	case "active":
		return "passive"
	case "passive":
		return "active"
	}
	return ""
}

// withSetup writes the role into an answer; with "" it is left as it is.
func withSetup(desc, role string) string {
	if role == "" {
		return desc
	}
	var b strings.Builder
	b.Grow(len(desc) + 8)
	for l := range strings.Lines(desc) {
		if text := strings.TrimRight(l, "\r\n"); strings.HasPrefix(text, setupLine) {
			b.WriteString(setupLine + role + l[len(text):])
			continue
		}
		b.WriteString(l)
	}
	return b.String()
}

// fromWire checks a description of the other side and takes its candidates out.
func fromWire(d wire.Description, want webrtc.SDPType) (webrtc.SessionDescription, []wire.Candidate, error) {
	if webrtc.NewSDPType(d.Type) != want {
		return webrtc.SessionDescription{}, nil, fmt.Errorf("%w: %q where %q was due", ErrOrder, d.Type, want)
	}
	if len(d.SDP) > maxSDP {
		return webrtc.SessionDescription{}, nil, fmt.Errorf("description of %d bytes, limit %d", len(d.SDP), maxSDP)
	}
	sdp, list := splitCandidates(d.SDP)
	return webrtc.SessionDescription{Type: want, SDP: sdp}, list, nil
}

func toWire(d webrtc.SessionDescription) wire.Description {
	sdp, _ := splitCandidates(d.SDP)
	return wire.Description{Type: d.Type.String(), SDP: sdp}
}

// hideRelated blanks the related address of a candidate: for a relay it is the
// address that relay-only calls exist to hide (RFC 8828 section 5.2).
func hideRelated(candidate string) string {
	f := strings.Fields(candidate)
	for i := 0; i+1 < len(f); i++ {
		switch f[i] {
		case "raddr":
			f[i+1] = "0.0.0.0"
		case "rport":
			f[i+1] = "0"
		}
	}
	return strings.Join(f, " ")
}
