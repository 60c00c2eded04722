package plain

import "testing"

func TestLanguages(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string // "": as it is
	}{
		{nil, ""},
		{map[string]string{"LANG": "C"}, ""},
		{map[string]string{"LANG": "de_DE.UTF-8"}, ""},
		{map[string]string{"LANG": "C.UTF-8"}, "en"},
		{map[string]string{"LANG": "C.utf8"}, "en"},
		{map[string]string{"LANG": "POSIX.UTF-8"}, "en"},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"}, "en"},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_MESSAGES": "C.UTF-8"}, "en"},
		{map[string]string{"LANG": "C.UTF-8", "LC_ALL": "de_DE.UTF-8"}, ""},
		{map[string]string{"LANG": "C.UTF-8", "LANGUAGE": "fr:en"}, ""},
		{map[string]string{"LANG": "C.UTF-8", "LANGUAGE": "C:fr:"}, "fr"},
		{map[string]string{"LANG": "C", "LANGUAGE": "C:fr"}, ""},
		{map[string]string{"LANGUAGE": "C"}, "en"},
		{map[string]string{"LANG": "C.UTF-8", "LANGUAGE": "C.UTF-8"}, "en"},
	} {
		got, ok := languages(func(name string) string { return c.env[name] })
		if got != c.want && ok || ok != (c.want != "") {
			t.Errorf("%v: %q, %v, want %q", c.env, got, ok, c.want)
		}
	}
}
