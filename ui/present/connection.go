package present

import (
	"strings"

	"parley/call"
)

// ConnectionModel is the panel about the connection: in words, then in numbers.
type ConnectionModel struct {
	Words, Help string
	Safety      SafetyModel
	LowData     bool
	Numbers     []NumberModel
	Copied      bool
}

// SafetyModel is what two people compare to be sure that nobody stands between
// them.
type SafetyModel struct {
	Emoji    string // seven; "": not yet
	Number   string // twelve groups of five digits, in lines of four; "": not known
	Note     string
	Verified bool
}

// NumberModel is one line of the statistics, or, without a Value, the heading
// of those that follow.
type NumberModel struct{ Name, Value string }

func (c *Call) connection(s call.State, name string) ConnectionModel {
	l, p := c.p.lang, c.p
	m := ConnectionModel{
		Words: QualitySentence(l, s.Quality), Help: HelpSentence(l, s.Quality, name),
		LowData: p.deps.Settings.Get().LowData, Copied: p.now().Before(c.copied),
	}
	m.Safety = SafetyModel{Note: l.T("safety.unsigned"), Verified: s.Peer.Verified}
	if s.Peer.Signed {
		m.Safety.Note = l.T("safety.note", "name", name)
		m.Safety.Emoji = strings.Join(s.Peer.Emoji, " ")
		groups := strings.Fields(s.Peer.SafetyNumber)
		for i := 0; i < len(groups); i += 4 {
			m.Safety.Number += strings.Join(groups[i:min(i+4, len(groups))], "  ") + "\n"
		}
		m.Safety.Number = strings.TrimSuffix(m.Safety.Number, "\n")
	}
	if m.Words == "" {
		m.Words, m.Help = l.T("call.connecting"), ""
	}
	part := ""
	for _, n := range p.session.Numbers() {
		if n.Part != part {
			part = n.Part
			m.Numbers = append(m.Numbers, NumberModel{Name: part})
		}
		m.Numbers = append(m.Numbers, NumberModel{n.Name, n.Value})
	}
	return m
}

// ToggleConnection opens and closes the panel about the connection.
func (c *Call) ToggleConnection() { c.toggle(ConnectionPanel) }

// SetVerified notes that the two people have compared what they see.
func (c *Call) SetVerified(on bool) {
	if c.p.session == nil {
		return
	}
	if err := c.p.session.SetVerified(on); err != nil {
		c.p.log.Warn("not kept", "error", err)
	}
	c.p.Refresh()
}

// SetLowData caps this call, and those to come.
func (c *Call) SetLowData(on bool) {
	setLowData(c.p, on)
	c.p.Refresh()
}

// setLowData keeps the choice; it takes effect at once.
func setLowData(p *Program, on bool) {
	p.deps.Media.SetLowData(on)
	if err := p.deps.Settings.Update(func(c *Choices) { c.LowData = on }); err != nil {
		p.log.Warn("settings not kept", "error", err)
	}
}

// CopyNumbers puts the statistics on the clipboard.
func (c *Call) CopyNumbers() {
	if c.p.session == nil {
		return
	}
	var b strings.Builder
	for _, n := range c.p.session.Numbers() {
		b.WriteString(n.Part + " " + n.Name + ": " + n.Value + "\n")
	}
	c.p.screen.Copy(b.String())
	c.copied = c.p.now().Add(noticeFor)
	c.p.Refresh()
}
