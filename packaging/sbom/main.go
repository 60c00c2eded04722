// Command sbom writes what the programs are made of: a CycloneDX list of all
// modules and C libraries, and their licences as one text. It fails when a
// module has no licence or one that it does not know. It lists the modules of
// the system that GOOS names, of both programs or of those in the arguments.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// part is one module or library.
type part struct {
	name, version, licence, purl string
	text                         []byte
}

type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

func main() {
	version := flag.String("version", "", "of the release")
	date := flag.String("date", "", "of the release, RFC 3339")
	sbom := flag.String("sbom", "", "CycloneDX file to write")
	licences := flag.String("licences", "", "text file to write")
	clibs := flag.String("clibs", "packaging/sbom/clibs.txt", "list of C libraries")
	root := flag.String("root", "/", "folder that holds the Debian packages of the C libraries; pkg-config's is in the environment")
	flag.Parse()
	programs := flag.Args()
	if len(programs) == 0 {
		programs = []string{"./app", "./signaling/cmd/parleyd"}
	}
	if err := run(programs, *clibs, *root, *version, *date, *sbom, *licences); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(programs []string, clibs, root, version, date, sbom, licences string) error {
	parts, err := modules(programs...)
	if err != nil {
		return err
	}
	c, err := libraries(clibs, root)
	if err != nil {
		return err
	}
	parts = append(parts, c...)
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.name, b.name) })
	b, err := cyclone(parts, version, date)
	if err != nil {
		return err
	}
	if err := os.WriteFile(sbom, b, 0o644); err != nil { //nolint:gosec // for everybody
		return err
	}
	return os.WriteFile(licences, list(parts), 0o644) //nolint:gosec // for everybody
}

// modules are those whose packages are in the programs.
func modules(programs ...string) ([]part, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, programs...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	seen := map[string]bool{}
	var parts []part
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		m := p.Module
		if m == nil || m.Main || seen[m.Path] {
			continue
		}
		seen[m.Path] = true
		if m.Replace != nil {
			m = m.Replace
		}
		dir := m.Dir
		if dir == "" { // of a vendored tree
			dir = filepath.Join("vendor", m.Path)
		}
		text, err := licenceOf(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		name := recognise(text)
		if name == "" {
			return nil, fmt.Errorf("%s: its licence is not one of those known here: %.80q", m.Path, text)
		}
		parts = append(parts, part{m.Path, m.Version, name, "pkg:golang/" + m.Path + "@" + m.Version, text})
	}
	goVersion, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	text, err := licenceOf(strings.TrimSpace(string(root)))
	if err != nil { // Debian keeps it elsewhere
		text = nil
	}
	v := strings.TrimPrefix(strings.TrimSpace(string(goVersion)), "go")
	return append(parts, part{"Go standard library", v, "BSD-3-Clause", "pkg:golang/std@" + v, text}), nil
}

var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-._].*)?$`)

// licenceOf returns the texts of the licence files in a folder.
func licenceOf(dir string) ([]byte, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var text []byte
	for _, f := range files {
		if f.IsDir() || !licenceName.MatchString(f.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		text = append(append(text, b...), '\n')
	}
	if text == nil {
		return nil, fmt.Errorf("no licence in %s: %w", dir, fs.ErrNotExist)
	}
	return text, nil
}

// recognise names a licence by what only it says.
func recognise(text []byte) string {
	t := strings.Join(strings.Fields(strings.ToLower(string(text))), " ")
	var found []string
	for _, l := range []struct{ id, says string }{
		{"Apache-2.0", "apache license"},
		{"MPL-2.0", "mozilla public license"},
		{"LGPL", "lesser general public license"},
		{"GPL", "gnu general public license"},
		{"Unlicense", "this is free and unencumbered software"},
		{"CC0-1.0", "cc0 1.0 universal"},
		{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
		{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
		{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
		{"BSD", "redistribution and use in source and binary forms"},
		{"Zlib", "this software is provided 'as-is', without any express or implied warranty"},
	} {
		if strings.Contains(t, l.says) && !slices.Contains(found, l.id) {
			found = append(found, l.id)
		}
	}
	for i, id := range found {
		if id != "BSD" {
			continue
		}
		if found[i] = "BSD-2-Clause"; strings.Contains(t, "endorse or promote") {
			found[i] = "BSD-3-Clause"
		}
	}
	return strings.Join(found, " AND ")
}

// libraries reads clibs.txt; the Debian packages in it are those of the root.
func libraries(path, root string) ([]part, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var parts []part
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 4 {
			return nil, fmt.Errorf("%s: %q has %d fields, not 4", path, line, len(fields))
		}
		p := part{name: fields[0], version: fields[1], licence: fields[2]}
		switch {
		case strings.HasPrefix(p.version, "-"):
			p.version = debianVersion(root, p.version[1:])
		case p.version[0] < '0' || p.version[0] > '9':
			out, err := exec.Command("pkg-config", "--modversion", p.version).Output()
			if err != nil {
				return nil, fmt.Errorf("pkg-config %s: %w", p.version, err)
			}
			p.version = strings.TrimSpace(string(out))
		}
		p.purl = "pkg:generic/" + strings.Fields(p.name)[0] + "@" + p.version
		if b, err := os.ReadFile(filepath.Join(root, "usr/share/doc", fields[3], "copyright")); err == nil {
			p.text = b
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func debianVersion(root, pack string) string {
	out, err := exec.Command("dpkg-query", "--admindir="+filepath.Join(root, "var/lib/dpkg"), "-W", "-f", "${Version}", pack).Output()
	if err != nil {
		return "unknown"
	}
	return string(out)
}

// cyclone writes CycloneDX 1.5.
func cyclone(parts []part, version, date string) ([]byte, error) {
	type licence struct {
		Expression string `json:"expression"`
	}
	type component struct {
		Type     string    `json:"type"`
		Name     string    `json:"name"`
		Version  string    `json:"version"`
		PURL     string    `json:"purl,omitempty"`
		Licences []licence `json:"licenses"`
	}
	type tools struct {
		Name string `json:"name"`
	}
	doc := struct {
		Format   string `json:"bomFormat"`
		Spec     string `json:"specVersion"`
		Version  int    `json:"version"`
		Metadata struct {
			Timestamp string    `json:"timestamp"`
			Tools     []tools   `json:"tools"`
			Component component `json:"component"`
		} `json:"metadata"`
		Components []component `json:"components"`
	}{Format: "CycloneDX", Spec: "1.5", Version: 1}
	doc.Metadata.Timestamp = date
	doc.Metadata.Tools = []tools{{"parley packaging/sbom"}}
	doc.Metadata.Component = component{Type: "application", Name: "parley", Version: version, Licences: []licence{{"MIT"}}}
	for _, p := range parts {
		doc.Components = append(doc.Components, component{"library", p.name, p.version, p.purl, []licence{{p.licence}}})
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), err
}

// list is the text that goes along with the programs.
func list(parts []part) []byte {
	var b bytes.Buffer
	b.WriteString("What the programs are made of, and its licences.\n\n")
	for _, p := range parts {
		fmt.Fprintf(&b, "%-60s %-28s %s\n", p.name, p.version, p.licence)
	}
	for _, p := range parts {
		if len(p.text) > 0 {
			fmt.Fprintf(&b, "\n%s\n%s %s\n%s\n\n%s", strings.Repeat("=", 80), p.name, p.version, strings.Repeat("=", 80), p.text)
		}
	}
	return b.Bytes()
}
