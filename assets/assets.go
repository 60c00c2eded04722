// Package assets carries the files that the program brings along: icons, the
// application's own icon, and the languages. What it plays is made by the
// package sounds beside it.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed translations/*.json
var translations embed.FS

// Translations is one JSON file per language, named after it: "de.json".
func Translations() fs.FS {
	sub, err := fs.Sub(translations, "translations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}
