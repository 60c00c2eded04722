// Package graphics says which OpenGL there is, as the windows would get it. A
// driver that is broken may end the program that asks, so the program asks in a
// process of its own.
package graphics

import (
	"fmt"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// Renderer opens a window that is not shown and returns what draws in it:
// renderer, and version of OpenGL. Call it on the main thread of a program that
// opens no other windows.
func Renderer() (renderer, version string, err error) {
	if err := glfw.Init(); err != nil {
		return "", "", fmt.Errorf("graphics: %w", err)
	}
	defer glfw.Terminate()
	glfw.WindowHint(glfw.Visible, glfw.False)
	hints()
	w, err := glfw.CreateWindow(64, 64, "", nil, nil)
	if err != nil {
		return "", "", fmt.Errorf("graphics: no window with OpenGL can be made: %w", err)
	}
	defer w.Destroy()
	w.MakeContextCurrent()
	return strings()
}
