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
	c, err := xgb.NewConn()
	if err != nil {
		return err
	}
	defer c.Close()
	atom := func(name string) (xproto.Atom, error) {
		r, err := xproto.InternAtom(c, false, uint16(len(name)), name).Reply()
		if err != nil {
			return 0, err
		}
		return r.Atom, nil
	}
	state, err := atom("_NET_WM_STATE")
	if err != nil {
		return err
	}
	above, err := atom("_NET_WM_STATE_ABOVE")
	if err != nil {
		return err
	}
	attention, err := atom("_NET_WM_STATE_DEMANDS_ATTENTION")
	if err != nil {
		return err
	}
	root := xproto.Setup(c).DefaultScreen(c).Root
	const add, application = 1, 1
	e := xproto.ClientMessageEvent{
		Format: 32, Window: window, Type: state,
		Data: xproto.ClientMessageDataUnionData32New([]uint32{add, uint32(above), uint32(attention), application, 0}),
	}
	return xproto.SendEventChecked(c, false, root,
		xproto.EventMaskSubstructureRedirect|xproto.EventMaskSubstructureNotify, string(e.Bytes())).Check()
}
