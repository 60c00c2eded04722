package wire

import "slices"

// Spec says who may send a kind and what it carries.
type Spec struct {
	Kind   Kind
	Client bool       // a client sends it
	Server bool       // a server sends it
	Body   func() any // a pointer to a new body; nil: no body
	Reply  func() any // a pointer to the body of ok; nil: ok has none, or no ok is sent
	Call   bool       // Envelope.Call must be set
	Loose  bool       // may be lost: not numbered, Seq is 0
}

func body[T any]() any { return new(T) }

// Specs lists every kind in the order of PROTOCOL.md.
func Specs() []Spec {
	return slices.Concat(baseSpecs(), deviceSpecs())
}

func baseSpecs() []Spec {
	return []Spec{
		{Kind: KindWelcome, Server: true, Body: body[Welcome], Loose: true},
		{Kind: KindHello, Client: true, Body: body[Hello], Loose: true},
		{Kind: KindReady, Server: true, Body: body[Ready], Loose: true},
		{Kind: KindLogin, Server: true, Body: body[Login], Loose: true},
		{Kind: KindResume, Client: true, Body: body[Resume], Loose: true},
		{Kind: KindResumed, Server: true, Body: body[Resumed], Loose: true},
		{Kind: KindAck, Client: true, Server: true, Loose: true},
		{Kind: KindPing, Server: true, Loose: true},
		{Kind: KindPong, Client: true, Loose: true},
		{Kind: KindOK, Server: true},
		{Kind: KindError, Server: true, Body: body[Error]},
		{Kind: KindResync, Server: true, Loose: true},
		{Kind: KindDrain, Server: true, Body: body[Drain], Loose: true},
		{Kind: KindBye, Client: true, Loose: true},

		{Kind: KindWatch, Client: true, Body: body[Watch], Reply: body[PresenceList]},
		{Kind: KindUnwatch, Client: true, Body: body[Watch]},
		{Kind: KindPresence, Server: true, Body: body[PresenceList], Loose: true},
		{Kind: KindStatus, Client: true, Body: body[Status]},

		{Kind: KindContacts, Client: true, Reply: body[ContactList]},
		{Kind: KindContactAdd, Client: true, Body: body[Contact], Reply: body[Person]},
		{Kind: KindContactDel, Client: true, Body: body[Contact]},
		{Kind: KindHistory, Client: true, Body: body[HistoryQuery], Reply: body[History]},

		{Kind: KindBlocks, Client: true, Reply: body[BlockList]},
		{Kind: KindBlockAdd, Client: true, Body: body[Contact]},
		{Kind: KindBlockDel, Client: true, Body: body[Contact]},
		{Kind: KindStrangers, Client: true, Body: body[Strangers], Reply: body[Strangers]},
		{Kind: KindRequests, Client: true, Server: true, Reply: body[RequestList]},
		{Kind: KindRequestAnswer, Client: true, Body: body[RequestAnswer]},

		{Kind: KindLinkCreate, Client: true, Body: body[LinkCreate], Reply: body[Link]},
		{Kind: KindLinkLook, Client: true, Body: body[LinkRef], Reply: body[Link]},
		{Kind: KindLinkDel, Client: true, Body: body[LinkRef]},

		{Kind: KindAccountDelete, Client: true},

		{Kind: KindICE, Client: true, Reply: body[ICE]},

		{Kind: KindInvite, Client: true, Server: true, Body: body[Invite], Reply: body[Invited], Call: true},
		{Kind: KindRinging, Client: true, Server: true, Call: true},
		{Kind: KindAnswer, Client: true, Server: true, Body: body[Answer], Call: true},
		{Kind: KindReject, Client: true, Server: true, Body: body[Reject], Call: true},
		{Kind: KindCancel, Client: true, Server: true, Body: body[Reason], Call: true},
		{Kind: KindTaken, Server: true, Body: body[Taken], Call: true},
		{Kind: KindCandidates, Client: true, Server: true, Body: body[Candidates], Call: true},
		{Kind: KindNegotiate, Client: true, Server: true, Body: body[Negotiate], Call: true},
		{Kind: KindHangup, Client: true, Server: true, Body: body[Reason], Call: true},
		{Kind: KindStanding, Client: true, Body: body[Standing], Call: true},
	}
}
