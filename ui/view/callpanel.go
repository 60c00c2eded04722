package view

import (
	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// maxChat bounds a line of chat in bytes.
const maxChat = 4000

// callPanel stands beside the picture: chat, or what is not needed every day.
type callPanel struct {
	p       *present.Call
	root    *fyne.Container
	title   *w.Line
	close   *w.IconButton
	chat    *fyne.Container
	list    *w.ChatList
	entry   *w.Entry
	send    *w.IconButton
	more    *fyne.Container
	record  *w.Button
	recNote *w.Paragraph
	devices *w.Line
	signal  *w.Button
	conn    *connectionPanel
	pickers [3]*picker
	clean   *cleaning
}

func newCallPanel(p *present.Call, tips *w.Tips) *callPanel {
	c := &callPanel{p: p, title: w.NewLine(w.Style{Bold: true}, ""), list: w.NewChatList()}
	c.close = w.NewIconButton(assets.IconClose, func() { p.ClosePanel() })
	c.close.SetID("panel.close")
	c.entry = w.NewEntry(maxChat, nil, func(string) { c.submit() })
	c.entry.SetID("chat.entry")
	c.send = w.NewIconButton(assets.IconSend, c.submit)
	c.send.SetID("chat.send")
	c.chat = w.Column(0, w.Grow(c.list.Object()), w.Inset(look.S12, w.Row(look.S8, w.Grow(w.Framed(c.entry)), c.send)))
	for i, kind := range []string{"camera", "microphone", "speaker"} {
		chosen := []func(string){p.UseCamera, p.UseMicrophone, p.UseSpeaker}[i]
		c.pickers[i] = newPicker("panel."+kind, chosen)
	}
	c.clean = newCleaning("panel", p.Cleaning(), look.S4)
	c.record = w.NewButton(w.Plain, assets.IconRecord, "", p.Record)
	c.record.SetID("panel.record")
	c.recNote = w.NewParagraph(small, "")
	c.devices = w.NewLine(w.Style{Bold: true}, "")
	c.signal = w.NewButton(w.Plain, assets.IconSignal, "", p.ToggleConnection)
	c.signal.SetID("panel.connection")
	c.conn = newConnectionPanel(p)
	list, _ := w.Scroll(80, w.Inset(look.S16, w.Column(look.S16, w.Column(look.S8, c.record, c.recNote), c.signal,
		w.Rule(), c.devices, c.pickers[0].box, c.pickers[1].box, c.pickers[2].box, w.Rule(), c.clean.box)))
	c.more = list
	header := w.Pad(look.S16, look.S12, look.S12, look.S12, w.Row(look.S8, w.Grow(c.title), c.close))
	c.root = w.Stack(w.NewGround(look.Panel, "", 0), w.Row(0, w.Fixed(1, 1, w.NewGround(look.Line, "", 0)),
		w.Grow(w.Column(0, header, w.Rule(), w.Grow(c.chat, c.more, c.conn.root)))))
	c.root.Hide()
	return c
}

func (c *callPanel) submit() {
	if c.p.Send(c.entry.Text) {
		c.entry.Put("")
	}
}

func (c *callPanel) render(m *present.CallModel, l *i18n.Lang, tips *w.Tips) {
	setVisible(c.root, m.Panel != present.NoPanel)
	setVisible(c.chat, m.Panel == present.ChatPanel)
	setVisible(c.more, m.Panel == present.MorePanel)
	setVisible(c.conn.root, m.Panel == present.ConnectionPanel)
	c.close.SetTip(tips, l.T("button.close"))
	switch m.Panel {
	case present.ChatPanel:
		c.title.Set(l.T("chat.title"))
		c.entry.Hint(l.T("chat.message"))
		c.send.SetTip(tips, l.T("chat.send"))
		lines := make([]w.BubbleState, len(m.Chat))
		for i, line := range m.Chat {
			lines[i] = w.BubbleState{ID: line.ID, Text: line.Text, Note: line.Note, Mine: line.Mine, Bad: line.Bad}
		}
		c.list.Set(lines, m.ChatEmpty, l.T("button.copy"))
		if m.CanChat == c.entry.Disabled() {
			if m.CanChat {
				c.entry.Enable()
			} else {
				c.entry.Disable()
			}
			c.send.SetDisabled(!m.CanChat)
		}
	case present.MorePanel:
		c.title.Set(l.T("button.more"))
		c.signal.Set(l.T("connection.title"))
		kind := w.Plain
		if m.Record.Running {
			kind = w.Danger
		}
		c.record.SetKind(kind)
		c.record.Set(m.Record.Text)
		c.record.SetDisabled(!m.Record.Can)
		c.recNote.Set(m.Record.Note)
		c.devices.Set(l.T("button.devices"))
		setVisible(c.recNote, m.Record.Note != "")
		for i, p := range c.pickers {
			p.show(m.Pickers[i])
		}
		c.clean.render(m.Cleaning, false, l)
		w.Relayout(c.more)
	case present.ConnectionPanel:
		c.title.Set(l.T("connection.title"))
		c.conn.render(m.Connection, l, tips)
	case present.NoPanel:
	}
}
