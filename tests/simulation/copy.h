/* copy.h - the two kinds of copies a laptop may have: in memory, or the real encrypted file on the
 * simulated file layer. */
#ifndef SLUICE_TESTS_SIMULATION_COPY_H
#define SLUICE_TESTS_SIMULATION_COPY_H

#include <stdbool.h>

#include "client/core/replica.h"
#include "common/link/secret.h"

struct world;

struct copy {
    struct replica *replica; /* NULL while it is closed */
    char path[200];          /* of a file; empty: in memory */
    struct secret32 key;
};

void copy_create(struct world *world, struct copy *copy);
/* Another one with the same contents. scratch: there is one scratch copy at a time. */
void copy_duplicate(struct world *world, const struct copy *from, struct copy *to, bool scratch);
void copy_close(struct copy *copy);
/* The process that had it open has died; power: so has the machine. Opens it again. */
void copy_reopen(struct world *world, struct copy *copy, bool power);
/* Where real files have to stand for simulated ones. */
void copies_start(struct world *world);
void copies_stop(struct world *world);

#endif
