//go:build !noupdate

package present

// NewerVersion is for the tests.
var NewerVersion = newerVersion
