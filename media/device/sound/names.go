package sound

import (
	"bytes"
	"encoding/hex"
	"runtime"
	"strings"

	"github.com/gen2brain/malgo"

	"parley/media/device"
)

// backends returns the sound systems to try, the preferred first. miniaudio's
// own null backend is never among them: silence would look like a device.
func backends() []malgo.Backend {
	switch runtime.GOOS {
	case "windows":
		return []malgo.Backend{malgo.BackendWasapi, malgo.BackendDsound}
	case "darwin":
		return []malgo.Backend{malgo.BackendCoreaudio}
	}
	return []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendAlsa}
}

// textID: the backends whose identifiers are text.
func textID(b malgo.Backend) bool {
	return b == malgo.BackendPulseaudio || b == malgo.BackendAlsa || b == malgo.BackendCoreaudio
}

func encodeID(b malgo.Backend, id malgo.DeviceID) string {
	if !textID(b) {
		return id.String()
	}
	s := id[:]
	if n := bytes.IndexByte(s, 0); n >= 0 {
		s = s[:n]
	}
	return string(s)
}

func decodeID(b malgo.Backend, s string) (id malgo.DeviceID) {
	if textID(b) {
		copy(id[:len(id)-1], s)
		return id
	}
	if raw, err := hex.DecodeString(s); err == nil {
		copy(id[:], raw)
	}
	return id
}

// describe turns miniaudio's description into ours.
func describe(k device.Kind, b malgo.Backend, r malgo.DeviceInfo) device.Info {
	i := device.Info{ID: encodeID(b, r.ID), Name: r.Name(), Kind: k, Default: r.IsDefault != 0}
	if b == malgo.BackendAlsa {
		if strings.HasPrefix(i.ID, ":") {
			i.Path = "hw" + i.ID
		}
		// "Loopback, Loopback PCM": card and device; the second adds nothing
		// when it repeats the first.
		if card, dev, ok := strings.Cut(i.Name, ", "); ok && strings.HasPrefix(dev, card) {
			i.Name = dev
		}
	}
	return i
}

// visible keeps what a person would call a device: no monitor of a speaker
// among the microphones, of ALSA the cards and none of its plugins. What is
// hidden still opens by its exact ID.
func visible(b malgo.Backend, list []device.Info) []device.Info {
	shown := make([]device.Info, 0, len(list))
	for _, i := range list {
		switch {
		case b == malgo.BackendPulseaudio && i.Kind == device.Microphone && strings.HasSuffix(i.ID, ".monitor"):
		case b == malgo.BackendAlsa && !strings.HasPrefix(i.ID, ":"):
		default:
			shown = append(shown, i)
		}
	}
	return device.Distinct(shown)
}
