package turn

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"

	"parley/signaling/wire"
)

// Credentials returns the servers for one person, good for Config.TTL. Host is
// the name or address by which the person reached the service; it is used
// where Config.Host is empty, and may be empty too.
func (s *Server) Credentials(person, host string, now time.Time) wire.ICE {
	switch {
	case s.cfg.Host != "":
		host = s.cfg.Host
	case host == "":
		host = s.RelayAddr().String()
	}
	at := net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(s.port))
	urls := []string{"turn:" + at + "?transport=udp", "turn:" + at + "?transport=tcp"}
	if s.tls != 0 {
		urls = append(urls, "turns:"+net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(s.tls))+"?transport=tcp")
	}
	username, password := credential(s.cfg.Secret, person, now.Add(s.cfg.TTL))
	return wire.ICE{
		Servers: []wire.ICEServer{
			{URLs: []string{"stun:" + at}},
			{URLs: urls, Username: username, Credential: password},
		},
		ExpiresMS: s.cfg.TTL.Milliseconds(),
	}
}

// credential is draft-uberti-behave-turn-rest-00 section 2.2: the user name is
// the time of expiry in Unix seconds, a colon and the person; the password its
// HMAC-SHA-1 in base64.
func credential(secret []byte, person string, expires time.Time) (username, password string) {
	username = strconv.FormatInt(expires.Unix(), 10) + ":" + person
	return username, sign(secret, username)
}

func sign(secret []byte, username string) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// readUsername takes a user name apart.
func readUsername(username string) (person string, expires time.Time, err error) {
	at, person, found := strings.Cut(username, ":")
	unix, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !found || person == "" || len(person) > 2*wire.MaxID+1 {
		return "", time.Time{}, fmt.Errorf("%.80q is not EXPIRY:PERSON", username)
	}
	return person, time.Unix(unix, 0), nil
}

// authenticate gives pion the key that the request must be signed with. Only
// an allocation needs credentials that have not expired: a refresh belongs to
// one that was allowed.
func (s *Server) authenticate(ra *pion.RequestAttributes) (userID string, key []byte, ok bool) {
	person, expires, err := readUsername(ra.Username)
	if err != nil {
		s.counts.refusedAuth.Add(1)
		s.log.Debug("relay refused", "err", err)
		return "", nil, false
	}
	if ra.Method == stun.MethodAllocate && s.cfg.now().After(expires) {
		s.counts.refusedAuth.Add(1)
		s.log.Debug("relay refused: expired", "person", person)
		return "", nil, false
	}
	return person, pion.GenerateAuthKey(ra.Username, ra.Realm, sign(s.cfg.Secret, ra.Username)), true
}
