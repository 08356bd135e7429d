/* secret.h - keys have their own types: a secret is wiped by its finish function and no format
 * helper takes one, so it cannot be logged by accident; a public key cannot be passed for it. */
#ifndef SLUICE_COMMON_LINK_SECRET_H
#define SLUICE_COMMON_LINK_SECRET_H

#include <stdbool.h>
#include <stdint.h>

struct secret32 {
    uint8_t b[32];
};

/* An X25519 public key; not secret. */
struct public32 {
    uint8_t b[32];
};

struct key_pair {
    struct secret32 secret;
    struct public32 public;
};

void secret32_finish(struct secret32 *s); /* wipes; accepts a zeroed one */
/* Constant time. */
bool secret32_equal(const struct secret32 *a, const struct secret32 *b);
bool public32_equal(const struct public32 *a, const struct public32 *b);

/* The pair that belongs to a secret (any 32 random bytes are a valid X25519 secret). */
struct key_pair key_pair_from_secret(const struct secret32 *secret);
void key_pair_finish(struct key_pair *pair); /* wipes; accepts a zeroed one */

#endif
