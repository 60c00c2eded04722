package main

import (
	"fmt"

	"parley/call"
	"parley/ui/present"
)

// recordErrand is what --record and --allow-recording ask of one call. A bot
// says yes to a recording only if --allow-recording says so; otherwise it says
// no at once, so that nobody waits.
type recordErrand struct {
	asked  bool
	answer bool // the question that is up was answered
}

func (r *recordErrand) step(p *program, s *call.Session) {
	st := s.State()
	if p.flags.Record != "" && !r.asked && st.Recording.CanAsk && st.Phase == call.Connected {
		r.asked = true
		s.Record(p.flags.Record, p.line.Me().Name)
	}
	up := st.Recording.Theirs == call.RecordAsking
	if up && !r.answer {
		s.AllowRecording(p.flags.AllowRecording)
	}
	r.answer = up
}

// verdict is an error if there is no recording although one was wanted of a
// call that came about.
func (r *recordErrand) verdict(p *program, st call.State) error {
	if p.flags.Record == "" || st.ConnectedAt.IsZero() || st.Recording.Outcome == call.RecordSaved || st.Recording.Outcome == call.RecordStopped {
		return nil
	}
	why := present.RecordSentence(english(), st.Recording, st.Peer.Name)
	switch {
	case why == "" && st.Recording.File != "":
		why = present.SavedSentence(english(), st.Recording, st.Peer.Name)
	case why == "" && !r.asked:
		why = english().T("record.old", "name", st.Peer.Name)
	case why == "":
		why = "The call ended before the other side had answered."
	}
	return fmt.Errorf("no recording: %s", why)
}
