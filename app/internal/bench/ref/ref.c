// What libvpx and libyuv do by themselves, in C, with the settings that
// media/internal/vpx gives them: what the bench compares the Go packages with.
//
//	ref encode CLIP.y4m KBPS STEP    every STEPth picture, as real time would have it
//	ref decode CLIP.ivf              decoded and converted to RGBA
//
// It prints the processor time of the work alone in seconds, the number of
// pictures, and for encode the size of each in bytes.
#include <libyuv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

static void fail(const char *what) {
	fprintf(stderr, "ref: %s\n", what);
	exit(1);
}

static double cpu(void) {
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec + 1e-6 * (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static unsigned char *whole(const char *path, long *size) {
	FILE *f = fopen(path, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0) fail("cannot open the clip");
	*size = ftell(f);
	rewind(f);
	unsigned char *b = malloc(*size);
	if (b == NULL || fread(b, 1, *size, f) != (size_t)*size) fail("cannot read the clip");
	fclose(f);
	return b;
}

static int max(int a, int b) { return a > b ? a : b; }

static int encode(const char *path, int kbps, int step) {
	long size;
	unsigned char *b = whole(path, &size);
	int w = 0, h = 0, rate = 30, per = 1;
	char *line = strtok((char *)b, "\n");
	long at = strlen(line) + 1;
	for (char *f = strtok(line, " "); f != NULL; f = strtok(NULL, " ")) {
		if (f[0] == 'W') w = atoi(f + 1);
		if (f[0] == 'H') h = atoi(f + 1);
		if (f[0] == 'F') sscanf(f + 1, "%d:%d", &rate, &per);
	}
	int fps = rate / per / step;
	vpx_codec_enc_cfg_t c;
	vpx_codec_ctx_t ctx;
	vpx_codec_iface_t *iface = vpx_codec_vp8_cx();
	if (vpx_codec_enc_config_default(iface, &c, 0)) fail("no configuration");
	c.g_w = w, c.g_h = h;
	c.g_timebase.num = 1, c.g_timebase.den = 90000;
	c.g_threads = 1;
	c.g_pass = VPX_RC_ONE_PASS;
	c.g_lag_in_frames = 0;
	c.rc_end_usage = VPX_CBR;
	c.rc_resize_allowed = 0;
	c.rc_target_bitrate = kbps;
	c.rc_min_quantizer = 2, c.rc_max_quantizer = 56;
	c.rc_undershoot_pct = 100, c.rc_overshoot_pct = 15;
	c.rc_buf_initial_sz = 500, c.rc_buf_optimal_sz = 600, c.rc_buf_sz = 1000;
	c.rc_dropframe_thresh = 30;
	c.kf_mode = VPX_KF_DISABLED;
	if (vpx_codec_enc_init(&ctx, iface, &c, 0)) fail("no encoder");
	vpx_codec_control(&ctx, VP8E_SET_CPUUSED, w * h < 352 * 288 ? -4 : -6);
	vpx_codec_control(&ctx, VP8E_SET_NOISE_SENSITIVITY, 4);
	vpx_codec_control(&ctx, VP8E_SET_STATIC_THRESHOLD, 1);
	vpx_codec_control(&ctx, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION);
	vpx_codec_control(&ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, max(300, 600 * fps / 20));
	vpx_image_t img;
	if (vpx_img_wrap(&img, VPX_IMG_FMT_I420, w, h, 1, b) == NULL) fail("no image");
	int cw = (w + 1) / 2, ch = (h + 1) / 2, n = 0;
	long picture = (long)w * h + 2L * cw * ch;
	int *sizes = calloc(size / picture + 1, sizeof *sizes);
	double began = cpu();
	for (int i = 0; at + 6 + picture <= size; i++, at += 6 + picture) {
		if (i % step != 0) continue;
		img.planes[0] = b + at + 6;
		img.planes[1] = img.planes[0] + (long)w * h;
		img.planes[2] = img.planes[1] + (long)cw * ch;
		img.stride[0] = w;
		img.stride[1] = img.stride[2] = cw;
		int dur = 90000 / fps;
		if (vpx_codec_encode(&ctx, &img, (long)n * dur, dur, n == 0 ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME)) fail("encode");
		vpx_codec_iter_t it = NULL;
		const vpx_codec_cx_pkt_t *p;
		while ((p = vpx_codec_get_cx_data(&ctx, &it)) != NULL) {
			if (p->kind == VPX_CODEC_CX_FRAME_PKT) sizes[n] = p->data.frame.sz;
		}
		n++;
	}
	printf("%f %d", cpu() - began, n);
	for (int i = 0; i < n; i++) printf(" %d", sizes[i]);
	printf("\n");
	return 0;
}

static unsigned le32(const unsigned char *p) { return p[0] | p[1] << 8 | p[2] << 16 | (unsigned)p[3] << 24; }

static int decode(const char *path) {
	long size;
	unsigned char *b = whole(path, &size);
	vpx_codec_ctx_t ctx;
	vpx_codec_dec_cfg_t c = {.threads = 1};
	if (size < 32 || vpx_codec_dec_init(&ctx, vpx_codec_vp8_dx(), &c, 0)) fail("no decoder");
	int w = b[12] | b[13] << 8, h = b[14] | b[15] << 8, n = 0;
	unsigned char *rgba = malloc(4L * w * h);
	double began = cpu();
	for (long at = 32; at + 12 <= size;) {
		long len = le32(b + at);
		at += 12;
		if (at + len > size || vpx_codec_decode(&ctx, b + at, len, NULL, 0)) fail("decode");
		at += len;
		vpx_codec_iter_t it = NULL;
		vpx_image_t *img;
		while ((img = vpx_codec_get_frame(&ctx, &it)) != NULL) {
			I420ToABGR(img->planes[0], img->stride[0], img->planes[1], img->stride[1], img->planes[2], img->stride[2], rgba, 4 * w, w, h);
			n++;
		}
	}
	printf("%f %d\n", cpu() - began, n);
	return 0;
}

int main(int argc, char **argv) {
	if (argc == 5 && strcmp(argv[1], "encode") == 0) return encode(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc == 3 && strcmp(argv[1], "decode") == 0) return decode(argv[2]);
	fail("ref encode CLIP.y4m KBPS STEP, or ref decode CLIP.ivf");
}
