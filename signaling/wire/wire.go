// Package wire is the vocabulary of the parley.v1 signaling protocol:
// PROTOCOL.md beside this file is the specification, and every message named
// there is one Go type here. Standard library only.
package wire

import (
	"encoding/json"
	"time"
)

// Subprotocol is the WebSocket subprotocol that both ends must name.
const Subprotocol = "parley.v1"

// Path is where the WebSocket is served.
const Path = "/v1/ws"

// RegionsPath is where anybody can read in which places the relays are.
const RegionsPath = "/v1/regions"

// Limits that hold before and after hello. A server may state lower ones in
// Welcome.
const (
	MaxMessage      = 64 << 10 // bytes of one message
	MaxBeforeHello  = 8 << 10  // bytes of one message before ready
	MaxName         = 64       // bytes of a person's name, UTF-8
	MaxCandidates   = 64       // per call, side and ICE generation
	HelloWithin     = 3 * time.Second
	PingEvery       = 10 * time.Second
	PingEverySetup  = 5 * time.Second // while a call is being set up
	RingFor         = 45 * time.Second
	ReplayMessages  = 256
	ReplayBytes     = 256 << 10
	ReplayFor       = 60 * time.Second
	ReplayForInCall = 120 * time.Second
)

// Kind says which type Body holds.
type Kind string

// The kinds of message. C: from the client, S: from the server.
const (
	KindWelcome Kind = "welcome" // S Welcome
	KindHello   Kind = "hello"   // C Hello
	KindReady   Kind = "ready"   // S Ready, answers hello
	KindLogin   Kind = "login"   // S Login: has come to its end, say hello again
	KindResume  Kind = "resume"  // C Resume
	KindResumed Kind = "resumed" // S Resumed
	KindAck     Kind = "ack"     // C, S: no body, Ack in the envelope
	KindPing    Kind = "ping"    // S: no body
	KindPong    Kind = "pong"    // C: no body
	KindOK      Kind = "ok"      // S: answers a request; body as the request says
	KindError   Kind = "error"   // S Error: answers a request, or before a close
	KindResync  Kind = "resync"  // S: no body; what was queued is gone, ask again
	KindDrain   Kind = "drain"   // S Drain
	KindBye     Kind = "bye"     // C: no body; the session ends, do not keep it

	KindWatch    Kind = "watch"    // C Watch; ok{PresenceList}
	KindUnwatch  Kind = "unwatch"  // C Watch; ok
	KindPresence Kind = "presence" // S PresenceList: what changed; last value wins
	KindStatus   Kind = "status"   // C Status; ok

	KindContacts   Kind = "contacts"    // C, no body; ok{ContactList}
	KindContactAdd Kind = "contact_add" // C Contact; ok{Person}
	KindContactDel Kind = "contact_del" // C Contact; ok
	KindHistory    Kind = "history"     // C HistoryQuery; ok{History}

	KindBlocks        Kind = "blocks"         // C, no body; ok{BlockList}
	KindBlockAdd      Kind = "block_add"      // C Contact; ok
	KindBlockDel      Kind = "block_del"      // C Contact; ok
	KindStrangers     Kind = "strangers"      // C Strangers; ok{Strangers}
	KindRequests      Kind = "requests"       // C, no body; ok{RequestList}. S: no body; they changed
	KindRequestAnswer Kind = "request_answer" // C RequestAnswer; ok

	KindLinkCreate Kind = "link_create" // C LinkCreate; ok{Link}
	KindLinkLook   Kind = "link_look"   // C LinkRef; ok{Link}
	KindLinkDel    Kind = "link_del"    // C LinkRef; ok

	KindAccountDelete Kind = "account_delete" // C, no body; ok, then the person is nobody here

	KindICE Kind = "ice" // C, no body; ok{ICE}: fresh TURN credentials

	KindInvite     Kind = "invite"     // C Invite; ok{Invited}. S Invite with From
	KindRinging    Kind = "ringing"    // C, S: no body
	KindAnswer     Kind = "answer"     // C, S Answer
	KindReject     Kind = "reject"     // C, S Reject
	KindCancel     Kind = "cancel"     // C, S Reason
	KindTaken      Kind = "taken"      // S Taken: answered or declined on another device
	KindCandidates Kind = "candidates" // C, S Candidates
	KindNegotiate  Kind = "negotiate"  // C, S Negotiate
	KindHangup     Kind = "hangup"     // C, S Reason
	KindStanding   Kind = "standing"   // C Standing: the service may not know the call any more
)

// Envelope is one WebSocket text message.
type Envelope struct {
	Kind Kind `json:"kind"`
	// ID names a request and is its idempotency key: a repeat within the
	// session gets the stored reply. The reply carries it back.
	ID string `json:"id,omitempty"`
	// Seq numbers the messages that must not be lost, from 1 per direction and
	// session; 0 for those that may be (ping, pong, ack, welcome, presence).
	Seq uint64 `json:"seq,omitempty"`
	// Epoch counts the resumptions of the session, from 0.
	Epoch uint32 `json:"epoch,omitempty"`
	// Ack says: everything up to this Seq of the other direction has arrived.
	Ack uint64 `json:"ack,omitempty"`
	// From is who sent it; set by the server, never believed from a client.
	From *Person `json:"from,omitempty"`
	// Call names the call that a call message belongs to.
	Call string `json:"call,omitempty"`
	// TTLms is how much longer the message is of use, in milliseconds from its
	// arrival (never wall clock).
	TTLms int64 `json:"ttl_ms,omitempty"`
	// Stranger says of an invite that the callee does not know who calls; set
	// by the server, never believed from a client.
	Stranger bool            `json:"stranger,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
}

// Person is who somebody is on this service.
type Person struct {
	ID   string `json:"id"`   // stable, of the service's making
	Name string `json:"name"` // unique on the service, as its owner writes it
	Key  []byte `json:"key"`  // Ed25519 public key of the account, 32 bytes
	// Guest: known for one visit through a call link; the name is what they
	// typed, and belongs to nobody.
	Guest bool `json:"guest,omitempty"`
}

// Welcome is the server's first message.
type Welcome struct {
	Server      string `json:"server"` // the name that Hello.Signature covers
	Version     string `json:"version"`
	Nonce       []byte `json:"nonce"` // 32 bytes
	MaxMessage  int    `json:"max_message"`
	PingMS      int64  `json:"ping_ms"`
	Directory   bool   `json:"directory"`   // everybody may be watched
	LinkPattern string `json:"link_prefix"` // "https://HOST/j/": what call links begin with
	// Newest is the version of the program that the operator offers to people;
	// absent: none. Clients compare it with their own.
	Newest *Release `json:"newest,omitempty"`
}

// Release is a version of the program and where people get it.
type Release struct {
	Version string `json:"version"` // as in 1.4.0 or 0.1.0~20261129.c95b821, 1 to 64 bytes
	Page    string `json:"page"`    // an https address, for the browser
}

// Hello proves the device's key and claims or confirms a name. With Link it is
// a guest's: the name is not claimed, and the person ends with the session.
type Hello struct {
	Key       []byte `json:"key"`              // Ed25519 public key of the device, 32 bytes
	Signature []byte `json:"signature"`        // over HelloTranscript
	Name      string `json:"name"`             // "": keep the name that the key has
	Client    string `json:"client"`           // program and version, for the operator
	Link      string `json:"link,omitempty"`   // of a guest: the code of the link, the only one they may call
	Invite    string `json:"invite,omitempty"` // code of an invitation, where new people need one
	Join      *Join  `json:"join,omitempty"`   // of a device that wants to be linked to an account
	Login     string `json:"login,omitempty"`  // Login.ID, where new people sign in with a browser
}

// Ready answers Hello.
type Ready struct {
	Session string `json:"session"`
	Token   []byte `json:"token"` // for Resume, used once
	Me      Person `json:"me"`
	ICE     ICE    `json:"ice"`
	// Devices is the newest list of the person's account; absent if there was
	// none yet.
	Devices *DeviceList `json:"devices,omitempty"`
	Joined  *Joined     `json:"joined,omitempty"`
}

// Resume takes up a session after its connection was lost.
type Resume struct {
	Session   string `json:"session"`
	Token     []byte `json:"token"`
	Signature []byte `json:"signature"` // over ResumeTranscript
}

// Resumed answers Resume; what the client had not acknowledged follows.
type Resumed struct {
	Token []byte `json:"token"` // for the next Resume
	ICE   ICE    `json:"ice"`
}

// ICE lists servers as in RTCConfiguration.
type ICE struct {
	Servers   []ICEServer `json:"servers"`
	ExpiresMS int64       `json:"expires_ms"` // from arrival; 0: never
	// RelaySpent: the person has used up what they may relay in a month. Relays
	// that run go on, new ones are refused.
	RelaySpent bool `json:"relay_spent,omitempty"`
	// Regions are where the service has relays, if it has several. A client
	// uses the servers of the nearest in place of Servers, which are those of
	// the first.
	Regions []ICERegion `json:"regions,omitempty"`
}

// Regions answers GET RegionsPath.
type Regions struct {
	Regions []ICERegion `json:"regions"`
}

// ICERegion is a place with relays.
type ICERegion struct {
	Name    string      `json:"name"`
	Servers []ICEServer `json:"servers"`
}

// ICEServer is one RTCIceServer.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Drain asks the client to reconnect (to another node, or after a restart).
type Drain struct {
	AfterMS int64 `json:"after_ms"`
}

// Watch names the people whose presence is wanted.
type Watch struct {
	Everyone bool     `json:"everyone,omitempty"` // the directory, if the service has one
	Names    []string `json:"names,omitempty"`
}

// PresenceState is what a person can be seen to be.
type PresenceState string

// The presence states.
const (
	Offline   PresenceState = "offline"
	Available PresenceState = "available"
	Busy      PresenceState = "busy" // said by the person
	InCall    PresenceState = "in_call"
)

// Presence is one person's state.
type Presence struct {
	Person Person        `json:"person"`
	State  PresenceState `json:"state"`
	SeenMS int64         `json:"seen_ms,omitempty"` // how long ago, when offline
}

// PresenceList is a snapshot (reply to watch) or what changed.
type PresenceList struct {
	People []Presence `json:"people"`
	Gone   []string   `json:"gone,omitempty"` // person ids that are no longer on the service
}

// Status says whether the person wants to be called.
type Status struct {
	State PresenceState `json:"state"` // available or busy
}

// Contact names a person to add or remove.
type Contact struct {
	Name string `json:"name"`
}

// ContactList answers contacts.
type ContactList struct {
	People []Presence `json:"people"`
}

// HistoryQuery asks for calls older than Before (an id), newest first.
type HistoryQuery struct {
	Before int64 `json:"before,omitempty"`
	Limit  int   `json:"limit,omitempty"` // at most 100, default 50
}

// Outcome says how a call ended, as its log shows it.
type Outcome string

// The outcomes.
const (
	Answered  Outcome = "answered"
	Missed    Outcome = "missed"
	Declined  Outcome = "declined"
	Cancelled Outcome = "cancelled"
	WasBusy   Outcome = "busy"
	Unreached Outcome = "unreached" // the other was away
)

// LogEntry is one call of the person who asks.
type LogEntry struct {
	ID       int64   `json:"id"`
	Call     string  `json:"call"`
	Other    Person  `json:"other"`
	Outgoing bool    `json:"outgoing"`
	Video    bool    `json:"video"`
	Outcome  Outcome `json:"outcome"`
	Unix     int64   `json:"unix"` // start, seconds: the one place where wall clock is meant
	Seconds  int64   `json:"seconds"`
}

// History answers history.
type History struct {
	Entries []LogEntry `json:"entries"`
	More    bool       `json:"more"`
}

// LinkCreate asks for a call link.
type LinkCreate struct {
	TTLms int64 `json:"ttl_ms,omitempty"` // default seven days
	Uses  int   `json:"uses,omitempty"`   // 0: any number
}

// LinkRef names a link by its code.
type LinkRef struct {
	Code string `json:"code"`
}

// Link is a call link: whoever opens it calls its owner.
type Link struct {
	Code      string `json:"code"`
	URL       string `json:"url"` // https://HOST/j/CODE
	Owner     Person `json:"owner"`
	ExpiresMS int64  `json:"expires_ms"`
	UsesLeft  int    `json:"uses_left,omitempty"` // 0: any number
}

// Media says what somebody wants to begin with.
type Media struct {
	Audio bool `json:"audio"`
	Video bool `json:"video"`
}

// Description is an RTCSessionDescription, and who made it.
type Description struct {
	Type     string    `json:"type"` // offer, answer, rollback
	SDP      string    `json:"sdp"`
	Identity *Identity `json:"identity,omitempty"`
}

// Identity ties a description to the device that made it and to the call. It is
// between the two ends; the service passes it on.
type Identity struct {
	Version   int    `json:"v"`
	Key       []byte `json:"key"`           // Ed25519 public key of the device that made it
	To        []byte `json:"to,omitempty"`  // account's key of whom it is for; absent in an invitation to somebody never met
	Mix       []byte `json:"mix,omitempty"` // invitation: SHA-256 commitment to a nonce; its answer: a nonce
	Signature []byte `json:"sig"`
	// Account is the key of the person whose device made it, if it is not Key
	// itself; then Devices says that Key speaks for it.
	Account []byte      `json:"account,omitempty"`
	Devices *DeviceList `json:"devices,omitempty"`
}

// Invite rings a person on every device, by name or by link. The caller makes
// the call id (16 random bytes, base32) and puts it into the envelope.
type Invite struct {
	To    string      `json:"to,omitempty"`
	Link  string      `json:"link,omitempty"`
	Media Media       `json:"media"`
	Offer Description `json:"offer"`
}

// Invited answers invite: the call exists.
type Invited struct {
	Person  Person `json:"person"` // who is being called
	Devices int    `json:"devices"`
}

// Answer takes the call.
type Answer struct {
	Media  Media       `json:"media"`
	Answer Description `json:"answer"`
}

// RejectReason says why an invitation was not taken.
type RejectReason string

// The reasons to reject.
const (
	RejectBusy     RejectReason = "busy"
	RejectDeclined RejectReason = "declined"
	RejectFailed   RejectReason = "failed" // the device could not take it
)

// Reject declines an invitation, on all devices of the person unless Failed.
type Reject struct {
	Reason  RejectReason `json:"reason"`
	Message string       `json:"message,omitempty"` // decline with a message
}

// EndReason says why a call ended.
type EndReason string

// The reasons of cancel and hangup.
const (
	EndHangup      EndReason = "hangup"
	EndCancelled   EndReason = "cancelled"
	EndNoAnswer    EndReason = "no_answer"
	EndUnreachable EndReason = "unreachable" // no device left, or media never connected
	EndError       EndReason = "error"
	EndGlare       EndReason = "glare" // the other's invitation won; answer that one
)

// Reason ends a call.
type Reason struct {
	Reason  EndReason `json:"reason"`
	Message string    `json:"message,omitempty"`
}

// Standing tells a service of an answered call, of which it may know nothing:
// it was started anew, or is another one.
type Standing struct {
	Peer   []byte `json:"peer"` // Ed25519 public key of the other end
	Caller bool   `json:"caller,omitempty"`
	Media  Media  `json:"media"`
	AgeMS  int64  `json:"age_ms"` // since the answer
}

// Taken tells a person's other devices to stop ringing.
type Taken struct {
	Declined bool `json:"declined,omitempty"`
}

// Candidate is an RTCIceCandidateInit.
type Candidate struct {
	Candidate     string  `json:"candidate"`
	SDPMid        *string `json:"sdpMid,omitempty"`
	SDPMLineIndex *uint16 `json:"sdpMLineIndex,omitempty"`
	Ufrag         *string `json:"usernameFragment,omitempty"`
}

// Candidates is a batch of one ICE generation.
type Candidates struct {
	Generation int         `json:"generation"`
	Candidates []Candidate `json:"candidates"`
	End        bool        `json:"end,omitempty"` // no more in this generation
}

// Negotiate carries a description within a call that stands.
type Negotiate struct {
	Description Description `json:"description"`
	Generation  int         `json:"generation"`
	Restart     bool        `json:"restart,omitempty"` // an ICE restart
}

// HelloTranscript is what Hello.Signature signs.
func HelloTranscript(server string, nonce []byte) []byte {
	return append([]byte("parley.v1 hello\x00"+server+"\x00"), nonce...)
}

// ResumeTranscript is what Resume.Signature signs.
func ResumeTranscript(server string, nonce []byte, session string, token []byte) []byte {
	b := append([]byte("parley.v1 resume\x00"+server+"\x00"+session+"\x00"), nonce...)
	return append(b, token...)
}
