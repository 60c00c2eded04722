//go:build !linux

package native

func sysName(string) string { return "" }

func isCamera(string) bool { return true }

func groupOf(string) string { return "" }
