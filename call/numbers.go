package call

import (
	"fmt"
	"strconv"
	"time"

	"parley/call/peer"
	"parley/call/recv"
	"parley/call/send"
	"parley/call/stats"
)

// Number is one line of the statistics: Name is as in getStats (W3C
// webrtc-stats), Part says of which object. A value that is not known is "–".
type Number struct{ Part, Name, Value string }

// counted is what was counted at a moment.
type counted struct {
	at  time.Time
	ps  peer.Stats
	as  recv.AudioStats
	vs  recv.VideoStats
	enc send.VideoStats
	cpu time.Duration
	// What is estimated or set now.
	bitrate int // of the link out, bit/s; 0: not known
	narrow  bool
}

// numbersLocked takes the counts of now and compares them with those before.
func (m *metering) numbersLocked(now time.Time, ps peer.Stats, as recv.AudioStats, vs recv.VideoStats) []Number {
	c := counted{at: now, ps: ps, as: as, vs: vs, enc: m.l.local.VideoStats(), narrow: m.l.narrow(now)}
	c.cpu, _ = stats.ProcessCPU()
	c.bitrate = m.l.peer.VideoRate()
	before := m.counted
	m.counted = c
	return numbers(before, c)
}

// narrowBPS is below what a picture of 480 by 270 needs at 24 a second.
const narrowBPS = 350_000

// foundAfter is how long a call may take to find out what its path carries.
const foundAfter = 10 * time.Second

// narrow reports whether the way there carries a small picture only.
func (l *link) narrow(now time.Time) bool {
	b, up := l.peer.VideoRate(), l.s.State().ConnectedAt
	return b > 0 && !up.IsZero() && now.Sub(up) > foundAfter && b < narrowBPS && b < l.local.VideoWanted()*8/10 && l.local.State().Camera.On
}

const unknown = "–"

func ms(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + " ms"
}

func kbps(bits float64) string { return strconv.FormatFloat(bits/1000, 'f', 0, 64) + " kbit/s" }

func percent(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }

func whole[T uint32 | uint64 | int | int64](v T) string { return fmt.Sprint(v) }

func size(w, h int) string {
	if w == 0 || h == 0 {
		return unknown
	}
	return fmt.Sprintf("%d × %d", w, h)
}

// mean is sum/n of what was added between two counts.
func mean(sum time.Duration, n uint64) string {
	if n == 0 {
		return unknown
	}
	return ms(sum / time.Duration(n))
}

// numbers are the statistics between two counts. Pure.
func numbers(a, b counted) []Number {
	var out []Number
	span := b.at.Sub(a.at).Seconds()
	if a.at.IsZero() || span <= 0 {
		span = 0
	}
	rate := func(before, now uint64) string {
		if span == 0 || now < before {
			return unknown
		}
		return kbps(8 * float64(now-before) / span)
	}
	perSecond := func(before, now uint64) string {
		if span == 0 || now < before {
			return unknown
		}
		return strconv.FormatFloat(float64(now-before)/span, 'f', 1, 64)
	}
	part := ""
	add := func(name, value string) { out = append(out, Number{part, name, value}) }

	part = "candidate-pair"
	if p := b.ps.Pair; p != nil {
		add("path", string(p.Path))
		add("currentRoundTripTime", ms(p.CurrentRoundTripTime))
	}
	if b.bitrate > 0 {
		add("availableOutgoingBitrate", kbps(float64(b.bitrate)))
	}

	part = "inbound-rtp video"
	add("frameWidth × frameHeight", size(b.vs.FrameWidth, b.vs.FrameHeight))
	add("framesPerSecond", strconv.FormatFloat(b.vs.FramesPerSecond, 'f', 1, 64))
	add("bitrate", kbps(b.vs.BitrateBps))
	add("packetsLost", whole(b.vs.PacketsLost))
	add("retransmittedPacketsReceived", whole(b.vs.RetransmittedPacketsReceived))
	add("jitter", ms(time.Duration(b.vs.Jitter*float64(time.Second))))
	add("jitterBufferDelay", mean(b.vs.JitterBufferDelay-a.vs.JitterBufferDelay, b.vs.JitterBufferEmittedCount-a.vs.JitterBufferEmittedCount))
	add("decodeTime", mean(b.vs.TotalDecodeTime-a.vs.TotalDecodeTime, b.vs.FramesDecoded-a.vs.FramesDecoded))
	add("framesDropped", whole(b.vs.FramesDropped))
	add("freezeCount", whole(b.vs.FreezeCount))
	add("totalFreezesDuration", ms(b.vs.TotalFreezesDuration))
	add("nackCount", whole(b.vs.NACKCount))
	add("pliCount", whole(b.vs.PLICount))

	part = "inbound-rtp audio"
	add("bitrate", kbps(b.as.BitrateBps))
	add("packetsLost", whole(b.as.PacketsLost))
	add("jitter", ms(time.Duration(b.as.Jitter*float64(time.Second))))
	add("jitterBufferDelay", ms(b.as.Delay))
	add("jitterBufferTargetDelay", ms(b.as.Target))
	concealed := unknown
	if n := b.as.TotalSamplesReceived - a.as.TotalSamplesReceived; n > 0 && b.as.TotalSamplesReceived > a.as.TotalSamplesReceived {
		concealed = percent(float64(b.as.ConcealedSamples-a.as.ConcealedSamples) / float64(n))
	}
	add("concealedSamples", concealed)
	add("fecPacketsReceived", whole(b.as.FECPacketsReceived))

	part = "outbound-rtp video"
	add("frameWidth × frameHeight", size(b.enc.Width, b.enc.Height))
	add("framesPerSecond", perSecond(a.enc.Frames, b.enc.Frames))
	var was peer.OutboundRTP
	if o := a.ps.OutboundRTP[peer.Video]; o != nil {
		was = *o
	}
	if o := b.ps.OutboundRTP[peer.Video]; o != nil {
		add("bitrate", rate(was.BytesSent, o.BytesSent))
		add("retransmittedPacketsSent", whole(o.RetransmittedPacketsSent))
		add("keyFramesEncoded", whole(o.KeyFramesSent))
	}
	add("targetBitrate", kbps(float64(b.enc.Choice.Bitrate)))
	add("encodeTime", mean(b.enc.EncodeTime-a.enc.EncodeTime, b.enc.Frames-a.enc.Frames))
	limit := "none"
	switch {
	case b.enc.SlowCPU:
		limit = "cpu"
	case b.narrow:
		limit = "bandwidth"
	}
	add("qualityLimitationReason", limit)

	part = "outbound-rtp audio"
	was = peer.OutboundRTP{}
	if o := a.ps.OutboundRTP[peer.Audio]; o != nil {
		was = *o
	}
	if o := b.ps.OutboundRTP[peer.Audio]; o != nil {
		add("bitrate", rate(was.BytesSent, o.BytesSent))
	}
	for k, r := range b.ps.RemoteRTP {
		if r != nil {
			part = "remote-inbound-rtp " + peer.Kind(k).String()
			add("fractionLost", percent(r.FractionLost))
			add("roundTripTime", ms(r.RoundTripTime))
		}
	}
	part = "process"
	if span > 0 && b.cpu >= a.cpu {
		add("cpu", percent((b.cpu-a.cpu).Seconds()/span))
	}
	return out
}

func ptr[T any](v T) *T { return &v }
