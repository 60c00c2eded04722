package peer

// fifo is a queue of packets that keeps its memory for those to come.
type fifo struct {
	ring    []packet
	head, n int
}

// fifoLeast is how many places a queue begins with: a picture of 40 kB.
const fifoLeast = 32

func (q *fifo) push(p packet) {
	if q.n == len(q.ring) {
		ring := make([]packet, max(fifoLeast, 2*q.n))
		for i := range q.n {
			ring[i] = q.ring[(q.head+i)%len(q.ring)]
		}
		q.ring, q.head = ring, 0
	}
	q.ring[(q.head+q.n)%len(q.ring)] = p
	q.n++
}

func (q *fifo) pop() (packet, bool) {
	if q.n == 0 {
		return packet{}, false
	}
	p := q.ring[q.head]
	q.ring[q.head] = packet{}
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return p, true
}
