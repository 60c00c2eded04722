package call

import (
	"time"

	"parley/media/device"
)

// Phase is where a call stands.
type Phase uint8

// The phases, in the order in which a call goes through them.
const (
	Preparing    Phase = iota + 1 // outgoing: gathering the offer
	Calling                       // outgoing: the service has the invitation
	Ringing                       // outgoing: it rings at the other's
	Incoming                      // incoming: it rings here
	Connecting                    // answered, media not yet flowing
	Connected                     // picture and sound can flow
	Reconnecting                  // the path is lost; the call is being mended
	Ended                         // final
)

// Live reports whether the call was answered and is not over.
func (p Phase) Live() bool { return p == Connecting || p == Connected || p == Reconnecting }

// PeerID names one participant within a call.
type PeerID string

// SourceKind says which of a participant's pictures is meant.
type SourceKind uint8

// The pictures.
const (
	CameraSource SourceKind = iota + 1
	ScreenSource
)

// State is an immutable snapshot of a call: everything a window shows but
// pixels and levels.
type State struct {
	ID          string
	Phase       Phase
	Outgoing    bool
	Video       bool // begun as a video call
	ViaLink     bool
	Peer        Peer
	Began       time.Time // the invitation was sent or arrived
	ConnectedAt time.Time // zero until media first flowed
	LostAt      time.Time // Reconnecting since
	Remote      Remote
	Chat        []Message
	Quality     Quality
	Recording   Recording
	End         End // set when Phase is Ended
	Notices     []Notice
}

// Peer is the other person.
type Peer struct {
	ID       PeerID
	Name     string
	Key      []byte // Ed25519 public key, from the service
	Signed   bool   // what it says of the call was signed with Key
	Verified bool   // Key was compared in person
	// SafetyNumber is 60 digits that both people see if each has the key that
	// the other thinks; "" until Signed.
	SafetyNumber string
	// Stranger: this person has neither called them, talked to them nor put them
	// on their list, as the service says. Only of whoever calls.
	Stranger bool
	Guest    bool // came by a link from a browser: anybody may call themselves Name
	// Emoji are seven pictures that both people see if nobody stands in
	// between; nil until both programs have said enough.
	Emoji []string
}

// Remote is what the other side says of itself over the data channel.
type Remote struct {
	MicOn    bool
	CameraOn bool
	HasVideo bool // a picture has arrived
	// Waiting: the other side says that it lost us and is reconnecting.
	Waiting bool
}

// Recording is what is recorded of the call, by either side.
type Recording struct {
	CanAsk bool // the other's program knows of recordings
	// Barred: Config.NoRecording. Nobody is asked, and who asks is declined.
	Barred bool
	Mine   RecordPhase
	Since  time.Time // Mine is on
	Theirs RecordPhase
	// Of the last recording on this machine that is over.
	Outcome RecordOutcome
	File    string // what there is of it, or of the one being made; "": nothing
	At      time.Time
}

// RecordPhase is where a recording stands.
type RecordPhase uint8

// The phases.
const (
	NoRecord     RecordPhase = iota
	RecordAsking             // the other side, or this one, is being asked
	RecordOn
)

// RecordOutcome is how a recording ended.
type RecordOutcome string

// The outcomes.
const (
	RecordNothing   RecordOutcome = ""
	RecordSaved     RecordOutcome = "saved"
	RecordStopped   RecordOutcome = "stopped"   // by the other side; saved
	RecordRefused   RecordOutcome = "refused"   // by the other side; never begun
	RecordUnheard   RecordOutcome = "unheard"   // the other side did not answer
	RecordCannotAsk RecordOutcome = "cannot"    // the other's program does not know of recordings
	RecordDiskFull  RecordOutcome = "disk_full" // saved up to then
	RecordDisk      RecordOutcome = "disk"      // the file could not be written any more, or at all
)

// Message is one line of chat.
type Message struct {
	ID     string
	Mine   bool
	Text   string
	At     time.Time
	Status Delivery // for own messages
}

// Delivery is how far an own message got.
type Delivery uint8

// The delivery marks.
const (
	Sending   Delivery = iota // waiting for the channel
	Sent                      // handed to the channel
	Delivered                 // the other's program has it
	Undelivered
)

// QualityLevel is the colour of the dot.
type QualityLevel uint8

// The quality levels.
const (
	QualityUnknown QualityLevel = iota
	QualityGood
	QualityFair
	QualityPoor
	QualityLost
)

// Trouble says in a word what is short; the window turns it into a sentence.
type Trouble string

// The troubles.
const (
	TroubleNone     Trouble = ""
	TroubleLoss     Trouble = "loss"       // packets are lost on the way here
	TroubleLossUp   Trouble = "loss_up"    // packets are lost on the way there
	TroubleUneven   Trouble = "uneven"     // nothing is lost, but what comes is too late to be played
	TroubleDelay    Trouble = "delay"      // round trip over 400 ms
	TroubleCPU      Trouble = "cpu"        // a machine is too slow
	TroubleNarrow   Trouble = "narrow"     // a link carries only a small picture
	TroubleNoSound  Trouble = "no_sound"   // nothing heard from the other side although its microphone is on
	TroubleNoRoute  Trouble = "no_route"   // no packets at all
	TroubleService  Trouble = "no_service" // signaling is away; the call itself goes on
	TroubleRelaying Trouble = "relay"      // through a relay over TCP or TLS
)

// Whose says whose link or machine a trouble is about, as far as the statistics
// of both sides tell.
type Whose uint8

// Whose trouble it may be.
const (
	Nobodys Whose = iota
	Mine
	Theirs
	Between // the way from one to the other, or the link of either
	TheService
)

// Quality is the state of the connection in words and a few numbers.
type Quality struct {
	Level   QualityLevel
	Trouble Trouble
	Whose   Whose
	RTT     time.Duration // 0: not known
	Path    string        // host, srflx, relay-udp, relay-tcp, relay-tls; "" until known
}

// EndReason says why a call is over.
type EndReason string

// The reasons, each of which a window turns into a sentence.
const (
	EndedByMe       EndReason = "by_me"
	EndedByOther    EndReason = "by_other"
	EndCancelled    EndReason = "cancelled" // the caller gave up while it rang
	EndDeclined     EndReason = "declined"
	EndBusy         EndReason = "busy"
	EndNoAnswer     EndReason = "no_answer"
	EndMissed       EndReason = "missed" // incoming, nobody took it
	EndElsewhere    EndReason = "elsewhere"
	EndAway         EndReason = "away"
	EndNobody       EndReason = "nobody"
	EndSelf         EndReason = "self"
	EndLinkUnknown  EndReason = "link_unknown"
	EndLinkUsed     EndReason = "link_used"
	EndLinkExpired  EndReason = "link_expired"
	EndRequested    EndReason = "requested"   // the other does not know this person, and was asked
	EndKnownOnly    EndReason = "known_only"  // the other takes calls of people they know and no others
	EndBlocked      EndReason = "blocked"     // this person has blocked the other
	EndNoService    EndReason = "no_service"  // the service could not be reached
	EndSlowDown     EndReason = "slow_down"   // the service asks to wait
	EndNoRoute      EndReason = "no_route"    // media never connected
	EndNoRelay      EndReason = "no_relay"    // this person's address is to stay hidden, and the service has no relay
	EndRelaySpent   EndReason = "relay_spent" // media never connected, and this person's share of the relay is used up
	EndLost         EndReason = "lost"        // connected once, then gone for too long
	EndIncompatible EndReason = "incompatible"
	EndKeyChanged   EndReason = "key_changed" // the person is known by another key; Peer.Key is the new one
	EndNotGenuine   EndReason = "not_genuine" // somebody between the two changed what sets the call up
	EndInternal     EndReason = "internal"
)

// End says how a call ended.
type End struct {
	Reason  EndReason
	Message string // decline with a message, or the service's sentence
	At      time.Time
	Err     error // for the log
}

// Notice is one line that says what happened and needs no answer: a device
// was lost and replaced, the other's picture stopped.
type Notice struct {
	At   time.Time
	Kind NoticeKind
	Dev  device.Kind
	Name string // the device now in use, or lost
}

// NoticeKind says which sentence a notice is.
type NoticeKind string

// The notices.
const (
	NoticeDeviceLost     NoticeKind = "device_lost"     // Name is gone, nothing replaces it
	NoticeDeviceReplaced NoticeKind = "device_replaced" // Name is used instead
	NoticeDeviceBack     NoticeKind = "device_back"     // Name is there again and used
)
