package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"parley/app/internal/policy"
	"parley/signaling/manual"
	"parley/signaling/wire"
)

// Set by the Makefile.
var (
	version = "development"
	commit  = "unknown"
	date    = "unknown"
)

// flags are the command line, documented in README.md.
type flags struct {
	Link string `arg:"" optional:"" help:"A call link to open: parley://HOST/j/CODE or https://HOST/j/CODE."`

	Service string `placeholder:"URL" help:"The service to use (http:// or https:// address). Without it a service on this network is looked for, then ${own}."`
	Name    string `placeholder:"NAME" help:"How others see you."`
	Profile string `placeholder:"DIR" help:"Folder for settings, keys and log; two programs with two folders run side by side."`

	Camera     string `placeholder:"DEVICE" help:"A camera's name or path, testcard, file:PATH.y4m, or none."`
	Microphone string `placeholder:"DEVICE" help:"A microphone's name, tone, tone:HZ, file:PATH.wav, null, or none."`
	Speaker    string `placeholder:"DEVICE" help:"A speaker's name, null, or file:PATH.wav to write what is heard."`

	Call   string        `placeholder:"NAME" help:"Call this person (or a call link) once signed in."`
	Answer bool          `help:"Accept every call that rings."`
	For    time.Duration `placeholder:"DURATION" help:"Hang up this long after the call connects (20s, 5m) and, with --headless, end."`

	Record         string `placeholder:"FILE" help:"With --headless: record the call to this WebM file, if the other side allows it."`
	AllowRecording bool   `help:"With --headless: let the other side record."`

	Strangers string `placeholder:"RULE" help:"With --headless: what calls of people do who are not known here: ring, ask (they become requests) or refuse. Kept by the service."`

	DeleteAccount string `placeholder:"NAME" help:"With --headless: delete the account on the service, whose name this has to be, and the key of this profile; then end. It cannot be undone."`

	Background bool `help:"Wait for calls without a window until one is taken or Parley is opened again: for starting at sign-in."`

	Headless bool `help:"No window: for bots, tests and kiosks. Ends when the call does."`

	Size    string `placeholder:"WxH" default:"1280x720" help:"Largest picture to send."`
	Rate    int    `placeholder:"FPS" default:"30" help:"Most frames a second to send."`
	Bitrate int    `placeholder:"KBPS" default:"2500" help:"Most kilobits a second to send for the picture."`

	RelayOnly bool   `help:"Go through the service's relay only: the other side does not learn this machine's address."`
	Stats     string `placeholder:"FILE" help:"Write one JSON object about the call here when it ends."`
	Map       string `placeholder:"FILE" help:"Keep the names, places and texts of the window's controls in this JSON file, for tests."`

	CheckPolicy string `placeholder:"FILE" help:"For administrators: read a policy file, print what it would set and end; not 0 when it has a mistake."`

	Diagnose bool `help:"Print what support needs and end; not 0 when a call could not work."`
	Graphics bool `hidden:"" help:"Print which OpenGL there is and end: --diagnose asks so, in a process of its own."`
	Verbose  bool `short:"v" help:"Log more, and to the terminal as well."`
	Version  bool `help:"Print the version and end."`

	Manual string `hidden:"" placeholder:"KIND" help:"Print the man page (man), that of the policy file (man5), or the completions for bash, zsh or fish."`

	width, height int           // Size, parsed
	rules         policy.Policy // of this computer; not from the command line
}

// errHelp: --help was asked for and answered.
var errHelp = errors.New("help")

func parseFlags(args []string, stdout, stderr io.Writer) (*flags, error) {
	var f flags
	helped := false
	own := "this program brings its own"
	if !bringsService {
		own = "the program waits for one"
	}
	parser, err := kong.New(&f, kong.Name("parley"), kong.Vars{"own": own},
		kong.Description("Video calls from desktop to desktop. Without flags it opens its window."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return nil, err
	}
	_, err = parser.Parse(args)
	if helped {
		return nil, errHelp
	}
	if err != nil {
		return nil, fmt.Errorf("%w (parley --help lists the flags)", err)
	}
	if f.Manual != "" {
		if err := manual.Write(stdout, f.Manual, parser.Model, page()); err != nil {
			return nil, fmt.Errorf("--manual: %w", err)
		}
		return nil, errHelp
	}
	return &f, f.check()
}

// page is what the man page says beyond the flags.
func page() manual.Page {
	return manual.Page{
		Section: 1, Summary: "video calls from desktop to desktop", Version: version, Date: date,
		Sections: []manual.Section{
			{Title: "Files", Lines: []string{
				"~/.config/parley/\tSettings, the key of this device, known people and the log, unless --profile names another folder. Keep device.key to yourself: whoever has it is you.",
			}},
			{Title: "Exit status", Lines: []string{
				"0\tAll went well; with --headless, the call came about.",
				"1\tIt did not; standard error says why and what to do.",
			}},
			{Title: "Examples", Lines: []string{
				"parley\tOpens the window.",
				"parley --headless --answer --for 10m\tTakes every call, without a window, for ten minutes each.",
				"parley https://calls.example.org/j/hfpc37ktnwy2emrx\tOpens a call link.",
			}},
			{Title: "See also", Lines: []string{"parley-policy(5), parleyd(8)"}},
		},
		File: policyPage(),
	}
}

// policyPage is the manual page of what an administrator can set.
func policyPage() *manual.File {
	group := manual.Group{Title: "Keys", Lines: []string{"All are optional, and written in small letters. A key that is left out is the person's to choose."}}
	for _, k := range policy.Keys() {
		value := string(k.Kind)
		switch {
		case k.Values != nil:
			value = `"` + strings.Join(k.Values, `" or "`) + `"`
		case k.Kind == policy.Text:
			value = `"ADDRESS"`
		}
		meaning := strings.ReplaceAll(k.Meaning, "`", "")
		if !strings.HasPrefix(meaning, "true:") && !strings.HasPrefix(meaning, "false:") { // those are values
			meaning = strings.ToUpper(meaning[:1]) + meaning[1:]
		}
		group.Settings = append(group.Settings, manual.Setting{Key: k.Name, Value: value, Meaning: meaning + ". Strictest: " + k.Strictest + "."})
	}
	return &manual.File{
		Name: "parley-policy", Summary: "what an administrator sets for everybody who uses Parley on a computer",
		Intro: []string{
			"The policy of a computer is a file in TOML, " + policy.Place() + ". What it sets holds for everybody who uses the computer, and they cannot change it: not in Settings, not by a flag, not by the environment. It is read when Parley starts. Leave it readable for everybody and writable for root alone.",
			"On Windows the same keys are values of HKEY_LOCAL_MACHINE\\Software\\Policies\\Parley, on macOS those of a device profile for org.parley.Parley.",
		},
		Groups: []manual.Group{group},
		Sections: []manual.Section{
			{Title: "Mistakes", Lines: []string{
				"A policy that cannot be read, has a key that this version of Parley does not know, or a value of the wrong kind must not open what it was meant to close. Every key that it sets correctly holds; all others have their strictest value. Parley says so on its first screen, on standard error, in its log and in parley --diagnose.",
				"parley --check-policy FILE says what a file would set, and ends with 1 when it has a mistake.",
			}},
			{Title: "Example", Code: true, Lines: []string{`service = "https://calls.example.org"`, "allow_recording = false", "relay_only = true", `strangers = "ask"`}},
			{Title: "See also", Lines: []string{"parley(1)"}},
		},
	}
}

// check names the first flag that cannot be used.
func (f *flags) check() error {
	m := regexp.MustCompile(`^(\d{1,5})x(\d{1,5})$`).FindStringSubmatch(f.Size)
	if m == nil {
		return fmt.Errorf("--size %s: write width x height, as in 1280x720", f.Size)
	}
	f.width, _ = strconv.Atoi(m[1])
	f.height, _ = strconv.Atoi(m[2])
	switch {
	case f.width < 64 || f.height < 64 || f.width > 3840 || f.height > 3840:
		return fmt.Errorf("--size %s: use 64 to 3840 on each side", f.Size)
	case f.Rate < 1 || f.Rate > 60:
		return fmt.Errorf("--rate %d: use 1 to 60 frames a second", f.Rate)
	case f.Bitrate < 50 || f.Bitrate > 20000:
		return fmt.Errorf("--bitrate %d: use 50 to 20000 kilobits a second", f.Bitrate)
	case f.For < 0:
		return fmt.Errorf("--for %s: use a length of time such as 20s", f.For)
	case !f.Headless && (f.Record != "" || f.AllowRecording):
		return errors.New("--record and --allow-recording need --headless: with a window, people decide")
	case f.Strangers != "" && !wire.Rule(f.Strangers).Valid():
		return fmt.Errorf("--strangers %s: use ring, ask or refuse", f.Strangers)
	case f.Strangers != "" && !f.Headless:
		return errors.New("--strangers needs --headless: with a window it is in Settings, Privacy")
	case f.DeleteAccount != "" && !f.Headless:
		return errors.New("--delete-account needs --headless: with a window it is in Settings, Account")
	case f.DeleteAccount != "" && (f.Call != "" || f.Link != "" || f.Answer):
		return errors.New("--delete-account does nothing else: leave out --call, --answer and links")
	case f.Headless && f.Background:
		return errors.New("--background is for the program with a window; leave it or --headless out")
	case f.Background && f.Link != "":
		return errors.New("--background opens no link; leave it out")
	case f.Headless && f.Map != "":
		return errors.New("--map needs a window; leave out --headless")
	case f.Headless && f.Call == "" && f.Link == "" && !f.Answer && f.CheckPolicy == "" && !f.Diagnose && !f.Version && f.DeleteAccount == "":
		return errors.New("--headless has nothing to do: add --call NAME or --answer")
	}
	if f.Name != "" {
		if _, err := wire.CleanName(f.Name); err != nil {
			return fmt.Errorf("--name: the %w; choose another", err)
		}
	}
	if f.Stats != "" {
		if st, err := os.Stat(filepath.Dir(f.Stats)); err != nil || !st.IsDir() {
			return fmt.Errorf("--stats %s: there is no folder %s", f.Stats, filepath.Dir(f.Stats))
		}
	}
	if f.Record != "" {
		if st, err := os.Stat(filepath.Dir(f.Record)); err != nil || !st.IsDir() {
			return fmt.Errorf("--record %s: there is no folder %s", f.Record, filepath.Dir(f.Record))
		}
		if _, err := os.Lstat(f.Record); err == nil {
			return fmt.Errorf("--record %s: there is such a file already; choose another", f.Record)
		}
	}
	if f.Link != "" {
		// What a desktop hands over as a link is answered in the window, where the
		// person who clicked it looks.
		if _, _, err := parseLink(f.Link); err != nil && (f.Headless || !hasScheme(f.Link)) {
			return err
		}
	}
	return nil
}

// profileDir returns the folder of the profile, made if need be.
func (f *flags) profileDir() (string, error) {
	dir := f.Profile
	if dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return "", fmt.Errorf("no folder for settings is known (%w): use --profile DIR", err)
		}
		dir = filepath.Join(base, "parley")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("profile folder cannot be made: %w; use --profile with a folder that you can write", err)
	}
	probe, err := os.CreateTemp(dir, ".write-test-*")
	if err != nil {
		return "", fmt.Errorf("profile folder cannot be written: %w; use --profile with a folder that you can write", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return "", fmt.Errorf("profile folder: %w", err)
	}
	return dir, nil
}

// hasScheme: a desktop starts this program for such a link.
func hasScheme(link string) bool {
	scheme, _, found := strings.Cut(strings.TrimSpace(link), ":")
	return found && slices.Contains([]string{"parley", "http", "https"}, strings.ToLower(scheme))
}

// parseLink takes a call link apart into the service's address and the code.
// parley://HOST/j/CODE stands for https, and for http when HOST is an address
// of this machine or the local network, whose service has no certificate.
func parseLink(link string) (service, code string, err error) {
	u, err := url.Parse(strings.TrimSpace(link))
	bad := fmt.Errorf("%q is not a call link: one looks like https://HOST/j/CODE or parley://HOST/j/CODE", link)
	if err != nil || u.Host == "" {
		return "", "", bad
	}
	code, found := strings.CutPrefix(u.Path, "/j/")
	if !found || !regexp.MustCompile(`^[A-Za-z0-9_-]{4,64}$`).MatchString(code) {
		return "", "", bad
	}
	switch u.Scheme {
	case "http", "https":
		return u.Scheme + "://" + u.Host, code, nil
	case "parley":
		return u.Host, code, nil
	}
	return "", "", bad
}

func versionLine() string {
	return fmt.Sprintf("parley %s (%s, %s) %s %s/%s", version, commit, date, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
