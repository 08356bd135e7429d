/* buffer.h - owned bytes with a ceiling set at birth.
 *
 * A buffer that could not grow remembers it (`failed`): append freely, look once at the end. After
 * a failure the content is what was there before the first failed append. */
#ifndef SLUICE_COMMON_BASE_BUFFER_H
#define SLUICE_COMMON_BASE_BUFFER_H

#include "common/base/text.h"

struct buffer {
    uint8_t *p;
    size_t n, cap, max;
    bool failed;
    bool starved; /* failed for want of memory, not because of the ceiling */
};

void buffer_init(struct buffer *b, size_t max);
void buffer_finish(struct buffer *b); /* accepts a zeroed buffer */
void buffer_clear(struct buffer *b);  /* keeps the memory, forgets content and failure */
/* Frees the memory if nothing is in it: idle connections must cost little. */
void buffer_release_if_empty(struct buffer *b);

void buffer_append(struct buffer *b, const void *bytes, size_t n);
void buffer_append_str(struct buffer *b, struct str s);
void buffer_append_byte(struct buffer *b, uint8_t byte);
void buffer_append_u16be(struct buffer *b, uint16_t v);
void buffer_append_u32be(struct buffer *b, uint32_t v);
void buffer_append_u64be(struct buffer *b, uint64_t v);
void buffer_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for n bytes at the end, to be filled by the caller; NULL (and failed) if over the ceiling.
 * buffer_grown says how many were filled. */
uint8_t *buffer_reserve(struct buffer *b, size_t n);
void buffer_grown(struct buffer *b, size_t n);
/* Removes n bytes from the front. */
void buffer_consume(struct buffer *b, size_t n);

struct str buffer_str(const struct buffer *b); /* borrowed, valid until the next change */
/* FAULT_LIMIT or FAULT_MEMORY if any append failed. */
MUST_USE enum fault buffer_fault(const struct buffer *b);

#endif
