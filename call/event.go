package call

import (
	"parley/call/data"
	"parley/media/record"
	"parley/signaling/wire"
)

// What a machine wants done. The shell does them in order; those that take
// time come back as an event.
type (
	action interface{}

	doOffer   struct{}                          // make a connection and offer: evOffer
	doInvite  struct{ offer wire.Description }  // ask the service to ring: evInvited, evRefused
	doPrepare struct{ offer wire.Description }  // make a connection and an answer: evPrepared
	doRinging struct{}                          // tell the caller that it rings
	doAnswer  struct{ answer wire.Description } // take the call
	doApply   struct{ answer wire.Description } // evApplied if it fails
	doTrickle struct{}                          // addresses may be sent and tried
	doDrop    struct{}                          // close the connection; another follows
	doHold    struct{ video bool }              // open the devices, the camera if video
	doMedia   struct{}                          // begin to send and to show
	doReject  struct{ reject wire.Reject }      //
	doCancel  struct{ reason wire.Reason }      //
	doHangup  struct{ reason wire.Reason }      //
	doStand   struct{ standing wire.Standing }  // tell a service that may not know the call
	doMend    struct{}                          // the service is back, the path is not
	doWaiting struct{ waiting bool }            // tell the other over the data channel, once it goes again
	doStop    struct{}                          // close everything

	doSayRecord  struct{ record data.Record } // tell the other where we stand about recordings
	doRecord     struct{ file, me string }    // evRecorded when it is over, or did not begin
	doStopRecord struct{}
)

// What happens to a machine.
type (
	event interface{}

	// From this person.
	evAccept  struct{ video bool }
	evDecline struct {
		reason  wire.RejectReason
		message string
	}
	evHangup struct{}
	// Recordings.
	evRecord      struct{ file, me string } // asks the other side
	evStopRecord  struct{}                  // ours, or what they make
	evAllowRecord struct{ allow bool }

	// Results of actions.
	evOffer struct {
		offer wire.Description
		err   error
	}
	evInvited struct {
		person wire.Person
	}
	evRefused  struct{ err error }
	evPrepared struct {
		answer wire.Description
		err    error
	}
	evApplied  struct{ err error }
	evSpent    struct{} // this person's share of the relay is used up
	evRecorded struct{ result record.Result }
	evStranger struct{ person wire.Person } // known by another key
	evTrust    struct {                     // what was said was signed
		key          []byte
		verified     bool
		safetyNumber string
	}
	evEmoji struct{ emoji []string }

	// From the service.
	evInvite  struct{ invite invitation } // the one that won over ours, or ours again after a resync
	evRinging struct{}
	evAnswer  struct{ answer wire.Answer }
	evReject  struct{ reject wire.Reject }
	evEnd     struct{ reason wire.Reason } // cancel or hangup
	evTaken   struct{}
	evResync  struct{}
	evOnline  struct{ online bool }

	// evSaid wraps the events of the service's messages about a call: until it
	// is handled, invitations that follow are not decided on.
	evSaid struct{ event event }

	// From the connection.
	evConn struct {
		conn conn
		err  error
	}
	evRemote  struct{ mic, camera, waiting bool }
	evPicture struct{} // the first
	// evTheirRecord is where the other side stands about recordings.
	evTheirRecord struct{ record data.Record }

	evChat    struct{ chat []Message } // the whole conversation
	evQuality struct{ quality Quality }
	evNotice  struct{ notice Notice }
	evTick    struct{} // a deadline may have passed
	evClose   struct{} // the program ends
)
