//go:build !unix

package store

// sameOwner has nothing to do: files belong to who may write the folder.
func sameOwner(_, _ string) error { return nil }
