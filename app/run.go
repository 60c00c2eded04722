package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"parley/app/internal/diag"
	"parley/app/internal/instance"
	"parley/app/internal/policy"
	"parley/app/internal/sandbox"
	"parley/app/internal/settings"
)

// run is the program under the policy of this computer: it returns the exit
// status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runUnder(ctx, policy.Load, args, stdout, stderr)
}

// runUnder is the program under the policy that load returns.
func runUnder(ctx context.Context, load func() policy.Policy, args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stdout, stderr)
	if errors.Is(err, errHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "parley:", err)
		return 2
	}
	if f.Version {
		fmt.Fprintln(stdout, versionLine())
		return 0
	}
	if f.Graphics {
		return sayGraphics(stdout, stderr)
	}
	if f.CheckPolicy != "" {
		return checkPolicy(f.CheckPolicy, stdout, stderr)
	}
	if at := sandbox.Here().Authorities(); at != "" && os.Getenv("SSL_CERT_FILE") == "" {
		_ = os.Setenv("SSL_CERT_FILE", at) // crypto/x509 reads it with the runtime's own
	}
	f.rules = load()
	if f.rules.Problem() != "" && !f.Diagnose {
		fmt.Fprintf(stderr, "parley: the policy of this computer has a mistake, so its strictest reading holds: %s\n", f.rules.Problem())
	}
	if err := f.obey(f.rules); err != nil {
		fmt.Fprintln(stderr, "parley:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if f.Diagnose {
		return diagnose(ctx, f, stdout)
	}
	err = start(ctx, f, stdout, stderr)
	if errors.Is(err, instance.ErrRunning) && !f.Headless && f.Call == "" {
		fmt.Fprintln(stdout, err)
		return 0
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "parley:", err)
		return 1
	}
	return 0
}

// stayThere is what a start in the background says to a program that runs: it
// need not come forward.
const stayThere = "background"

// start takes the profile, opens the log, and runs with or without a window.
func start(ctx context.Context, f *flags, stdout, stderr io.Writer) error {
	dir, err := f.profileDir()
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if f.Verbose {
		level = slog.LevelDebug
	}
	var file io.Writer
	if l, err := diag.OpenLog(dir); err != nil {
		fmt.Fprintln(stderr, "parley: there is no log:", err)
	} else {
		defer l.Close()
		file = l
	}
	log := diag.Logger(file, stderr, level)
	if _, _, err := parseLink(f.Link); f.Link != "" && err != nil { // the window says it, too
		fmt.Fprintln(stderr, "parley:", err)
	}
	message := f.Link
	if f.Background {
		message = stayThere
	}
	in, err := instance.Take(ctx, dir, message, log)
	if err != nil {
		return err
	}
	defer in.Close()
	if path, earlier, err := diag.CrashFile(dir); err != nil {
		log.Warn("a crash would leave no report", "err", err)
	} else if earlier {
		log.Warn("an earlier run crashed; its report is kept", "file", path+".1")
	}
	log.Info("start", "version", version, "commit", commit, "pid", os.Getpid())
	if f.rules.There() {
		log.Info("policy", "in_force", f.rules.Lines())
	}
	if f.rules.Problem() != "" {
		log.Error("the policy of this computer has a mistake, so its strictest reading holds", "err", f.rules.Problem())
	}
	store, err := settings.Open(dir)
	if err != nil {
		log.Warn("settings", "err", err)
	}
	p, err := assemble(f, dir, store, log)
	if err != nil {
		return err
	}
	if f.Headless {
		return p.headless(ctx, stdout, stderr)
	}
	return p.windowed(ctx, in)
}

// headless makes the calls that the flags ask for.
func (p *program) headless(ctx context.Context, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	p.prompt = func(text string) { fmt.Fprintln(stderr, "parley:", text) }
	var wg sync.WaitGroup
	var ran error
	wg.Go(func() { ran = p.run(ctx) })
	if p.flags.DeleteAccount != "" {
		said, err := p.deleteAccount(ctx)
		cancel()
		wg.Wait()
		if err == nil {
			fmt.Fprintln(stdout, said)
		}
		return errors.Join(err, ran)
	}
	wg.Go(func() { p.sayDevices(ctx, stderr) })
	end, err := p.errand(ctx, stderr)
	cancel()
	wg.Wait()
	if err != nil {
		return err
	}
	if !good(end) {
		return errors.New(p.endSentence(end))
	}
	if s := p.endSentence(end); s != "" {
		fmt.Fprintln(stdout, s)
	}
	if ran != nil { // a driver that hangs on the way out; the call was a good one
		p.log.Warn("not closed", "err", ran)
	}
	return nil
}

// checkPolicy says what a policy file would set, before it is given to many
// computers.
func checkPolicy(file string, stdout, stderr io.Writer) int {
	p := policy.ReadFile(file)
	if !p.There() {
		fmt.Fprintf(stderr, "parley: --check-policy %s: there is no such file\n", file)
		return 2
	}
	for _, line := range p.Lines() {
		fmt.Fprintln(stdout, line)
	}
	if p.Problem() != "" {
		return 1
	}
	return 0
}
