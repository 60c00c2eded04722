package call

import (
	"math"
	"sync"
	"time"

	"parley/call/peer"
	"parley/call/recv"
	"parley/call/send"
	"parley/call/stats"
)

// metering reads the counters of a link: totals for the account of the call,
// differences for the quality of the moment.
type metering struct {
	l      *link
	steady steady // owned by poll

	reported [2]time.Time // sender reports already passed on; owned by poll

	mu      sync.Mutex // poll measures, close takes the last sample
	at      time.Time
	last    peer.Stats
	voice   recv.AudioStats
	sent    send.AudioStats
	base    send.VideoStats // when media first flowed
	dropped uint64          // units that the track had refused by then
	up      bool
	stale   int       // reports that speak of an outage are still to come, for so many seconds
	heardAt time.Time // when sound last arrived, or began to be due
	counted counted   // for the numbers
}

func newMetering(l *link) *metering {
	return &metering{l: l, sent: l.local.AudioStats(), base: l.local.VideoStats()}
}

// reports passes new sender reports on: by them sound and picture are put in step.
func (m *metering) reports() {
	for k, to := range [2]interface{ SenderReport(uint64, uint32) }{m.l.audio.Load(), m.l.video} {
		remote := m.l.peer.RemoteAudio()
		if peer.Kind(k) == peer.Video {
			remote = m.l.peer.RemoteVideo()
		}
		if r, ok := remote.SenderReport(); ok && !r.At.Equal(m.reported[k]) {
			m.reported[k] = r.At
			to.SenderReport(ntp(r.NTP), r.RTP)
		}
	}
}

// ntp is a time in NTP's 32.32 format (RFC 3550, section 4).
func ntp(t time.Time) uint64 {
	const epoch = 2208988800 // seconds from 1900 to 1970
	return uint64(t.Unix()+epoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// sample adds the totals to the account of the call, once media has flowed:
// before that there is nothing to count, and pion's transport must not be
// asked for its path while it starts.
func (m *metering) sample(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.l.peer.State().Ever {
		m.sampleLocked(now)
	}
}

func (m *metering) sampleLocked(now time.Time) (peer.Stats, recv.AudioStats, recv.VideoStats) {
	l := m.l
	ps, as, vs := l.peer.Stats(now), l.audio.Load().Stats(now), l.video.Stats(now)
	own, enc := l.local.AudioStats(), l.local.VideoStats()
	if !m.up {
		m.up, m.base = true, enc
		if out := ps.OutboundRTP[peer.Video]; out != nil {
			m.dropped = out.FramesDropped
		}
	}
	var s stats.Sample
	if p := ps.Pair; p != nil {
		s.Path, s.RTT = string(p.Path), p.CurrentRoundTripTime
	}
	s.VideoIn = &stats.VideoCounters{
		Frames: vs.FramesDecoded, KeyFrames: vs.KeyFramesDecoded, Dropped: vs.FramesDropped,
		Bytes: vs.BytesReceived, Width: vs.FrameWidth, Height: vs.FrameHeight,
		HasFreezes: true, FreezeCount: vs.FreezeCount, FreezeSeconds: vs.TotalFreezesDuration.Seconds(),
		PauseSeconds: vs.TotalPausesDuration.Seconds(),
	}
	s.AudioIn = &stats.AudioCounters{
		Packets: as.PacketsReceived, Bytes: as.BytesReceived, HasPlayout: true,
		Samples: as.TotalSamplesReceived, Concealed: as.ConcealedSamples, JitterBufferDelay: as.MeanDelay(),
	}
	if span := (as.TotalSamplesDuration - m.voice.TotalSamplesDuration).Seconds(); span > 0 {
		s.AudioIn.HasLevel = true
		s.AudioIn.Level = math.Sqrt(max(as.TotalAudioEnergy-m.voice.TotalAudioEnergy, 0) / span)
	}
	m.voice = as
	if out := ps.OutboundRTP[peer.Video]; out != nil {
		s.VideoOut = &stats.VideoCounters{
			Frames: out.FramesSent, KeyFrames: out.KeyFramesSent, Bytes: out.BytesSent,
			Dropped: enc.Dropped - m.base.Dropped + out.FramesDropped - m.dropped,
		}
		if out.FramesSent > 0 {
			s.VideoOut.Width, s.VideoOut.Height = enc.Width, enc.Height
		}
	}
	if out := ps.OutboundRTP[peer.Audio]; out != nil {
		s.AudioOut = &stats.AudioCounters{Packets: out.PacketsSent, Bytes: out.BytesSent}
		s.AudioOut.Level, s.AudioOut.HasLevel = own.Level(m.sent)
		m.sent = own
	}
	l.s.rec.Add(now, s)
	return ps, as, vs
}

// measure is what the second up to now was like; false while there is no path.
func (m *metering) measure(now time.Time) (measured, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.l
	if !l.peer.State().Ever {
		return measured{}, false
	}
	before, was := m.last, m.at
	voiceBefore := m.voice
	ps, as, vs := m.sampleLocked(now)
	m.last, m.at = ps, now
	if l.peer.State().Conn != peer.ConnConnected {
		m.stale, was = 2, time.Time{}
	}
	if was.IsZero() {
		m.heardAt = now
		return measured{}, false
	}
	l.s.numbers.Store(ptr(m.numbersLocked(now, ps, as, vs)))
	q := measured{span: now.Sub(was), narrow: l.narrow(now), slowCPU: l.local.VideoStats().SlowCPU && l.local.State().Camera.On}
	if ps.Pair != nil {
		q.rtt, q.path = ps.Pair.CurrentRoundTripTime, ps.Pair.Path
	}
	q.lossIn, q.packetsIn, q.hasIn = lost(before.InboundRTP, ps.InboundRTP)
	for k, r := range ps.RemoteRTP {
		if r == nil {
			continue
		}
		q.hasOut = true
		q.lossOut = max(q.lossOut, lostThere(before.RemoteRTP[k], r))
		if q.rtt == 0 {
			q.rtt = r.RoundTripTime
		}
	}
	if m.stale > 0 {
		// What was sent into an outage says nothing about the link after it.
		m.stale--
		q.hasOut = false
	}
	remote, told := l.line.Remote()
	q.soundCame = as.PacketsReceived > voiceBefore.PacketsReceived
	if q.soundCame || !told || !remote.Mic {
		m.heardAt = now
	}
	q.soundDue = told && remote.Mic && now.Sub(m.heardAt) > 3*time.Second
	if n := as.TotalSamplesReceived - voiceBefore.TotalSamplesReceived; n > 0 && as.TotalSamplesReceived > voiceBefore.TotalSamplesReceived {
		q.concealed = float64(as.ConcealedSamples-voiceBefore.ConcealedSamples) / float64(n)
	}
	q.frozen = told && remote.Camera && !vs.LastFrame.IsZero() && now.Sub(vs.LastFrame) > 600*time.Millisecond
	return q, true
}

// lostThere is the share of packets that did not reach the other side between
// two counts; without a report in between it is as in the last one.
func lostThere(before, after *peer.RemoteInboundRTP) float64 {
	if before == nil {
		return after.FractionLost
	}
	missing := max(after.PacketsLost-before.PacketsLost, 0)
	all := missing + int64(after.PacketsReceived) - int64(before.PacketsReceived)
	if all <= 0 {
		return after.FractionLost
	}
	return float64(missing) / float64(all)
}

// lost is the share of packets, of sound and picture together, that did not
// come between two counts.
func lost(before, after [2]*peer.InboundRTP) (share float64, came uint64, known bool) {
	var missing int64
	for k := range after {
		if after[k] == nil || before[k] == nil || after[k].SSRC != before[k].SSRC {
			continue
		}
		known = true
		came += after[k].PacketsReceived - before[k].PacketsReceived
		missing += after[k].PacketsLost - before[k].PacketsLost
	}
	if missing <= 0 || came == 0 {
		return 0, came, known
	}
	return float64(missing) / float64(uint64(missing)+came), came, known
}
