#ifndef PARLEY_OPUS_SHIM_H
#define PARLEY_OPUS_SHIM_H

#include <opus.h>

// libopus' control functions are variadic, which cgo cannot call.

static inline int parley_enc_bitrate(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_BITRATE(v)); }
static inline int parley_enc_fec(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(v)); }
static inline int parley_enc_dtx(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_DTX(v)); }
static inline int parley_enc_loss(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(v)); }
static inline int parley_enc_complexity(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(v)); }
static inline int parley_enc_signal_voice(OpusEncoder *e) { return opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)); }
static inline int parley_enc_signal_music(OpusEncoder *e) { return opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_MUSIC)); }
static inline int parley_enc_lookahead(OpusEncoder *e, opus_int32 *v) { return opus_encoder_ctl(e, OPUS_GET_LOOKAHEAD(v)); }
static inline int parley_enc_reset(OpusEncoder *e) { return opus_encoder_ctl(e, OPUS_RESET_STATE); }
static inline int parley_dec_reset(OpusDecoder *d) { return opus_decoder_ctl(d, OPUS_RESET_STATE); }

// The SILK part of a frame starts, for each channel, with one voice activity
// flag per 20 ms (at least one) and then the LBRR flag.
static inline int parley_packet_has_fec(const unsigned char *data, opus_int32 len) {
	const unsigned char *frames[48];
	opus_int16 sizes[48];
	if (data[0] & 0x80) {
		return 0; // CELT alone
	}
	if (opus_packet_parse(data, len, NULL, frames, sizes, NULL) < 1 || sizes[0] < 1) {
		return 0;
	}
	int ms = opus_packet_get_samples_per_frame(data, 48000) / 48;
	int silk = ms <= 20 ? 1 : ms / 20;
	int channels = opus_packet_get_nb_channels(data);
	for (int n = 1; n <= channels; n++) {
		if (frames[0][0] & (0x80 >> (n * (silk + 1) - 1))) {
			return 1;
		}
	}
	return 0;
}

#endif
