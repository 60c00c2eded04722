//go:build !linux

package native

func groupOf(string) string { return "" }
