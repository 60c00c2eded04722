package stage

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
)

// videos is where programs on this stage put recordings.
func (s *Stage) videos() string { return filepath.Join(s.Dir, "videos") }

// Record makes the caller ask for a recording and the callee allow it, and
// waits for the sign in both windows.
func (p *Play) Record(ctx context.Context) error {
	if err := p.Caller.ClickBar(ctx, "call.more"); err != nil {
		return err
	}
	if err := p.Caller.Click(ctx, "panel.record"); err != nil {
		return err
	}
	if err := p.Callee.Click(ctx, "record.allow"); err != nil {
		return err
	}
	for _, a := range []*Actor{p.Caller, p.Callee} {
		if _, err := a.Until(ctx, "call.recording", func(Control) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

// StopRecord makes the caller end the recording and returns its file.
func (p *Play) StopRecord(ctx context.Context) (string, error) {
	if err := p.Caller.ClickBar(ctx, "call.more"); err != nil {
		return "", err
	}
	if err := p.Caller.Click(ctx, "panel.record"); err != nil {
		return "", err
	}
	c, err := p.Caller.Until(ctx, "call.card", func(c Control) bool { return strings.Contains(c.Text, ".webm") })
	if err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(p.Stage.videos(), "Parley", "*.webm"))
	if err != nil || len(files) != 1 || !strings.Contains(c.Text, filepath.Base(files[0])) {
		return "", fmt.Errorf("the window says %q; there are %q (%w)", c.Text, files, err)
	}
	return files[0], nil
}

// Picture is a picture track's 20th picture: a busy machine sends few a second,
// and a recording of a test is short.
func (s *Stage) Picture(ctx context.Context, file string, track int) (image.Image, error) {
	out := filepath.Join(s.Dir, fmt.Sprintf("recorded-%d.png", track))
	if _, err := s.tool(ctx, "ffmpeg", "-v", "error", "-y", "-i", file, "-map", fmt.Sprintf("0:v:%d", track),
		"-vf", `select=eq(n\,20)`, "-frames:v", "1", out); err != nil {
		return nil, err
	}
	f, err := os.Open(out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

// Sound is a sound track of a file at 48 kHz.
func (s *Stage) Sound(ctx context.Context, file string, track int) ([]int16, error) {
	raw := filepath.Join(s.Dir, fmt.Sprintf("recorded-%d.s16", track))
	if _, err := s.tool(ctx, "ffmpeg", "-v", "error", "-y", "-i", file, "-map", fmt.Sprintf("0:a:%d", track),
		"-f", "s16le", "-ar", "48000", "-ac", "1", raw); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(raw)
	if err != nil {
		return nil, err
	}
	out := make([]int16, len(b)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out, nil
}
