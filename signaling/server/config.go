package server

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/signaling/room"
	"parley/signaling/wire"
)

// Config says how a service runs. Take Default and change what differs.
type Config struct {
	// Listen is the address for whoever opens the listener: host:port.
	Listen string
	// Name is the service's public host name, with the port unless it is the
	// scheme's. Sign-in signatures cover it. Empty: the host of PublicURL, else
	// the listener's address.
	Name string
	// PublicURL is what call links begin with, as https://calls.example.org.
	// Empty: the address that the client used.
	PublicURL string
	// Version is told to clients and shown on the page.
	Version string
	// Newest is the version of the program that people are told of; nil: none.
	Newest *wire.Release
	// Directory lets everyone watch everyone.
	Directory bool
	// InviteOnly lets new people in only with an invitation.
	InviteOnly bool
	// Login lets new people in through a provider; nil: there is none.
	Login NewLogin
	// Strangers is the rule of people who have chosen none: what a call of
	// somebody they do not know does. "": it rings where there is a directory,
	// because there everybody can be found by everybody anyway, and elsewhere
	// the caller has to ask.
	Strangers wire.Rule
	// ICE returns STUN and TURN servers for a person id. What the person relays
	// counts for payer: the person, or of a guest the owner of the link. nil:
	// none. It is called for each sign-in and must not block.
	ICE func(person, payer string) wire.ICE
	// Regions are where the service has relays, for GET /v1/regions: without
	// credentials.
	Regions []wire.ICERegion
	// AllowedOrigins are the web origins, as https://example.org, whose pages
	// may connect besides the service's own. "*" allows all.
	AllowedOrigins []string
	// Registry gets the metrics and is served at /metrics. nil: a new one.
	Registry *prometheus.Registry
	// Cluster joins this node to others. nil: it is alone.
	Cluster *Cluster
	// Room has the times of calls.
	Room room.Config
	// Limits bound what one client can make the service do.
	Limits Limits
	// DrainFor is how long a shutdown waits for clients to go elsewhere.
	DrainFor time.Duration
}

// Limits bound what one client can make the service do.
type Limits struct {
	MessagesPerSecond float64       // of one session
	MessageBurst      int           // of one session
	InvitesPerMinute  int           // of one person
	InvitesPerPair    int           // of one person or guest to one other, a minute
	Blocks            int           // people blocked by one person
	RequestsOpen      int           // of strangers, waiting for one person
	RequestsMade      int           // of one person, within store.RequestFor
	Sessions          int           // of one person
	GuestsPerMinute   int           // sign-ins of guests from one address
	GuestsPerLink     int           // signed in at once
	LoginsPerMinute   int           // begun from one address
	Unauthenticated   int           // connections of one address (/64 for IPv6) before ready
	FailedSignIns     int           // of one address a minute; then refused for a minute
	NameTries         int           // of one connection
	Malformed         int           // messages of one connection
	Contacts          int           // of one person
	Links             int           // of one person, not expired
	Watched           int           // people whom one session watches by name
	Directory         int           // people in the snapshot of everyone
	HelloWithin       time.Duration // from the connection to hello
	NameWithin        time.Duration // from a taken name to the next
	WriteWithin       time.Duration // one message to the network
}

// Default returns the service's usual configuration.
func Default() Config {
	return Config{
		Listen:    ":8080",
		Version:   "dev",
		Directory: true,
		Room:      room.Default(),
		DrainFor:  3 * time.Second,
		Limits: Limits{
			MessagesPerSecond: 20,
			MessageBurst:      100,
			InvitesPerMinute:  6,
			InvitesPerPair:    3,
			Blocks:            200,
			RequestsOpen:      50,
			RequestsMade:      20,
			Sessions:          10,
			GuestsPerMinute:   20,
			GuestsPerLink:     20,
			LoginsPerMinute:   30,
			Unauthenticated:   50,
			FailedSignIns:     10,
			NameTries:         5,
			Malformed:         10,
			Contacts:          200,
			Links:             100,
			Watched:           wire.MaxNames,
			Directory:         500,
			HelloWithin:       wire.HelloWithin,
			NameWithin:        2 * time.Minute,
			WriteWithin:       10 * time.Second,
		},
	}
}

// Validate names the first field that cannot be used.
func (c Config) Validate() error {
	if c.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			return fmt.Errorf("listen: %q is not host:port", c.Listen)
		}
	}
	if strings.ContainsAny(c.Name, "/ \t\r\n\x00") {
		return fmt.Errorf("name: %q is not a host name", c.Name)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("public_url: %q is not http://HOST or https://HOST", c.PublicURL)
		}
	}
	if c.Newest != nil {
		if err := c.Newest.Validate(); err != nil {
			return fmt.Errorf("newest version: %w", err)
		}
	}
	for _, o := range c.AllowedOrigins {
		u, err := url.Parse(o)
		if o != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "") {
			return fmt.Errorf("allowed_origins: %q is not scheme://host", o)
		}
	}
	l, r := c.Limits, c.Room
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"limits.messages_per_second", l.MessagesPerSecond},
		{"limits.message_burst", float64(l.MessageBurst)},
		{"limits.invites_per_minute", float64(l.InvitesPerMinute)},
		{"limits.invites_per_pair", float64(l.InvitesPerPair)},
		{"limits.blocks", float64(l.Blocks)},
		{"limits.requests_open", float64(l.RequestsOpen)},
		{"limits.requests_made", float64(l.RequestsMade)},
		{"limits.sessions", float64(l.Sessions)},
		{"limits.guests_per_minute", float64(l.GuestsPerMinute)},
		{"limits.guests_per_link", float64(l.GuestsPerLink)},
		{"limits.logins_per_minute", float64(l.LoginsPerMinute)},
		{"limits.unauthenticated", float64(l.Unauthenticated)},
		{"limits.failed_sign_ins", float64(l.FailedSignIns)},
		{"limits.name_tries", float64(l.NameTries)},
		{"limits.malformed", float64(l.Malformed)},
		{"limits.contacts", float64(l.Contacts)},
		{"limits.links", float64(l.Links)},
		{"limits.watched", float64(l.Watched)},
		{"limits.directory", float64(l.Directory)},
		{"limits.hello_within", float64(l.HelloWithin)},
		{"limits.name_within", float64(l.NameWithin)},
		{"limits.write_within", float64(l.WriteWithin)},
		{"room.ring_for", float64(r.RingFor)},
		{"room.away", float64(r.Away)},
		{"room.call_grace", float64(r.CallGrace)},
		{"room.max_calls", float64(r.MaxCalls)},
	} {
		if f.value <= 0 {
			return fmt.Errorf("%s: must be more than 0", f.name)
		}
	}
	switch {
	case c.Strangers != "" && !c.Strangers.Valid():
		return fmt.Errorf("strangers: %q is not ring, ask or refuse", c.Strangers)
	case l.Blocks > peoplePerMessage, l.RequestsOpen+l.RequestsMade > peoplePerMessage:
		return fmt.Errorf("limits.blocks and limits.requests: at most %d fit into one message", peoplePerMessage)
	case l.Contacts > peoplePerMessage:
		return fmt.Errorf("limits.contacts: at most %d fit into one message", peoplePerMessage)
	case c.DrainFor < 0:
		return fmt.Errorf("drain_for: is negative")
	}
	return nil
}
