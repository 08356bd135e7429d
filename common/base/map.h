/* map.h - hash map from short binary keys to pointers, in an arena; nothing is ever removed.
 *
 * Keys are copied. Iteration goes by insertion order, so that the same inputs give the same answer
 * twice, whatever the hash. That is SipHash with the arena's hash_key where the keys are chosen by
 * others (the server's batches), else with a fixed one. */
#ifndef SLUICE_COMMON_BASE_MAP_H
#define SLUICE_COMMON_BASE_MAP_H

#include "common/base/arena.h"

struct map_entry {
    struct str key;
    void *value;
    uint64_t hash;
};

struct map {
    struct arena *arena;
    struct map_entry *entries; /* insertion order; count of them */
    size_t count, cap;
    uint32_t *slots; /* entry index + 1, 0 = free; power of two many */
    size_t slot_count;
};

void map_init(struct map *m, struct arena *arena);
void *map_get(const struct map *m, struct str key); /* NULL when absent */
/* Inserts or replaces. FAULT_MEMORY when the arena is used up. */
MUST_USE enum fault map_put(struct map *m, struct str key, void *value);

#endif
