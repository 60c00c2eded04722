package present

import "time"

// People is an immutable snapshot of the directory.
type People struct {
	Service Service
	Me      Me
	// Everybody to show, in no particular order.
	People  []Person
	History []Entry // newest first

	Requests []Request // of strangers, newest first
	Blocked  []string  // names, who was blocked last first
	// Accepted are the people who have accepted a request in this run, oldest
	// first: each is told once.
	Accepted []string
	// Strangers is what happens when somebody calls whom this person does not
	// know; "": the service does not know of such choices, nor of requests and
	// block lists.
	Strangers Strangers
}

// Request is a stranger who asks to be allowed to call.
type Request struct {
	Name string
	At   time.Time
}

// Strangers is a rule for calls of people whom this person does not know.
type Strangers string

// The rules: wire.Rule.
const (
	StrangersRing   Strangers = "ring"
	StrangersAsk    Strangers = "ask"
	StrangersRefuse Strangers = "refuse"
)

// Me is who this person is on the service.
type Me struct {
	Name string // "": none yet
	Key  []byte // Ed25519 public key
}

// ServicePhase is how the line to the service stands.
type ServicePhase uint8

// The phases.
const (
	ServiceLooking      ServicePhase = iota // looking for one on this network
	ServiceConnecting                       // first attempt
	ServiceOnline                           //
	ServiceReconnecting                     // was online
	ServiceNameNeeded                       // the key has no name there yet
	ServiceNameTaken                        // Me.Name belongs to someone else
	ServiceInviteNeeded                     // new people need an invitation there
	ServiceFailed                           // cannot work until a person acts: Problem says why
	ServiceLoginNeeded                      // a new person has to sign in with the browser there: Login
)

// Service is the line to the service.
type Service struct {
	Phase    ServicePhase
	Address  string // as a person knows it: calls.example.org
	Embedded bool   // this program's own
	Found    bool   // announced on the local network
	Login    BrowserLogin
	Newest   Release // of the program, that the service offers
	Proposed string  // a name that a login says the person has, in ServiceNameTaken and ServiceNameNeeded
	// Problem says what is wrong in Reconnecting and Failed.
	Problem ServiceProblem
	Detail  string        // the service's or system's own words, for "Details"
	Since   time.Time     // of this phase
	RetryIn time.Duration // until the next attempt, when Reconnecting; 0: under way
}

// Release is a version of the program and the page where people get it.
type Release struct{ Version, Page string }

// ServiceProblem names what is wrong, as a sentence is looked up by it.
type ServiceProblem string

// The problems.
const (
	ProblemNone        ServiceProblem = ""
	ProblemUnreachable ServiceProblem = "unreachable" // nobody answers there
	ProblemNetwork     ServiceProblem = "network"     // this computer has no network
	ProblemAddress     ServiceProblem = "address"     // not an address
	ProblemNotParley   ServiceProblem = "not_parley"  // something else answers there
	ProblemCertificate ServiceProblem = "certificate" // TLS cannot be trusted
	ProblemRefused     ServiceProblem = "refused"     // account or key refused
	ProblemBadName     ServiceProblem = "bad_name"
	ProblemReplaced    ServiceProblem = "replaced" // this profile signed in elsewhere
	ProblemPort        ServiceProblem = "port"     // own service: the port is in use
	ProblemStorage     ServiceProblem = "storage"  // own service: disk full or not writable
	ProblemSlowDown    ServiceProblem = "slow_down"
	ProblemInternal    ServiceProblem = "internal"
	ProblemNameTaken   ServiceProblem = "name_taken"
	ProblemInvite      ServiceProblem = "invite"    // not known, used up or expired
	ProblemDisabled    ServiceProblem = "disabled"  // the operator lets this person in no more
	ProblemNobody      ServiceProblem = "nobody"    // no such person
	ProblemTooMany     ServiceProblem = "too_many"  // of contacts or links
	ProblemLink        ServiceProblem = "link"      // not a call link
	ProblemElsewhere   ServiceProblem = "elsewhere" // a link of another service: Address

	ProblemRemoved   ServiceProblem = "removed"    // this device was taken from its account
	ProblemCode      ServiceProblem = "code"       // not the code of another device
	ProblemPlace     ServiceProblem = "place"      // no device waits with this code
	ProblemNoService ServiceProblem = "no_service" // none was found on this network
	ProblemForged    ServiceProblem = "forged"     // the service stood in between
	ProblemTryAgain  ServiceProblem = "try_again"  // two changes at the same time
	ProblemNotMain   ServiceProblem = "not_main"
	ProblemDevices   ServiceProblem = "devices"    // as many as are possible
	ProblemPhrase    ServiceProblem = "phrase"     // its words do not belong together
	ProblemWords     ServiceProblem = "words"      // not 24: Detail says how many
	ProblemWord      ServiceProblem = "word"       // not a word of a phrase: Detail
	ProblemNoAccount ServiceProblem = "no_account" // the phrase belongs to nobody there: Address
	ProblemDeleted   ServiceProblem = "deleted"    // the account was deleted, on another device
	ProblemLeft      ServiceProblem = "left"       // the account was deleted, here: nothing is wrong
	ProblemSignedOut ServiceProblem = "signed_out" // the person signed out here: nothing is wrong

	// What an organisation has set does not let it be.
	ProblemPolicy        ServiceProblem = "policy"         // a choice that is not this person's
	ProblemPolicyService ServiceProblem = "policy_service" // another service: Address is the one to use, "" one of this network
	ProblemPolicyBroken  ServiceProblem = "policy_broken"  // what is set has a mistake, and names no service
	ProblemNoneHere      ServiceProblem = "none_here"      // none was found on this network, and none may be brought

	// Why signing in with the browser let nobody in.
	ProblemLoginDenied     ServiceProblem = "login_denied"
	ProblemLoginNotAllowed ServiceProblem = "login_not_allowed"
	ProblemLoginExpired    ServiceProblem = "login_expired"
	ProblemLoginProvider   ServiceProblem = "login_provider"
	ProblemLoginElsewhere  ServiceProblem = "login_elsewhere"
)

// ServiceError is an error of a Directory, or of Phone.Dial, that a person can
// act on.
type ServiceError struct {
	Problem ServiceProblem
	Address string // of the service it is about, if not the one in use
	Detail  string // what the sentence names
	Err     error  // the cause, may be nil
}

// Error implements error.
func (e *ServiceError) Error() string {
	if e.Err != nil {
		return string(e.Problem) + ": " + e.Err.Error()
	}
	return string(e.Problem)
}

// Unwrap returns the cause.
func (e *ServiceError) Unwrap() error { return e.Err }

// Presence is what a person can be seen to be.
type Presence uint8

// The presences.
const (
	PresenceOffline Presence = iota
	PresenceAvailable
	PresenceBusy
	PresenceInCall
)

// Person is somebody on the service.
type Person struct {
	Name     string
	Presence Presence
	SeenAt   time.Time // when last, if offline; zero: not known
	Contact  bool      // on the person's own list
	Verified bool      // compared in person
}

// Outcome is how a past call ended.
type Outcome uint8

// The outcomes.
const (
	CallAnswered Outcome = iota
	CallMissed
	CallDeclined
	CallCancelled
	CallBusy
	CallUnreached
)

// Entry is one past call.
type Entry struct {
	Name     string
	Outgoing bool
	Video    bool
	Outcome  Outcome
	At       time.Time
	Duration time.Duration
}
