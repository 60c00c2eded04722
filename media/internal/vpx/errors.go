package vpx

/*
#include <vpx/vpx_codec.h>
*/
import "C"

import "errors"

// codeError turns a libvpx code into an error with libvpx's own words.
func codeError(code C.vpx_codec_err_t) error {
	return errors.New("libvpx: " + C.GoString(C.vpx_codec_err_to_string(code)))
}
