package call

import (
	"strings"
	"testing"
	"time"

	"parley/call/peer"
)

func TestNumbers(t *testing.T) {
	var a, b counted
	a.at, b.at = t0, t0.Add(2*time.Second)
	b.ps.Pair = &peer.CandidatePair{Path: peer.PathHost, CurrentRoundTripTime: 12300 * time.Microsecond}
	a.ps.OutboundRTP[peer.Video] = &peer.OutboundRTP{BytesSent: 1000}
	b.ps.OutboundRTP[peer.Video] = &peer.OutboundRTP{BytesSent: 251_000}
	b.ps.RemoteRTP[peer.Audio] = &peer.RemoteInboundRTP{FractionLost: 0.125}
	b.enc.Width, b.enc.Height, b.enc.Frames, b.enc.EncodeTime = 640, 360, 60, 300*time.Millisecond
	b.as.TotalSamplesReceived, b.as.ConcealedSamples = 96000, 960
	b.cpu, b.bitrate, b.narrow = time.Second, 300_000, true
	got := map[string]string{}
	for _, n := range numbers(a, b) {
		key := n.Part + " " + n.Name
		if _, twice := got[key]; twice {
			t.Errorf("%s comes twice", key)
		}
		got[key] = n.Value
	}
	for name, want := range map[string]string{
		"candidate-pair path":                         "host",
		"candidate-pair currentRoundTripTime":         "12.3 ms",
		"candidate-pair availableOutgoingBitrate":     "300 kbit/s",
		"outbound-rtp video bitrate":                  "1000 kbit/s",
		"outbound-rtp video frameWidth × frameHeight": "640 × 360",
		"outbound-rtp video framesPerSecond":          "30.0",
		"outbound-rtp video encodeTime":               "5.0 ms",
		"outbound-rtp video qualityLimitationReason":  "bandwidth",
		"remote-inbound-rtp audio fractionLost":       "12.5 %",
		"inbound-rtp audio concealedSamples":          "1.0 %",
		"inbound-rtp video frameWidth × frameHeight":  "–",
		"inbound-rtp video decodeTime":                "–",
		"process cpu":                                 "50.0 %",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	for _, n := range numbers(counted{}, b) { // the first second has nothing to compare with
		if strings.Contains(n.Value, "Inf") || strings.Contains(n.Value, "NaN") || strings.Contains(n.Value, "-") && n.Part != "process" {
			t.Errorf("%+v", n)
		}
	}
}
