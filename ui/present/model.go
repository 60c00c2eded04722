package present

import (
	"parley/assets"
	"parley/ui/i18n"
)

// ScreenID says which screen the main window shows.
type ScreenID uint8

// The screens.
const (
	ScreenWelcome ScreenID = iota + 1
	ScreenHome
	ScreenBefore
	ScreenCall
	ScreenEcho
	ScreenSettings
)

// Model is everything that the windows show. Exactly one of the screens'
// models is set.
type Model struct {
	Screen   ScreenID
	Lang     *i18n.Lang
	Theme    string // system, light, dark
	TextSize int    // percent
	Title    string // of the main window
	Awake    bool   // the screen must not go dark

	Welcome  *WelcomeModel
	Home     *HomeModel
	Before   *BeforeModel
	Call     *CallModel
	Echo     *EchoModel
	Settings *SettingsModel
	Incoming *IncomingModel // own window; nil: none
}

// Screen is what shows a Model: the windows.
type Screen interface {
	// Render is called on the UI goroutine.
	Render(m Model)
	// Notify asks the system to show a notification.
	Notify(title, text string)
	// Copy puts text on the clipboard.
	Copy(text string)
	// Browse opens a web address in the system's browser.
	Browse(address string) error
}

// Tone is how serious a banner is.
type Tone uint8

// The tones.
const (
	ToneInfo Tone = iota
	ToneWarning
	ToneBad
)

// Action is a button of a banner.
type Action struct {
	ID   string
	Text string
	Do   func()
}

// BannerModel is a sentence with what to do; hidden when Text is "".
type BannerModel struct {
	Tone    Tone
	Text    string
	Actions []Action
	Close   func() // nil: it goes by itself
}

// OptionModel is one choice of a picker.
type OptionModel struct{ Value, Text string }

// PickerModel is a picker.
type PickerModel struct {
	Label   string
	Options []OptionModel
	Value   string
	Shown   string // when it is not the option's text
	Note    string // a sentence below when something is wrong
	Fixed   bool   // it cannot be changed; Note says why
}

// DeviceButton is how the button of a microphone or camera stands.
type DeviceButton struct {
	On, Opening, Missing bool
	Tip                  string
}

// TileModel is a picture of somebody.
type TileModel struct {
	Name, Note string
	Frames     Frames // nil: no picture
	Mirror     bool
	Dimmed     bool
	Speaking   bool
}

// RowModel is a person or a past call in a list.
type RowModel struct {
	ID         string // stable within the list
	Name, Note string
	Presence   Presence
	ShowDot    bool
	Selected   bool
	Alarm      bool
	Mark       assets.IconName // before the note
	Symbol     assets.IconName // instead of the initials
	Open       func()
	Call       func() // at once, with video; nil: cannot
}

// SectionModel is a titled list.
type SectionModel struct {
	ID, Title string
	Rows      []RowModel
}
