package call_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"parley/call"
	"parley/call/calltest"
	"parley/call/local/localtest"
	"parley/media"
)

// lasts lets a call go on for d, by what comes out of a speaker.
func (p *person) lasts(d time.Duration) {
	p.t.Helper()
	limit := time.After(within + d)
	p.devices.Heard("spk") // until now
	for n := 0; n < int(d*media.SampleRate/time.Second); {
		n += len(p.devices.Heard("spk"))
		select {
		case <-time.After(20 * time.Millisecond): // the speaker has no other sign
		case <-limit:
			p.t.Fatalf("%s: the speaker stands still", p.name)
		}
	}
}

// recording asks, allows, and waits until it runs.
func recording(t *testing.T, sa, sb *call.Session, file string) {
	t.Helper()
	state(t, sa, "the other side can be asked", func(s call.State) bool { return s.Recording.CanAsk })
	sa.Record(file, "Ada")
	state(t, sb, "the question", func(s call.State) bool { return s.Recording.Theirs == call.RecordAsking })
	if _, err := os.Stat(file); err == nil {
		t.Error("recorded before anybody said yes")
	}
	sb.AllowRecording(true)
	state(t, sa, "the recording", func(s call.State) bool { return s.Recording.Mine == call.RecordOn })
	state(t, sb, "the sign", func(s call.State) bool { return s.Recording.Theirs == call.RecordOn })
}

func TestRecordingNeedsConsent(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa, sb := connected(t, a, b)
	file := filepath.Join(t.TempDir(), "call.webm")

	state(t, sa, "the other side can be asked", func(s call.State) bool { return s.Recording.CanAsk })
	sa.Record(file, "Ada")
	state(t, sb, "the question", func(s call.State) bool { return s.Recording.Theirs == call.RecordAsking })
	sb.AllowRecording(false)
	state(t, sa, "the refusal", func(s call.State) bool { return s.Recording.Outcome == call.RecordRefused })
	state(t, sb, "no more question", func(s call.State) bool { return s.Recording.Theirs == call.NoRecord })
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a file although the other side refused")
	}

	recording(t, sa, sb, file)
	sees(t, sa, 120)
	sb.StopRecording() // takes it back
	st := state(t, sa, "the end", func(s call.State) bool { return s.Recording.Outcome == call.RecordStopped })
	if st.Recording.Mine != call.NoRecord || st.Recording.File != file || st.Phase != call.Connected {
		t.Errorf("%+v", st.Recording)
	}
	state(t, sb, "no more sign", func(s call.State) bool { return s.Recording.Theirs == call.NoRecord })

	// A second one is cut short by the end of the call, and is complete.
	second := file + ".2.webm"
	recording(t, sa, sb, second)
	sees(t, sa, 120)
	sb.Hangup()
	st = over(t, sa, call.EndedByOther)
	if st.Recording.Outcome != call.RecordSaved || st.Recording.File != second {
		t.Errorf("after the call: %+v", st.Recording)
	}
	for _, f := range []string{file, second} {
		if i, err := os.Stat(f); err != nil || i.Size() < 500 {
			t.Errorf("%s: %v, %v", f, i, err)
		}
	}

	// A folder that is not there ends the recording, not the call.
	sa, sb = connected(t, a, b)
	state(t, sa, "the other side can be asked", func(s call.State) bool { return s.Recording.CanAsk })
	sa.Record(filepath.Join(t.TempDir(), "none", "x.webm"), "Ada")
	state(t, sb, "the question", func(s call.State) bool { return s.Recording.Theirs == call.RecordAsking })
	sb.AllowRecording(true)
	st = state(t, sa, "the failure", func(s call.State) bool { return s.Recording.Outcome == call.RecordDisk })
	if st.Phase != call.Connected || st.Recording.File != "" {
		t.Errorf("%+v", st.Recording)
	}
	state(t, sb, "no more sign", func(s call.State) bool { return s.Recording.Theirs == call.NoRecord })
}

// decode has ffmpeg decode one track: sound as 48 kHz mono by its samples,
// pictures as 100 bytes a second, each how bright it is.
func decode(t *testing.T, file, track string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	var out, said bytes.Buffer
	cmd := exec.Command(path, append(append([]string{"-v", "error", "-i", file, "-map", track}, args...), "-")...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Fatalf("ffmpeg: %v %s", err, said.String())
	}
	return out.Bytes()
}

// beats are the moments at which something goes on.
func beats(on []bool) (at []time.Duration) {
	for i := 3; i < len(on); i++ {
		if on[i] && !on[i-1] && !on[i-2] && !on[i-3] {
			at = append(at, time.Duration(i)*10*time.Millisecond)
		}
	}
	return at
}

func heardIn(t *testing.T, file, track string, hz float64) []time.Duration {
	b := decode(t, file, track, "-f", "s16le", "-ar", "48000", "-ac", "1")
	var on []bool
	var pcm [media.BlockSamples]int16
	for ; len(b) >= 2*len(pcm); b = b[2*len(pcm):] {
		for i := range pcm {
			pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
		on = append(on, localtest.Loudness(pcm[:], hz) > 0.1)
	}
	return beats(on)
}

// light is a beat as a camera sees it: between the last dark picture and the
// first bright one.
type light struct{ dark, bright time.Duration }

var pictureInfo = regexp.MustCompile(`pts_time:([0-9.]+) .*mean:\[(\d+) `)

func seenIn(t *testing.T, file, track string) (all []light) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	said, err := exec.Command(path, "-hide_banner", "-i", file, "-map", track, "-vf", "showinfo", "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v %s", err, said)
	}
	var last light
	for _, m := range pictureInfo.FindAllStringSubmatch(string(said), -1) {
		at, _ := strconv.ParseFloat(m[1], 64)
		luma, _ := strconv.Atoi(m[2])
		now := time.Duration(at * float64(time.Second))
		if luma < 90 {
			last = light{dark: now}
		} else if last.bright == 0 {
			last.bright = now
			all = append(all, last)
		}
	}
	return all
}

// apart is by how much the beats of b come after those of a, the median.
func apart(t *testing.T, what string, a, b []time.Duration, every time.Duration) time.Duration {
	t.Helper()
	var all []time.Duration
	for _, x := range a {
		for _, y := range b {
			if d := y - x; d.Abs() < every/2 {
				all = append(all, d)
			}
		}
	}
	return middle(t, what, all)
}

// beside is by how much lights come after beats: nothing if a beat lies
// between the pictures. The median.
func beside(t *testing.T, what string, a []time.Duration, b []light, every time.Duration) time.Duration {
	t.Helper()
	var all []time.Duration
	for _, x := range a {
		for _, y := range b {
			switch {
			case (y.bright-x).Abs() > every/2 && (y.dark-x).Abs() > every/2:
			case x < y.dark:
				all = append(all, y.dark-x)
			case x > y.bright:
				all = append(all, y.bright-x)
			default:
				all = append(all, 0)
			}
		}
	}
	return middle(t, what, all)
}

func middle(t *testing.T, what string, all []time.Duration) time.Duration {
	t.Helper()
	if len(all) == 0 {
		t.Fatalf("%s: no beats in common", what)
	}
	slices.Sort(all)
	t.Logf("%s: %v", what, all)
	return all[len(all)/2]
}

// Both see and hear the same beat at the same time; in the recording of one of
// them they do so as well, but for the way from there to here.
func TestARecordingIsInStep(t *testing.T) {
	const delay, every = 30 * time.Millisecond, 400 * time.Millisecond
	net := calltest.NewNetwork(t, calltest.Options{Delay: delay, Jitter: 20 * time.Millisecond})
	ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
	net.Start()
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada", onHost(ha)), join(t, s, "Ben", onHost(hb))
	a.devices.SetTone("mic", 440)
	b.devices.SetTone("mic", 880)
	now := time.Now()
	for _, p := range []*person{a, b} {
		p.devices.SetBright("cam", 200)
		p.devices.SetBeat("cam", "mic", now, every)
	}
	sa, sb := connected(t, a, b)
	file := filepath.Join(t.TempDir(), "call.webm")
	recording(t, sa, sb, file)
	a.lasts(4 * time.Second)
	// Mute for a while: nothing is sent, and what follows stays in step.
	b.media.SetMicrophone(false)
	a.lasts(time.Second)
	b.media.SetMicrophone(true)
	a.lasts(3 * time.Second)
	sa.StopRecording()
	st := state(t, sa, "the file", func(s call.State) bool { return s.Recording.Outcome != call.RecordNothing })
	if st.Recording.Outcome != call.RecordSaved {
		t.Fatalf("%+v", st.Recording)
	}
	if keep := os.Getenv("PARLEY_RECORDING"); keep != "" { // to look at
		if b, err := os.ReadFile(file); err == nil {
			_ = os.WriteFile(keep, b, 0o600)
		}
	}
	theirLight, myLight := seenIn(t, file, "0:v:0"), seenIn(t, file, "0:v:1")
	theirBeep, myBeep := heardIn(t, file, "0:a:1", 880), heardIn(t, file, "0:a:2", 440)
	ear := 60 * time.Millisecond // what EBU R37 allows sound to be late
	if !atSpeed {
		ear = 100 * time.Millisecond // a slow machine plays late
	}
	for what, d := range map[string]time.Duration{
		"their light after their beep": beside(t, "theirs", theirBeep, theirLight, every),
		"my light after my beep":       beside(t, "mine", myBeep, myLight, every),
		"their beep after mine":        apart(t, "both", myBeep, theirBeep, every) - delay,
		"their beep in both after it":  apart(t, "mix", theirBeep, heardIn(t, file, "0:a:0", 880), every),
		"my beep in both after it":     apart(t, "mix", myBeep, heardIn(t, file, "0:a:0", 440), every),
	} {
		if d.Abs() > ear {
			t.Errorf("%s: %v", what, d)
		}
	}
	// What comes after the pause is as much in step as what came before.
	late := slices.DeleteFunc(slices.Clone(theirBeep), func(d time.Duration) bool { return d < 5*time.Second })
	if d := beside(t, "after the pause", late, theirLight, every); d.Abs() > ear {
		t.Errorf("after the pause: light %v after the beep", d)
	}
}
