package sound

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gen2brain/malgo"

	"parley/media"
	"parley/media/device"
)

func TestWhatTheSoundSystemSaysHasAReason(t *testing.T) {
	for _, c := range []struct {
		err  error
		want device.Reason
	}{
		{malgo.ErrNoDevice, device.Missing},
		{errNoBackend, device.Missing},
		{malgo.ErrBusy, device.Busy},
		{malgo.ErrAccessDenied, device.Denied},
		{malgo.ErrFormatNotSupported, device.Unsupported},
		{media.ErrSourceLost, device.Lost},
		{errors.New("else"), device.Broken},
	} {
		err := explain(device.Microphone, "Headset", fmt.Errorf("open: %w", c.err))
		if e, ok := errors.AsType[*device.Error](err); !ok || e.Reason != c.want || e.Kind != device.Microphone || e.Name != "Headset" || !errors.Is(err, c.err) {
			t.Errorf("%v: %+v, want %v", c.err, err, c.want)
		}
	}
}
