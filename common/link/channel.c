/* channel.c - a TCP stream into messages and back. Called by both network edges (through session
 * and sync) and by the simulator.
 *
 *   server: HEADER -> HANDSHAKE (read 1, write 2, read 3) -> OPEN -> CLOSED
 *   client:           HANDSHAKE (header and write 1, read 2, write 3) -> OPEN -> CLOSED
 *
 * Handshake bytes are worked on as they are fed, never more kept than the step at hand needs (at
 * most 2 + 64 + HANDSHAKE_PAYLOAD_MAX); bytes behind the handshake are ciphertext. Those are kept
 * until they are pulled. Invariant: keys exist only while the stage is HANDSHAKE or OPEN. */
#include "common/link/channel.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum { LENGTH_BYTES = 2, MAGIC_BYTES = 4, AT_VERSION = 4, AT_FLAGS = 5, AT_KEY = 6, KEY_ID = 2 };
enum { FLAG_SERVER = 0x80 }; /* in a hint, so that an echo is not taken for one */

static const char magic[] = "SLCE";
static const char prologue_text[] = "Sluice v1";

static_assert(AT_KEY + KEY_ID == HEADER_BYTES, "the header is full");
static_assert(HEADER_BYTES + LENGTH_BYTES * 2 + NOISE_MESSAGE_1_BYTES + NOISE_MESSAGE_3_BYTES +
                      HANDSHAKE_PAYLOAD_MAX <=
                  2048,
              "what a stranger may make us read");

const char *channel_reason_name(enum channel_reason reason)
{
    switch (reason) {
    case CHANNEL_REASON_NONE: return "none";
    case CHANNEL_REASON_LOCAL: return "local";
    case CHANNEL_REASON_ENDED: return "ended";
    case CHANNEL_REASON_TRUNCATED: return "truncated";
    case CHANNEL_REASON_HANDSHAKE_ENDED: return "handshake_ended";
    case CHANNEL_REASON_NOT_SLUICE: return "not_sluice";
    case CHANNEL_REASON_VERSION: return "version";
    case CHANNEL_REASON_FLAGS: return "flags";
    case CHANNEL_REASON_KEY_UNKNOWN: return "key_unknown";
    case CHANNEL_REASON_HANDSHAKE_FAILED: return "handshake_failed";
    case CHANNEL_REASON_HANDSHAKE_TIMEOUT: return "handshake_timeout";
    case CHANNEL_REASON_TAMPERED: return "tampered";
    case CHANNEL_REASON_TOO_LARGE: return "too_large";
    case CHANNEL_REASON_BAD_FRAME: return "bad_frame";
    case CHANNEL_REASON_MEMORY: return "memory";
    case CHANNEL_REASON_COUNT: break;
    }
    bug("channel reason", __FILE__, __LINE__);
}

/* --- closing --- */

static void wipe_keys(struct channel *c)
{
    noise_handshake_finish(&c->handshake);
    noise_cipher_finish(&c->sending);
    noise_cipher_finish(&c->receiving);
    secret32_finish(&c->ephemeral);
    c->keys = NULL;
    c->key_count = 0;
}

static void queue_drop(struct buffer *b, size_t *used)
{
    size_t max = b->max;
    buffer_finish(b);
    buffer_init(b, max);
    *used = 0;
}

/* A hello may hold an invitation code. */
static void payload_drop(struct channel *c)
{
    if (c->payload.n > 0) sodium_memzero(c->payload.p, c->payload.n);
    buffer_clear(&c->payload);
    buffer_release_if_empty(&c->payload);
}

/* The one way into CLOSED. Output stays. */
static void channel_stop(struct channel *c, enum channel_reason reason)
{
    if (c->stage == CHANNEL_STAGE_CLOSED) return;
    c->stage = CHANNEL_STAGE_CLOSED;
    c->reason = reason;
    c->closed_due = true;
    c->done_due = false;
    wipe_keys(c);
    queue_drop(&c->input, &c->input_used);
    payload_drop(c);
    frame_reader_finish(&c->frames);
}

/* The peer's fault (or the world's): nothing more is said to it either. */
static void channel_fail(struct channel *c, enum channel_reason reason)
{
    channel_stop(c, reason);
    queue_drop(&c->output, &c->output_used);
}

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

/* --- the clear header --- */

static void key_id(const struct public32 *key, uint8_t out[KEY_ID])
{
    uint8_t hash[NOISE_HASH_BYTES];
    crypto_generichash_blake2b(hash, sizeof hash, key->b, sizeof key->b, NULL, 0);
    memcpy(out, hash, KEY_ID);
}

static void header_write(uint8_t header[HEADER_BYTES], const struct public32 *server)
{
    memcpy(header, magic, MAGIC_BYTES);
    header[AT_VERSION] = CHANNEL_VERSION;
    header[AT_FLAGS] = 0;
    key_id(server, header + AT_KEY);
}

static bool header_names(const uint8_t header[HEADER_BYTES], const struct public32 *server)
{
    uint8_t id[KEY_ID];
    key_id(server, id);
    return memcmp(id, header + AT_KEY, KEY_ID) == 0;
}

static bool header_has_magic(const uint8_t *header)
{
    return memcmp(header, magic, MAGIC_BYTES) == 0;
}

/* Server: ends it, and says in clear who answers here: a version, or a key, that is not the one the
 * client asks for. Without that a wrong address looks to a person like a broken line. */
static void server_fail_hint(struct channel *c, enum channel_reason reason)
{
    uint8_t ours[HEADER_BYTES];
    header_write(ours, &c->keys[0].public);
    ours[AT_FLAGS] = FLAG_SERVER;
    channel_fail(c, reason);
    buffer_append(&c->output, ours, sizeof ours); /* if it fails none is given */
}

/* Server: input holds the client's header. */
static void header_read(struct channel *c)
{
    memcpy(c->header, c->input.p, HEADER_BYTES);
    buffer_clear(&c->input);
    if (!header_has_magic(c->header)) {
        channel_fail(c, CHANNEL_REASON_NOT_SLUICE);
        return;
    }
    if (c->header[AT_VERSION] != CHANNEL_VERSION) {
        c->peer_version = c->header[AT_VERSION];
        server_fail_hint(c, CHANNEL_REASON_VERSION);
        return;
    }
    if (c->header[AT_FLAGS] != 0) {
        channel_fail(c, CHANNEL_REASON_FLAGS);
        return;
    }
    for (size_t i = 0; i < c->key_count; i++) {
        if (!header_names(c->header, &c->keys[i].public)) continue;
        c->stage = CHANNEL_STAGE_HANDSHAKE;
        c->wanted = LENGTH_BYTES;
        return;
    }
    server_fail_hint(c, CHANNEL_REASON_KEY_UNKNOWN);
}

/* --- the handshake --- */

static size_t length_read(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

static void handshake_begin(struct channel *c, const struct key_pair *local,
                            const struct public32 *remote, const struct secret32 *ephemeral)
{
    char prologue[sizeof prologue_text - 1 + HEADER_BYTES];
    memcpy(prologue, prologue_text, sizeof prologue_text - 1);
    memcpy(prologue + sizeof prologue_text - 1, c->header, HEADER_BYTES);
    struct noise_options options = {
        .role = c->role == CHANNEL_CLIENT ? NOISE_INITIATOR : NOISE_RESPONDER,
        .prologue = {prologue, sizeof prologue},
        .local = *local,
        .ephemeral = *ephemeral,
    };
    if (remote != NULL) options.remote = *remote;
    noise_handshake_init(&c->handshake, &options);
    sodium_memzero(&options, sizeof options);
}

/* Our next handshake message, behind its length, into the output. */
static enum fault handshake_write(struct channel *c, struct str payload)
{
    size_t n = noise_handshake_size(&c->handshake) + payload.n;
    buffer_append_u16be(&c->output, (uint16_t)n);
    uint8_t *out = buffer_reserve(&c->output, n);
    if (out == NULL) return FAULT_MEMORY;
    enum fault fault = noise_handshake_write(&c->handshake, payload, out);
    if (fault == FAULT_NONE) buffer_grown(&c->output, n);
    return fault;
}

static void handshake_end(struct channel *c)
{
    enum fault fault =
        noise_handshake_split(&c->handshake, &c->sending, &c->receiving, c->binding, &c->peer);
    check(fault == FAULT_NONE);
    secret32_finish(&c->ephemeral);
    c->keys = NULL;
    c->key_count = 0;
    c->stage = CHANNEL_STAGE_OPEN;
    c->done_due = true;
    queue_drop(&c->input, &c->input_used);
}

/* The length of the message at hand is there: is it one that can be? */
static void handshake_length(struct channel *c)
{
    size_t n = length_read(c->input.p);
    if (c->role == CHANNEL_CLIENT) {
        if (memcmp(c->input.p, magic, LENGTH_BYTES) == 0) {
            c->wanted = HEADER_BYTES; /* perhaps a server's hint */
        } else if (n == NOISE_MESSAGE_2_BYTES) {
            c->wanted += n;
        } else {
            channel_fail(c, CHANNEL_REASON_NOT_SLUICE);
        }
        return;
    }
    bool first = c->handshake.step == 0;
    size_t least = first ? NOISE_MESSAGE_1_BYTES : NOISE_MESSAGE_3_BYTES;
    size_t most = first ? least : least + HANDSHAKE_PAYLOAD_MAX;
    if (n > most)
        channel_fail(c, CHANNEL_REASON_TOO_LARGE);
    else if (n < least)
        channel_fail(c, CHANNEL_REASON_HANDSHAKE_FAILED);
    else
        c->wanted += n;
}

/* Server, message 1: whoever has the key it is for. Two keys may share an id (1 in 65,536), so each
 * that the header names is tried. */
static enum fault server_first(struct channel *c, struct str message)
{
    enum fault fault = FAULT_CRYPTO;
    for (size_t i = 0; i < c->key_count && fault != FAULT_NONE; i++) {
        if (!header_names(c->header, &c->keys[i].public)) continue;
        handshake_begin(c, &c->keys[i], NULL, &c->ephemeral);
        uint8_t nothing[1];
        fault = noise_handshake_read(&c->handshake, message, nothing);
        c->key_index = i;
    }
    return fault != FAULT_NONE ? fault : handshake_write(c, STR_NONE);
}

static enum fault server_third(struct channel *c, struct str message)
{
    size_t n = message.n - noise_handshake_size(&c->handshake);
    uint8_t *payload = buffer_reserve(&c->payload, n + 1); /* + 1: never ask for no room */
    if (payload == NULL) return FAULT_MEMORY;
    enum fault fault = noise_handshake_read(&c->handshake, message, payload);
    if (fault != FAULT_NONE) return fault;
    buffer_grown(&c->payload, n);
    handshake_end(c);
    return FAULT_NONE;
}

static enum fault client_second(struct channel *c, struct str message)
{
    uint8_t nothing[1];
    enum fault fault = noise_handshake_read(&c->handshake, message, nothing);
    if (fault == FAULT_NONE) fault = handshake_write(c, buffer_str(&c->payload));
    if (fault != FAULT_NONE) return fault;
    payload_drop(c);
    handshake_end(c);
    return FAULT_NONE;
}

/* Client: eight clear bytes where message 2 should be. Unauthenticated, so only ever a hint. */
static void client_hint(struct channel *c)
{
    const uint8_t *hint = c->input.p;
    if (!header_has_magic(hint)) {
        channel_fail(c, CHANNEL_REASON_NOT_SLUICE);
    } else if (hint[AT_VERSION] != CHANNEL_VERSION) {
        c->peer_version = hint[AT_VERSION];
        channel_fail(c, CHANNEL_REASON_VERSION);
    } else if (hint[AT_FLAGS] & FLAG_SERVER) {
        channel_fail(c, CHANNEL_REASON_HANDSHAKE_FAILED);
    } else {
        channel_fail(c, CHANNEL_REASON_NOT_SLUICE);
    }
}

static void handshake_message(struct channel *c)
{
    if (c->wanted == HEADER_BYTES && c->role == CHANNEL_CLIENT) {
        client_hint(c);
        return;
    }
    struct str message = str_slice(buffer_str(&c->input), LENGTH_BYTES, c->input.n);
    bool first = c->role == CHANNEL_SERVER && c->handshake.step == 0;
    enum fault fault;
    if (c->role == CHANNEL_CLIENT)
        fault = client_second(c, message);
    else if (first)
        fault = server_first(c, message);
    else
        fault = server_third(c, message);
    if (fault == FAULT_MEMORY) {
        channel_fail(c, CHANNEL_REASON_MEMORY);
    } else if (fault != FAULT_NONE && first) { /* most likely meant for another key of that id */
        server_fail_hint(c, CHANNEL_REASON_HANDSHAKE_FAILED);
    } else if (fault != FAULT_NONE) {
        channel_fail(c, CHANNEL_REASON_HANDSHAKE_FAILED);
    } else if (c->stage == CHANNEL_STAGE_HANDSHAKE) {
        buffer_clear(&c->input);
        c->wanted = LENGTH_BYTES;
    }
}

/* Takes from bytes what the step at hand needs, and takes the step when that is all there. */
static void handshake_feed(struct channel *c, struct str *bytes)
{
    size_t missing = c->wanted - c->input.n;
    size_t n = bytes->n < missing ? bytes->n : missing;
    buffer_append(&c->input, bytes->p, n);
    *bytes = str_slice(*bytes, n, bytes->n);
    if (buffer_fault(&c->input) != FAULT_NONE) {
        channel_fail(c, CHANNEL_REASON_MEMORY);
        return;
    }
    if (c->input.n < c->wanted) return;
    if (c->stage == CHANNEL_STAGE_HEADER)
        header_read(c);
    else if (c->wanted == LENGTH_BYTES)
        handshake_length(c);
    else
        handshake_message(c);
}

/* --- life --- */

static enum fault client_begin(struct channel *c, const struct channel_options *options)
{
    check(options->key_count == 1);
    if (options->hello.n > HANDSHAKE_PAYLOAD_MAX) return FAULT_LIMIT;
    header_write(c->header, &options->server);
    buffer_append(&c->output, c->header, sizeof c->header);
    buffer_append_str(&c->payload, options->hello);
    if (buffer_fault(&c->payload) != FAULT_NONE) return FAULT_MEMORY;
    handshake_begin(c, &c->keys[0], &options->server, &options->ephemeral);
    return handshake_write(c, STR_NONE);
}

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
    enum fault fault = client_begin(c, options);
    if (fault != FAULT_NONE) channel_finish(c);
    return fault;
}

void channel_finish(struct channel *c)
{
    wipe_keys(c);
    payload_drop(c);
    buffer_finish(&c->input);
    buffer_finish(&c->output);
    frame_reader_finish(&c->frames);
    sodium_memzero(c, sizeof *c);
    c->stage = CHANNEL_STAGE_CLOSED;
}

void channel_feed(struct channel *c, struct str bytes)
{
    if (c->ended) return;
    while (bytes.n > 0 && c->stage < CHANNEL_STAGE_OPEN) handshake_feed(c, &bytes);
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
    size_t n = length_read(record);
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
        payload_drop(c); /* its loan is over; before, it is the hello that waits for message 3 */
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
