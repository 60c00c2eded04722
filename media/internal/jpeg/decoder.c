#include "decoder.h"

#include <stdio.h>

parley_jpeg_header parley_jpeg_read_header(tjhandle h, const uint8_t *data, unsigned long len) {
	parley_jpeg_header r = {0};
	r.err = tjDecompressHeader3(h, data, len, &r.width, &r.height, &r.layout, &r.space);
	return r;
}

parley_jpeg_result parley_jpeg_decode(tjhandle h, const uint8_t *data, unsigned long len, int width, int height,
	uint8_t *y, uint8_t *u, uint8_t *v, int y_stride, int uv_stride) {
	unsigned char *planes[3] = {y, u, v};
	int strides[3] = {y_stride, uv_stride, uv_stride};
	parley_jpeg_result r = {0};
	r.err = tjDecompressToYUVPlanes(h, data, len, planes, width, strides, height, TJFLAG_LIMITSCANS);
	if (r.err != 0 && tjGetErrorCode(h) == TJERR_WARNING) {
		// libjpeg keeps the text of a picture's first warning, and TurboJPEG
		// tells its kind in no other way.
		if (sscanf(tjGetErrorStr2(h), "Corrupt JPEG data: %d extraneous bytes", &r.surplus) != 1) {
			r.surplus = 0;
		}
	}
	return r;
}
