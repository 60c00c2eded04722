#ifndef PARLEY_JPEG_DECODER_H
#define PARLEY_JPEG_DECODER_H

#include <stdint.h>
#include <turbojpeg.h>

typedef struct {
	int err; // what TurboJPEG returned
	int width, height, layout, space; // layout: TJSAMP_*, space: TJCS_*
} parley_jpeg_header;

typedef struct {
	int err;
	int surplus; // with err: decoded, and first warned of was this many bytes too many; 0: something else
} parley_jpeg_result;

parley_jpeg_header parley_jpeg_read_header(tjhandle h, const uint8_t *data, unsigned long len);
parley_jpeg_result parley_jpeg_decode(tjhandle h, const uint8_t *data, unsigned long len, int width, int height,
	uint8_t *y, uint8_t *u, uint8_t *v, int y_stride, int uv_stride);

#endif
