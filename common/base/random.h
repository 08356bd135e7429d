/* random.h - randomness is an argument. A stream of ChaCha20 from a 32-byte seed: the edge seeds it
 * from the system, the simulator from its seed number; the same code runs in both. */
#ifndef SLUICE_COMMON_BASE_RANDOM_H
#define SLUICE_COMMON_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint8_t key[32];
    uint64_t counter;
    uint8_t block[64];
    size_t used; /* bytes of block already given out */
};

void random_init(struct random *r, const uint8_t seed[32]);
void random_init_number(struct random *r, uint64_t seed);
void random_bytes(struct random *r, void *out, size_t n);
uint64_t random_u64(struct random *r);
/* Uniform in [0, bound). bound > 0. */
uint64_t random_below(struct random *r, uint64_t bound);

#endif
