/* buffer.c - growing owned bytes. Callers: channels, encoders, everything that prints.
 *
 * Invariant: n <= cap <= max, and one byte more than cap is allocated, so that printf has room for
 * its NUL. */
#include "common/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum { BUFFER_CAP_MIN = 64 };

void buffer_init(struct buffer *b, size_t max)
{
    *b = (struct buffer){.max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void buffer_finish(struct buffer *b)
{
    free(b->p);
    *b = (struct buffer){.max = 0};
}

void buffer_clear(struct buffer *b)
{
    b->n = 0;
    b->failed = false;
    b->starved = false;
}

void buffer_release_if_empty(struct buffer *b)
{
    if (b->n > 0) return;
    free(b->p);
    b->p = NULL;
    b->cap = 0;
}

uint8_t *buffer_reserve(struct buffer *b, size_t n)
{
    if (b->failed) return NULL;
    if (n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    if (!b->p || n > b->cap - b->n) {
        size_t cap = b->cap <= b->max / 2 ? b->cap * 2 : b->max;
        if (cap < BUFFER_CAP_MIN) cap = BUFFER_CAP_MIN;
        if (cap < b->n + n) cap = b->n + n;
        if (cap > b->max) cap = b->max;
        uint8_t *p = realloc(b->p, cap + 1);
        if (!p) {
            b->failed = true;
            b->starved = true;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buffer_grown(struct buffer *b, size_t n)
{
    check(n <= b->cap - b->n);
    b->n += n;
}

void buffer_append(struct buffer *b, const void *bytes, size_t n)
{
    uint8_t *to = buffer_reserve(b, n);
    if (!to || n == 0) return;
    memcpy(to, bytes, n);
    b->n += n;
}

void buffer_append_str(struct buffer *b, struct str s)
{
    buffer_append(b, s.p, s.n);
}

void buffer_append_byte(struct buffer *b, uint8_t byte)
{
    buffer_append(b, &byte, 1);
}

static void buffer_append_big_endian(struct buffer *b, uint64_t v, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(v >> 8 * (n - 1 - i));
    buffer_append(b, bytes, n);
}

void buffer_append_u16be(struct buffer *b, uint16_t v)
{
    buffer_append_big_endian(b, v, 2);
}

void buffer_append_u32be(struct buffer *b, uint32_t v)
{
    buffer_append_big_endian(b, v, 4);
}

void buffer_append_u64be(struct buffer *b, uint64_t v)
{
    buffer_append_big_endian(b, v, 8);
}

void buffer_format(struct buffer *b, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    check(n >= 0);
    uint8_t *to = buffer_reserve(b, (size_t)n);
    if (!to) return;
    va_start(arguments, format);
    vsnprintf((char *)to, (size_t)n + 1, format, arguments);
    va_end(arguments);
    b->n += (size_t)n;
}

void buffer_consume(struct buffer *b, size_t n)
{
    check(n <= b->n);
    if (n == 0) return;
    b->n -= n;
    if (b->n > 0) memmove(b->p, b->p + n, b->n);
}

struct str buffer_str(const struct buffer *b)
{
    return (struct str){(const char *)b->p, b->n};
}

enum fault buffer_fault(const struct buffer *b)
{
    if (!b->failed) return FAULT_NONE;
    return b->starved ? FAULT_MEMORY : FAULT_LIMIT;
}
