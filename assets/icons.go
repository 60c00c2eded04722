package assets

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed icons/*.svg
var icons embed.FS

// IconName names a file in icons/ without its ending.
type IconName string

// The icons: one family, drawn on 24 x 24 with round strokes of 2 in
// currentColor.
const (
	IconBack      IconName = "back"
	IconCam       IconName = "cam"
	IconCamOff    IconName = "cam-off"
	IconChat      IconName = "chat"
	IconClose     IconName = "close"
	IconCopy      IconName = "copy"
	IconDown      IconName = "down"
	IconEnd       IconName = "end"
	IconExpand    IconName = "expand"
	IconIncoming  IconName = "incoming"
	IconInfo      IconName = "info"
	IconKeyboard  IconName = "keyboard"
	IconLink      IconName = "link"
	IconLock      IconName = "lock"
	IconMic       IconName = "mic"
	IconMicOff    IconName = "mic-off"
	IconMore      IconName = "more"
	IconOutgoing  IconName = "outgoing"
	IconPalette   IconName = "palette"
	IconPhone     IconName = "phone"
	IconRecord    IconName = "record"
	IconRefresh   IconName = "refresh"
	IconSend      IconName = "send"
	IconSettings  IconName = "settings"
	IconShrink    IconName = "shrink"
	IconSignal    IconName = "signal"
	IconSliders   IconName = "sliders"
	IconSpeaker   IconName = "speaker"
	IconUser      IconName = "user"
	IconBlock     IconName = "block"
	IconUserMinus IconName = "user-minus"
	IconUserPlus  IconName = "user-plus"
	IconWarning   IconName = "warning"
)

// Icon returns an icon as SVG; it panics if there is none of the name.
func Icon(name IconName) []byte {
	b, err := icons.ReadFile("icons/" + string(name) + ".svg")
	if err != nil {
		panic("assets: no icon " + string(name))
	}
	return b
}

// IconNames returns the names of all icons.
func IconNames() []IconName {
	files, err := fs.Glob(icons, "icons/*.svg")
	if err != nil {
		panic(err)
	}
	var names []IconName
	for _, f := range files {
		names = append(names, IconName(strings.TrimSuffix(strings.TrimPrefix(f, "icons/"), ".svg")))
	}
	return names
}
