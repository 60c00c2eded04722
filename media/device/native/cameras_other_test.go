//go:build !linux

package native

import (
	"testing"

	"github.com/pion/mediadevices/pkg/driver"
)

func TestCamerasAreDescribed(t *testing.T) {
	for _, c := range []struct {
		in       driver.Info
		id, name string
	}{
		{driver.Info{Label: "Surface Camera Front"}, "Surface Camera Front", "Surface Camera Front"}, // Windows
		{driver.Info{Label: "0x1420000005ac8600", Name: "FaceTime HD Camera"}, "0x1420000005ac8600", "FaceTime HD Camera"},
	} {
		if got := describeCamera(c.in); got.ID != c.id || got.Name != c.name || got.Path != "" {
			t.Errorf("%+v became %+v", c.in, got)
		}
	}
}
