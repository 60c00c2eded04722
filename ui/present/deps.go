package present

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"parley/call"
	"parley/call/local"
	"parley/media"
	"parley/media/latest"
	"parley/media/mic"
	"parley/signaling/wire"
)

// Frames is a mailbox of pictures: the newest one, waiting to be painted.
type Frames = *latest.Slot[*media.Frame]

// Deps are what the windows show and drive. Every method returns at once:
// what takes time happens behind it and shows in the next snapshot. Those that
// take a context are called off the UI goroutine and may take their time.
type Deps struct {
	Phone     Phone
	Media     Media
	Directory Directory
	Account   Account
	Settings  Settings
	Echo      EchoTest
	// Recordings is where they go; nil: calls cannot be recorded here.
	Recordings Recordings
	// AtLogin has the program started at sign-in; nil: that cannot be set here.
	AtLogin AtLogin
	// CheckLink says by a *ServiceError why a call link cannot be opened; nil: it
	// is found out when calling.
	CheckLink func(link string) error
	About     About
	Rules     Rules        // what an organisation has set
	Log       *slog.Logger // nil: silent

	Now      func() time.Time // nil: time.Now
	Host     string           // what this computer is called, for a linked device's name
	Language string           // the system's, as in "de-DE"; "" for English
}

// AtLogin has the program started when the person signs in to the computer.
// Where the desktop decides, Set only asks: it is a Subscriber, too, and On is
// what is asked for, then what was answered (ErrNotAllowed: no).
type AtLogin interface {
	On() (bool, error)
	Set(on bool) error
}

// About is what the About page says.
type About struct {
	Version, Commit, Date string
	// Diagnose returns what support needs, without names or keys.
	Diagnose func() string
}

// Subscriber is anything with snapshots: the channel is readable after a
// change (coalesced), the function ends the subscription.
type Subscriber interface {
	Subscribe() (<-chan struct{}, func())
}

// ErrInCall is what Phone.Dial says while another call is up.
var ErrInCall = errors.New("already in a call")

// Phone makes and takes calls.
type Phone interface {
	Subscriber // Current or Ringing changed
	// Dial rings a person by name or by call link (the other is empty). What
	// becomes of it shows in the session's state.
	Dial(to, link string, video bool) (Session, error)
	// Current is the call that was dialled or accepted and is not over; nil:
	// none.
	Current() Session
	// Ringing are the calls that wait to be accepted here, oldest first.
	Ringing() []Session
	// Unsafe is the newest call that did not ring because it may not be from
	// whom it seems to be; nil: there was none.
	Unsafe() Session
}

// Session is one call: call.Session. The same call is always the same value.
type Session interface {
	Subscriber
	State() call.State
	// Video is where a participant's pictures arrive; the same slot for the
	// whole call.
	Video(id call.PeerID, k call.SourceKind) Frames
	Accept(video bool)
	// Decline refuses what rings; message may be empty.
	Decline(reason wire.RejectReason, message string)
	Hangup()
	SendChat(text string) error
	// Record asks the other side, and records to file once it says yes; me is
	// what this person is called in the file.
	Record(file, me string)
	// StopRecording ends what is recorded here, or what was allowed to be
	// recorded there.
	StopRecording()
	AllowRecording(allow bool)
	// SetVerified notes that the people have compared what they see.
	SetVerified(verified bool) error
	// TrustKey takes the key with which the call ended in place of the known one.
	TrustKey() error
	// Numbers are the statistics of the last second.
	Numbers() []call.Number
	// Levels are how loud each side speaks now: linear RMS, 0 to 1.
	Levels() (mine, theirs float64)
}

// Media are this person's devices: call/local.
type Media interface {
	Subscriber
	State() local.State
	SetCamera(on bool)
	SetMicrophone(on bool) // off: muted
	UseCamera(selector string)
	UseMicrophone(selector string)
	UseSpeaker(selector string)
	// Hold keeps the microphone and the speaker open, and the camera if it is
	// on, until release is called: for a preview or a test. A call holds them
	// by itself.
	Hold() (release func())
	// HoldCamera is Hold for the camera alone.
	HoldCamera() (release func())
	// Watch gives the own picture until stop is called. It opens nothing.
	Watch() (frames Frames, stop func())
	// SetLowData caps calls, also the one that is up, in both directions.
	SetLowData(on bool)
	UseRinger(selector string) // "" is the speaker
	// SetCleaning says what is done to the microphone's sound.
	SetCleaning(o mic.Options)
	// MicLevel is how loud the microphone is now, before muting: linear RMS, 0
	// to 1.
	MicLevel() float64
	// SpeakingLikely is how likely this person speaks now, muted or not; ok is
	// false when nobody listens for that.
	SpeakingLikely() (p float64, ok bool)
	// Play plays 48 kHz mono samples, again and again if loop, on the ringer
	// device or the speaker, until they end or stop is called.
	Play(samples []int16, ringer, loop bool) (stop func())
}

// Directory is who is there, and the service that says so: signaling/client.
type Directory interface {
	Subscriber
	State() People
	AddContact(ctx context.Context, name string) error
	RemoveContact(ctx context.Context, name string) error
	// Block keeps a person from reaching this one and from seeing whether they
	// are there; Unblock is the reverse.
	Block(ctx context.Context, name string) error
	Unblock(ctx context.Context, name string) error
	// AnswerRequest says whether a stranger who asked may call; accept puts them
	// on the own list.
	AnswerRequest(ctx context.Context, name string, accept bool) error
	SetStrangers(ctx context.Context, rule wire.Rule) error
	// CreateLink makes a link whose opener calls this person.
	CreateLink(ctx context.Context) (url string, err error)
	// SignIn claims a name, at this service address ("" looks for one on this
	// network or brings its own), and keeps both in the settings.
	SignIn(ctx context.Context, name, service string) error
	// Invited goes on with the code of an invitation, in ServiceInviteNeeded.
	Invited(ctx context.Context, code string) error
	// Login begins another login with the browser, in ServiceLoginNeeded after
	// one that failed.
	Login()
	// Retry connects now instead of when the next attempt is due.
	Retry()
}
