//go:build !race

package voice

import "time"

const longCall = time.Hour
