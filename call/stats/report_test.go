package stats

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

var t0 = time.Unix(1_000_000, 0)

func at(ms int) time.Time { return t0.Add(time.Duration(ms) * time.Millisecond) }

// call is a recorder after a call of ten seconds.
func record() *Recorder {
	r := NewRecorder(t0)
	r.cpuKnown = false // not the same on every machine
	r.Accepted(at(900))
	r.Connected(at(1000))
	r.FirstFrame(at(1100))
	for s := 1; s <= 10; s++ {
		n := uint64(s)
		r.Add(at(1000+1000*s), Sample{
			Path: "host", RTT: time.Duration(s) * time.Millisecond,
			VideoIn: &VideoCounters{
				Frames: 30 * n, KeyFrames: 1, Dropped: 2, Bytes: 100_000 * n, Width: 640, Height: 360,
				HasFreezes: true, FreezeCount: 1, FreezeSeconds: 0.25, PauseSeconds: 6,
			},
			VideoOut: &VideoCounters{Frames: 15 * min(n, 5), KeyFrames: 2, Bytes: 50_000 * n, Width: 320, Height: 180},
			AudioIn: &AudioCounters{
				Packets: 50 * n, Bytes: 4000 * n, HasPlayout: true, Samples: 48000 * n, Concealed: 480 * n,
				JitterBufferDelay: 60 * time.Millisecond, HasLevel: true, Level: 0.25,
			},
			AudioOut: &AudioCounters{Packets: 50 * n, Bytes: 4000 * n, HasLevel: true, Level: 0},
		})
	}
	r.Ended(at(11000))
	return r
}

func TestReportGolden(t *testing.T) {
	full := record().Report(at(99999))
	nothing := NewRecorder(t0)
	nothing.cpuKnown = false
	for name, r := range map[string]Report{"call": full, "not-connected": nothing.Report(at(5000))} {
		t.Run(name, func(t *testing.T) {
			golden := filepath.Join("testdata", name+".json")
			path := filepath.Join(t.TempDir(), "stats.json")
			if err := r.WriteFile(path); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The names are what scripts read: each must be there, also when not known.
func TestEveryNameIsAlwaysThere(t *testing.T) {
	b, err := json.Marshal(NewRecorder(t0).Report(t0))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range strings.Fields("setup_ms first_frame_ms candidate_pair rtt_ms duration_s") {
		if v, ok := m[k]; !ok || v != nil {
			t.Errorf("%s: %v, there %v; want null", k, v, ok)
		}
	}
	if v, ok := m["cpu_seconds"]; !ok || v == nil {
		t.Errorf("cpu_seconds: %v", v)
	}
	for part, names := range map[string]string{
		"video_in":  "frames bitrate_bps width height fps freeze_count freeze_seconds pause_seconds frames_dropped key_frames",
		"video_out": "frames bitrate_bps width height fps freeze_count freeze_seconds pause_seconds frames_dropped key_frames",
		"audio_in":  "packets bitrate_bps concealed_ratio jitter_buffer_ms level",
		"audio_out": "packets bitrate_bps concealed_ratio jitter_buffer_ms level",
	} {
		p, _ := m[part].(map[string]any)
		for _, k := range strings.Fields(names) {
			if v, ok := p[k]; !ok || v != nil {
				t.Errorf("%s.%s: %v, there %v; want null", part, k, v, ok)
			}
		}
	}
}

func TestWriteFileLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	if err := (Report{}).WriteFile(filepath.Join(dir, "no", "such", "folder")); err == nil {
		t.Error("written into a folder that is not there")
	}
	path := filepath.Join(dir, "x.json")
	for range 2 { // over an old one
		if err := record().Report(at(0)).WriteFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("%d files in the folder", len(list))
	}
}

func TestMarksCountOnce(t *testing.T) {
	r := NewRecorder(t0)
	r.Connected(at(100))
	r.Connected(at(500))
	r.Ended(at(1100))
	r.Ended(at(9000))
	rep := r.Report(at(20000))
	if *rep.SetupMS != 100 || *rep.DurationS != 1 {
		t.Errorf("setup %v ms, duration %v s", *rep.SetupMS, *rep.DurationS)
	}
}
