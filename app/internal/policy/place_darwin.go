package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

// Path is the property list with the policy, which a profile for the device
// puts there. Set when linking; never changed. A name in .toml is read as TOML.
var Path = "/Library/Managed Preferences/org.parley.Parley.plist"

// Place is where the policy of this computer would be.
func Place() string { return Path }

// Load reads the policy of this computer. The system's plutil makes JSON of
// the property list, which may be in its binary form.
func Load() Policy {
	if strings.HasSuffix(Path, ".toml") {
		return ReadFile(Path)
	}
	if _, err := os.Lstat(Path); errors.Is(err, fs.ErrNotExist) {
		return Policy{}
	}
	var said bytes.Buffer
	cmd := exec.Command("/usr/bin/plutil", "-convert", "json", "-o", "-", Path)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return Unreadable(Path, fmt.Errorf("it cannot be read (%w) %s", err, strings.TrimSpace(said.String())))
	}
	return parseJSON(Path, out)
}
