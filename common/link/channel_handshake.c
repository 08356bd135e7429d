/* channel_handshake.c - the clear header and the handshake, until keys are there. See channel_inside.h
 * and, for the bytes, the folder's README.
 *
 * Bytes are worked on as they are fed, never more kept than the step at hand needs (at most
 * 2 + 64 + HANDSHAKE_PAYLOAD_MAX); bytes behind the handshake are ciphertext. */
#include "common/link/channel_inside.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum { MAGIC_BYTES = 4, AT_VERSION = 4, AT_FLAGS = 5, AT_KEY = 6, KEY_ID = 2 };
enum { FLAG_SERVER = 0x80 }; /* in a hint, so that an echo is not taken for one */

static const char magic[] = "SLCE";
static const char prologue_text[] = "Sluice v1";

static_assert(AT_KEY + KEY_ID == HEADER_BYTES, "the header is full");
static_assert(HEADER_BYTES + LENGTH_BYTES * 2 + NOISE_MESSAGE_1_BYTES + NOISE_MESSAGE_3_BYTES +
                      HANDSHAKE_PAYLOAD_MAX <=
                  2048,
              "what a stranger may make us read");

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
    channel_queue_drop(&c->input, &c->input_used);
}

/* The length of the message at hand is there: is it one that can be? */
static void handshake_length(struct channel *c)
{
    size_t n = channel_length_read(c->input.p);
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
    channel_payload_drop(c);
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

void channel_handshake_feed(struct channel *c, struct str *bytes)
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

enum fault channel_handshake_begin(struct channel *c, const struct channel_options *options)
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
