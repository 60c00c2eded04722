package local

import "parley/call/send"

// LowDataKbps is what a call costs at most with low data, in each direction:
// picture and sound with all headers.
const LowDataKbps = 250

const (
	// voiceKbps is the sound: 32 kbit/s of Opus, and 50 packets a second with 12
	// octets of RTP, 10 of SRTP and 28 of UDP and IP.
	voiceKbps = 32 + 50*(12+10+28)*8/1000
	// pictureShare is what remains of the rest without the headers of a picture
	// (4 of VP8, 50 as above in 1,180) and reports.
	pictureShare = 0.9
	// pictureLeast is the least that makes a picture, whatever is asked for.
	pictureLeast = 30_000
)

// bounded is what the picture may cost under all bounds.
func bounded(l send.Limits, lowData bool, theirMost int) send.Limits {
	most := theirMost
	if lowData && (most == 0 || most > LowDataKbps) {
		most = LowDataKbps
	}
	if most == 0 {
		return l
	}
	bps := max(int(float64(most-voiceKbps)*pictureShare)*1000, pictureLeast)
	if l.BitrateBPS == 0 {
		l.BitrateBPS = send.DefaultLimits().BitrateBPS
	}
	l.BitrateBPS = min(l.BitrateBPS, bps)
	return l
}
