#ifndef PARLEY_VPX_HEAP_H
#define PARLEY_VPX_HEAP_H

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// parley_heap makes freed pictures go back to the system at once. An encoder
// for 720p holds some twenty megabytes in large blocks. Once one such block
// has been freed, glibc by default keeps the next ones for the thread that
// allocated them, and Go calls from another thread every time: a few hundred
// changes of size left 40 to 100 MB with the process, though nothing was lost
// (measured). A fixed threshold gives every block above it pages of its own.
// It holds for the whole process; setting it again changes nothing.
static inline void parley_heap(void) {
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

#endif
