//go:build !windows && !darwin

package policy

// Path is the file with the policy. Set when linking; never changed.
var Path = "/etc/parley/policy.toml"

// Place is where the policy of this computer would be.
func Place() string { return Path }

// Load reads the policy of this computer.
func Load() Policy { return ReadFile(Path) }
