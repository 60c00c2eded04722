package device

import (
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

const defaultWatchDir = "/dev"

// watchNodes reports, coalesced, that a video node was made, removed or given
// to somebody in dir. A nil channel means that there is nothing to watch and
// the caller polls.
func watchNodes(dir string, log *slog.Logger) (<-chan struct{}, func()) {
	w, err := fsnotify.NewWatcher()
	if err == nil {
		err = w.Add(dir)
	}
	if err != nil {
		if w != nil {
			w.Close()
		}
		log.Debug("camera hot-plug is polled", "dir", dir, "err", err)
		return nil, func() {}
	}
	out := make(chan struct{}, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case ev, ok := <-w.Events:
				if !ok {
					return
				}
				if !strings.HasPrefix(filepath.Base(ev.Name), "video") || ev.Op == fsnotify.Write {
					continue
				}
			case err, ok := <-w.Errors:
				if !ok {
					return
				}
				log.Debug("camera hot-plug", "err", err) // an overflow: look anyway
			}
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out, func() { w.Close(); <-ended }
}
