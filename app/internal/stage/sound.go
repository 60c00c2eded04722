package stage

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// openSound starts a private PulseAudio. For each person NAME there are the
// microphone NAME_mic, which hears what is played into NAME_talk, and the
// speaker NAME_spk, whose monitor is what the person hears.
func (s *Stage) openSound(ctx context.Context, people []string) error {
	// A socket's name may have 108 bytes: not in the stage's own folder.
	run, err := os.MkdirTemp("", "parley-stage-")
	if err != nil {
		return err
	}
	pulse := filepath.Join(run, "pulse")
	if err := os.Mkdir(pulse, 0o700); err != nil {
		return err
	}
	s.env = append(s.env, "XDG_RUNTIME_DIR="+run, "PULSE_RUNTIME_PATH="+pulse, "PULSE_SERVER=unix:"+filepath.Join(pulse, "native"))
	args := []string{"-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error", "-L", "module-native-protocol-unix"}
	for _, who := range people {
		args = append(args,
			"-L", fmt.Sprintf("module-null-sink sink_name=%s_spk rate=48000 sink_properties=device.description=%s_speaker", who, who),
			"-L", fmt.Sprintf("module-null-sink sink_name=%s_talk rate=48000 sink_properties=device.description=%s_talk", who, who),
			"-L", fmt.Sprintf("module-remap-source master=%s_talk.monitor source_name=%s_mic source_properties=device.description=%s_microphone", who, who, who))
	}
	cmd := exec.Command("pulseaudio", args...)
	cmd.Env = append(os.Environ(), s.env...)
	if err := s.start("pulseaudio", cmd); err != nil {
		return fmt.Errorf("%w: is the package pulseaudio installed?", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return Await(ctx, "pulseaudio", func() error {
		_, err := s.tool(ctx, "pactl", "info")
		return err
	})
}

// Speak plays a wav file into who's microphone until the returned function is
// called.
func (s *Stage) Speak(who, wav string) (stop func(), err error) {
	cmd := exec.Command("paplay", "-d", who+"_talk", wav)
	cmd.Env = append(os.Environ(), s.env...)
	p, err := s.launch("speak-"+who, cmd)
	if err != nil {
		return nil, err
	}
	return p.stop, nil
}

// Hear records d of what who's speaker plays: 48 kHz, mono.
func (s *Stage) Hear(ctx context.Context, who string, d time.Duration) ([]int16, error) {
	cmd := exec.CommandContext(ctx, "parec", "-d", who+"_spk.monitor", "--rate=48000", "--channels=1", "--format=s16le", "--latency-msec=20")
	cmd.Env = append(os.Environ(), s.env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	samples := make([]int16, int(d.Seconds()*48000))
	if err := binary.Read(out, binary.LittleEndian, samples); err != nil {
		return nil, fmt.Errorf("recording %s's speaker: %w", who, err)
	}
	return samples, nil
}

// Voice is a minute of something to say, and how to tell it in what a speaker
// plays.
type Voice struct {
	what   string // for messages
	wav    string
	listen time.Duration         // at least that long, to be sure of it
	level  func([]int16) float64 // in dBFS
	heard  float64               // at least that loud
}

const spoken = time.Minute

// Tone is a voice of one frequency, known from all others.
func (s *Stage) Tone(hz float64) (Voice, error) {
	wav, err := s.toneFile(hz)
	return Voice{
		what: fmt.Sprintf("%.0f Hz", hz), wav: wav, listen: 500 * time.Millisecond,
		level: func(heard []int16) float64 { return ToneLevel(heard, hz) }, heard: -25, // spoken at -15
	}, err
}

// Speech is a voice from a file, a minute long and without a pause of a
// second, known by its loudness alone.
func Speech(wav string) Voice {
	return Voice{what: "speech", wav: wav, listen: time.Second, level: Level, heard: -40}
}

// toneFile writes a wav file of a tone of hz at -12 dBFS, 48 kHz mono, and
// returns its path.
func (s *Stage) toneFile(hz float64) (string, error) {
	path := filepath.Join(s.Dir, fmt.Sprintf("tone-%.0f.wav", hz))
	n := int(spoken.Seconds() * 48000)
	b := make([]byte, 44+2*n)
	copy(b, "RIFF")
	binary.LittleEndian.PutUint32(b[4:], uint32(36+2*n))
	copy(b[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(b[16:], 16)
	binary.LittleEndian.PutUint16(b[20:], 1)
	binary.LittleEndian.PutUint16(b[22:], 1)
	binary.LittleEndian.PutUint32(b[24:], 48000)
	binary.LittleEndian.PutUint32(b[28:], 96000)
	binary.LittleEndian.PutUint16(b[32:], 2)
	binary.LittleEndian.PutUint16(b[34:], 16)
	copy(b[36:], "data")
	binary.LittleEndian.PutUint32(b[40:], uint32(2*n))
	for i := range n {
		v := int16(8192 * math.Sin(2*math.Pi*hz*float64(i)/48000))
		binary.LittleEndian.PutUint16(b[44+2*i:], uint16(v))
	}
	return path, os.WriteFile(path, b, 0o644)
}

// Level is the loudness of samples in dBFS (a full-scale sine is -3).
func Level(samples []int16) float64 {
	var sum float64
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return -120
	}
	return 10 * math.Log10(sum/float64(len(samples))/(32768*32768))
}

// ToneLevel is the loudness in dBFS of one frequency in samples (Goertzel over
// the whole).
func ToneLevel(samples []int16, hz float64) float64 {
	w := 2 * math.Pi * hz / 48000
	c := 2 * math.Cos(w)
	var s1, s2 float64
	for _, v := range samples {
		s1, s2 = float64(v)/32768+c*s1-s2, s1
	}
	power := (s1*s1 + s2*s2 - c*s1*s2) * 2 / float64(len(samples)) / float64(len(samples))
	if power < 1e-12 {
		return -120
	}
	return 10 * math.Log10(power)
}

// PullOut unplugs who's microphone.
func (s *Stage) PullOut(ctx context.Context, who string) error {
	out, err := s.tool(ctx, "pactl", "list", "short", "modules")
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "source_name="+who+"_mic") {
			id, _, _ := strings.Cut(line, "\t")
			_, err := s.tool(ctx, "pactl", "unload-module", id)
			return err
		}
	}
	return fmt.Errorf("%s has no microphone to pull out", who)
}

// PutBack plugs who's microphone in again.
func (s *Stage) PutBack(ctx context.Context, who string) error {
	_, err := s.tool(ctx, "pactl", "load-module", "module-remap-source", "master="+who+"_talk.monitor", "source_name="+who+"_mic",
		"source_properties=device.description="+who+"_microphone")
	return err
}
