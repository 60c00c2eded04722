#ifndef PARLEY_VPX_ENCODER_H
#define PARLEY_VPX_ENCODER_H

#include <stdint.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

typedef struct {
	vpx_codec_ctx_t ctx;
	vpx_codec_enc_cfg_t cfg;
	vpx_image_t img;
} parley_encoder;

// What varies; see settings.go for the names.
typedef struct {
	unsigned width, height, kbps, threads;
	unsigned min_q, max_q, undershoot, overshoot;
	unsigned buf_initial, buf_optimal, buf_max, drop;
	int cpu_used;
	unsigned noise, static_threshold, screen_mode, max_intra;
} parley_settings;

typedef struct {
	vpx_codec_err_t err;
	const uint8_t *data; // owned by libvpx until the next call; NULL: frame dropped
	size_t len;
	int key;
} parley_packet;

parley_encoder *parley_encoder_open(const parley_settings *s, vpx_codec_err_t *err);
vpx_codec_err_t parley_encoder_rate(parley_encoder *e, unsigned kbps, unsigned max_intra);
parley_packet parley_encoder_encode(parley_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                                    int y_stride, int uv_stride, int64_t pts, unsigned long duration, int key);
void parley_encoder_close(parley_encoder *e);

#endif
