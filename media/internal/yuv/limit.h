#ifndef PARLEY_YUV_LIMIT_H
#define PARLEY_YUV_LIMIT_H

#include <stdint.h>

void parley_limit_plane(uint8_t *p, int stride, int width, int height, int scale, int add);

#endif
