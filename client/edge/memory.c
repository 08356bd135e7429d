/* memory.c - the heap in large pages. A list of thousands of deals touches some ten megabytes once, and
 * a sixth of its time went into the kernel handing them over 4 KiB at a time. */
#define _GNU_SOURCE
#include "client/edge/memory.h"

#include <stdint.h>
#include <stdlib.h>

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/banned.h"

enum {
    HEAP_STEP_BYTES = 16 << 20,
    LARGE_PAGE_BYTES = 2 << 20,
    STEP_BYTES = 192 * 1024, /* more than the heap has at first: makes it take a step */
};

void memory_prepare(void)
{
    uintptr_t begin = (uintptr_t)sbrk(0);
    if (mallopt(M_TOP_PAD, HEAP_STEP_BYTES) != 1) return;
    if (mallopt(M_TRIM_THRESHOLD, 4 * HEAP_STEP_BYTES) != 1) return;
    if (mallopt(M_MMAP_THRESHOLD, HEAP_STEP_BYTES) != 1) return;
    void *volatile step = malloc(STEP_BYTES);
    free(step);
    uintptr_t end = (uintptr_t)sbrk(0);
    begin = (begin + LARGE_PAGE_BYTES - 1) / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
    if (end <= begin) return;
    /* Refused where there are none: then the pages stay small. */
    (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
