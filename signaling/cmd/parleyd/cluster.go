package main

import (
	"context"
	"fmt"
	"log/slog"

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
	NATS          string   `name:"nats" placeholder:"URL" help:"Join other nodes over a NATS of your own, as in nats://user:PASSWORD@nats.example.org:4222, instead of --cluster-listen."`
}

// clustered reports whether this is one of several nodes.
func (f *clusterFlags) clustered() bool { return f.ClusterListen != "" || f.NATS != "" }

// join opens the database and the bus that nodes share. leave closes the bus;
// the service closes the database.
func (f *flags) join(ctx context.Context, cfg *service.Config, log *slog.Logger) (leave func(), err error) {
	if f.Database == "" {
		return func() {}, nil
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
		Log: log.With("component", "bus")})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("cluster: %w", err)
	}
	node := store.NewCode(5)
	cfg.Cluster = &server.Cluster{Node: node, Ready: bus.Ready, Join: func(events hop.Events) (server.Hop, error) {
		return hop.Start(hop.Default(node), bus, events)
	}}
	log.Info("cluster", "node", node, "listen", bus.Addr())
	return bus.Close, nil
}
