package policy

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// Path is a file with the policy to read instead of the registry; "": none.
// Set when linking; never changed.
var Path = ""

// registryKey is below HKEY_LOCAL_MACHINE, where only administrators write.
const registryKey = `Software\Policies\Parley`

// Place is where the policy of this computer would be.
func Place() string {
	if Path != "" {
		return Path
	}
	return `HKLM\` + registryKey
}

// Load reads the policy of this computer: its values are REG_DWORD 0 or 1 for
// true and false, REG_SZ for texts.
func Load() Policy {
	if Path != "" {
		return ReadFile(Path)
	}
	return loadKey(registry.LOCAL_MACHINE, registryKey)
}

// loadKey reads the policy that a key of the registry has.
func loadKey(root registry.Key, path string) Policy {
	k, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return Policy{}
	}
	if err != nil {
		return Unreadable(Place(), fmt.Errorf("it cannot be read (%w)", err))
	}
	defer k.Close()
	names, err := k.ReadValueNames(-1)
	if err != nil {
		return Unreadable(Place(), fmt.Errorf("its values cannot be read (%w)", err))
	}
	values := map[string]any{}
	for _, name := range names {
		if name == "" {
			continue // the default value of a key, which editors leave there
		}
		values[strings.ToLower(name)] = registryValue(k, name) // the registry does not tell cases apart
	}
	return Decode(Place(), values)
}

// registryValue is a value as Decode takes it; nil, which no key takes, if it
// is of another kind.
func registryValue(k registry.Key, name string) any {
	_, kind, err := k.GetValue(name, nil)
	if err != nil {
		return nil
	}
	switch kind {
	case registry.DWORD:
		if v, _, err := k.GetIntegerValue(name); err == nil && v <= 1 {
			return v == 1
		}
	case registry.SZ:
		if v, _, err := k.GetStringValue(name); err == nil {
			return v
		}
	}
	return nil
}
