// Package stats is the account of one call: what `--stats FILE` writes as one
// JSON object when the call ends. A value that was not measured is null, never
// zero; a zero was measured.
//
//	call.Session ──Marks, Sample once a second──> Recorder ──Report──> file
//
// Bit rates are means over the time in which media could flow, from payload
// bytes without RTP, UDP and IP headers, as getStats counts bytesSent and
// bytesReceived. Levels are linear, 0 to 1, as getStats' audioLevel.
package stats

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Report is one call in numbers. Field names are part of the program's
// interface: scripts read them.
type Report struct {
	SetupMS       *float64 `json:"setup_ms"`       // invitation to connected
	FirstFrameMS  *float64 `json:"first_frame_ms"` // accepted to first remote picture
	CandidatePair *string  `json:"candidate_pair"` // host, srflx, relay-udp, relay-tcp, relay-tls
	RTTMS         *float64 `json:"rtt_ms"`         // mean over the call
	CPUSeconds    *float64 `json:"cpu_seconds"`    // of this process, user and system, during the call
	DurationS     *float64 `json:"duration_s"`     // from connected to the end
	VideoIn       Video    `json:"video_in"`
	VideoOut      Video    `json:"video_out"`
	AudioIn       Audio    `json:"audio_in"`
	AudioOut      Audio    `json:"audio_out"`
}

// Video is one direction of the picture.
type Video struct {
	Frames        *uint64  `json:"frames"` // decoded, or encoded and sent
	BitrateBPS    *float64 `json:"bitrate_bps"`
	Width         *int     `json:"width"` // the last picture's
	Height        *int     `json:"height"`
	FPS           *float64 `json:"fps"` // frames over the time that the picture was on
	FreezeCount   *uint64  `json:"freeze_count"`
	FreezeSeconds *float64 `json:"freeze_seconds"`
	PauseSeconds  *float64 `json:"pause_seconds"` // gaps of 5 s and more: a camera that was off, or an outage
	FramesDropped *uint64  `json:"frames_dropped"`
	KeyFrames     *uint64  `json:"key_frames"`
}

// Audio is one direction of the sound.
type Audio struct {
	Packets        *uint64  `json:"packets"`
	BitrateBPS     *float64 `json:"bitrate_bps"`
	ConcealedRatio *float64 `json:"concealed_ratio"`  // concealed samples over all
	JitterBufferMS *float64 `json:"jitter_buffer_ms"` // mean delay in the buffer
	Level          *float64 `json:"level"`            // RMS over the call, 0 to 1
}

// WriteFile writes the report as indented JSON to path: to a file beside it
// first, then renamed, so that a reader never sees half of it.
func (r Report) WriteFile(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode call statistics: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("call statistics: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("call statistics: %w", err)
	}
	return nil
}
