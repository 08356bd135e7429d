/* noise.c - the XK handshake and its cipher states. Called by channel.c and tests only.
 *
 * Names follow the specification (revision 34) so that the two can be read side by side: mix_hash
 * is MixHash, mix_key is MixKey, and so on. */
#include "common/link/noise.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/base/bounds.h"
#include "common/base/check.h"

#include "common/base/banned.h"

enum { HMAC_BLOCK_BYTES = 128 }; /* BLAKE2b's block; its keyed mode is something else than HMAC */

static const char protocol_name[] = "Noise_XK_25519_ChaChaPoly_BLAKE2b";

static_assert(sizeof protocol_name - 1 <= NOISE_HASH_BYTES, "a longer name would be hashed");
static_assert(NOISE_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");
static_assert(NOISE_HASH_BYTES <= crypto_generichash_blake2b_BYTES_MAX, "hash");
static_assert(NOISE_PLAINTEXT_MAX + NOISE_TAG_BYTES == NOISE_MESSAGE_MAX, "largest message");

static const uint8_t *bytes_of(struct str s)
{
    return (const uint8_t *)s.p;
}

/* --- cipher state --- */

void noise_cipher_finish(struct noise_cipher *c)
{
    sodium_memzero(c, sizeof *c);
}

static void nonce_bytes(uint64_t nonce, uint8_t out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    memset(out, 0, 4);
    for (int i = 0; i < 8; i++) out[4 + i] = (uint8_t)(nonce >> (8 * i));
}

static void cipher_seal(const struct noise_cipher *c, uint64_t nonce, struct str ad,
                        struct str plain, uint8_t *out)
{
    uint8_t n[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    nonce_bytes(nonce, n);
    int rc = crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, bytes_of(plain), plain.n,
                                                       bytes_of(ad), ad.n, NULL, n, c->key.b);
    check(rc == 0);
}

enum fault noise_encrypt(struct noise_cipher *c, struct str ad, struct str plain, uint8_t *out)
{
    if (plain.n > NOISE_PLAINTEXT_MAX || c->nonce == UINT64_MAX) return FAULT_LIMIT;
    cipher_seal(c, c->nonce, ad, plain, out);
    c->nonce++;
    return FAULT_NONE;
}

enum fault noise_decrypt(struct noise_cipher *c, struct str ad, struct str sealed, uint8_t *out)
{
    if (sealed.n > NOISE_MESSAGE_MAX || c->nonce == UINT64_MAX) return FAULT_LIMIT;
    if (sealed.n < NOISE_TAG_BYTES) return FAULT_CRYPTO;
    uint8_t n[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    nonce_bytes(c->nonce, n);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes_of(sealed), sealed.n,
                                                  bytes_of(ad), ad.n, n, c->key.b) != 0) {
        return FAULT_CRYPTO; /* the nonce stays: a forged message must not shift the true ones */
    }
    c->nonce++;
    return FAULT_NONE;
}

void noise_rekey(struct noise_cipher *c)
{
    static const char zeros[sizeof c->key.b];
    uint8_t sealed[sizeof zeros + NOISE_TAG_BYTES];
    cipher_seal(c, UINT64_MAX, STR_NONE, (struct str){zeros, sizeof zeros}, sealed);
    memcpy(c->key.b, sealed, sizeof c->key.b);
    sodium_memzero(sealed, sizeof sealed);
}

/* --- hashing --- */

/* BLAKE2b of a followed by b; out may be either. */
static void hash_two(uint8_t out[NOISE_HASH_BYTES], const void *a, size_t a_n, const void *b,
                     size_t b_n)
{
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_BYTES);
    crypto_generichash_blake2b_update(&state, a, a_n);
    crypto_generichash_blake2b_update(&state, b, b_n);
    crypto_generichash_blake2b_final(&state, out, NOISE_HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}

/* RFC 2104 with a key of one hash length, which is below the block. */
static void hmac(const uint8_t key[NOISE_HASH_BYTES], const void *text, size_t n,
                 uint8_t out[NOISE_HASH_BYTES])
{
    uint8_t inner[HMAC_BLOCK_BYTES], outer[HMAC_BLOCK_BYTES];
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < NOISE_HASH_BYTES; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    uint8_t digest[NOISE_HASH_BYTES];
    hash_two(digest, inner, sizeof inner, text, n);
    hash_two(out, outer, sizeof outer, digest, sizeof digest);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(outer, sizeof outer);
    sodium_memzero(digest, sizeof digest);
}

/* HKDF with two outputs. The chaining key is input and first output. */
static void hkdf(uint8_t chaining[NOISE_HASH_BYTES], const uint8_t *material, size_t n,
                 uint8_t second[NOISE_HASH_BYTES])
{
    uint8_t temporary[NOISE_HASH_BYTES], info[NOISE_HASH_BYTES + 1];
    hmac(chaining, material, n, temporary);
    info[0] = 1;
    hmac(temporary, info, 1, chaining);
    memcpy(info, chaining, NOISE_HASH_BYTES);
    info[NOISE_HASH_BYTES] = 2;
    hmac(temporary, info, sizeof info, second);
    sodium_memzero(temporary, sizeof temporary);
    sodium_memzero(info, sizeof info);
}

/* --- symmetric state --- */

static void mix_hash(struct noise_handshake *h, const void *data, size_t n)
{
    hash_two(h->hash, h->hash, sizeof h->hash, data, n);
}

static struct str hash_str(const struct noise_handshake *h)
{
    return (struct str){(const char *)h->hash, sizeof h->hash};
}

/* MixKey with the shared secret of ours and theirs. */
static enum fault mix_key(struct noise_handshake *h, const struct secret32 *ours,
                          const struct public32 *theirs)
{
    struct secret32 shared;
    uint8_t key[NOISE_HASH_BYTES];
    /* A point of small order gives zeros whatever our secret is: then the peer knows the result
     * without knowing any key, so it is refused (specification 12.1 leaves it open). */
    int rc = crypto_scalarmult_curve25519(shared.b, ours->b, theirs->b);
    if (rc != 0 || sodium_is_zero(shared.b, sizeof shared.b)) return FAULT_CRYPTO;
    hkdf(h->chaining, shared.b, sizeof shared.b, key);
    memcpy(h->cipher.key.b, key, sizeof h->cipher.key.b);
    h->cipher.nonce = 0;
    h->keyed = true;
    secret32_finish(&shared);
    sodium_memzero(key, sizeof key);
    return FAULT_NONE;
}

static enum fault encrypt_and_hash(struct noise_handshake *h, struct str plain, uint8_t *out)
{
    check(h->keyed); /* in XK nothing is encrypted before the first DH */
    enum fault fault = noise_encrypt(&h->cipher, hash_str(h), plain, out);
    if (fault == FAULT_NONE) mix_hash(h, out, plain.n + NOISE_TAG_BYTES);
    return fault;
}

static enum fault decrypt_and_hash(struct noise_handshake *h, struct str sealed, uint8_t *out)
{
    check(h->keyed);
    enum fault fault = noise_decrypt(&h->cipher, hash_str(h), sealed, out);
    if (fault == FAULT_NONE) mix_hash(h, sealed.p, sealed.n);
    return fault;
}

/* --- handshake --- */

void noise_handshake_init(struct noise_handshake *h, const struct noise_options *options)
{
    *h = (struct noise_handshake){.role = options->role, .local = options->local};
    h->ephemeral = key_pair_from_secret(&options->ephemeral);
    memcpy(h->hash, protocol_name, sizeof protocol_name - 1);
    memcpy(h->chaining, h->hash, sizeof h->hash);
    mix_hash(h, options->prologue.p, options->prologue.n);
    /* The pre-message "<- s": both know the responder's static key. */
    if (h->role == NOISE_INITIATOR) {
        h->remote = options->remote;
        mix_hash(h, h->remote.b, sizeof h->remote.b);
    } else {
        mix_hash(h, h->local.public.b, sizeof h->local.public.b);
    }
}

void noise_handshake_finish(struct noise_handshake *h)
{
    sodium_memzero(h, sizeof *h);
    h->step = NOISE_MESSAGES + 1;
}

size_t noise_handshake_size(const struct noise_handshake *h)
{
    static const size_t size[NOISE_MESSAGES] = {NOISE_MESSAGE_1_BYTES, NOISE_MESSAGE_2_BYTES,
                                                NOISE_MESSAGE_3_BYTES};
    return h->step < NOISE_MESSAGES ? size[h->step] : 0;
}

bool noise_handshake_writes(const struct noise_handshake *h)
{
    unsigned first = h->role == NOISE_INITIATOR ? 0 : 1;
    return h->step < NOISE_MESSAGES && h->step % 2 == first;
}

static void write_ephemeral(struct noise_handshake *h, uint8_t *out)
{
    memcpy(out, h->ephemeral.public.b, sizeof h->ephemeral.public.b);
    mix_hash(h, out, sizeof h->ephemeral.public.b);
}

static void read_ephemeral(struct noise_handshake *h, struct str message)
{
    memcpy(h->remote_ephemeral.b, message.p, sizeof h->remote_ephemeral.b);
    mix_hash(h, message.p, sizeof h->remote_ephemeral.b);
}

static enum fault write_message(struct noise_handshake *h, struct str payload, uint8_t *out)
{
    enum { KEY = sizeof(struct public32) };
    enum fault fault = FAULT_NONE;
    switch (h->step) {
    case 0: /* e, es */
        write_ephemeral(h, out);
        fault = mix_key(h, &h->ephemeral.secret, &h->remote);
        out += KEY;
        break;
    case 1: /* e, ee */
        write_ephemeral(h, out);
        fault = mix_key(h, &h->ephemeral.secret, &h->remote_ephemeral);
        out += KEY;
        break;
    case 2: /* s, se */
        fault = encrypt_and_hash(h, (struct str){(const char *)h->local.public.b, KEY}, out);
        if (fault != FAULT_NONE) return fault;
        fault = mix_key(h, &h->local.secret, &h->remote_ephemeral);
        out += KEY + NOISE_TAG_BYTES;
        break;
    default: bug("handshake step", __FILE__, __LINE__);
    }
    if (fault != FAULT_NONE) return fault;
    return encrypt_and_hash(h, payload, out);
}

static enum fault read_message(struct noise_handshake *h, struct str message, uint8_t *payload)
{
    enum { KEY = sizeof(struct public32), SEALED_KEY = KEY + NOISE_TAG_BYTES };
    enum fault fault = FAULT_NONE;
    size_t used = KEY;
    switch (h->step) {
    case 0: /* e, es */
        read_ephemeral(h, message);
        fault = mix_key(h, &h->local.secret, &h->remote_ephemeral);
        break;
    case 1: /* e, ee */
        read_ephemeral(h, message);
        fault = mix_key(h, &h->ephemeral.secret, &h->remote_ephemeral);
        break;
    case 2: /* s, se */
        used = SEALED_KEY;
        fault = decrypt_and_hash(h, str_slice(message, 0, SEALED_KEY), h->remote.b);
        if (fault != FAULT_NONE) return fault;
        fault = mix_key(h, &h->ephemeral.secret, &h->remote);
        break;
    default: bug("handshake step", __FILE__, __LINE__);
    }
    if (fault != FAULT_NONE) return fault;
    return decrypt_and_hash(h, str_slice(message, used, message.n), payload);
}

/* A handshake that failed once must not go on from a half-mixed state. */
static enum fault step_end(struct noise_handshake *h, enum fault fault)
{
    if (fault == FAULT_NONE)
        h->step++;
    else
        noise_handshake_finish(h);
    return fault;
}

enum fault noise_handshake_write(struct noise_handshake *h, struct str payload, uint8_t *out)
{
    if (!noise_handshake_writes(h)) return FAULT_CLOSED;
    if (payload.n > NOISE_MESSAGE_MAX - noise_handshake_size(h)) return step_end(h, FAULT_LIMIT);
    return step_end(h, write_message(h, payload, out));
}

enum fault noise_handshake_read(struct noise_handshake *h, struct str message, uint8_t *payload)
{
    if (h->step >= NOISE_MESSAGES || noise_handshake_writes(h)) return FAULT_CLOSED;
    if (message.n > NOISE_MESSAGE_MAX) return step_end(h, FAULT_LIMIT);
    if (message.n < noise_handshake_size(h)) return step_end(h, FAULT_FORMAT);
    return step_end(h, read_message(h, message, payload));
}

enum fault noise_handshake_split(struct noise_handshake *h, struct noise_cipher *sending,
                                 struct noise_cipher *receiving, uint8_t binding[NOISE_HASH_BYTES],
                                 struct public32 *remote)
{
    if (h->step != NOISE_MESSAGES) return FAULT_CLOSED;
    uint8_t second[NOISE_HASH_BYTES];
    hkdf(h->chaining, NULL, 0, second);
    /* The first key is for initiator to responder. */
    struct noise_cipher *first_cipher = h->role == NOISE_INITIATOR ? sending : receiving;
    struct noise_cipher *second_cipher = h->role == NOISE_INITIATOR ? receiving : sending;
    *first_cipher = (struct noise_cipher){.nonce = 0};
    *second_cipher = (struct noise_cipher){.nonce = 0};
    memcpy(first_cipher->key.b, h->chaining, sizeof first_cipher->key.b);
    memcpy(second_cipher->key.b, second, sizeof second_cipher->key.b);
    memcpy(binding, h->hash, NOISE_HASH_BYTES);
    *remote = h->remote;
    sodium_memzero(second, sizeof second);
    noise_handshake_finish(h);
    return FAULT_NONE;
}
