/* noise.h - Noise_XK_25519_ChaChaPoly_BLAKE2b (Noise specification, revision 34), on libsodium's
 * primitives.
 *
 *   initiator (client)                         responder (server)
 *     message 1: e, es           48 bytes  -->
 *                <--  48 bytes   e, ee         : message 2
 *     message 3: s, se           64 bytes  -->
 *   each followed by its payload; then split into one cipher per direction.
 *
 * Called by channel.c. No randomness: the ephemeral secret is handed in and must never be used
 * twice. Any failure ends a handshake for ever and wipes it. */
#ifndef SLUICE_COMMON_LINK_NOISE_H
#define SLUICE_COMMON_LINK_NOISE_H

#include "common/base/text.h"
#include "common/link/secret.h"

enum {
    NOISE_TAG_BYTES = 16,
    NOISE_HASH_BYTES = 64,
    NOISE_MESSAGE_1_BYTES = 48, /* sizes without payload */
    NOISE_MESSAGE_2_BYTES = 48,
    NOISE_MESSAGE_3_BYTES = 64,
    NOISE_MESSAGES = 3
};

/* One direction of a finished handshake. */
struct noise_cipher {
    struct secret32 key;
    uint64_t nonce; /* of the next message */
};

void noise_cipher_finish(struct noise_cipher *c); /* wipes; accepts a zeroed one */
/* Writes plain.n + NOISE_TAG_BYTES bytes; out may be where plain is. FAULT_LIMIT when the result
 * passes NOISE_MESSAGE_MAX or the nonces are used up (2^64-1 is reserved). */
MUST_USE enum fault noise_encrypt(struct noise_cipher *c, struct str ad, struct str plain,
                                  uint8_t *out);
/* Writes sealed.n - NOISE_TAG_BYTES bytes; out may be where sealed is. FAULT_CRYPTO when it is not
 * authentic: then the nonce stays where it was and out is not to be used. FAULT_LIMIT as above. */
MUST_USE enum fault noise_decrypt(struct noise_cipher *c, struct str ad, struct str sealed,
                                  uint8_t *out);
/* Specification 4.2 and 11.3: one-way, the nonce goes on. Both sides at the same message. */
void noise_rekey(struct noise_cipher *c);

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

struct noise_handshake {
    enum noise_role role;
    unsigned step; /* messages done; NOISE_MESSAGES + 1 after a failure or split */
    bool keyed;    /* cipher.key is set */
    uint8_t hash[NOISE_HASH_BYTES];
    uint8_t chaining[NOISE_HASH_BYTES];
    struct noise_cipher cipher;
    struct key_pair local;
    struct key_pair ephemeral;
    struct public32 remote;
    struct public32 remote_ephemeral;
};

struct noise_options {
    enum noise_role role;
    struct str prologue;
    struct key_pair local;     /* own static key */
    struct public32 remote;    /* initiator only: the responder's static key, known before */
    struct secret32 ephemeral; /* fresh for each handshake */
};

void noise_handshake_init(struct noise_handshake *h, const struct noise_options *options);
void noise_handshake_finish(struct noise_handshake *h); /* wipes; accepts a zeroed one */

/* Size of the next message with an empty payload. 0 when no message is due any more. */
size_t noise_handshake_size(const struct noise_handshake *h);
/* True when the next message is ours to write. */
bool noise_handshake_writes(const struct noise_handshake *h);
/* Writes noise_handshake_size() + payload.n bytes. FAULT_CRYPTO when a key of the peer is no good
 * (small order), FAULT_LIMIT over NOISE_MESSAGE_MAX, FAULT_CLOSED out of turn. */
MUST_USE enum fault noise_handshake_write(struct noise_handshake *h, struct str payload,
                                          uint8_t *out);
/* Writes the payload, message.n - noise_handshake_size() bytes. FAULT_FORMAT when too short,
 * FAULT_CRYPTO when not authentic, FAULT_LIMIT and FAULT_CLOSED as above. */
MUST_USE enum fault noise_handshake_read(struct noise_handshake *h, struct str message,
                                         uint8_t *payload);
/* After message 3: the two ciphers, the handshake hash (channel binding, equal on both sides) and
 * the peer's static key; wipes the handshake. FAULT_CLOSED before. */
MUST_USE enum fault noise_handshake_split(struct noise_handshake *h, struct noise_cipher *sending,
                                          struct noise_cipher *receiving,
                                          uint8_t binding[NOISE_HASH_BYTES],
                                          struct public32 *remote);

#endif
