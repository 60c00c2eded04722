#include "limit.h"

// 16 bits hold every value (255*225 + 4096 < 65536), so that the compiler can
// work on eight or sixteen pixels at a time.
void parley_limit_plane(uint8_t *p, int stride, int width, int height, int scale, int add) {
	const uint16_t s = (uint16_t)scale, a = (uint16_t)add;
	for (int y = 0; y < height; y++, p += stride) {
		for (int x = 0; x < width; x++) {
			p[x] = (uint8_t)((uint16_t)(p[x] * s + a) >> 8);
		}
	}
}
