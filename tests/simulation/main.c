/* main.c - sluice-sim: runs seeds of the simulated world, or tells the story of one.
 *
 *   sluice-sim SEED [--story]
 *   sluice-sim --seeds FROM..TO
 *
 * Last line of each seed: "seed SEED: N steps, HASH, ok". Exit 1 when an invariant broke. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/simulation/world.h"

#include "common/base/banned.h"

static int usage(void)
{
    fputs("usage: sluice-sim SEED [--story]\n       sluice-sim --seeds FROM..TO\n", stderr);
    return 2;
}

static bool seed_run(uint64_t seed, bool story)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world) return false;
    bool ok = world_run(world, seed, story);
    const struct oracle *oracle = &world->oracle;
    if (ok) {
        printf("seed %" PRIu64 ": %zu mutations of %zu laptops, seq %" PRIu64
               ", %zu merged, %zu conflicts, %zu parked, %zu repeated, %zu stage events\n",
               seed, oracle->promise_count, world->laptop_count, oracle->seq, oracle->merged,
               oracle->conflicts, oracle->parked, oracle->repeated, oracle->stages);
    }
    printf("seed %" PRIu64 ": %" PRIu64 " steps, %016" PRIx64 ", %s\n", seed, world->steps,
           world->hash, ok ? "ok" : "BROKEN");
    fflush(stdout);
    world_finish_all(world);
    free(world);
    return ok;
}

static bool number_read(const char *text, char **end, uint64_t *out)
{
    *out = strtoull(text, end, 10);
    return *end != text;
}

int main(int argc, char **argv)
{
    uint64_t from = 0, to = 0;
    char *end;
    bool story = false, range = argc == 3 && strcmp(argv[1], "--seeds") == 0;
    if (range) {
        if (!number_read(argv[2], &end, &from) || strncmp(end, "..", 2) != 0) return usage();
        if (!number_read(end + 2, &end, &to) || *end) return usage();
    } else {
        if (argc < 2 || argc > 3 || !number_read(argv[1], &end, &from) || *end) return usage();
        story = argc == 3 && strcmp(argv[2], "--story") == 0;
        if (argc == 3 && !story) return usage();
        to = from;
    }
    if (sodium_init() < 0) return 1;
    bool ok = true;
    for (uint64_t seed = from; seed <= to; seed++) ok = seed_run(seed, story) && ok;
    return ok ? 0 : 1;
}
