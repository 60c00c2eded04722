//go:build race

package voice

import "time"

// longCall is the hour of TestAnHour. One goroutine plays it: to the race
// detector, which takes eight times as long, five minutes are as good.
const longCall = 5 * time.Minute
