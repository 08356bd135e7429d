/* secret.c - wiping and comparing keys. Called by noise, channel and whoever keeps keys. */
#include "common/link/secret.h"

#include <assert.h>

#include <sodium.h>

#include "common/base/check.h"

#include "common/base/banned.h"

static_assert(sizeof(struct secret32) == crypto_scalarmult_curve25519_SCALARBYTES,
              "a secret is an X25519 scalar");
static_assert(sizeof(struct public32) == crypto_scalarmult_curve25519_BYTES,
              "a public key is an X25519 point");

void secret32_finish(struct secret32 *s)
{
    sodium_memzero(s->b, sizeof s->b);
}

bool secret32_equal(const struct secret32 *a, const struct secret32 *b)
{
    return sodium_memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool public32_equal(const struct public32 *a, const struct public32 *b)
{
    return sodium_memcmp(a->b, b->b, sizeof a->b) == 0;
}

struct key_pair key_pair_from_secret(const struct secret32 *secret)
{
    struct key_pair pair = {.secret = *secret};
    int rc = crypto_scalarmult_curve25519_base(pair.public.b, pair.secret.b);
    check(rc == 0);
    return pair;
}

void key_pair_finish(struct key_pair *pair)
{
    sodium_memzero(pair, sizeof *pair);
}
