package presenttest

import (
	"parley/call/local"
	"parley/media/device"
)

// use opens the device of a list that a selector names.
func use(u *local.Use, all []device.Info, selector string) {
	for _, d := range all {
		if d.ID == selector || selector == "" && d.Default {
			u.Info, u.Open, u.Problem = d, true, nil
		}
	}
}
