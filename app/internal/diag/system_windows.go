package diag

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// System is the operating system and its version, without the computer's name.
func System() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("Windows %d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
