package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"parley/signaling/login"
	"parley/signaling/server"
	"parley/signaling/store"
)

// loginFlags are about registration through an OpenID Connect provider.
type loginFlags struct {
	OIDCIssuer           string   `name:"oidc-issuer" placeholder:"URL" help:"New people sign in at this OpenID Connect provider, with their browser, as in https://login.example.org/realms/staff."`
	OIDCClientID         string   `name:"oidc-client-id" placeholder:"TEXT" help:"What the provider calls this service."`
	OIDCClientSecret     string   `name:"oidc-client-secret" placeholder:"TEXT" help:"The secret that the provider gave with it; none for a public client. Better in a file or PARLEYD_OIDC_CLIENT_SECRET than on the command line."`
	OIDCClientSecretFile string   `name:"oidc-client-secret-file" placeholder:"FILE" help:"A file with that secret."`
	OIDCScopes           []string `name:"oidc-scopes" placeholder:"TEXT" default:"profile,email" help:"What to ask for besides openid."`
	OIDCNameClaim        string   `name:"oidc-name-claim" placeholder:"TEXT" default:"name" help:"The claim with the name that is proposed."`
	OIDCDomains          []string `name:"oidc-domains" placeholder:"DOMAIN" help:"Let in only who has a verified e-mail address of these domains, as in example.org."`
	OIDCGroups           []string `name:"oidc-groups" placeholder:"TEXT" help:"Let in only who is in one of these groups."`
	OIDCGroupClaim       string   `name:"oidc-group-claim" placeholder:"TEXT" default:"groups" help:"The claim with the groups."`
}

// checkLogin names the first of these settings that cannot be used.
func (f *flags) checkLogin() error {
	switch {
	case f.OIDCIssuer == "" && (f.OIDCClientID != "" || f.OIDCClientSecret != "" || f.OIDCClientSecretFile != "" || len(f.OIDCDomains) > 0 || len(f.OIDCGroups) > 0):
		return errors.New("--oidc-client-id and the like do nothing without --oidc-issuer")
	case f.OIDCIssuer == "":
		return nil
	case f.InviteOnly:
		return errors.New("--oidc-issuer and --invite-only are two ways to let new people in: choose one")
	case f.publicURL() == "":
		return errors.New("--oidc-issuer needs the --public-url to which the provider sends browsers back")
	case f.OIDCClientSecret != "" && f.OIDCClientSecretFile != "":
		return errors.New("--oidc-client-secret and --oidc-client-secret-file are two ways to the secret: choose one")
	}
	cfg, err := f.loginConfig()
	if err == nil {
		err = cfg.Validate()
	}
	if err != nil {
		return fmt.Errorf("--oidc: %w", err)
	}
	return nil
}

func (f *flags) publicURL() string {
	if f.PublicURL == "" && f.ACMEDomain != "" {
		return "https://" + f.ACMEDomain
	}
	return f.PublicURL
}

func (f *flags) loginConfig() (login.Config, error) {
	c := login.Default()
	c.Issuer, c.ClientID, c.ClientSecret, c.Public = f.OIDCIssuer, f.OIDCClientID, f.OIDCClientSecret, f.publicURL()
	c.Scopes, c.NameClaim, c.Domains, c.Groups, c.GroupClaim = f.OIDCScopes, f.OIDCNameClaim, f.OIDCDomains, f.OIDCGroups, f.OIDCGroupClaim
	if f.OIDCClientSecretFile != "" {
		b, err := os.ReadFile(f.OIDCClientSecretFile)
		if err != nil {
			return c, fmt.Errorf("client secret: %w", err)
		}
		if c.ClientSecret = strings.TrimSpace(string(b)); c.ClientSecret == "" {
			return c, fmt.Errorf("client secret: %s is empty", f.OIDCClientSecretFile)
		}
	}
	return c, nil
}

// newLogin is nil without a provider.
func (f *flags) newLogin() (server.NewLogin, error) {
	if f.OIDCIssuer == "" {
		return nil, nil
	}
	cfg, err := f.loginConfig()
	if err != nil {
		return nil, err
	}
	return func(st store.Store, log *slog.Logger, ended func(ref string)) (server.Login, error) {
		return login.New(cfg, st, log, ended)
	}, nil
}

// askProvider says whether the provider is one; the service starts without it,
// too.
func (f *flags) askProvider(ctx context.Context) error {
	if f.OIDCIssuer == "" {
		return nil
	}
	cfg, err := f.loginConfig()
	if err != nil {
		return err
	}
	g, err := login.New(cfg, nil, nil, func(string) {})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := g.Check(ctx); err != nil {
		return fmt.Errorf("--oidc-issuer: %w (the service would start, and nobody new could register)", err)
	}
	return nil
}
