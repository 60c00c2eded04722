package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func icon(t *testing.T, side int, c color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.Set(i%side, i/side, c)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func folder(t *testing.T, toml string, icon []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "brand.toml"), []byte(toml), 0o644); err != nil {
		t.Fatal(err)
	}
	if icon != nil {
		if err := os.WriteFile(filepath.Join(dir, "icon.png"), icon, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFoldersThatCannotBeUsed(t *testing.T) {
	good := icon(t, 256, color.Black)
	for name, c := range map[string]struct {
		toml string
		icon []byte
		says string
	}{
		"no name":           {"", good, "1 to 32 letters"},
		"long name":         {`name = "` + strings.Repeat("x", 33) + `"`, good, "1 to 32 letters"},
		"parameter":         {`name = "{name}"`, good, "without braces"},
		"unknown key":       {"name = \"A\"\ncolor = \"#123456\"", good, "unknown key"},
		"not TOML":          {"name: A", good, "brand.toml"},
		"not a colour":      {"name = \"A\"\naccent = \"purple\"", good, "#7a1fa2"},
		"black":             {"name = \"A\"\naccent = \"#000000\"", good, "black is no accent"},
		"cannot be read":    {"name = \"A\"\naccent = \"#ffd500\"", good, "needs 4.5; choose a darker colour"},
		"dark alone":        {"name = \"A\"\naccent_dark = \"#ffd500\"", good, "accent_dark without accent"},
		"no icon":           {`name = "A"`, nil, "256 x 256"},
		"icon too small":    {`name = "A"`, icon(t, 64, color.Black), "64 x 64 pixels; make it 256 x 256"},
		"icon of no format": {`name = "A"`, []byte("<svg/>"), "not a PNG file"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			err := run(folder(t, c.toml, c.icon), out, "../../..")
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want it to say %q", err, c.says)
			}
			if _, err := os.Stat(filepath.Join(out, "overlay.json")); err == nil {
				t.Error("it can be built all the same")
			}
		})
	}
	if err := run(t.TempDir(), t.TempDir(), "../../.."); err == nil || !strings.Contains(err.Error(), "brand.toml") {
		t.Errorf("an empty folder: %v", err)
	}
}

// A build with the overlay has name, colours and icon of the organisation, and
// one without has ours.
func TestBuildWithABrand(t *testing.T) {
	mine := icon(t, 256, color.NRGBA{R: 0x7a, G: 0x1f, B: 0xa2, A: 0xff})
	out := t.TempDir()
	if err := run(folder(t, "name = \"Acme \\\"Calls\\\"\"\naccent = \"#7a1fa2\"", mine), out, "../../.."); err != nil {
		t.Fatal(err)
	}
	// A program that says what it was built with, beside the package in the
	// same overlay's module.
	probe := filepath.Join(t.TempDir(), "probe.go")
	if err := os.WriteFile(probe, []byte(`package main

import (
	"fmt"

	"parley/assets"
	"parley/ui/i18n"
)

func main() {
	c, err := i18n.Load(assets.Translations())
	fmt.Printf("%+v %d %v %s", assets.Branding(), len(assets.AppIcon()), err, c.Pick("de").T("welcome.title"))
}
`), 0o644); err != nil {
		t.Fatal(err)
	}
	say := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("go", append(append([]string{"run"}, args...), probe)...)
		cmd.Dir = "../../.."
		var said bytes.Buffer
		cmd.Stderr = &said
		b, err := cmd.Output()
		if err != nil {
			t.Fatalf("go run: %v\n%s", err, said.String())
		}
		return string(b)
	}
	if got := say("-overlay", filepath.Join(out, "overlay.json")); !strings.HasPrefix(got, `{Name:Acme "Calls" AccentLight:8003490 AccentDark:0}`) ||
		!strings.Contains(got, `Willkommen bei Acme "Calls"`) || strings.Contains(got, "Parley") {
		t.Errorf("with a brand: %s", got)
	}
	if got := say(); !strings.HasPrefix(got, "{Name:Parley AccentLight:0 AccentDark:0}") || !strings.Contains(got, "Willkommen bei Parley") {
		t.Errorf("without: %s", got)
	}
}

// The name comes into desktop file and metainfo as each of them writes it, and
// what the desktop knows the program by stays.
func TestNameInPackages(t *testing.T) {
	for name, want := range map[string][]string{
		"Acme Calls": {"Name=Acme Calls\n", "StartupWMClass=Acme Calls\n", "<name>Acme Calls</name>", ">Acme Calls calls people"},
		`A&B|<\1>`:   {`Name=A&B|<\\1>` + "\n", `<name>A&amp;B|&lt;\1></name>`},
	} {
		script := filepath.Join(t.TempDir(), "linux.sed")
		if err := os.WriteFile(script, []byte(linux(name)), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sed", "-f", script, "org.parley.Parley.desktop", "org.parley.Parley.metainfo.xml.in")
		cmd.Dir = "../../../packaging/linux"
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, w := range append(want, "Exec=parley %u\n", "Icon=org.parley.Parley\n", "<id>org.parley.Parley</id>", "<binary>parley</binary>") {
			if !strings.Contains(string(out), w) {
				t.Errorf("%s: there is no %q in\n%s", name, w, out)
			}
		}
		if strings.Contains(string(out), ">Parley") || strings.Contains(string(out), "=Parley") {
			t.Errorf("%s: our name is still in\n%s", name, out)
		}
	}
}
