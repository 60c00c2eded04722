package voice

// For the comparison with libopus, which this package does not import.
var (
	OpusDuration = opusDuration
	OpusHasFEC   = opusHasFEC
)
