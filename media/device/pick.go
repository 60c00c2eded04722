package device

import (
	"fmt"
	"slices"
	"strings"
)

// Match finds the device that a person means by value: its ID, its path, its
// name, its name in other letter case, or a part of its name that no other
// device of the list has. In this order.
func Match(list []Info, value string) (Info, bool) {
	if value == "" {
		return Info{}, false
	}
	for _, is := range []func(Info) bool{
		func(i Info) bool { return i.ID == value },
		func(i Info) bool { return i.Path == value },
		func(i Info) bool { return i.Name == value },
		func(i Info) bool { return strings.EqualFold(i.Name, value) },
	} {
		if n := slices.IndexFunc(list, is); n >= 0 {
			return list[n], true
		}
	}
	part := strings.ToLower(value)
	found := -1
	for n, i := range list {
		if !i.Virtual && strings.Contains(strings.ToLower(i.Name), part) {
			if found >= 0 {
				return Info{}, false
			}
			found = n
		}
	}
	if found < 0 {
		return Info{}, false
	}
	return list[found], true
}

// NextBest chooses the device of kind to open after those in tried (IDs) did
// not work: the wanted one if it has not been tried (want is an ID or a name:
// a device that was plugged into another socket keeps its name), then the
// system's default, then the first real one. It never falls back to a virtual
// device: nobody should send a test card without having asked for it. With
// nothing left it returns false, and the call goes on without.
func NextBest(kind Kind, want string, tried []string, list []Info) (Info, bool) {
	free := make([]Info, 0, len(list))
	for _, i := range list {
		if i.Kind == kind && !slices.Contains(tried, i.ID) {
			free = append(free, i)
		}
	}
	if i, ok := Match(free, want); ok {
		return i, true
	}
	free = slices.DeleteFunc(free, func(i Info) bool { return i.Virtual })
	if n := slices.IndexFunc(free, func(i Info) bool { return i.Default }); n >= 0 {
		return free[n], true
	}
	if len(free) == 0 {
		return Info{}, false
	}
	return free[0], true
}

// Distinct numbers the names that occur more than once, in place and in order
// of the list: "Camera", "Camera (2)". An empty name becomes the path, the ID
// as last resort.
func Distinct(list []Info) []Info {
	used := make(map[string]bool, len(list))
	for n := range list {
		i := &list[n]
		if i.Name == "" {
			i.Name = i.Path
		}
		if i.Name == "" {
			i.Name = i.ID
		}
		name := i.Name
		for k := 2; used[name]; k++ {
			name = fmt.Sprintf("%s (%d)", i.Name, k)
		}
		used[name] = true
		i.Name = name
	}
	return list
}
