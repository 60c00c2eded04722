// Command brand makes of an organisation's folder (docs/branding.md) what `go
// build -overlay` needs to build the program in its name: the files take the
// place of the program's own in that build alone. `make build BRAND=DIR` calls
// it.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"parley/assets"
	"parley/ui/look"
)

func main() {
	from := flag.String("from", "", "folder with brand.toml and icon.png")
	out := flag.String("out", "bin/brand", "folder for what go build needs")
	source := flag.String("source", ".", "folder with the program's go.mod")
	flag.Parse()
	if err := run(*from, *out, *source); err != nil {
		fmt.Fprintf(os.Stderr, "brand: %v\n", err)
		os.Exit(1)
	}
}

// run writes into out overlay.json and what it names, and linux.sed for what
// packages have beside the program.
func run(from, out, source string) error {
	text, err := os.ReadFile(filepath.Join(from, "brand.toml"))
	if err != nil {
		return fmt.Errorf("%w: a brand's folder has brand.toml and icon.png", err)
	}
	b, err := parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(from, "brand.toml"), err)
	}
	icon, err := os.ReadFile(filepath.Join(from, "icon.png"))
	if err != nil {
		return fmt.Errorf("%w: draw one of 256 x 256 pixels", err)
	}
	if err := checkIcon(icon); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(from, "icon.png"), err)
	}
	replaced := filepath.Join(source, "assets", "brand.go")
	original, err := os.ReadFile(replaced)
	if err != nil {
		return err
	}
	code, err := generate(original, b)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	overlay := map[string]string{}
	for name, content := range map[string][]byte{"brand.go": code, "icon.png": icon} {
		theirs, err := filepath.Abs(filepath.Join(out, name))
		if err != nil {
			return err
		}
		ours, err := filepath.Abs(filepath.Join(source, "assets", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(theirs, content, 0o644); err != nil {
			return err
		}
		overlay[ours] = theirs
	}
	if err := os.WriteFile(filepath.Join(out, "linux.sed"), []byte(linux(b.Name)), 0o644); err != nil {
		return err
	}
	j, err := json.MarshalIndent(map[string]any{"Replace": overlay}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "overlay.json"), append(j, '\n'), 0o644)
}

// parse reads brand.toml and says what is wrong with it.
func parse(text []byte) (assets.Brand, error) {
	var file struct {
		Name       string `toml:"name"`
		Accent     string `toml:"accent"`
		AccentDark string `toml:"accent_dark"`
	}
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		if s, ok := errors.AsType[*toml.StrictMissingError](err); ok {
			return assets.Brand{}, fmt.Errorf("unknown key (there are name, accent and accent_dark):\n%s", s.String())
		}
		return assets.Brand{}, err
	}
	b := assets.Brand{Name: strings.TrimSpace(file.Name)}
	if n := utf8.RuneCountInString(b.Name); n < 1 || n > 32 || strings.ContainsFunc(b.Name, unicode.IsControl) || strings.ContainsAny(b.Name, "{}") {
		return b, fmt.Errorf("name %q: write 1 to 32 letters, without braces", file.Name)
	}
	var err error
	if b.AccentLight, err = colour("accent", file.Accent); err != nil {
		return b, err
	}
	if b.AccentDark, err = colour("accent_dark", file.AccentDark); err != nil {
		return b, err
	}
	if b.AccentDark != 0 && b.AccentLight == 0 {
		return b, errors.New("accent_dark without accent: give both, or accent alone")
	}
	return b, look.Accents{Light: b.AccentLight, Dark: b.AccentDark}.Check()
}

var hex = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func colour(key, s string) (uint32, error) {
	if s == "" {
		return 0, nil
	}
	if !hex.MatchString(s) {
		return 0, fmt.Errorf("%s %q: write a colour such as \"#7a1fa2\"", key, s)
	}
	v, err := strconv.ParseUint(s[1:], 16, 32)
	if err == nil && v == 0 {
		return 0, fmt.Errorf("%s %q: black is no accent; choose a colour that stands out from text", key, s)
	}
	return uint32(v), err
}

func checkIcon(b []byte) error {
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("not a PNG file (%w)", err)
	}
	if c.Width != 256 || c.Height != 256 {
		return fmt.Errorf("it has %d x %d pixels; make it 256 x 256", c.Width, c.Height)
	}
	return nil
}

// generate is assets/brand.go with another brand.
func generate(original []byte, b assets.Brand) ([]byte, error) {
	const ours = "return Brand{Name: Name}"
	if !bytes.Contains(original, []byte(ours)) {
		return nil, fmt.Errorf("assets/brand.go does not have %q: it and this command belong together", ours)
	}
	theirs := fmt.Sprintf("return Brand{Name: %q, AccentLight: %#06x, AccentDark: %#06x}", b.Name, b.AccentLight, b.AccentDark)
	return format.Source(bytes.Replace(original, []byte(ours), []byte(theirs), 1))
}

// linux is a script for sed -f that writes name into desktop file and metainfo.
// The command, the id and the scheme stay.
func linux(name string) string {
	plain := strings.NewReplacer(`\`, `\\`, "&", `\&`, "|", `\|`)
	// In XML, of which only these two can be in the way of text.
	inXML := plain.Replace(strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(name))
	return fmt.Sprintf("s|^Name=.*|Name=%[1]s|\ns|^StartupWMClass=.*|StartupWMClass=%[1]s|\n"+
		"/<name>\\|<p[> ]/s|\\bParley\\b|%[2]s|g\n", plain.Replace(strings.ReplaceAll(name, `\`, `\\`)), inXML)
}
