package jitter

import "time"

// ClockMap translates the RTP timestamps of one stream to the sender's wall
// clock by its RTCP sender reports (RFC 3550, section 6.4.1), in which both
// stand for the same instant. The zero value knows nothing.
type ClockMap struct {
	rate  uint32
	ntp   time.Time
	rtp   uint32
	known bool
}

// NewClockMap returns a map for a stream of the given clock rate in Hz.
func NewClockMap(rate uint32) ClockMap { return ClockMap{rate: rate} }

// Report takes the NTP and RTP time of a sender report. A report without a
// wall clock (NTP time 0) says nothing.
func (c *ClockMap) Report(ntp uint64, rtpTime uint32) {
	if ntp == 0 {
		return
	}
	c.ntp, c.rtp, c.known = NTPTime(ntp), rtpTime, true
}

// Wall returns the sender's wall clock at rtpTime, false before any report.
// It extrapolates at the nominal rate: a clock that is 100 ppm off errs by
// 0.5 ms over the five seconds between reports.
func (c *ClockMap) Wall(rtpTime uint32) (time.Time, bool) {
	if !c.known || c.rate == 0 {
		return time.Time{}, false
	}
	d := int64(int32(rtpTime - c.rtp))
	return c.ntp.Add(time.Duration(d * int64(time.Second) / int64(c.rate))), true
}

// ntpEpoch is the Unix time of the NTP era 0, 1 January 1900.
const ntpEpoch = -2208988800

// NTPTime converts a 64-bit NTP timestamp (RFC 5905, 32.32 fixed point).
func NTPTime(ntp uint64) time.Time {
	ns := (ntp & 0xffffffff) * uint64(time.Second) >> 32
	return time.Unix(int64(ntp>>32)+ntpEpoch, int64(ns)).UTC()
}
