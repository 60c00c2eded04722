package v4l2

import "time"

// stamper gives pictures their times on the capture clock. Pure.
type stamper struct{ last time.Duration }

// maxAge bounds what is believed of a picture's age: a driver's clock that went
// astray must not take the picture away from the sound.
const maxAge = time.Second

// at is the time of a picture that is read now and that the driver saw begin
// age ago. Times never go back nor stand still: encoders divide by what lies
// between them.
func (s *stamper) at(now, age time.Duration) time.Duration {
	if age < 0 || age > maxAge {
		age = 0
	}
	s.last = max(now-age, s.last+time.Millisecond)
	return s.last
}
