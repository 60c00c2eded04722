//go:build (!gles && !arm && !arm64) || darwin

package graphics

import (
	"fmt"

	"github.com/go-gl/gl/v2.1/gl"
	"github.com/go-gl/glfw/v3.3/glfw"
)

// hints are those of Fyne's windows.
func hints() {
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 1)
}

func strings() (renderer, version string, err error) {
	if err := gl.Init(); err != nil {
		return "", "", fmt.Errorf("graphics: %w", err)
	}
	return gl.GoStr(gl.GetString(gl.RENDERER)), gl.GoStr(gl.GetString(gl.VERSION)), nil
}
