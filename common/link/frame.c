/* frame.c - messages into chunks and back. Called by channel.c.
 *
 * Invariant of the reader: body.n < total while a frame is open, and total <= max. */
#include "common/link/frame.h"

#include <assert.h>
#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

static_assert(FRAME_CHUNK_MAX <= NOISE_PLAINTEXT_MAX, "a chunk is one transport message");
static_assert(FRAME_CHUNK_MAX > (int)FRAME_HEADER_FIRST, "each chunk brings something");

/* --- reading --- */

void frame_reader_init(struct frame_reader *r, size_t max)
{
    check(max <= UINT32_MAX);
    *r = (struct frame_reader){.max = max};
    buffer_init(&r->body, max);
}

void frame_reader_finish(struct frame_reader *r)
{
    buffer_finish(&r->body);
}

void frame_reader_release(struct frame_reader *r)
{
    if (r->delivered) {
        buffer_clear(&r->body);
        r->delivered = false;
    }
    buffer_release_if_empty(&r->body);
}

static size_t read_u32be(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static enum fault reader_fail(struct frame_reader *r, enum fault fault)
{
    buffer_finish(&r->body);
    r->open = false;
    r->failed = true;
    return fault;
}

/* The first chunk's total, looked at before anything is kept. */
static enum fault reader_begin(struct frame_reader *r, struct str chunk)
{
    if (chunk.n < FRAME_HEADER_FIRST) return FAULT_FORMAT;
    size_t total = read_u32be(chunk.p + 1);
    if (total > r->max) return FAULT_LIMIT;
    r->total = total;
    return FAULT_NONE;
}

enum fault frame_reader_feed(struct frame_reader *r, struct str chunk, bool *whole,
                             struct str *message)
{
    *whole = false;
    *message = STR_NONE;
    check(!r->failed);
    if (r->delivered) {
        buffer_clear(&r->body);
        r->delivered = false;
    }
    if (chunk.n < FRAME_HEADER_NEXT) return reader_fail(r, FAULT_FORMAT);
    uint8_t flags = (uint8_t)chunk.p[0];
    if ((flags & ~FRAME_FLAG_FINAL) != 0) return reader_fail(r, FAULT_FORMAT);
    bool final = (flags & FRAME_FLAG_FINAL) != 0;
    if (!r->open) {
        enum fault fault = reader_begin(r, chunk);
        if (fault != FAULT_NONE) return reader_fail(r, fault);
    }
    size_t header = r->open ? FRAME_HEADER_NEXT : FRAME_HEADER_FIRST;
    struct str body = str_slice(chunk, header, chunk.n);
    size_t missing = r->total - r->body.n;
    if (body.n > missing) return reader_fail(r, FAULT_FORMAT);
    if (final != (body.n == missing)) return reader_fail(r, FAULT_FORMAT);
    if (!final && body.n == 0) return reader_fail(r, FAULT_FORMAT);
    if (final && !r->open) { /* the usual case: one chunk, nothing to copy */
        *whole = true;
        *message = body;
        return FAULT_NONE;
    }
    r->open = !final;
    buffer_append(&r->body, body.p, body.n);
    if (buffer_fault(&r->body) != FAULT_NONE) return reader_fail(r, FAULT_MEMORY);
    if (final) {
        *whole = true;
        *message = buffer_str(&r->body);
        r->delivered = true;
    }
    return FAULT_NONE;
}

/* --- cutting --- */

size_t frame_chunks(size_t n)
{
    const size_t first = FRAME_CHUNK_MAX - FRAME_HEADER_FIRST;
    const size_t next = FRAME_CHUNK_MAX - FRAME_HEADER_NEXT;
    return n <= first ? 1 : 1 + (n - first + next - 1) / next;
}

size_t frame_size(size_t n)
{
    return n + FRAME_HEADER_FIRST + (frame_chunks(n) - 1) * FRAME_HEADER_NEXT;
}

void frame_cutter_init(struct frame_cutter *c, struct str message)
{
    check(message.n <= UINT32_MAX);
    *c = (struct frame_cutter){.rest = message, .total = message.n};
}

bool frame_cutter_next(struct frame_cutter *c, struct frame_chunk *chunk)
{
    if (c->done) return false;
    chunk->header_size = c->begun ? FRAME_HEADER_NEXT : FRAME_HEADER_FIRST;
    size_t room = FRAME_CHUNK_MAX - chunk->header_size;
    size_t n = c->rest.n < room ? c->rest.n : room;
    chunk->body = str_slice(c->rest, 0, n);
    c->rest = str_slice(c->rest, n, c->rest.n);
    c->done = c->rest.n == 0;
    chunk->header[0] = c->done ? FRAME_FLAG_FINAL : 0;
    for (int i = 0; i < 4 && !c->begun; i++) {
        chunk->header[1 + i] = (uint8_t)(c->total >> (8 * (3 - i)));
    }
    c->begun = true;
    return true;
}
