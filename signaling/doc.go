// Package signaling is the home of the service that sets calls up. It carries
// who rings whom, session descriptions and candidates, never the call itself:
// picture, sound and data go from peer to peer, or through TURN.
//
//	client ── WebSocket, parley.v1 ── server ──> room     who rings, who is told what (pure)
//	                                    │  ├───> bus      to sessions, and presence to watchers
//	                                    │  └───> store    people, contacts, call log, links
//	                                    └──────> turn     credentials for STUN and TURN (through Config.ICE)
//	guest     the page behind a call link, which speaks parley.v1 from a browser
//	wire      the messages of all of them; wire/PROTOCOL.md is the specification
//	discover  finds and announces services on the local network
//	cmd/parleyd  the hosted service: configuration, TLS, life cycle
//
// A message from one device to another takes this way: the reader of its
// connection numbers it as received and gives it to the room under the
// server's lock; the room's decisions put it into the other session's ring, in
// the order of decisions; the writer of whatever connection that session has
// sends it, and sends it again on the next one until it is acknowledged.
// Nothing here waits for a slow client: rings and queues are bounded, and who
// does not take what is in them is disconnected and told to resync.
//
// Everything below this folder builds with CGO_ENABLED=0 and imports nothing
// of media, call, ui or assets.
package signaling
