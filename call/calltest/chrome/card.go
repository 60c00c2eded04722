package chrome

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"parley/media/device"
	"parley/media/device/virtual"
)

// WriteCard writes n pictures of a test card as a y4m file, which Chromium's
// camera can see.
func WriteCard(path, name string, format device.VideoFormat, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	// A card is drawn in real time: a fast one is done soon.
	fast := format
	fast.FPS = 240
	card := virtual.NewCard(virtual.CardConfig{
		Format: fast, Person: func() string { return name }, Clock: device.NewClock(),
	})
	defer card.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", format.Width, format.Height, int(format.FPS))
	for range n {
		p, err := card.Next(context.Background())
		if err != nil {
			return err
		}
		fmt.Fprint(w, "FRAME\n")
		rows(w, p.Y, p.YStride, p.Width, p.Height)
		rows(w, p.U, p.UVStride, (p.Width+1)/2, (p.Height+1)/2)
		rows(w, p.V, p.UVStride, (p.Width+1)/2, (p.Height+1)/2)
		p.Release()
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func rows(w *bufio.Writer, plane []byte, stride, width, height int) {
	for y := range height {
		_, _ = w.Write(plane[y*stride : y*stride+width]) // Flush has the error
	}
}
