package ui

import (
	"context"
	"reflect"
	"sync"
	"time"

	"parley/media"
	"parley/media/picture"
	"parley/ui/view"
)

// painter puts pictures into the tiles of a window. One goroutine waits for
// any of them, converts off the UI goroutine, and posts one swap of all that
// are ready; it takes no new picture before the swap has run, so that a slow
// screen skips pictures instead of gathering them.
//
// Every swap draws the whole window anew, so the largest tile gives the time:
// the others' pictures wait for its next one, as long as it goes on.
type painter struct {
	post    func(func())
	changed chan struct{} // capacity 1: feeds were set
	free    chan struct{} // capacity 1: full while no swap is on its way

	mu    sync.Mutex
	feeds []view.Feed // guarded by mu: what shall be shown

	shown []view.Feed // owned by the UI goroutine: what may be shown
}

func newPainter(post func(func())) *painter {
	p := &painter{post: post, changed: make(chan struct{}, 1), free: make(chan struct{}, 1)}
	p.free <- struct{}{}
	return p
}

// set says which pictures go where. UI goroutine.
func (p *painter) set(feeds []view.Feed) {
	same := len(feeds) == len(p.shown)
	for i := 0; same && i < len(feeds); i++ {
		same = feeds[i] == p.shown[i]
	}
	if same {
		return
	}
	p.shown = append([]view.Feed(nil), feeds...)
	p.mu.Lock()
	p.feeds = p.shown
	p.mu.Unlock()
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// lane is one feed with its own memory.
type lane struct {
	view.Feed
	paint picture.Painter
}

// leadPause is how long the largest tile may be without a new picture before
// the others go ahead without it.
const leadPause = 100 * time.Millisecond

// run paints until ctx ends.
func (p *painter) run(ctx context.Context) {
	var lanes []*lane
	var led time.Time // when the lead last had a picture
	alone := time.NewTimer(time.Hour)
	defer alone.Stop()
	cases := p.cases(ctx, alone, nil)
	for {
		chosen, _, _ := reflect.Select(cases)
		switch chosen {
		case 0:
			return
		case 1:
			lanes = p.lanes(lanes)
			cases = p.cases(ctx, alone, lanes)
		case 2:
		default:
			if l := lead(lanes); chosen-fixedCases == l {
				led = time.Now()
			} else if wait := leadPause - time.Since(led); wait > 0 {
				alone.Reset(wait) // with the lead's next one, or then
				continue
			}
		}
		alone.Stop()
		select {
		case <-ctx.Done():
			return
		case <-p.free:
		}
		if !p.swap(lanes) {
			p.free <- struct{}{}
		}
	}
}

// lead is the lane of the largest tile; -1: there are none.
func lead(lanes []*lane) int {
	at, most := -1, 0
	for i, l := range lanes {
		if w, h := l.Tile.Pixels(); w*h > most || at < 0 {
			at, most = i, w*h
		}
	}
	return at
}

// fixedCases stand before those of the lanes.
const fixedCases = 3

func (p *painter) cases(ctx context.Context, alone *time.Timer, lanes []*lane) []reflect.SelectCase {
	receive := func(c any) reflect.SelectCase {
		return reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)}
	}
	cases := []reflect.SelectCase{receive(ctx.Done()), receive(p.changed), receive(alone.C)}
	for _, l := range lanes {
		cases = append(cases, receive(l.Frames.Wake()))
	}
	return cases
}

// lanes keeps the memory of feeds that stay.
func (p *painter) lanes(old []*lane) []*lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lanes []*lane
	for _, f := range p.feeds {
		l := &lane{Feed: f}
		for _, o := range old {
			if o.Feed == f {
				l = o
			}
		}
		lanes = append(lanes, l)
	}
	return lanes
}

// swap paints what is waiting and posts it; false if nothing was.
func (p *painter) swap(lanes []*lane) bool {
	type ready struct {
		feed view.Feed
		set  func()
	}
	var all []ready
	for _, l := range lanes {
		f, ok := l.Frames.Take()
		if !ok {
			continue
		}
		w, h := l.Tile.Pixels()
		w, h, fit := tileSize(f, w, h)
		img := l.paint.Paint(f, w, h, fit, l.Mirror)
		f.Release()
		if img == nil {
			continue // the tile is not on screen
		}
		tile := l.Tile
		all = append(all, ready{l.Feed, func() { tile.SetPicture(img) }})
	}
	if len(all) == 0 {
		return false
	}
	p.post(func() {
		for _, r := range all {
			for _, f := range p.shown {
				if f == r.feed { // it may have gone away in the meantime
					r.set()
				}
			}
		}
		p.free <- struct{}{}
	})
	return true
}

// cropLimit is how much of a picture may be cut off so that it fills its tile.
const cropLimit = 0.3

// tileSize returns how large and in which way to paint f for a tile of w x h
// pixels. A picture smaller than its tile is left to the graphics card to
// enlarge: that costs less than converting and uploading more pixels.
func tileSize(f *media.Frame, w, h int) (int, int, picture.Fit) {
	if w < 1 || h < 1 {
		return 0, 0, picture.Contain
	}
	fit := picture.Contain
	c := picture.CoverCrop(f.Width, f.Height, w, h)
	if float64(c.Dx()*c.Dy()) >= (1-cropLimit)*float64(f.Width*f.Height) {
		fit = picture.Cover
	}
	var k float64
	if fit == picture.Cover {
		k = float64(c.Dx()) / float64(w)
	} else {
		r := picture.ContainRect(f.Width, f.Height, w, h)
		k = float64(f.Width) / float64(max(1, r.Dx()))
	}
	if k < 1 {
		w, h = max(1, int(float64(w)*k+0.5)), max(1, int(float64(h)*k+0.5))
	}
	return w, h, fit
}
