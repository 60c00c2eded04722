// Package chrome drives Chromium as the other end of a call, for tests and
// benchmarks: a browser without a window, a page of ours in it (page/call.js)
// that makes offers and answers and shows what arrives, and a Link between the
// two ends that loses, delays and reorders packets.
//
//	test ──Eval──> page        (DevTools protocol over a pipe, chromedp)
//	page ──tell──> Page.Events (a binding; bounded, see Page)
//
// It depends on nothing of call, so that tests of every package there can use
// it.
package chrome

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed page
var files embed.FS

// ErrAbsent: there is no Chromium on this machine.
var ErrAbsent = errors.New("chromium is not installed")

// Find returns the path of Chromium, or ErrAbsent.
func Find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrAbsent
}

// Options say how a browser starts.
type Options struct {
	Video string            // y4m file that its camera sees, again and again; "": Chromium's own test picture
	Audio string            // wav file that its microphone hears
	Flags map[string]string // further command-line flags
	// Command comes before the path of the browser: to run it in a network
	// namespace. Listen then opens a loopback socket there.
	Command []string
	Listen  func(network, address string) (net.Listener, error) // nil: net.Listen
}

// Browser is a running Chromium. Close ends it.
type Browser struct {
	ctx    context.Context
	cancel []context.CancelFunc // last first
	server *http.Server
	url    string // of the page
	wg     sync.WaitGroup
}

// startWithin bounds the start of a browser; 1 s is usual.
const startWithin = 30 * time.Second

// Start starts Chromium with a profile of its own; it ends with ctx at the
// latest.
func Start(ctx context.Context, o Options) (*Browser, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	b := &Browser{}
	if err := b.serve(o); err != nil {
		return nil, err
	}
	alloc, stop := chromedp.NewExecAllocator(ctx, append(flags(o), chromedp.ExecPath(path))...)
	b.cancel = append(b.cancel, stop)
	quiet := func(string, ...any) {} // it complains of events that it does not know
	b.ctx, stop = chromedp.NewContext(alloc, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	b.cancel = append(b.cancel, stop)
	slow := time.AfterFunc(startWithin, stop)
	defer slow.Stop()
	if err := chromedp.Do(b.ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("chromium: %w", err), b.Close())
	}
	return b, nil
}

// serve offers the page on a loopback address, which browsers take for secure.
func (b *Browser) serve(o Options) error {
	listen := o.Listen
	if listen == nil {
		listen = net.Listen
	}
	l, err := listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sub, err := fs.Sub(files, "page")
	if err != nil {
		return errors.Join(err, l.Close())
	}
	b.url = "http://" + l.Addr().String() + "/"
	b.server = &http.Server{Handler: http.FileServerFS(sub), ReadHeaderTimeout: 10 * time.Second}
	b.wg.Go(func() { _ = b.server.Serve(l) }) // ends with Close
	return nil
}

func flags(o Options) []chromedp.ExecAllocatorOption {
	list := []chromedp.ExecAllocatorOption{
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU, chromedp.NoSandbox,
	}
	set := map[string]string{
		"headless":                               "new",
		"disable-background-networking":          "",
		"disable-component-update":               "",
		"disable-sync":                           "",
		"disable-extensions":                     "",
		"password-store":                         "basic",
		"disable-renderer-backgrounding":         "", // a page in the background would be slowed down
		"disable-background-timer-throttling":    "",
		"disable-backgrounding-occluded-windows": "",
		"autoplay-policy":                        "no-user-gesture-required",
		"use-fake-ui-for-media-stream":           "",
		"use-fake-device-for-media-stream":       "",
		// Addresses as they are: the other end may not resolve .local names, and
		// a machine without a network has no other than the loopback.
		"disable-features":                  "WebRtcHideLocalIpsWithMdns",
		"allow-loopback-in-peer-connection": "",
	}
	if o.Video != "" {
		set["use-file-for-fake-video-capture"] = o.Video
	}
	if o.Audio != "" {
		set["use-file-for-fake-audio-capture"] = o.Audio
	}
	for name, value := range o.Flags {
		set[name] = value
	}
	for name, value := range set {
		var v any = value
		if value == "" {
			v = true
		}
		list = append(list, chromedp.Flag(name, v))
	}
	if len(o.Command) > 0 {
		list = append(list, chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			cmd.Args = append(append([]string{}, o.Command...), append([]string{cmd.Path}, cmd.Args[1:]...)...)
			if path, err := exec.LookPath(o.Command[0]); err == nil {
				cmd.Path = path
			}
		}))
	}
	return list
}

// PID is the process; Chromium's others are its descendants.
func (b *Browser) PID() int { return chromedp.FromContext(b.ctx).Browser.Process().Pid }

// Close ends the browser and everything it started. Calling it again does
// nothing.
func (b *Browser) Close() error {
	for i := len(b.cancel) - 1; i >= 0; i-- {
		b.cancel[i]()
	}
	b.cancel = nil
	err := b.server.Close()
	b.wg.Wait()
	return err
}
