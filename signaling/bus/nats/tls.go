package nats

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS reads what nodes prove themselves with: a certificate chain and its key
// for this node, and the authority that has signed those of all nodes, each in
// a PEM file. Whoever has no certificate of that authority is refused, by
// either side. The name or address by which others reach a node must be in its
// certificate. The files are read once.
func TLS(cert, key, ca string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("the node's certificate %s and key %s: %w", cert, key, err)
	}
	b, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("the nodes' authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("the nodes' authority: there is no certificate in %s", ca)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}, nil
}
