package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"

	"parley/signaling/bus/hop"
	"parley/signaling/bus/nats"
	"parley/signaling/server"
	"parley/signaling/service"
	"parley/signaling/store"
	"parley/signaling/store/postgres"
)

// clusterFlags are for a service of several nodes.
type clusterFlags struct {
	Database      string   `placeholder:"URL" help:"A PostgreSQL database, as in postgres://parley:PASSWORD@db.example.org/parley, instead of a file in --data. Needed for several nodes."`
	ClusterListen string   `placeholder:"ADDR" help:"Join other nodes: host:port where this one takes theirs."`
	ClusterNodes  []string `placeholder:"ADDR,..." help:"Cluster addresses of the other nodes; this one's may be among them."`
	ClusterSecret string   `placeholder:"TEXT" help:"What nodes must know to join; the same on all."`
	ClusterCert   string   `name:"cluster-tls-cert" placeholder:"FILE" help:"Encrypt the links between nodes: this node's certificate, PEM. Nodes without one of --cluster-tls-ca are refused."`
	ClusterKey    string   `name:"cluster-tls-key" placeholder:"FILE" help:"Its private key, PEM."`
	ClusterCA     string   `name:"cluster-tls-ca" placeholder:"FILE" help:"The authority that has signed the certificates of all nodes (or of your NATS), PEM."`
	NATS          string   `name:"nats" placeholder:"URL" help:"Join other nodes over a NATS of your own, as in nats://user:PASSWORD@nats.example.org:4222, instead of --cluster-listen."`
}

// clustered reports whether this is one of several nodes.
func (f *clusterFlags) clustered() bool { return f.ClusterListen != "" || f.NATS != "" }

// clusterTLS reads what proves this node to the others; nil: nothing does.
func (f *clusterFlags) clusterTLS() (*tls.Config, error) {
	if f.ClusterCert == "" {
		return nil, nil
	}
	c, err := nats.TLS(f.ClusterCert, f.ClusterKey, f.ClusterCA)
	if err != nil {
		return nil, fmt.Errorf("--cluster-tls-cert, -key, -ca: %w", err)
	}
	return c, nil
}

// join opens the database and the bus that nodes share. leave closes the bus;
// the service closes the database.
func (f *flags) join(ctx context.Context, cfg *service.Config, log *slog.Logger) (leave func(), err error) {
	if f.Database == "" {
		return func() {}, nil
	}
	secure, err := f.clusterTLS()
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, f.Database)
	if err != nil {
		return nil, fmt.Errorf("--database: %w", err)
	}
	cfg.Store = db
	cfg.DataDir = "" // nothing of the service's is kept there
	if !f.clustered() {
		return func() {}, nil
	}
	bus, err := nats.Open(nats.Config{URL: f.NATS, Listen: f.ClusterListen, Routes: f.ClusterNodes, Secret: f.ClusterSecret,
		TLS: secure, Log: log.With("component", "bus")})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("cluster: %w", err)
	}
	node := store.NewCode(5)
	cfg.Cluster = &server.Cluster{Node: node, Ready: bus.Ready, Join: func(events hop.Events) (server.Hop, error) {
		return hop.Start(hop.Default(node), bus, events)
	}}
	log.Info("cluster", "node", node, "listen", bus.Addr(), "encrypted", secure != nil || strings.HasPrefix(f.NATS, "tls://"))
	return bus.Close, nil
}
