//go:build !race

package call_test

const atSpeed = true
