#ifndef PARLEY_VPX_DECODER_H
#define PARLEY_VPX_DECODER_H

#include <stdint.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

typedef struct {
	vpx_codec_ctx_t ctx;
	vpx_image_t *img; // the picture of the last decode, owned by libvpx; NULL: none
} parley_decoder;

typedef struct {
	vpx_codec_err_t err;
	int corrupt; // decoded, but from damaged data
	int width, height; // 0x0: nothing to show
} parley_picture;

parley_decoder *parley_decoder_open(unsigned threads, vpx_codec_err_t *err);
parley_picture parley_decoder_decode(parley_decoder *d, const uint8_t *data, unsigned len);
void parley_decoder_copy(parley_decoder *d, uint8_t *y, uint8_t *u, uint8_t *v, int y_stride, int uv_stride);
void parley_decoder_close(parley_decoder *d);

#endif
