package picture

import "parley/media/internal/jpeg"

// JPEG decodes the motion JPEG of a camera into frames, through libjpeg-turbo;
// what an image of another origin needs is FromImage.
type JPEG = jpeg.Decoder

// NewJPEG opens a decoder, to be closed.
func NewJPEG() (*JPEG, error) { return jpeg.NewDecoder() }
