// Package picture makes of a media.Frame what somebody needs: another size, a
// mirror image, a quarter turn, pixels for the screen; and a frame of an
// image.Image. It works through libyuv (media/internal/yuv) and takes its
// memory from frame pools, so that a running call allocates nothing.
//
//	camera ──Frame──> Rotate, Mirror ──> encoder, which scales
//	latest.Slot ──Frame──> Painter.Paint ──*image.RGBA at tile size──> canvas
//
// A Painter scales in I420 first and converts what is left: 1.5 bytes a pixel
// go through the scaler instead of 4, and only pixels that are shown are
// converted.
package picture
