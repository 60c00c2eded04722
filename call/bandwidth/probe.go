package bandwidth

import "time"

// Probe is packets to be sent fast, to see whether the path takes them.
type Probe struct {
	ID    int
	Rate  int // bit/s
	Bytes int // how much to send at that rate
}

const (
	probeFor     = 15 * time.Millisecond // of the first ones, which stop a slow link
	probeLater   = 30 * time.Millisecond
	probePackets = 5
	probeLeast   = 3                      // packets that must arrive where many get lost
	probeLossy   = 0.05                   // share lost there
	probeSize    = 1000                   // bytes of a packet, roughly
	probeOver    = 450 * time.Millisecond // and two round trips: what has not told by then never will
	probeEvery   = 3 * time.Second
	probeCut     = 1200 * time.Millisecond // after the rate was cut
	probeRest    = 40.0                    // of what a probe costs: pause after it
	probeSeldom  = 15 * time.Second
	probeVain    = 4   // in a row, after which the path is left in peace
	probeMost    = 1.1 // of what is wanted
)

// cluster is a probe on its way.
type cluster struct {
	Probe
	began            time.Time // when it was given out
	sent0, sent1     time.Time
	at0, at1         time.Duration
	first, last, all int // bytes: first to arrive, last to leave, all
	n                int
	shown            bool // something came of it
	followed         bool // a faster one was asked for
}

func (c *cluster) add(p Packet) {
	if c.n == 0 || p.Departure.Before(c.sent0) {
		c.sent0 = p.Departure
	}
	if c.n == 0 || !p.Departure.Before(c.sent1) {
		c.sent1, c.last = p.Departure, p.Size
	}
	if c.n == 0 || p.Arrival < c.at0 {
		c.at0, c.first = p.Arrival, p.Size
	}
	c.at1 = max(c.at1, p.Arrival)
	c.all += p.Size
	c.n++
}

// result is what the path showed, once enough of the probe has arrived. lossy:
// less is enough, because packets get lost by chance; then it says less than
// there is, and never more.
func (c *cluster) result(lossy bool) (bps float64, ok bool) {
	least, bytes := probePackets-1, c.Bytes*8/10
	if lossy {
		least, bytes = probeLeast, c.Bytes/2
	}
	if c.n < least || c.all < bytes {
		return 0, false
	}
	sent, came := c.sent1.Sub(c.sent0).Seconds(), (c.at1 - c.at0).Seconds()
	if sent <= 0 || sent > 1 || came > 1 {
		return 0, false
	}
	out := float64((c.all-c.last)*8) / sent
	in := out
	if came > 0 {
		in = float64((c.all-c.first)*8) / came
	}
	if in > 2*out {
		return 0, false // held up and let go together
	}
	if in < 0.9*out {
		return 0.95 * in, true // the path was full
	}
	return min(in, out), true
}

// prober decides when to probe.
type prober struct {
	ids     int
	queue   []Probe
	flying  []cluster
	next    time.Time // of the periodic one; zero: not begun
	last    time.Time // the last one given out
	every   time.Duration
	started bool
	vain    int // probes in a row of which nothing came
}

func (p *prober) want(rate float64, d time.Duration) {
	p.ids++
	p.queue = append(p.queue, Probe{
		ID: p.ids, Rate: int(rate), Bytes: max(int(rate*d.Seconds()/8), probePackets*probeSize),
	})
}

// take gives out the next probe.
func (p *prober) take(now time.Time) (Probe, bool) {
	if len(p.queue) == 0 {
		return Probe{}, false
	}
	pr := p.queue[0]
	p.queue, p.last = p.queue[1:], now
	p.flying = append(p.flying, cluster{Probe: pr, began: now})
	return pr, true
}

// arrived takes a packet of a probe and returns what the probe showed, as soon
// as it has shown anything: a later packet may correct it. A probe that went
// through unhindered is followed by a faster one, up to most.
func (p *prober) arrived(k Packet, lossy bool, target, most float64) (got float64, ok bool) {
	for i := range p.flying {
		c := &p.flying[i]
		if c.ID != k.Cluster {
			continue
		}
		c.add(k)
		if got, ok = c.result(lossy); !ok {
			return 0, false
		}
		c.shown, p.vain = true, 0
		if !c.followed && got >= 0.7*float64(c.Rate) && got > 1.05*target && got < most && len(p.queue) == 0 {
			c.followed, p.every = true, probeEvery
			p.want(min(2*got, probeMost*most), probeLater)
		}
		return got, true
	}
	return 0, false
}

// tidy forgets probes that are over. One of which nothing came, because too
// many of its packets or the reports of them were lost, is soon tried again.
func (p *prober) tidy(now time.Time, rtt time.Duration) {
	kept := p.flying[:0]
	for _, c := range p.flying {
		if now.Sub(c.began) < probeOver+2*rtt {
			kept = append(kept, c)
			continue
		}
		if !c.shown {
			p.vain++
		}
	}
	if p.flying = kept; p.again() && p.next.After(now) {
		p.next = now
	}
}

// soon asks for a probe without the usual rest before it: what held the rate
// back was found to be no limit.
func (p *prober) soon(now time.Time) { p.next, p.vain = now, 1 }

// again reports whether the next probe stands for one in vain.
func (p *prober) again() bool { return p.vain > 0 && p.vain <= probeVain }
