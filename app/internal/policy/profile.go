package policy

import (
	"encoding/json"
	"maps"
	"strings"
)

// parseJSON makes a policy of what plutil makes of the property list that a
// profile for the device becomes: the keys of a policy, and those of the profile
// itself, which begin with Payload.
func parseJSON(source string, text []byte) Policy {
	if len(text) > maxSize {
		return Unreadable(source, errSize)
	}
	values := map[string]any{}
	if err := json.Unmarshal(text, &values); err != nil {
		return Unreadable(source, err)
	}
	maps.DeleteFunc(values, func(k string, _ any) bool { return strings.HasPrefix(k, "Payload") })
	return Decode(source, values)
}
