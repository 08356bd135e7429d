/* arena.h - memory for things that die together (one message, one command, one batch). */
#ifndef SLUICE_COMMON_BASE_ARENA_H
#define SLUICE_COMMON_BASE_ARENA_H

#include "common/base/text.h"

struct arena_block;

enum { ARENA_HASH_KEY = 16 };

struct arena {
    struct arena_block *blocks;
    size_t used, max;
    bool failed; /* an allocation was refused; sticky until reset */
    const uint8_t *hash_key; /* ARENA_HASH_KEY bytes, of the maps in it; NULL: see map.h */
};

void arena_init(struct arena *a, size_t max);
void arena_finish(struct arena *a); /* accepts a zeroed arena */
void arena_wipe(struct arena *a);   /* the same, for one that held a secret */
/* Frees everything but one block. */
void arena_reset(struct arena *a);

/* Zeroed, aligned for any type. NULL (and failed) when the budget or the memory is used up; then
 * all further allocations fail too. size 0 gives a pointer as well. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size); /* count * size checked */
void *arena_copy(struct arena *a, const void *bytes, size_t n);
/* Copies are NUL-terminated behind their end, so that .p can go to a C library. Absent stays
 * absent. On failure the result is absent and the arena failed. */
struct str arena_str(struct arena *a, struct str s);
struct str arena_format(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
MUST_USE enum fault arena_fault(const struct arena *a);

/* Growable array in an arena: *items has *count elements of `size` bytes with room for *cap.
 * Returns the new last element, zeroed, or NULL. The old array stays in the arena, unused. */
void *arena_push(struct arena *a, void **items, size_t *count, size_t *cap, size_t size);

#endif
