//go:build !noservice

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"parley/app/internal/line"
	"parley/signaling/discover"
	"parley/signaling/service"
)

// bringsService: this build has a service of its own. The tag noservice leaves
// it out, for a distribution that packages parleyd.
const bringsService = true

// ownService is the service that this program brings when there is none, and
// its announcement on the network.
type ownService struct {
	service      *service.Service
	announcement *discover.Announcement
	found        discover.Service
}

// startOwn starts a service with its data in dir.
func startOwn(_ context.Context, dir string, desk discover.Config, log *slog.Logger) (line.Own, error) {
	cfg := service.Embedded()
	cfg.DataDir, cfg.Version, cfg.Log = dir, version, log.With("part", "service")
	// It lives until Close, not as long as the search that led to it.
	s, err := service.Start(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	found := discover.Service{ID: desk.Self, Name: host, URL: s.LocalURL(), Start: time.Now()}
	a, err := discover.Announce(desk, found, s.Port())
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &ownService{service: s, announcement: a, found: found}, nil
}

// URL implements line.Own: how this program reaches it.
func (o *ownService) URL() string { return o.service.LocalURL() }

// Public implements line.Own: how other computers reach it.
func (o *ownService) Public() string { return o.service.URL() }

// Found implements line.Own.
func (o *ownService) Found() discover.Service { return o.found }

// Close ends the announcement, then the service.
func (o *ownService) Close() error {
	return errors.Join(o.announcement.Close(), o.service.Close())
}
