#include "decoder.h"

#include "heap.h"

#include <stdlib.h>
#include <string.h>

parley_decoder *parley_decoder_open(unsigned threads, vpx_codec_err_t *err) {
	parley_heap();
	parley_decoder *d = calloc(1, sizeof *d);
	if (d == NULL) {
		*err = VPX_CODEC_MEM_ERROR;
		return NULL;
	}
	vpx_codec_dec_cfg_t cfg = {.threads = threads};
	*err = vpx_codec_dec_init(&d->ctx, vpx_codec_vp8_dx(), &cfg, 0);
	if (*err != VPX_CODEC_OK) {
		free(d);
		return NULL;
	}
	return d;
}

parley_picture parley_decoder_decode(parley_decoder *d, const uint8_t *data, unsigned len) {
	parley_picture p = {0};
	d->img = NULL;
	p.err = vpx_codec_decode(&d->ctx, data, len, NULL, 0);
	if (p.err != VPX_CODEC_OK) {
		return p;
	}
	vpx_codec_iter_t it = NULL;
	d->img = vpx_codec_get_frame(&d->ctx, &it);
	if (vpx_codec_control(&d->ctx, VP8D_GET_FRAME_CORRUPTED, &p.corrupt) != VPX_CODEC_OK) {
		p.corrupt = 0; // no frame yet to ask about
	}
	if (d->img != NULL) {
		p.width = (int)d->img->d_w;
		p.height = (int)d->img->d_h;
	}
	return p;
}

static void copy_plane(uint8_t *dst, int dst_stride, const uint8_t *src, int src_stride, int width, int height) {
	for (int i = 0; i < height; i++) {
		memcpy(dst, src, (size_t)width);
		dst += dst_stride;
		src += src_stride;
	}
}

void parley_decoder_copy(parley_decoder *d, uint8_t *y, uint8_t *u, uint8_t *v, int y_stride, int uv_stride) {
	const vpx_image_t *m = d->img;
	int w = (int)m->d_w, h = (int)m->d_h;
	copy_plane(y, y_stride, m->planes[VPX_PLANE_Y], m->stride[VPX_PLANE_Y], w, h);
	copy_plane(u, uv_stride, m->planes[VPX_PLANE_U], m->stride[VPX_PLANE_U], (w + 1) / 2, (h + 1) / 2);
	copy_plane(v, uv_stride, m->planes[VPX_PLANE_V], m->stride[VPX_PLANE_V], (w + 1) / 2, (h + 1) / 2);
}

void parley_decoder_close(parley_decoder *d) {
	vpx_codec_destroy(&d->ctx);
	free(d);
}
