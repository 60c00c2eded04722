package gallery

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/test"
)

var update = flag.Bool("update", false, "write testdata")

// The screens about strangers are drawn as they were when somebody last looked
// at them; testdata has them as markup.
func TestStrangersGoldens(t *testing.T) {
	for _, scene := range []string{"home-request", "home-blocked", "incoming-stranger", "settings-privacy"} {
		t.Run(scene, func(t *testing.T) {
			got := test.RenderToMarkup(stage(t, scene, Options{Width: 480, Height: 360}).Canvas)
			file := filepath.Join("testdata", scene+".xml")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (go test -update writes it)", err)
			}
			if got != string(want) {
				t.Errorf("it is drawn differently:\n%s", got)
			}
		})
	}
}
