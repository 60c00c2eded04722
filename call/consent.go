package call

import (
	"errors"
	"time"

	"parley/call/data"
	"parley/media/record"
)

// consent is the machine's part about recordings. Each side says where it
// stands (data.Record), and what follows is read off both: a recording begins
// when the other side has allowed it, and ends when either side takes that
// back. Whatever the other side says that it records shows, allowed or not.
type consent struct {
	own      data.Record // as said
	theirs   data.Record // as heard
	asked    int         // questions so far
	file, me string
	deadline time.Time // of the question here; zero: none
	stopped  bool      // by the other side
}

// answerWithin is how long a question waits.
const answerWithin = time.Minute

// recording handles what has to do with recordings while the call lives.
func (m *machine) recording(now time.Time, ev event) []action {
	c, r := &m.record, &m.st.Recording
	said := c.own
	var acts []action
	switch ev := ev.(type) {
	case evRecord:
		m.ask(now, ev)
	case evStopRecord:
		acts = m.stopRecord()
	case evAllowRecord:
		if r.Theirs == RecordAsking && !r.Barred {
			c.own.Answer, c.own.Allow = c.theirs.Ask, ev.allow
			m.theirRecord()
		}
	case evTheirRecord:
		r.CanAsk, c.theirs = true, ev.record
		m.theirRecord()
		if r.Theirs == RecordAsking && r.Barred {
			c.own.Answer, c.own.Allow = c.theirs.Ask, false
			m.theirRecord()
		}
		acts = m.heardAnswer(now)
	case evRecorded:
		m.recorded(now, ev.result)
	}
	if c.own != said {
		acts = append(acts, doSayRecord{c.own})
	}
	return acts
}

func (m *machine) ask(now time.Time, ev evRecord) {
	c, r := &m.record, &m.st.Recording
	switch {
	case !m.st.Phase.Live() || r.Mine != NoRecord || r.Barred:
	case !r.CanAsk:
		r.Outcome, r.File, r.At = RecordCannotAsk, "", now
	default:
		c.asked++
		c.own.Ask, c.own.On = c.asked, false
		c.file, c.me, c.deadline, c.stopped = ev.file, ev.me, now.Add(answerWithin), false
		r.Mine = RecordAsking
	}
}

// heardAnswer takes in what the other side says to a question here.
func (m *machine) heardAnswer(now time.Time) []action {
	c, r := &m.record, &m.st.Recording
	if c.own.Ask == 0 || c.theirs.Answer != c.own.Ask {
		return nil
	}
	switch {
	case r.Mine == RecordAsking && c.theirs.Allow:
		c.own.On, c.deadline = true, time.Time{}
		r.Mine, r.Since, r.File, r.Outcome = RecordOn, now, c.file, RecordNothing
		return []action{doRecord{c.file, c.me}}
	case r.Mine == RecordAsking:
		m.drop()
		r.Outcome, r.File, r.At = RecordRefused, "", now
	case r.Mine == RecordOn && !c.theirs.Allow:
		c.stopped = true
		m.drop()
		return []action{doStopRecord{}}
	}
	return nil
}

// unheard gives up a question that nobody answers.
func (m *machine) unheard(now time.Time) []action {
	if d := m.record.deadline; d.IsZero() || now.Before(d) {
		return nil
	}
	m.drop()
	r := &m.st.Recording
	r.Outcome, r.File, r.At = RecordUnheard, "", now
	return []action{doSayRecord{m.record.own}}
}

func (m *machine) stopRecord() []action {
	c, r := &m.record, &m.st.Recording
	switch {
	case r.Mine == RecordOn:
		m.drop()
		return []action{doStopRecord{}}
	case r.Mine == RecordAsking:
		m.drop()
	case r.Theirs != NoRecord:
		c.own.Answer, c.own.Allow = c.theirs.Ask, false
		m.theirRecord()
	}
	return nil
}

// drop ends what this side asks for or makes.
func (m *machine) drop() {
	c := &m.record
	c.own.Ask, c.own.On, c.deadline = 0, false, time.Time{}
	m.st.Recording.Mine, m.st.Recording.Since = NoRecord, time.Time{}
}

// theirRecord is where a recording on the other side stands.
func (m *machine) theirRecord() {
	c, r := &m.record, &m.st.Recording
	switch {
	case c.theirs.On:
		r.Theirs = RecordOn
	case c.theirs.Ask == 0:
		r.Theirs = NoRecord
	case c.theirs.Ask != c.own.Answer:
		r.Theirs = RecordAsking
	case c.own.Allow:
		r.Theirs = RecordOn // this moment
	default:
		r.Theirs = NoRecord
	}
}

// recorded takes in that a file is complete.
func (m *machine) recorded(now time.Time, res record.Result) {
	c, r := &m.record, &m.st.Recording
	if c.file == res.Path && r.Mine == RecordOn {
		m.drop()
	}
	r.File, r.At, r.Outcome = res.Path, now, RecordSaved
	switch {
	case errors.Is(res.Err, record.ErrDiskFull):
		r.Outcome = RecordDiskFull
	case res.Err != nil:
		r.Outcome = RecordDisk
	case c.stopped:
		r.Outcome = RecordStopped
	}
	if res.Bytes == 0 {
		r.File = ""
	}
}

// overRecord is called when the call ends: a file is completed by the shell.
func (m *machine) overRecord() {
	m.drop()
	m.st.Recording.Theirs = NoRecord
}
