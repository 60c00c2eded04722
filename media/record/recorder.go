package record

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"parley/media"
)

// Config says what to record and where.
type Config struct {
	// Path is the file, which must not be there yet.
	Path string
	// Names of the tracks: theirs, mine, and both voices.
	Theirs, Mine, Both string
	NewDecoder         func() (Decoder, error)
	NewEncoder         func() (Encoder, error)
	// WantKey is called when a side's picture needs a key frame, at most once a
	// second; must not block.
	WantKey func(Side)
	Log     *slog.Logger // nil: none
}

// ErrDisk: the file could not be written any further. What was written plays.
var ErrDisk = errors.New("recording: the disk does not take it")

// ErrDiskFull is ErrDisk when there is no room.
var ErrDiskFull = fmt.Errorf("%w: it is full", ErrDisk)

const (
	writeEvery = 400 * time.Millisecond
	// A queue of this many units, or bytes, is seconds of a call: more waits
	// only for a disk that has stopped.
	maxUnits = 1024
	maxBytes = 16 << 20
	// keyEvery is how often a key frame is asked for, so that a player can go
	// to any place: it costs as much as half a second of pictures.
	keyEvery = 20 * time.Second
	keyAgain = time.Second
)

// Result is what became of a recording.
type Result struct {
	Path   string
	Length time.Duration
	Bytes  int64
	// Dropped counts units that came faster than the disk took them, Late and
	// Early those that had no place in the file any more, or not yet.
	Dropped, Late, Early uint64
	Err                  error // ErrDisk, ErrDiskFull, or what went wrong
}

// Recorder writes one file. Its methods may be called from any goroutine.
type Recorder struct {
	// static
	cfg   Config
	file  file
	began time.Time
	stop  chan struct{} // closed by Stop
	once  sync.Once
	done  chan struct{} // closed when the file is
	log   *slog.Logger

	mu      sync.Mutex
	queue   []item      // guarded by mu
	bytes   int         // guarded by mu
	dropped uint64      // guarded by mu
	over    bool        // guarded by mu
	torn    [sides]bool // guarded by mu: a picture was dropped, only a key frame can go on
	result  Result      // guarded by mu; final when done is closed

	// owned by run
	time *timeline
	mix  *mixer
	mux  *muxer
	keys [sides]time.Duration // when a key frame was wanted last
}

type file interface {
	io.WriterAt
	Sync() error
	Close() error
}

// item is a unit, or news of a camera.
type item struct {
	side   Side
	unit   media.Unit
	at     time.Time
	camera bool
	on     bool
}

// Start begins a recording.
func Start(cfg Config) (*Recorder, error) {
	f, err := os.OpenFile(cfg.Path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	r, err := start(cfg, f, time.Now())
	if err != nil {
		f.Close()
		os.Remove(cfg.Path)
	}
	return r, err
}

func start(cfg Config, f file, now time.Time) (*Recorder, error) {
	r, err := newRecorder(cfg, f, now)
	if err == nil {
		r.wantKeys(0, r.torn)
		go r.run()
	}
	return r, err
}

func newRecorder(cfg Config, f file, now time.Time) (*Recorder, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	mix, err := newMixer(cfg.NewDecoder, cfg.NewEncoder)
	if err != nil {
		return nil, err
	}
	return &Recorder{
		cfg: cfg, file: f, began: now, log: cfg.Log, stop: make(chan struct{}), done: make(chan struct{}),
		time: newTimeline(), mix: mix, result: Result{Path: cfg.Path},
	}, nil
}

// Put takes a unit of one side, in the order in which they came; its data is
// copied. It never blocks.
func (r *Recorder) Put(side Side, u media.Unit) { r.put(side, u, time.Now()) }

func (r *Recorder) put(side Side, u media.Unit, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	if len(r.queue) >= maxUnits || r.bytes+len(u.Data) > maxBytes {
		r.dropped++
		r.torn[side] = r.torn[side] || u.Codec == media.VP8
		return
	}
	if u.Codec == media.VP8 && r.torn[side] {
		if !u.Key {
			r.dropped++
			return
		}
		r.torn[side] = false
	}
	u.Data = append([]byte(nil), u.Data...)
	r.queue = append(r.queue, item{side: side, unit: u, at: now})
	r.bytes += len(u.Data)
}

// Camera says whether a side shows a picture: while it does not, its track is
// black.
func (r *Recorder) Camera(side Side, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over && len(r.queue) < maxUnits {
		r.queue = append(r.queue, item{side: side, camera: true, on: on})
	}
}

// Stop ends the recording; Done says when the file is complete. More calls do
// nothing.
func (r *Recorder) Stop() { r.once.Do(func() { close(r.stop) }) }

// Done is closed when the file is complete, by Stop or because the disk took
// no more.
func (r *Recorder) Done() <-chan struct{} { return r.done }

// Began is when the recording began.
func (r *Recorder) Began() time.Time { return r.began }

// Result is what became of it; final after Done.
func (r *Recorder) Result() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result
}

func (r *Recorder) run() {
	defer close(r.done)
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	var err error
	for err == nil {
		select {
		case <-r.stop:
			r.finish(r.write(time.Since(r.began), true))
			return
		case <-tick.C:
			err = r.write(time.Since(r.began), false)
		}
	}
	r.finish(err)
}

// write brings the file up to date.
func (r *Recorder) write(now time.Duration, last bool) error {
	r.mu.Lock()
	queue, torn := r.queue, r.torn
	r.queue, r.bytes = nil, 0
	r.mu.Unlock()
	for _, i := range queue {
		r.sort(i)
	}
	r.wantKeys(now, torn)
	if r.mux == nil {
		if !last && !r.time.ready(now) {
			return nil
		}
		var err error
		if r.mux, err = newMuxer(r.file, r.began, r.tracks()); err != nil {
			return disk(err)
		}
	}
	blocks, voices := r.time.take(now, last)
	mixed, err := r.mix.mix(blocks, voices)
	if err != nil {
		return err
	}
	if err := r.mux.cluster(merge(blocks, mixed), now); err != nil {
		return disk(err)
	}
	return nil
}

func (r *Recorder) sort(i item) {
	if i.camera {
		r.time.camera(i.side, i.on)
		return
	}
	wall, shared := i.unit.PTS, i.side == Mine
	if !i.unit.NTP.IsZero() && i.side == Theirs {
		wall, shared = i.unit.NTP.Sub(r.began), true
	}
	r.time.put(i.side, i.unit, wall, shared, i.at.Sub(r.began))
}

// wantKeys asks for key frames where one is needed, and now and then.
func (r *Recorder) wantKeys(now time.Duration, torn [sides]bool) {
	if r.cfg.WantKey == nil {
		return
	}
	for s := range sides {
		since := now - r.keys[s]
		if r.keys[s] == 0 || (torn[s] || r.time.wants(s)) && since >= keyAgain || since >= keyEvery {
			r.keys[s] = max(now, 1)
			r.cfg.WantKey(s)
		}
	}
}

func (r *Recorder) tracks() []track {
	out := make([]track, trackCount)
	w, h := r.time.size(Theirs)
	out[theirPicture] = track{codec: media.VP8, name: r.cfg.Theirs, width: w, height: h, preferred: true}
	w, h = r.time.size(Mine)
	out[myPicture] = track{codec: media.VP8, name: r.cfg.Mine, width: w, height: h}
	out[bothVoices] = track{codec: media.Opus, name: r.cfg.Both, preferred: true}
	out[theirVoice] = track{codec: media.Opus, name: r.cfg.Theirs}
	out[myVoice] = track{codec: media.Opus, name: r.cfg.Mine}
	return out
}

// finish closes the file: also after an error, which may have been the last
// byte of the disk only.
func (r *Recorder) finish(err error) {
	r.mu.Lock()
	r.over, r.queue = true, nil
	r.mu.Unlock()
	if r.mux != nil {
		if e := r.mux.close(); err == nil && e != nil {
			err = disk(e)
		}
	}
	if e := r.file.Sync(); err == nil && e != nil {
		err = disk(e)
	}
	if e := r.file.Close(); err == nil && e != nil {
		err = disk(e)
	}
	if e := r.mix.close(); e != nil {
		r.log.Warn("recording", "err", e)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Err, r.result.Dropped = err, r.dropped+r.time.counts.overflow
	r.result.Late, r.result.Early = r.time.counts.late, r.time.counts.early
	if r.mux != nil {
		r.result.Length, r.result.Bytes = r.mux.end, r.mux.pos
	}
	r.log.Info("recording over", "seconds", r.result.Length.Seconds(), "bytes", r.result.Bytes,
		"dropped", r.result.Dropped, "late", r.result.Late, "undecoded", r.mix.bad, "err", err)
}

func disk(err error) error {
	const windowsFull = syscall.Errno(112) // ERROR_DISK_FULL
	if errors.Is(err, syscall.ENOSPC) || runtime.GOOS == "windows" && errors.Is(err, windowsFull) {
		return fmt.Errorf("%w (%w)", ErrDiskFull, err)
	}
	return fmt.Errorf("%w (%w)", ErrDisk, err)
}
