package jitter

type frameState uint8

const (
	frameOpen  frameState = iota // the rest has not been sent yet
	frameWhole                   // first to last are there
	frameGap                     // the packet last is missing
	frameBad                     // first to last can never become a frame
)

// frame is a run of packets: what is known of one picture.
type frame struct {
	state       frameState
	first, last int64
	ts          int64
	key         bool
	desc        VP8 // of its first packet that is there
}

// frameAt looks at the frame that begins at seq, or behind the filler there.
func (b *Buffer) frameAt(seq int64) frame {
	highest := b.seq.Highest()
	f := frame{first: seq}
	for ; seq <= highest; seq++ {
		s := b.held(seq)
		switch {
		case s == nil:
			f.state, f.last = frameGap, seq
			return f
		case s.state == slotFiller:
			if f.first == seq {
				f.first++ // before the frame
			}
			continue
		case s.state == slotBad:
			f.state, f.last = frameBad, seq
			return f
		}
		switch {
		case seq == f.first:
			f.ts, f.desc = s.ts, s.desc
			if !s.desc.Start {
				f.state, f.last = frameBad, seq
				return f
			}
			f.key = IsKeyVP8(s.data)
			if f.key && len(s.data) >= 10 {
				if _, _, ok := KeySizeVP8(s.data); !ok {
					f.state, f.last = frameBad, seq
					return f
				}
			}
		case s.ts != f.ts:
			if s.desc.Start {
				// A sender that sets no marker: the next frame ends this one.
				f.state, f.last = frameWhole, seq-1
			} else {
				f.state, f.last = frameBad, seq-1
			}
			return f
		case s.desc.Start:
			// Two beginnings of one frame.
			f.state, f.last = frameBad, seq-1
			return f
		}
		if s.marker {
			f.state, f.last = frameWhole, seq
			return f
		}
	}
	return frame{first: f.first, state: frameOpen}
}

// beyond looks behind the missing packet gap for the first whole frame that
// can be decoded without what is missing: a key frame, or one of which the
// descriptor says so.
func (b *Buffer) beyond(gap int64) (frame, bool) {
	for seq := gap + 1; seq <= b.seq.Highest(); {
		s := b.held(seq)
		if s == nil || s.state != slotData || !s.desc.Start {
			seq++
			continue
		}
		f := b.frameAt(seq)
		switch f.state {
		case frameWhole:
			if f.key || b.follows(f.desc) {
				return f, true
			}
			seq = f.last + 1
		case frameOpen:
			return frame{}, false
		default:
			seq = max(f.last, seq) + 1
		}
	}
	return frame{}, false
}

// follows reports whether a frame can be decoded right after the last one
// handed out, whatever was lost between them (RFC 7741, section 4.2).
func (b *Buffer) follows(d VP8) bool {
	if b.broken || !b.emitted {
		return false
	}
	if b.prev.precedes(d) {
		return true // only filler is missing
	}
	if !d.HasTL0 || !d.HasTID || b.tl0 < 0 {
		return false
	}
	if d.TID == 0 {
		return d.TL0PICIDX == uint8(b.tl0)+1
	}
	return d.LayerSync && d.TL0PICIDX == uint8(b.tl0)
}
