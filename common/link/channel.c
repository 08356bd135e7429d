/* channel.c - a TCP stream into messages and back. Called by both network edges (through session
 * and sync) and by the simulator. The parts: channel_inside.h.
 *
 *   server: HEADER -> HANDSHAKE (read 1, write 2, read 3) -> OPEN -> CLOSED
 *   client:           HANDSHAKE (header and write 1, read 2, write 3) -> OPEN -> CLOSED
 *
 * What comes behind the handshake is kept until it is pulled. Invariant: keys exist only while the
 * stage is HANDSHAKE or OPEN. */
#include "common/link/channel_inside.h"

#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

#include "common/base/banned.h"

/* --- queues: buffers read from the front through an offset, so that taking is cheap --- */

/* Makes the front free when that is cheap (at least half of it is used up) or needed. */
static void queue_compact(struct buffer *b, size_t *used, size_t more)
{
    if (*used == 0) return;
    if (*used < b->n - *used && more <= b->max - b->n) return;
    buffer_consume(b, *used);
    *used = 0;
}

static void queue_release(struct buffer *b, size_t *used)
{
    if (*used < b->n) return;
    buffer_clear(b);
    buffer_release_if_empty(b);
    *used = 0;
}

/* --- life --- */

enum fault channel_init(struct channel *c, const struct channel_options *options)
{
    check(options->key_count >= 1);
    check(options->key_count <= CHANNEL_KEYS_MAX);
    *c = (struct channel){
        .role = options->role,
        .stage = options->role == CHANNEL_SERVER ? CHANNEL_STAGE_HEADER : CHANNEL_STAGE_HANDSHAKE,
        .wanted = options->role == CHANNEL_SERVER ? (size_t)HEADER_BYTES : (size_t)LENGTH_BYTES,
        .keys = options->keys,
        .key_count = options->key_count,
        .deadline_ms = options->now.boot_ms + HANDSHAKE_MS,
        .frame_out_max = options->frame_out_max,
    };
    buffer_init(&c->input, CHANNEL_INPUT_MAX);
    buffer_init(&c->output, options->output_max > 0 ? options->output_max : OUTPUT_HARD);
    buffer_init(&c->payload, HANDSHAKE_PAYLOAD_MAX + 1);
    frame_reader_init(&c->frames, options->frame_in_max);
    if (options->role == CHANNEL_SERVER) {
        c->ephemeral = options->ephemeral;
        return FAULT_NONE;
    }
    enum fault fault = channel_handshake_begin(c, options);
    if (fault != FAULT_NONE) channel_finish(c);
    return fault;
}

void channel_finish(struct channel *c)
{
    channel_wipe_keys(c);
    channel_payload_drop(c);
    buffer_finish(&c->input);
    buffer_finish(&c->output);
    frame_reader_finish(&c->frames);
    sodium_memzero(c, sizeof *c);
    c->stage = CHANNEL_STAGE_CLOSED;
}

void channel_feed(struct channel *c, struct str bytes)
{
    if (c->ended) return;
    while (bytes.n > 0 && c->stage < CHANNEL_STAGE_OPEN) channel_handshake_feed(c, &bytes);
    if (bytes.n == 0 || c->stage == CHANNEL_STAGE_CLOSED) return;
    if (bytes.n > CHANNEL_INPUT_MAX - (c->input.n - c->input_used)) {
        channel_fail(c, CHANNEL_REASON_TOO_LARGE);
        return;
    }
    queue_compact(&c->input, &c->input_used, bytes.n);
    buffer_append_str(&c->input, bytes);
    if (buffer_fault(&c->input) != FAULT_NONE) channel_fail(c, CHANNEL_REASON_MEMORY);
}

void channel_end(struct channel *c)
{
    c->ended = true;
    if (c->stage < CHANNEL_STAGE_OPEN) channel_fail(c, CHANNEL_REASON_HANDSHAKE_ENDED);
}

void channel_tick(struct channel *c, struct now now)
{
    if (c->stage >= CHANNEL_STAGE_OPEN || now.boot_ms < c->deadline_ms) return;
    channel_fail(c, CHANNEL_REASON_HANDSHAKE_TIMEOUT);
}

uint64_t channel_deadline_ms(const struct channel *c)
{
    return c->stage < CHANNEL_STAGE_OPEN ? c->deadline_ms : UINT64_MAX;
}

void channel_close(struct channel *c)
{
    channel_stop(c, CHANNEL_REASON_LOCAL);
}

/* --- receiving --- */

/* The next transport message as plaintext, decrypted where it lies. False when it is not all there,
 * or when that closed the channel. */
static bool record_next(struct channel *c, struct str *plain)
{
    size_t there = c->input.n - c->input_used;
    if (there < LENGTH_BYTES) return false;
    uint8_t *record = c->input.p + c->input_used;
    size_t n = channel_length_read(record);
    if (n < NOISE_TAG_BYTES) { /* cannot be authentic: no need to wait for it */
        channel_fail(c, CHANNEL_REASON_TAMPERED);
        return false;
    }
    if (there < LENGTH_BYTES + n) return false;
    record += LENGTH_BYTES;
    struct str sealed = {(const char *)record, n};
    if (noise_decrypt(&c->receiving, STR_NONE, sealed, record) != FAULT_NONE) {
        channel_fail(c, CHANNEL_REASON_TAMPERED);
        return false;
    }
    c->input_used += LENGTH_BYTES + n;
    *plain = str_slice(sealed, 0, n - NOISE_TAG_BYTES);
    return true;
}

static bool message_next(struct channel *c, struct str *message)
{
    struct str plain;
    while (record_next(c, &plain)) {
        bool whole;
        enum fault fault = frame_reader_feed(&c->frames, plain, &whole, message);
        if (fault == FAULT_NONE && whole) return true;
        if (fault == FAULT_NONE) continue;
        channel_fail(c, fault == FAULT_LIMIT    ? CHANNEL_REASON_TOO_LARGE
                        : fault == FAULT_MEMORY ? CHANNEL_REASON_MEMORY
                                                : CHANNEL_REASON_BAD_FRAME);
        return false;
    }
    return false;
}

/* Everything that was there is pulled. */
static void input_drained(struct channel *c)
{
    if (c->ended) {
        bool within = c->input_used < c->input.n || c->frames.open;
        channel_stop(c, within ? CHANNEL_REASON_TRUNCATED : CHANNEL_REASON_ENDED);
        return;
    }
    queue_compact(&c->input, &c->input_used, 0);
    queue_release(&c->input, &c->input_used);
    frame_reader_release(&c->frames);
}

bool channel_next(struct channel *c, struct channel_event *event)
{
    *event = (struct channel_event){.kind = CHANNEL_CLOSED};
    if (c->done_due) {
        c->done_due = false;
        event->kind = CHANNEL_HANDSHAKE_DONE;
        event->bytes = buffer_str(&c->payload);
        event->peer = c->peer;
        event->key_index = c->key_index;
        return true;
    }
    if (c->stage == CHANNEL_STAGE_OPEN) {
        channel_payload_drop(c); /* its loan is over; before, it is the hello that waits for message 3 */
        if (message_next(c, &event->bytes)) {
            event->kind = CHANNEL_MESSAGE;
            return true;
        }
        if (c->stage == CHANNEL_STAGE_OPEN) input_drained(c);
    }
    if (!c->closed_due) return false;
    c->closed_due = false;
    event->bytes = STR_NONE;
    event->reason = c->reason;
    event->peer_version = c->peer_version;
    return true;
}

/* --- sending --- */

static void chunk_seal(struct channel *c, const struct frame_chunk *chunk, uint8_t *out)
{
    size_t n = chunk->header_size + chunk->body.n;
    size_t sealed_n = n + NOISE_TAG_BYTES;
    out[0] = (uint8_t)(sealed_n >> 8);
    out[1] = (uint8_t)sealed_n;
    out += LENGTH_BYTES;
    memcpy(out, chunk->header, chunk->header_size);
    if (chunk->body.n > 0) memcpy(out + chunk->header_size, chunk->body.p, chunk->body.n);
    struct str plain = {(const char *)out, n};
    enum fault fault = noise_encrypt(&c->sending, STR_NONE, plain, out);
    check(fault == FAULT_NONE); /* size and nonces were looked at before */
}

enum fault channel_send(struct channel *c, struct str message)
{
    if (c->stage == CHANNEL_STAGE_CLOSED) return FAULT_CLOSED;
    if (c->stage != CHANNEL_STAGE_OPEN) return FAULT_BUSY;
    if (message.n > c->frame_out_max) return FAULT_LIMIT;
    size_t chunks = frame_chunks(message.n);
    if (chunks > UINT64_MAX - c->sending.nonce) return FAULT_LIMIT;
    size_t n = frame_size(message.n) + chunks * (LENGTH_BYTES + NOISE_TAG_BYTES);
    size_t waiting = c->output.n - c->output_used;
    if (waiting > c->output.max || n > c->output.max - waiting) return FAULT_BUSY;
    queue_compact(&c->output, &c->output_used, n);
    uint8_t *out = buffer_reserve(&c->output, n);
    if (out == NULL) { /* nothing is changed yet, and the pulled message is still on loan */
        c->output.failed = c->output.starved = false;
        return FAULT_MEMORY;
    }
    struct frame_cutter cutter;
    struct frame_chunk chunk;
    frame_cutter_init(&cutter, message);
    while (frame_cutter_next(&cutter, &chunk)) {
        chunk_seal(c, &chunk, out);
        out += LENGTH_BYTES + chunk.header_size + chunk.body.n + NOISE_TAG_BYTES;
    }
    buffer_grown(&c->output, n);
    return FAULT_NONE;
}

struct str channel_output(const struct channel *c)
{
    return str_slice(buffer_str(&c->output), c->output_used, c->output.n);
}

void channel_sent(struct channel *c, size_t n)
{
    check(n <= c->output.n - c->output_used);
    c->output_used += n;
    queue_compact(&c->output, &c->output_used, 0);
    queue_release(&c->output, &c->output_used);
}

/* --- looking --- */

uint64_t channel_heard(const struct channel *c)
{
    return c->receiving.nonce;
}

bool channel_is_open(const struct channel *c)
{
    return c->stage == CHANNEL_STAGE_OPEN;
}

const uint8_t *channel_binding(const struct channel *c)
{
    return c->binding;
}

size_t channel_memory(const struct channel *c)
{
    return c->input.cap + c->output.cap + c->payload.cap + c->frames.body.cap;
}
