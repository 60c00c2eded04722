package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"

	"parley/call"
	"parley/media/device"
	"parley/media/device/virtual"
	"parley/ui"
	"parley/ui/gallery"
	"parley/ui/present"
	"parley/ui/present/presenttest"
)

// cardName is who the test card on screen is of.
const cardName = "Bench"

// showWindow is what the bench runs as a program of its own: the real window in
// a call with nobody, whose picture is a test card of that size. At the end it
// prints how long work for the window had to wait, p99, in ms.
func showWindow(size string) error {
	var w, h int
	if _, err := fmt.Sscanf(size, "%dx%d", &w, &h); err != nil {
		return fmt.Errorf("size %q: %w", size, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := gallery.NewBench(gallery.Options{})
	s := presenttest.NewSession(call.State{
		ID: "1", Phase: call.Connected, Outgoing: true, Video: true, Peer: call.Peer{ID: "p", Name: cardName},
		Began: time.Now(), ConnectedAt: time.Now(),
		Remote:  call.Remote{MicOn: true, CameraOn: true, HasVideo: true},
		Quality: call.Quality{Level: call.QualityGood},
	})
	b.Phone.SetCurrent(s)
	u, err := ui.New(ui.Deps{Deps: present.Deps{
		Phone: b.Phone, Media: b.Media, Directory: b.Directory, Account: b.Account, Settings: b.Settings, Echo: b.Echo,
		About: present.About{Version: "bench", Diagnose: func() string { return "" }},
		Log:   slog.New(slog.NewTextHandler(os.Stderr, nil)), Language: "en",
	}})
	if err != nil {
		return err
	}
	var waits []float64
	var wg sync.WaitGroup
	below, cancel := context.WithCancel(ctx)
	wg.Go(func() { feed(below, s.Frames, w, h) })
	wg.Go(func() { waits = ask(below, w, h) })
	err = u.Run(ctx)
	cancel()
	wg.Wait()
	if len(waits) > 0 {
		fmt.Println(quantile(waits, 0.99))
	}
	return err
}

func feed(ctx context.Context, slot present.Frames, w, h int) {
	card := virtual.NewCard(virtual.CardConfig{
		Format: device.VideoFormat{Width: w, Height: h, FPS: 30},
		Person: func() string { return cardName }, Clock: device.NewClock(),
	})
	defer card.Close()
	for {
		f, err := card.Next(ctx)
		if err != nil {
			return
		}
		if old, dropped := slot.Put(f); dropped {
			old.Release()
		}
	}
}

// ask makes the window as large as the picture, then asks it for the time, 50
// times a second.
func ask(ctx context.Context, w, h int) (waits []float64) {
	if sleep(ctx, 2*time.Second) != nil {
		return nil
	}
	fyne.Do(func() {
		for _, win := range fyne.CurrentApp().Driver().AllWindows() {
			scale := win.Canvas().Scale()
			win.Resize(fyne.NewSize(float32(w)/scale, float32(h)/scale))
		}
	})
	if sleep(ctx, 2*time.Second) != nil {
		return nil
	}
	answered := make(chan time.Time, 1)
	for {
		asked := time.Now()
		fyne.Do(func() { answered <- time.Now() })
		select {
		case <-ctx.Done():
			return waits
		case at := <-answered:
			waits = append(waits, at.Sub(asked).Seconds()*1000)
		}
		if sleep(ctx, 20*time.Millisecond) != nil {
			return waits
		}
	}
}
