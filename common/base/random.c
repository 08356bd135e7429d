/* random.c - the ChaCha20 stream behind every random choice. Callers: whoever was handed a
 * struct random.
 *
 * Invariant: the same seed gives the same stream on every machine, whatever the sizes asked for. */
#include "common/base/random.h"

#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

#include "common/base/banned.h"

void random_init(struct random *r, const uint8_t seed[32])
{
    *r = (struct random){.used = sizeof r->block};
    memcpy(r->key, seed, sizeof r->key);
}

void random_init_number(struct random *r, uint64_t seed)
{
    static const unsigned char purpose[] = "sluice random seed";
    uint8_t number[8];
    uint8_t key[32];
    for (size_t i = 0; i < sizeof number; i++) number[i] = (uint8_t)(seed >> 8 * i);
    crypto_generichash(key, sizeof key, number, sizeof number, purpose, sizeof purpose - 1);
    random_init(r, key);
}

static void random_refill(struct random *r)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    memset(r->block, 0, sizeof r->block);
    crypto_stream_chacha20_xor_ic(r->block, r->block, sizeof r->block, nonce, r->counter, r->key);
    r->counter++;
    r->used = 0;
}

void random_bytes(struct random *r, void *out, size_t n)
{
    uint8_t *to = out;
    while (n > 0) {
        if (r->used >= sizeof r->block) random_refill(r);
        size_t part = sizeof r->block - r->used;
        if (part > n) part = n;
        memcpy(to, r->block + r->used, part);
        sodium_memzero(r->block + r->used, part); /* given out once, then gone from here */
        r->used += part;
        to += part;
        n -= part;
    }
}

uint64_t random_u64(struct random *r)
{
    uint8_t bytes[8];
    uint64_t v = 0;
    random_bytes(r, bytes, sizeof bytes);
    for (size_t i = sizeof bytes; i-- > 0;) v = v << 8 | bytes[i];
    return v;
}

uint64_t random_below(struct random *r, uint64_t bound)
{
    check(bound > 0);
    /* 2^64 is rarely a multiple of bound: the first few numbers would come once too often. */
    uint64_t skipped = (0 - bound) % bound;
    uint64_t v;
    do {
        v = random_u64(r);
    } while (v < skipped);
    return v % bound;
}
