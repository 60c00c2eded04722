package call

import (
	"parley/call/peer"
	"parley/media"
	"parley/media/codec"
	"parley/media/record"
)

// record begins a recording of this connection.
func (l *link) record(file, me string) {
	if old := l.recorder.Load(); old != nil { // stopped, and not complete yet
		old.Stop()
		<-old.Done()
	}
	theirs := l.s.State().Peer.Name
	rec, err := record.Start(record.Config{
		Path: file, Theirs: theirs, Mine: me, Both: theirs + ", " + me,
		NewDecoder: func() (record.Decoder, error) { return codec.NewAudioDecoder(1) },
		NewEncoder: func() (record.Encoder, error) { return codec.NewAudioEncoder(codec.DefaultAudio()) },
		WantKey:    l.wantKey, Log: l.s.log,
	})
	if err != nil {
		l.s.log.Error("nothing can be recorded", "err", err)
		l.s.post(evRecorded{record.Result{Path: file, Err: err}})
		return
	}
	l.recorder.Store(rec)
	l.recordCameras()
	l.wg.Go(func() {
		<-rec.Done()
		l.recorder.CompareAndSwap(rec, nil)
		l.s.post(evRecorded{rec.Result()})
	})
}

func (l *link) stopRecord() {
	if rec := l.recorder.Load(); rec != nil {
		rec.Stop()
	}
}

// wantKey asks for a key frame of a side's picture, for the recording.
func (l *link) wantKey(side record.Side) {
	if side == record.Mine {
		l.local.RequestKey()
		return
	}
	if err := l.peer.RemoteVideo().RequestKey(); err != nil {
		l.s.log.Debug("key frame for the recording", "err", err)
	}
}

// recordCameras tells a recording who shows a picture.
func (l *link) recordCameras() {
	rec := l.recorder.Load()
	if rec == nil {
		return
	}
	rec.Camera(record.Mine, l.local.State().Camera.On)
	if m, ok := l.line.Remote(); ok {
		rec.Camera(record.Theirs, m.Camera)
	}
}

// tap hands what comes or goes to a recording, if there is one.
func (l *link) tap(side record.Side, u media.Unit) {
	if rec := l.recorder.Load(); rec != nil {
		rec.Put(side, u)
	}
}

func (l *link) tapTheirs(u media.Unit) { l.tap(record.Theirs, u) }

// tee is a track whose units are recorded as well.
type tee struct {
	*peer.Track
	l *link
}

// WriteUnit implements the unit writer of call/local.
func (t tee) WriteUnit(u media.Unit) error {
	t.l.tap(record.Mine, u)
	return t.Track.WriteUnit(u)
}
