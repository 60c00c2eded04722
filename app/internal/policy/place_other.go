//go:build !windows && !darwin

package policy

import (
	"errors"

	"parley/app/internal/sandbox"
)

// Path is the file with the policy. Set when linking; never changed.
var Path = "/etc/parley/policy.toml"

// Place is where the policy of this computer would be. In Flatpak's sandbox
// the computer's /etc is below /run/host.
func Place() string {
	at, _ := sandbox.Here().Host(Path)
	return at
}

// Load reads the policy of this computer.
func Load() Policy { return load(sandbox.Here()) }

// load reads it in box. A sandbox that may not look for it is no way around
// it.
func load(box sandbox.Sandbox) Policy {
	at, ok := box.Host(Path)
	if !ok {
		return Unreadable(Path, errors.New("this Flatpak may not see it; allow that with: flatpak override --filesystem=host-etc:ro "+box.ID))
	}
	return ReadFile(at)
}
