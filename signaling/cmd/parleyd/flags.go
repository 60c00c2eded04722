package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"

	"parley/signaling/manual"
	"parley/signaling/wire"
)

// Set by the Makefile.
var (
	version = "development"
	commit  = "unknown"
	date    = "unknown"
)

// flags are the command line, the environment (PARLEYD_ and the flag's name)
// and the file, of which each overrides the one after it.
type flags struct {
	Config string `placeholder:"FILE" help:"Read settings from this TOML file: a flag --turn-listen is listen in the table [turn], or turn-listen."`

	Listen     string   `placeholder:"ADDR" help:"Where to listen for clients: host:port or :port. Without it :8080, with TLS :443."`
	Data       string   `placeholder:"DIR" default:"parley-data" help:"Folder of the database; back it up."`
	PublicURL  string   `name:"public-url" placeholder:"URL" help:"How clients reach this service, as in https://parley.example.org. Call links begin with it."`
	InviteOnly bool     `help:"New people need an invitation: parleyd user invite makes one."`
	Directory  bool     `default:"true" negatable:"" help:"Everybody who is signed in sees everybody."`
	Strangers  string   `default:"auto" enum:"auto,ring,ask,refuse" placeholder:"RULE" help:"What a call does that comes from somebody whom the callee does not know and who has no link of theirs, unless the callee chose themselves: ring, ask (it becomes a request and does not ring) or refuse. auto: ring with the directory, ask without."`
	Origins    []string `placeholder:"ORIGIN" help:"Web origins whose pages may connect, as in https://www.example.org."`

	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Certificate chain for https, PEM. Read again when it changes."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"Its private key, PEM."`

	ACMEDomain string `name:"acme-domain" placeholder:"NAME" help:"Get a certificate for this name from Let's Encrypt and renew it. Needs port 443 or 80 to be reachable."`
	ACMEEmail  string `name:"acme-email" placeholder:"ADDR" help:"Where Let's Encrypt writes when something is wrong."`
	ACMECA     string `name:"acme-ca" placeholder:"URL" help:"Another certificate authority's ACME directory."`

	Turn             bool      `default:"true" negatable:"" help:"Run the relay that calls need when no direct way is found."`
	TurnListen       string    `placeholder:"ADDR" default:":3478" help:"Where the relay listens, UDP and TCP."`
	TurnTLSListen    string    `name:"turn-tls-listen" placeholder:"ADDR" default:":5349" help:"Where the relay listens for TLS, when there is a certificate."`
	TurnPublicIP     string    `name:"turn-public-ip" placeholder:"IP" help:"The relay's address as the internet sees it, where this machine has another."`
	TurnPorts        string    `placeholder:"MIN-MAX" help:"UDP ports of the relay towards the other side, as in 49152-65535. Without it: any."`
	TurnAllowPrivate bool      `help:"Relay to private addresses too: for a service on a local network."`
	TurnMaxPerUser   int       `placeholder:"N" default:"12" help:"Relays that one person can have at a time."`
	TurnMaxKBPerSec  int       `name:"turn-max-kbytes-per-second" placeholder:"N" default:"4096" help:"Most that one person can relay, each way; 0: no limit."`
	TurnQuota        byteCount `placeholder:"BYTES" default:"0" help:"What one person can relay in a month, as in 50GB; beyond it there are no new relays until the month ends. 0: any amount."`
	TurnSecret       string    `placeholder:"TEXT" help:"Signs relay credentials; without it one is made at each start."`
	TurnExternal     []string  `placeholder:"URL" help:"Use relays elsewhere instead, as in turn:relay.example.org:3478?transport=udp: coturn with use-auth-secret, whose static-auth-secret is --turn-secret."`
	TurnRegion       []string  `placeholder:"NAME=URL,URL;..." sep:";" help:"Relays in several places, of which each client uses the nearest; for a client that cannot tell, the first. All of them know --turn-secret; may be given several times."`
	ClientNewest     string    `placeholder:"VERSION" help:"The version of the program that you give to people, as in 1.4.0: who has an older one is told so, on their first screen. Needs --client-page."`
	ClientPage       string    `placeholder:"URL" help:"The https page where they get it. Programs show a button that opens it in the browser."`
	LogLevel         string    `placeholder:"LEVEL" default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
	loginFlags       `embed:""`
	clusterFlags     `embed:""`
	DrainFor         time.Duration `placeholder:"DURATION" default:"3s" help:"How long clients are given to leave at a restart."`
	Version          bool          `help:"Print the version and end."`
	Manual           string        `hidden:"" env:"-" placeholder:"KIND" help:"Print the man page (man), that of the settings file (man5), or the completions for bash, zsh or fish."`
	Serve            struct{}      `cmd:"" default:"1" help:"Run the service. The default."`
	CheckConfig      struct{}      `cmd:"" help:"Look at settings, data folder, database, certificates, ports and names, say line by line what is ok, and end; not 0 when something cannot stay so."`
	User             struct {
		List   struct{} `cmd:"" help:"List everybody: id, state, last seen, name."`
		Invite struct {
			Uses int           `env:"-" default:"1" placeholder:"N" help:"How many new people it lets in."`
			For  time.Duration `env:"-" default:"168h" placeholder:"DURATION" help:"How long it can be used, as in 48h."`
		} `cmd:"" help:"Make an invitation and print its code. It is kept only as a hash: there is no way to print it again."`
		Disable named `cmd:"" help:"Keep a person from signing in, and end their sessions and calls within seconds."`
		Enable  named `cmd:"" help:"Let a person sign in again."`
		Delete  struct {
			named
			Yes       bool `env:"-" help:"Do it. Without it only what would be deleted is said."`
			MayReturn bool `env:"-" help:"The same device may come back as somebody new. Without it, it is refused until readmit."`
		} `cmd:"" help:"Forget a person: name, key, contacts, links and calls, also in the lists of others. It cannot be undone."`
		Release named `cmd:"" help:"Take the device from a person who came through the OpenID Connect provider: the next one with which they sign in there is theirs."`
		Readmit struct {
			ID string `arg:"" help:"The id that the person had; list shows it."`
		} `cmd:"" help:"Let the device of a deleted person come back, as somebody new."`
	} `cmd:"" help:"Who may use the service. All of it works while the service runs."`
	Stats  struct{} `cmd:"" help:"Numbers about what is stored; /metrics has those of the running service."`
	Backup struct {
		File string `arg:"" help:"A new file; one that exists is not overwritten."`
	} `cmd:"" help:"Copy the database into a file, also while the service runs."`
	Restore struct {
		File string `arg:"" help:"What backup wrote."`
	} `cmd:"" help:"Put a backup in the database's place; the service must be stopped. What was there is kept beside it."`
	Migrate struct{} `cmd:"" help:"Bring the database up to date without starting the service, which does it by itself."`

	command string
}

// named is a command about one person.
type named struct {
	Name string `arg:"" help:"The person's name; case makes no difference."`
}

// errHelp: --help was asked for and answered.
var errHelp = errors.New("help")

// parseFlags reads flags, environment and file. The error names the setting.
func parseFlags(args []string, stdout, stderr io.Writer) (*flags, error) {
	file, err := configFile(args)
	if err != nil {
		return nil, err
	}
	var f flags
	helped := false
	parser, err := kong.New(&f, kong.Name("parleyd"),
		kong.Description("The Parley service: sign-in, call set-up and relay. docs/hosting.md says more."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }),
		kong.DefaultEnvars("PARLEYD"), kong.Resolvers(file))
	if err != nil {
		return nil, err
	}
	file.known(settings(parser.Model))
	if err := file.unknown(); err != nil {
		return nil, err
	}
	ctx, err := parser.Parse(args)
	if helped {
		return nil, errHelp
	}
	if err != nil {
		return nil, fmt.Errorf("%w (parleyd --help lists the flags)", err)
	}
	if f.Manual != "" {
		if err := manual.Write(stdout, f.Manual, parser.Model, page(settings(parser.Model))); err != nil {
			return nil, fmt.Errorf("--manual: %w", err)
		}
		return nil, errHelp
	}
	f.command = ctx.Command()
	return &f, nil
}

// settings are the flags that the file may set.
func settings(app *kong.Application) []*kong.Flag {
	var out []*kong.Flag
	for _, f := range app.Flags {
		if !f.Hidden && !slices.Contains([]string{"config", "version", "help"}, f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// page is what the man pages say beyond the flags; inFile are those that the
// file may set.
func page(inFile []*kong.Flag) manual.Page {
	return manual.Page{
		Section: 8, Summary: "sets up calls between Parley programs", Version: version, Date: date,
		Sections: []manual.Section{
			{Title: "Environment", Lines: []string{
				"PARLEYD_LISTEN and so on\tEach flag can be given as PARLEYD_ and its name in capitals, with underscores. A flag overrides it, and it overrides the file.",
			}},
			{Title: "Files", Lines: []string{
				"/etc/parleyd/parleyd.toml\tThe settings, where the service was installed as a package: a flag --turn-listen is listen in the table [turn], or turn-listen.",
				"/var/lib/parleyd/\tThe database, there.",
			}},
			{Title: "Signals", Lines: []string{
				"SIGTERM\tSends clients away in good order, then ends. Calls that are up go on.",
			}},
			{Title: "Exit status", Lines: []string{"0\tAll went well.", "1\tIt did not; standard error says why and what to do."}},
			{Title: "See also", Lines: []string{"parleyd.toml(5), parley(1)"}},
		},
		File: &manual.File{
			Name: "parleyd.toml", Summary: "settings of the Parley service",
			Intro: []string{
				"A file in TOML, named by parleyd --config FILE or PARLEYD_CONFIG; packages have it at /etc/parleyd/parleyd.toml. It is read at the start.",
				"Flags override the environment (PARLEYD_ and the name in capitals, with underscores), and that overrides the file. All settings are optional. A setting with a slip in its name is refused.",
				"A key in a table can also stand first in the file with the table's name before it: listen in the table [turn] is turn-listen, and so it is called below where one setting speaks of another. Underscores are as good as hyphens. TOML allows turn = false or a table [turn], not both in one file.",
			},
			Groups: manual.Groups(inFile),
			Sections: []manual.Section{
				{Title: "Check", Lines: []string{
					"parleyd check-config --config FILE says line by line what is right and what is not, also of data folder, certificates, ports and names. It changes nothing.",
				}},
				{Title: "Example", Code: true, Lines: []string{
					"data = \"/var/lib/parleyd\"", "public-url = \"https://calls.example.org\"", "[acme]", "domain = \"calls.example.org\"",
					"[turn]", "public-ip = \"203.0.113.7\"",
				}},
				{Title: "See also", Lines: []string{"parleyd(8)"}},
			},
		},
	}
}

// file is the configuration file as a kong.Resolver.
type file struct {
	path   string
	values map[string]string // by flag name
	names  map[string]bool   // of flags
}

// configFile finds --config before the parser does, because the parser needs
// the values.
func configFile(args []string) (*file, error) {
	path := os.Getenv("PARLEYD_CONFIG")
	for i, a := range args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			path = v
		} else if a == "--config" && i+1 < len(args) {
			path = args[i+1]
		}
	}
	f := &file{path: path, values: map[string]string{}, names: map[string]bool{}}
	if path == "" {
		return f, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, col := at.Position()
			return nil, fmt.Errorf("--config %s, line %d, column %d: %w", path, row, col, err)
		}
		return nil, fmt.Errorf("--config %s: %w", path, err)
	}
	return f, f.flatten("", tree)
}

// flatten turns tables into names: listen in [turn] is turn-listen.
func (f *file) flatten(prefix string, tree map[string]any) error {
	for key, v := range tree {
		name := prefix + strings.ReplaceAll(key, "_", "-")
		switch v := v.(type) {
		case map[string]any:
			if err := f.flatten(name+"-", v); err != nil {
				return err
			}
		case []any:
			var parts []string
			sep := ","
			if name == "turn-region" { // its texts have commas
				sep = ";"
			}
			for _, one := range v {
				s, ok := one.(string)
				if !ok || strings.Contains(s, sep) {
					return fmt.Errorf("%s: %s is not a list of texts", f.path, name)
				}
				parts = append(parts, s)
			}
			f.values[name] = strings.Join(parts, sep)
		case string, bool, int64, float64:
			f.values[name] = fmt.Sprint(v)
		default:
			return fmt.Errorf("%s: %s cannot be a %T", f.path, name, v)
		}
	}
	return nil
}

func (f *file) known(flags []*kong.Flag) {
	for _, fl := range flags {
		f.names[fl.Name] = true
	}
}

// unknown names a setting that does not exist: a slip in its spelling would
// otherwise go unnoticed.
func (f *file) unknown() error {
	var bad []string
	for name := range f.values {
		if !f.names[name] {
			bad = append(bad, name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	return fmt.Errorf("%s: there is no setting %s (parleyd --help lists them)", f.path, strings.Join(bad, ", "))
}

// Validate has nothing to add to unknown.
func (f *file) Validate(*kong.Application) error { return nil }

// Resolve gives the file's value, unless the environment has one.
func (f *file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil
		}
	}
	if v, ok := f.values[flag.Name]; ok {
		return v, nil
	}
	return nil, nil
}

// check names the first setting that cannot be used with the others.
func (f *flags) check() error {
	switch {
	case (f.TLSCert == "") != (f.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key belong together: give both or none")
	case f.TLSCert != "" && f.ACMEDomain != "":
		return errors.New("--tls-cert and --acme-domain are two ways to a certificate: choose one")
	case f.ACMEDomain != "" && !isDomain(f.ACMEDomain):
		return fmt.Errorf("--acme-domain %s: give a domain name, as in parley.example.org", f.ACMEDomain)
	case f.ACMEDomain == "" && (f.ACMEEmail != "" || f.ACMECA != ""):
		return errors.New("--acme-email and --acme-ca do nothing without --acme-domain")
	case f.Data == "":
		return errors.New("--data: name a folder for the database")
	case f.ClusterListen != "" && f.NATS != "":
		return errors.New("--cluster-listen and --nats are two ways between nodes: choose one")
	case f.clustered() && f.Database == "":
		return errors.New("--cluster-listen and --nats need a --database that all nodes share")
	case f.clustered() && f.PublicURL == "" && f.ACMEDomain == "":
		return errors.New("--cluster-listen and --nats need the --public-url by which clients reach all nodes")
	case f.ClusterListen == "" && (len(f.ClusterNodes) > 0 || f.ClusterSecret != ""):
		return errors.New("--cluster-nodes and --cluster-secret do nothing without --cluster-listen")
	case f.ClusterListen != "" && len(f.ClusterSecret) < 16:
		return errors.New("--cluster-secret: at least 16 characters, better 32, the same on all nodes")
	case (f.ClusterCert == "") != (f.ClusterKey == "") || (f.ClusterCert == "") != (f.ClusterCA == ""):
		return errors.New("--cluster-tls-cert, --cluster-tls-key and --cluster-tls-ca belong together: give all or none")
	case f.ClusterCert != "" && !f.clustered():
		return errors.New("--cluster-tls-cert does nothing without --cluster-listen or --nats")
	case (f.ClientNewest == "") != (f.ClientPage == ""):
		return errors.New("--client-newest and --client-page belong together: give both or none")
	case f.newest() != nil && f.newest().Validate() != nil:
		return fmt.Errorf("--client-newest and --client-page: the %w", f.newest().Validate())
	case f.DrainFor < 0 || f.DrainFor > 5*time.Minute:
		return fmt.Errorf("--drain-for %s: use 0s to 5m", f.DrainFor)
	case f.TurnMaxPerUser < 1:
		return fmt.Errorf("--turn-max-per-user %d: at least 1, or --no-turn", f.TurnMaxPerUser)
	case f.TurnMaxKBPerSec < 0:
		return fmt.Errorf("--turn-max-kbytes-per-second %d: use 0 or more", f.TurnMaxKBPerSec)
	case len(f.TurnRegion) > 0 && len(f.TurnExternal) > 0:
		return errors.New("--turn-region and --turn-external are two lists of relays: use --turn-region for all of them")
	case len(f.TurnRegion) > 0 && f.TurnSecret == "":
		return errors.New("--turn-region needs --turn-secret, which all of its relays know")
	case len(f.TurnExternal) > 0 && f.TurnQuota > 0:
		return errors.New("--turn-quota does nothing with --turn-external: that relay counts by itself")
	case len(f.TurnExternal) > 0 && f.TurnSecret == "":
		return errors.New("--turn-external needs --turn-secret: the same text as static-auth-secret there")
	case f.TurnSecret != "" && len(f.TurnSecret) < 16:
		return errors.New("--turn-secret: at least 16 characters, better 32")
	case f.TurnPublicIP != "" && net.ParseIP(f.TurnPublicIP) == nil:
		return fmt.Errorf("--turn-public-ip %s: give an IP address, as in 203.0.113.7", f.TurnPublicIP)
	}
	if err := f.checkLogin(); err != nil {
		return err
	}
	_, _, err := f.ports()
	return err
}

func isDomain(s string) bool {
	return strings.Contains(s, ".") && net.ParseIP(s) == nil && !strings.ContainsAny(s, "/: *@")
}

// ports reads --turn-ports.
func (f *flags) ports() (low, high int, err error) {
	if f.TurnPorts == "" {
		return 0, 0, nil
	}
	if n, err := fmt.Sscanf(f.TurnPorts+"\n", "%d-%d\n", &low, &high); n != 2 || err != nil || low < 1024 || high > 65535 || low > high {
		return 0, 0, fmt.Errorf("--turn-ports %s: give a range within 1024-65535, as in 49152-65535", f.TurnPorts)
	}
	return low, high, nil
}

// secure reports whether there is a certificate.
func (f *flags) secure() bool { return f.TLSCert != "" || f.ACMEDomain != "" }

func (f *flags) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.LogLevel)) // kong allows only its names
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

func versionLine() string {
	return fmt.Sprintf("parleyd %s (%s, %s) %s %s/%s", version, commit, date, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// newest is what people are told of; nil: nothing.
func (f *flags) newest() *wire.Release {
	if f.ClientNewest == "" && f.ClientPage == "" {
		return nil
	}
	return &wire.Release{Version: f.ClientNewest, Page: f.ClientPage}
}
