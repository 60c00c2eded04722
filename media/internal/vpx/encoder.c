#include "encoder.h"

#include "heap.h"

#include <stdlib.h>
#include <string.h>

parley_encoder *parley_encoder_open(const parley_settings *s, vpx_codec_err_t *err) {
	parley_heap();
	parley_encoder *e = calloc(1, sizeof *e);
	if (e == NULL) {
		*err = VPX_CODEC_MEM_ERROR;
		return NULL;
	}
	vpx_codec_iface_t *iface = vpx_codec_vp8_cx();
	*err = vpx_codec_enc_config_default(iface, &e->cfg, 0);
	if (*err != VPX_CODEC_OK) {
		free(e);
		return NULL;
	}
	vpx_codec_enc_cfg_t *c = &e->cfg;
	c->g_w = s->width;
	c->g_h = s->height;
	c->g_timebase.num = 1;
	c->g_timebase.den = 90000;
	c->g_threads = s->threads;
	c->g_pass = VPX_RC_ONE_PASS;
	c->g_lag_in_frames = 0;
	c->g_error_resilient = 0;
	c->rc_end_usage = VPX_CBR;
	c->rc_resize_allowed = 0;
	c->rc_target_bitrate = s->kbps;
	c->rc_min_quantizer = s->min_q;
	c->rc_max_quantizer = s->max_q;
	c->rc_undershoot_pct = s->undershoot;
	c->rc_overshoot_pct = s->overshoot;
	c->rc_buf_initial_sz = s->buf_initial;
	c->rc_buf_optimal_sz = s->buf_optimal;
	c->rc_buf_sz = s->buf_max;
	c->rc_dropframe_thresh = s->drop;
	c->kf_mode = VPX_KF_DISABLED;
	*err = vpx_codec_enc_init(&e->ctx, iface, c, 0);
	if (*err != VPX_CODEC_OK) {
		free(e);
		return NULL;
	}
	vpx_codec_err_t r[] = {
		vpx_codec_control(&e->ctx, VP8E_SET_CPUUSED, s->cpu_used),
		vpx_codec_control(&e->ctx, VP8E_SET_NOISE_SENSITIVITY, s->noise),
		vpx_codec_control(&e->ctx, VP8E_SET_STATIC_THRESHOLD, s->static_threshold),
		vpx_codec_control(&e->ctx, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION),
		vpx_codec_control(&e->ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, s->max_intra),
		vpx_codec_control(&e->ctx, VP8E_SET_SCREEN_CONTENT_MODE, s->screen_mode),
	};
	for (size_t i = 0; i < sizeof r / sizeof *r; i++) {
		if (r[i] != VPX_CODEC_OK) {
			*err = r[i];
			parley_encoder_close(e);
			return NULL;
		}
	}
	if (vpx_img_wrap(&e->img, VPX_IMG_FMT_I420, s->width, s->height, 1, (unsigned char *)e) == NULL) {
		*err = VPX_CODEC_INVALID_PARAM;
		parley_encoder_close(e);
		return NULL;
	}
	return e;
}

vpx_codec_err_t parley_encoder_rate(parley_encoder *e, unsigned kbps, unsigned max_intra) {
	if (e->cfg.rc_target_bitrate != kbps) {
		e->cfg.rc_target_bitrate = kbps;
		vpx_codec_err_t err = vpx_codec_enc_config_set(&e->ctx, &e->cfg);
		if (err != VPX_CODEC_OK) {
			return err;
		}
	}
	return vpx_codec_control(&e->ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, max_intra);
}

parley_packet parley_encoder_encode(parley_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                                    int y_stride, int uv_stride, int64_t pts, unsigned long duration, int key) {
	parley_packet p = {0};
	e->img.planes[VPX_PLANE_Y] = (unsigned char *)y;
	e->img.planes[VPX_PLANE_U] = (unsigned char *)u;
	e->img.planes[VPX_PLANE_V] = (unsigned char *)v;
	e->img.stride[VPX_PLANE_Y] = y_stride;
	e->img.stride[VPX_PLANE_U] = uv_stride;
	e->img.stride[VPX_PLANE_V] = uv_stride;
	p.err = vpx_codec_encode(&e->ctx, &e->img, pts, duration, key ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME);
	// The planes are Go memory, borrowed for this call: libvpx has copied them.
	memset(e->img.planes, 0, sizeof e->img.planes);
	if (p.err != VPX_CODEC_OK) {
		return p;
	}
	vpx_codec_iter_t it = NULL;
	const vpx_codec_cx_pkt_t *pkt;
	while ((pkt = vpx_codec_get_cx_data(&e->ctx, &it)) != NULL) {
		if (pkt->kind == VPX_CODEC_CX_FRAME_PKT) {
			p.data = pkt->data.frame.buf;
			p.len = pkt->data.frame.sz;
			p.key = (pkt->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
			break; // one picture in, at most one packet out: no lag, no layers
		}
	}
	return p;
}

void parley_encoder_close(parley_encoder *e) {
	vpx_codec_destroy(&e->ctx);
	free(e);
}
