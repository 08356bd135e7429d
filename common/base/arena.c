/* arena.c - bump allocation in a list of blocks. Callers: everything that handles one message, one
 * command or one batch.
 *
 * Invariant: the head of the list is the block being filled; blocks behind it are full, or were
 * made for one large thing. `used` never passes `max`. */
#include "common/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

/* AddressSanitizer then sees what is read or written beside an allocation. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#endif

#include "common/base/banned.h"

enum {
    BLOCK_BYTES_MIN = 1024,      /* most messages fit in one */
    BLOCK_BYTES_MAX = 64 * 1024, /* above, malloc maps pages anyway */
    PUSH_CAP_MIN = 8,
    FORMAT_BYTES = 256,
};

struct arena_block {
    struct arena_block *next;
    size_t n, cap;
    max_align_t bytes[]; /* only its address and its alignment matter */
};

static const size_t ALIGNMENT = _Alignof(max_align_t);

/* Kept out of line: gcc would believe that hiding fresh memory reads it. */
__attribute__((noinline)) static void arena_hide(void *p, size_t n)
{
#ifdef ARENA_POISON
    __asan_poison_memory_region(p, n);
#else
    (void)p;
    (void)n;
#endif
}

static void arena_show(void *p, size_t n)
{
#ifdef ARENA_POISON
    __asan_unpoison_memory_region(p, n);
#else
    (void)p;
    (void)n;
#endif
}

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

static void blocks_free(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_finish(struct arena *a)
{
    blocks_free(a->blocks);
    *a = (struct arena){.max = 0};
}

void arena_wipe(struct arena *a)
{
    for (struct arena_block *block = a->blocks; block; block = block->next) {
        arena_show(block->bytes, block->cap);
        sodium_memzero(block->bytes, block->cap);
    }
    arena_finish(a);
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = a->blocks;
    if (kept && kept->cap <= BLOCK_BYTES_MAX) {
        blocks_free(kept->next);
        kept->next = NULL;
        kept->n = 0;
        arena_hide(kept->bytes, kept->cap);
    } else {
        blocks_free(kept);
        kept = NULL;
    }
    a->blocks = kept;
    a->used = 0;
    a->failed = false;
}

/* A new block with room for `size`, put where it belongs in the list. */
static struct arena_block *block_create(struct arena *a, size_t size)
{
    size_t cap =
        a->blocks && a->blocks->cap <= BLOCK_BYTES_MAX / 2 ? a->blocks->cap * 2 : BLOCK_BYTES_MAX;
    if (!a->blocks) cap = BLOCK_BYTES_MIN;
    bool large = size > cap;
    if (large) cap = size;
    if (cap > SIZE_MAX - sizeof(struct arena_block)) return NULL;
    struct arena_block *block = malloc(sizeof *block + cap);
    if (!block) return NULL;
    block->n = 0;
    block->cap = cap;
    arena_hide(block->bytes, cap);
    if (large && a->blocks) { /* the head has room left for small things */
        block->next = a->blocks->next;
        a->blocks->next = block;
    } else {
        block->next = a->blocks;
        a->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (a->failed) return NULL;
    if (size == 0) size = 1;
    size_t rounded =
        size > SIZE_MAX - ALIGNMENT ? SIZE_MAX : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > a->max - a->used) {
        a->failed = true;
        return NULL;
    }
    struct arena_block *block = a->blocks;
    if (!block || block->cap - block->n < rounded) block = block_create(a, rounded);
    if (!block) {
        a->failed = true;
        return NULL;
    }
    void *p = (char *)block->bytes + block->n;
    block->n += rounded;
    a->used += rounded;
    arena_show(p, size);
    return memset(p, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        a->failed = true;
        return NULL;
    }
    return arena_alloc(a, bytes);
}

void *arena_copy(struct arena *a, const void *bytes, size_t n)
{
    void *p = arena_alloc(a, n);
    if (p && n > 0) memcpy(p, bytes, n);
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    if (!s.p) return STR_NONE;
    char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL; /* zeroed, hence terminated */
    if (!p) return STR_NONE;
    if (s.n > 0) memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

struct str arena_format(struct arena *a, const char *format, ...)
{
    char most[FORMAT_BYTES]; /* what is longer is made twice */
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(most, sizeof most, format, arguments);
    va_end(arguments);
    check(n >= 0);
    if ((size_t)n < sizeof most) return arena_str(a, (struct str){most, (size_t)n});
    char *p = arena_alloc(a, (size_t)n + 1);
    if (!p) return STR_NONE;
    va_start(arguments, format);
    vsnprintf(p, (size_t)n + 1, format, arguments);
    va_end(arguments);
    return (struct str){p, (size_t)n};
}

enum fault arena_fault(const struct arena *a)
{
    return a->failed ? FAULT_MEMORY : FAULT_NONE;
}

void *arena_push(struct arena *a, void **items, size_t *count, size_t *cap, size_t size)
{
    /* Callers hand over the address of a pointer to some struct; memcpy reads and writes it without
     * pretending that it is a void pointer. */
    void *array;
    memcpy(&array, items, sizeof array);
    check(*count <= *cap);
    check(size > 0);
    if (*count == *cap) {
        size_t grown = *cap ? *cap : PUSH_CAP_MIN / 2;
        if (__builtin_mul_overflow(grown, 2, &grown)) {
            a->failed = true;
            return NULL;
        }
        void *larger = arena_array(a, grown, size);
        if (!larger) return NULL;
        if (*count > 0) memcpy(larger, array, *count * size);
        array = larger;
        *cap = grown;
        memcpy(items, &array, sizeof array);
    }
    void *item = (char *)array + *count * size;
    (*count)++;
    return memset(item, 0, size);
}
