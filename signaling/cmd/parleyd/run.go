package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parley/signaling/service"
	"parley/signaling/turn"
	"parley/signaling/wire"
)

// run parses args and serves until ctx ends. Logs go to stderr as JSON; stdout
// gets the address for clients.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parseFlags(args, stdout, stderr)
	switch {
	case errors.Is(err, errHelp):
		return nil
	case err != nil:
		return err
	case f.Version:
		fmt.Fprintln(stdout, versionLine())
		return nil
	}
	if handled, err := f.operate(ctx, stdout); handled {
		return err
	}
	if f.command == "check-config" {
		return f.checkConfig(ctx, stdout)
	}
	log := f.logger(stderr)
	cfg, err := f.config(log)
	if err != nil {
		return err
	}
	certificates, err := newCertificates(ctx, f, cfg.Listen, log)
	if err != nil {
		return err
	}
	cfg.TLS = certificates.config()
	leave, err := f.join(ctx, &cfg, log)
	if err != nil {
		return err
	}
	defer leave()
	return serve(ctx, f, cfg, certificates, stdout, log)
}

// config is what the service is made of.
func (f *flags) config(log *slog.Logger) (service.Config, error) {
	cfg := service.Default()
	if err := f.check(); err != nil {
		return cfg, err
	}
	cfg.DataDir, cfg.PublicURL, cfg.Directory, cfg.Origins = f.Data, f.PublicURL, f.Directory, f.Origins
	cfg.InviteOnly, cfg.Newest = f.InviteOnly, f.newest()
	var err error
	if cfg.Login, err = f.newLogin(); err != nil {
		return cfg, err
	}
	if f.Strangers != "auto" {
		cfg.Strangers = wire.Rule(f.Strangers)
	}
	cfg.Version, cfg.DrainFor, cfg.Log = version, f.DrainFor, log
	switch {
	case f.Listen != "":
		cfg.Listen = f.Listen
	case f.secure():
		cfg.Listen = ":443"
	}
	if cfg.PublicURL == "" && f.ACMEDomain != "" {
		cfg.PublicURL = "https://" + f.ACMEDomain
	}
	if len(f.TurnRegion) > 0 {
		cfg.Regions = &turn.Regions{Secret: []byte(f.TurnSecret), TTL: turn.Default().TTL}
		for _, s := range f.TurnRegion {
			r, err := turn.ParseRegion(s)
			if err != nil {
				return cfg, fmt.Errorf("--turn-region: %w", err)
			}
			cfg.Regions.Places = append(cfg.Regions.Places, r)
		}
	}
	if len(f.TurnExternal) > 0 {
		cfg.Relay = nil
		cfg.External = &turn.External{URLs: f.TurnExternal, Secret: []byte(f.TurnSecret), TTL: turn.Default().TTL}
		return cfg, cfg.Validate()
	}
	if !f.Turn {
		cfg.Relay = nil
		return cfg, cfg.Validate()
	}
	r := cfg.Relay
	r.Listen, r.ListenTLS, r.PublicIP, r.AllowPrivate = f.TurnListen, f.TurnTLSListen, f.TurnPublicIP, f.TurnAllowPrivate
	cfg.RelayQuota = int64(f.TurnQuota)
	r.PerUser, r.BytesPerSecond = f.TurnMaxPerUser, f.TurnMaxKBPerSec<<10
	if f.TurnSecret != "" {
		r.Secret = []byte(f.TurnSecret)
	}
	if r.MinPort, r.MaxPort, err = f.ports(); err != nil {
		return cfg, err
	}
	return cfg, cfg.Validate()
}

// serve runs the service to its end.
func serve(ctx context.Context, f *flags, cfg service.Config, certificates *certificates, stdout io.Writer, log *slog.Logger) error {
	s, err := service.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	stop, err := certificates.run(ctx)
	if err != nil {
		return err
	}
	defer stop()
	log.Info("started", "version", version, "listen", s.Addr(), "url", s.URL(), "relay", s.RelayAddr(), "data", f.Data)
	fmt.Fprintf(stdout, "Parley service at %s\n", s.URL())
	if cfg.Relay != nil {
		test, cancel := context.WithTimeout(ctx, 5*time.Second)
		if err := s.SelfTest(test); err != nil && ctx.Err() == nil {
			log.Warn("relay self-test", "ok", false, "err", err)
		} else {
			log.Info("relay self-test", "ok", true)
		}
		cancel()
	}
	<-s.Done() // ends with ctx
	if err := s.Close(); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}
