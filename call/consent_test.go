package call

import (
	"errors"
	"testing"
	"time"

	"parley/call/data"
	"parley/media/record"
)

// inCall is a call that is up, with another side that knows of recordings.
func inCall(t *testing.T) *script {
	s := incomingCall(t).feed(prepared, evAccept{video: true}, up, evTheirRecord{data.Record{}})
	s.did = nil
	return s
}

func (s *script) stands(what string, mine, theirs RecordPhase, outcome RecordOutcome) {
	s.t.Helper()
	if r := s.m.st.Recording; r.Mine != mine || r.Theirs != theirs || r.Outcome != outcome {
		s.t.Errorf("%s: mine %d, theirs %d, %q; want %d, %d, %q", what, r.Mine, r.Theirs, r.Outcome, mine, theirs, outcome)
	}
}

func allows(n int) evTheirRecord  { return evTheirRecord{data.Record{Answer: n, Allow: true}} }
func refuses(n int) evTheirRecord { return evTheirRecord{data.Record{Answer: n}} }
func asks(n int, on bool) evTheirRecord {
	return evTheirRecord{data.Record{Ask: n, On: on}}
}

func saved(file string, err error) evRecorded {
	return evRecorded{record.Result{Path: file, Bytes: 1000, Err: err}}
}

func TestConsent(t *testing.T) {
	ask := evRecord{file: "a.webm", me: "Ada"}
	for name, c := range map[string]struct {
		events  []event
		mine    RecordPhase
		theirs  RecordPhase
		outcome RecordOutcome
		own     data.Record
	}{
		"asked":                      {[]event{ask}, RecordAsking, NoRecord, "", data.Record{Ask: 1}},
		"asked twice":                {[]event{ask, ask}, RecordAsking, NoRecord, "", data.Record{Ask: 1}},
		"allowed":                    {[]event{ask, allows(1)}, RecordOn, NoRecord, "", data.Record{Ask: 1, On: true}},
		"refused":                    {[]event{ask, refuses(1)}, NoRecord, NoRecord, RecordRefused, data.Record{}},
		"an answer to another":       {[]event{ask, allows(7)}, RecordAsking, NoRecord, "", data.Record{Ask: 1}},
		"not answered":               {[]event{ask, answerWithin + time.Second}, NoRecord, NoRecord, RecordUnheard, data.Record{}},
		"answered too late":          {[]event{ask, answerWithin + time.Second, allows(1)}, NoRecord, NoRecord, RecordUnheard, data.Record{}},
		"withdrawn":                  {[]event{ask, evStopRecord{}, allows(1)}, NoRecord, NoRecord, "", data.Record{}},
		"stopped":                    {[]event{ask, allows(1), evStopRecord{}, saved("a.webm", nil)}, NoRecord, NoRecord, RecordSaved, data.Record{}},
		"stopped by the other":       {[]event{ask, allows(1), refuses(1), saved("a.webm", nil)}, NoRecord, NoRecord, RecordStopped, data.Record{}},
		"asked again":                {[]event{ask, refuses(1), ask}, RecordAsking, NoRecord, RecordRefused, data.Record{Ask: 2}},
		"the old answer counts once": {[]event{ask, allows(1), evStopRecord{}, saved("a.webm", nil), ask, allows(1)}, RecordAsking, NoRecord, RecordSaved, data.Record{Ask: 2}},
		"disk full":                  {[]event{ask, allows(1), saved("a.webm", record.ErrDiskFull)}, NoRecord, NoRecord, RecordDiskFull, data.Record{}},
		"disk":                       {[]event{ask, allows(1), saved("a.webm", errors.New("x"))}, NoRecord, NoRecord, RecordDisk, data.Record{}},
		"they ask":                   {[]event{asks(4, false)}, NoRecord, RecordAsking, "", data.Record{}},
		"they give it up":            {[]event{asks(4, false), asks(0, false)}, NoRecord, NoRecord, "", data.Record{}},
		"allowed here":               {[]event{asks(4, false), evAllowRecord{true}}, NoRecord, RecordOn, "", data.Record{Answer: 4, Allow: true}},
		"refused here":               {[]event{asks(4, false), evAllowRecord{false}}, NoRecord, NoRecord, "", data.Record{Answer: 4}},
		"refused, and asked again":   {[]event{asks(4, false), evAllowRecord{false}, asks(5, false)}, NoRecord, RecordAsking, "", data.Record{Answer: 4}},
		"they are done":              {[]event{asks(4, false), evAllowRecord{true}, asks(4, true), asks(0, false)}, NoRecord, NoRecord, "", data.Record{Answer: 4, Allow: true}},
		"taken back, until they say": {[]event{asks(4, false), evAllowRecord{true}, asks(4, true), evStopRecord{}}, NoRecord, RecordOn, "", data.Record{Answer: 4}},
		"taken back":                 {[]event{asks(4, false), evAllowRecord{true}, asks(4, true), evStopRecord{}, asks(0, false)}, NoRecord, NoRecord, "", data.Record{Answer: 4}},
		"without being asked":        {[]event{asks(9, true)}, NoRecord, RecordOn, "", data.Record{}},
		"nothing to answer":          {[]event{evAllowRecord{true}}, NoRecord, NoRecord, "", data.Record{}},
		"both at once": {[]event{ask, asks(1, false), evAllowRecord{true}, evTheirRecord{data.Record{Ask: 1, On: true, Answer: 1, Allow: true}}},
			RecordOn, RecordOn, "", data.Record{Ask: 1, On: true, Answer: 1, Allow: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := inCall(t).feed(c.events...)
			s.stands("at the end", c.mine, c.theirs, c.outcome)
			if got := s.m.record.own; got != c.own {
				t.Errorf("says %+v, want %+v", got, c.own)
			}
			// What was said last is what holds.
			said := data.Record{}
			recording := 0
			for _, a := range s.did {
				switch a := a.(type) {
				case doSayRecord:
					said = a.record
				case doRecord:
					recording++
				case doStopRecord:
					recording--
				}
			}
			if said != c.own {
				t.Errorf("the other side was told %+v, want %+v", said, c.own)
			}
			file := s.m.st.Recording.File != ""
			if want := c.mine == RecordOn || c.outcome == RecordSaved || c.outcome == RecordStopped || c.outcome == RecordDiskFull || c.outcome == RecordDisk; file != want {
				t.Errorf("names a file: %t, want %t", file, want)
			}
			if recording == 1 != (c.mine == RecordOn) && c.outcome != RecordDiskFull && c.outcome != RecordDisk {
				t.Errorf("%d recorders are left", recording)
			}
		})
	}
}

func TestAnOldProgramCannotBeAsked(t *testing.T) {
	s := incomingCall(t).feed(prepared, evAccept{video: true}, up)
	s.did = nil
	s.feed(evRecord{file: "a.webm"})
	s.stands("asked", NoRecord, NoRecord, RecordCannotAsk)
	if s.m.st.Recording.CanAsk || len(s.did) > 0 {
		t.Errorf("did %v", s.did)
	}
}

// A recording ends with its call, and the file is heard of afterwards.
func TestTheCallEndsWhileRecording(t *testing.T) {
	s := inCall(t).feed(evRecord{file: "a.webm"}, allows(1), evHangup{})
	s.stands("hung up", NoRecord, NoRecord, "")
	s.feed(saved("a.webm", nil))
	s.stands("after the end", NoRecord, NoRecord, RecordSaved)
	if r := s.m.st.Recording; r.File != "a.webm" || r.At.IsZero() {
		t.Errorf("%+v", r)
	}
	s = inCall(t).feed(evRecord{file: "b.webm"}, evHangup{})
	if s.feed(2 * answerWithin); s.m.st.Recording.Outcome != "" || !s.m.next().IsZero() {
		t.Errorf("a question outlives the call: %+v", s.m.st.Recording)
	}
}

// A recording does not end because the path is lost for a while.
func TestRecordingThroughAnOutage(t *testing.T) {
	s := inCall(t).feed(evRecord{file: "a.webm"}, allows(1), lostPath)
	s.stands("lost", RecordOn, NoRecord, "")
	s.feed(up)
	s.stands("back", RecordOn, NoRecord, "")
}

// Where calls must not be recorded nobody is asked, and a question is answered
// with no before anybody could say yes. What the other side records all the
// same shows.
func TestRecordingIsBarred(t *testing.T) {
	for name, c := range map[string]struct {
		events []event
		theirs RecordPhase
		own    data.Record
	}{
		"asking":              {[]event{evRecord{file: "a.webm"}, allows(1)}, NoRecord, data.Record{}},
		"they ask":            {[]event{asks(4, false)}, NoRecord, data.Record{Answer: 4}},
		"somebody says yes":   {[]event{asks(4, false), evAllowRecord{true}}, NoRecord, data.Record{Answer: 4}},
		"they ask again":      {[]event{asks(4, false), asks(5, false)}, NoRecord, data.Record{Answer: 5}},
		"without being asked": {[]event{asks(4, false), asks(4, true)}, RecordOn, data.Record{Answer: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			s := inCall(t)
			s.m.st.Recording.Barred = true
			s.feed(c.events...)
			s.stands("at the end", NoRecord, c.theirs, "")
			if got := s.m.record.own; got != c.own || got.Allow {
				t.Errorf("says %+v, want %+v", got, c.own)
			}
			for _, a := range s.did {
				if _, ok := a.(doRecord); ok {
					t.Error("it records")
				}
			}
		})
	}
}
