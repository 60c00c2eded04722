package voice

// queueSize bounds the packets held: 5 s of 20 ms, power of two.
const queueSize = 256

type packet struct {
	seq     int64
	ts      int64 // extended RTP timestamp: samples at 48 kHz
	dur     int64
	data    []byte // nil: no packet
	late    int64  // behind the fastest, samples
	tick    int64  // Pulls before it came
	arrived bool
}

// queue holds packets by extended sequence number.
type queue struct {
	ring    [queueSize]packet
	highest int64
	n       int
}

func (q *queue) get(seq int64) *packet {
	if p := &q.ring[seq&(queueSize-1)]; p.arrived && p.seq == seq {
		return p
	}
	return nil
}

func (q *queue) put(p packet) {
	p.arrived = true
	s := &q.ring[p.seq&(queueSize-1)]
	if !s.arrived {
		q.n++
	}
	*s = p
	q.highest = max(q.highest, p.seq)
}

func (q *queue) drop(p *packet) {
	*p = packet{}
	q.n--
}

func (q *queue) clear() {
	clear(q.ring[:])
	q.n, q.highest = 0, 0
}

// after returns the first packet from seq on.
func (q *queue) after(seq int64) *packet {
	if q.n == 0 {
		return nil
	}
	for ; seq <= q.highest; seq++ {
		if p := q.get(seq); p != nil {
			return p
		}
	}
	return nil
}

// level returns the samples from packet seq to the newest one; a packet that
// is missing between them counts as lost samples long.
func (q *queue) level(seq, lost int64) (samples int64) {
	if q.n == 0 {
		return 0
	}
	for ; seq <= q.highest; seq++ {
		if p := q.get(seq); p != nil {
			samples += p.dur
		} else {
			samples += lost
		}
	}
	return samples
}
