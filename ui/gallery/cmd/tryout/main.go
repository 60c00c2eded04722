// Command tryout opens the real windows with made-up people: calls are
// answered by nobody but a drawn picture. For working on the windows without a
// service, a camera or a second person.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"time"

	"parley/call"
	"parley/media"
	"parley/ui"
	"parley/ui/gallery"
	"parley/ui/present"
	"parley/ui/present/presenttest"
)

func main() {
	mapFile := flag.String("map", "", "keep the map of controls in this file")
	lang := flag.String("lang", "en", "language")
	theme := flag.String("theme", "light", "system, light or dark")
	ringAfter := flag.Duration("ring", 0, "somebody calls after this long")
	fps := flag.Int("fps", 30, "pictures a second in a call")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *mapFile, *lang, *theme, *ringAfter, *fps); err != nil {
		fmt.Fprintln(os.Stderr, "tryout:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, mapFile, lang, theme string, ringAfter time.Duration, fps int) error {
	b := gallery.NewBench(gallery.Options{})
	_ = b.Settings.Update(func(c *present.Choices) { c.Theme, c.Language = theme, lang })
	t := &town{bench: b, ctx: ctx, fps: fps}
	b.Phone.OnDial = t.dial
	b.Echo.Begin = present.EchoState{Phase: present.EchoRecording, Left: 3 * time.Second, Length: 5 * time.Second}
	u, err := ui.New(ui.Deps{
		Deps: present.Deps{
			Phone: b.Phone, Media: b.Media, Directory: b.Directory, Account: b.Account, Settings: b.Settings, Echo: b.Echo,
			About: present.About{Version: "tryout", Commit: "none", Date: "today", Diagnose: func() string { return "fine" }},
			Log:   slog.New(slog.NewTextHandler(os.Stderr, nil)), Language: lang,
		},
		MapFile: mapFile,
	})
	if err != nil {
		return err
	}
	if ringAfter > 0 {
		t.wg.Go(func() { t.after(ringAfter, t.ring) })
	}
	t.wg.Go(func() { t.pictures(b.Media.Frames, true) })
	ctx, t.cancel = context.WithCancel(ctx)
	t.ctx = ctx
	err = u.Run(ctx)
	t.cancel()
	t.wg.Wait()
	return err
}

// town is everybody else.
type town struct {
	bench  *gallery.Bench
	ctx    context.Context
	cancel context.CancelFunc
	fps    int
	wg     sync.WaitGroup
}

func (t *town) after(d time.Duration, f func()) {
	select {
	case <-t.ctx.Done():
	case <-time.After(d):
		f()
	}
}

func (t *town) session(st call.State) *presenttest.Session {
	s := presenttest.NewSession(st)
	s.OnEnd = func() {
		t.bench.Phone.SetCurrent(nil)
		t.bench.Phone.SetRinging()
		s.Set(func(st *call.State) { st.Phase, st.End = call.Ended, call.End{Reason: call.EndedByMe, At: time.Now()} })
	}
	s.OnAccept = func(bool) {
		t.bench.Phone.SetRinging()
		t.bench.Phone.SetCurrent(s)
		t.connect(s)
	}
	return s
}

func (t *town) dial(to, link string, video bool) (present.Session, error) {
	s := t.session(call.State{ID: "1", Phase: call.Calling, Outgoing: true, Video: video, ViaLink: link != "", Peer: call.Peer{ID: "p", Name: to}, Began: time.Now()})
	t.bench.Phone.SetCurrent(s)
	t.wg.Go(func() {
		t.after(300*time.Millisecond, func() { s.Set(func(st *call.State) { st.Phase = call.Ringing }) })
		t.after(1500*time.Millisecond, func() { t.connect(s) })
	})
	return s, nil
}

func (t *town) connect(s *presenttest.Session) {
	if s.State().Phase == call.Ended {
		return
	}
	s.Set(func(st *call.State) {
		st.Phase, st.ConnectedAt = call.Connected, time.Now()
		st.Remote = call.Remote{MicOn: true, CameraOn: true, HasVideo: true}
		st.Quality = call.Quality{Level: call.QualityGood}
		st.Chat = []call.Message{{ID: "1", Text: "Hello there", At: time.Now()}}
	})
	t.wg.Go(func() { t.pictures(s.Frames, false) })
}

func (t *town) ring() {
	t.bench.Phone.SetRinging(t.session(call.State{ID: "2", Phase: call.Incoming, Video: true, Peer: call.Peer{ID: "q", Name: "Jonas Okafor"}, Began: time.Now()}))
}

// pictures puts moving pictures into a slot.
func (t *town) pictures(slot present.Frames, own bool) {
	tick := time.NewTicker(time.Second / time.Duration(t.fps))
	defer tick.Stop()
	var pool media.FramePool
	for n := 0; ; n++ {
		select {
		case <-t.ctx.Done():
			return
		case <-tick.C:
		}
		f := pool.Get(1280, 720)
		paint(f, n, own)
		if old, dropped := slot.Put(f); dropped {
			old.Release()
		}
	}
}

// paint draws stripes that move, and a bright square whose place tells left
// from right.
func paint(f *media.Frame, n int, own bool) {
	for y := range f.Height {
		row := f.Y[y*f.YStride : y*f.YStride+f.Width]
		for x := range row {
			row[x] = byte(64 + (x+4*n)/8%64)
			if x > 100 && x < 300 && y > 100 && y < 300 {
				row[x] = 220
			}
		}
	}
	u, v := byte(140), byte(110)
	if own {
		u, v = 110, 140
	}
	for i := range f.U {
		f.U[i], f.V[i] = u, v
	}
}
