package native

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"parley/media/device"
)

// A screen is captured through the registry like a camera.
func TestScreenOfAnXServer(t *testing.T) {
	if _, err := exec.LookPath("Xvfb"); err != nil {
		t.Skip("no screen to test with: Xvfb is not installed")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "800x600x24", "-noreset", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { x.Process.Kill(); x.Wait() }()
	w.Close()
	num, err := bufio.NewReader(r).ReadString('\n') // it takes the first free number and says which
	if err != nil {
		t.Skipf("no screen to test with: Xvfb does not start here: %v", err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(num))

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	reg := testRegistry(t)
	list, err := reg.List(ctx, device.Screen)
	if err != nil || len(list) != 1 || list[0].Name != "Screen 1" || !list[0].Default {
		t.Fatalf("screens %+v, %v", list, err)
	}
	for range 3 {
		src, err := reg.OpenVideo(ctx, device.Screen, device.Selector{Choice: device.ByDevice, Value: list[0].ID}, device.VideoFormat{Width: 1280, Height: 720, FPS: 30})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			f, err := src.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%dx%d", f.Width, f.Height); got != "800x600" {
				t.Errorf("a picture of %s", got)
			}
			if f.Y[0] != 16 { // Xvfb's empty root is black
				t.Errorf("luma %d", f.Y[0])
			}
			f.Release()
		}
		if got := src.Format(); got != (device.VideoFormat{Width: 800, Height: 600, FPS: 30}) {
			t.Errorf("format %+v", got)
		}
		src.Close()
	}
	if err := reg.Close(); err != nil {
		t.Error(err)
	}
}
