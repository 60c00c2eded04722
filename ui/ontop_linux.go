package ui

import (
	"log/slog"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// onTop asks the window manager to keep a window above the others and to point
// it out (EWMH _NET_WM_STATE, source indication 1: a normal application). Fyne
// has no way to say so. Without X11 nothing happens.
func onTop(w fyne.Window, log *slog.Logger) {
	n, ok := w.(driver.NativeWindow)
	if !ok {
		return
	}
	n.RunNative(func(context any) {
		x, ok := context.(driver.X11WindowContext)
		if !ok {
			return
		}
		if err := raise(xproto.Window(x.WindowHandle)); err != nil {
			log.Info("window not kept on top", "error", err)
		}
	})
}

func raise(window xproto.Window) error {
	const add, application = 1, 1
	return tell(window, "_NET_WM_STATE", func(atom func(string) uint32) []uint32 {
		return []uint32{add, atom("_NET_WM_STATE_ABOVE"), atom("_NET_WM_STATE_DEMANDS_ATTENTION"), application, 0}
	})
}

// activate brings a window to the front that a person has just asked for in
// another program: a click on a link. Window managers keep programs from doing
// so by themselves; source indication 2 of EWMH is that of a person's wish.
func activate(w fyne.Window, log *slog.Logger) {
	n, ok := w.(driver.NativeWindow)
	if !ok {
		return
	}
	n.RunNative(func(context any) {
		x, ok := context.(driver.X11WindowContext)
		if !ok {
			return
		}
		const wish = 2
		err := tell(xproto.Window(x.WindowHandle), "_NET_ACTIVE_WINDOW", func(func(string) uint32) []uint32 { return []uint32{wish, 0, 0, 0, 0} })
		if err != nil {
			log.Info("window not brought to the front", "error", err)
		}
	})
}

// tell sends the window manager a message about a window.
func tell(window xproto.Window, message string, data func(atom func(string) uint32) []uint32) error {
	c, err := xgb.NewConn()
	if err != nil {
		return err
	}
	defer c.Close()
	var failed error
	atom := func(name string) uint32 {
		r, err := xproto.InternAtom(c, false, uint16(len(name)), name).Reply()
		if err != nil {
			failed = err
			return 0
		}
		return uint32(r.Atom)
	}
	e := xproto.ClientMessageEvent{
		Format: 32, Window: window, Type: xproto.Atom(atom(message)), Data: xproto.ClientMessageDataUnionData32New(data(atom)),
	}
	if failed != nil {
		return failed
	}
	root := xproto.Setup(c).DefaultScreen(c).Root
	return xproto.SendEventChecked(c, false, root,
		xproto.EventMaskSubstructureRedirect|xproto.EventMaskSubstructureNotify, string(e.Bytes())).Check()
}
