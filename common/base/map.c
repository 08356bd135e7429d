/* map.c - open addressing with linear probing over an insertion-ordered array. Callers: decide,
 * commit, importers, metrics.
 *
 * Invariant: at most half of the slots are taken, so that a probe always ends. */
#include "common/base/map.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/base/banned.h"

static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "a hash is 64 bits");

enum { MAP_SLOTS_MIN = 16 };

static_assert(crypto_shorthash_KEYBYTES == ARENA_HASH_KEY, "a hash key is 128 bits");

static uint64_t map_hash(const struct map *m, struct str key)
{
    static const uint8_t fixed[crypto_shorthash_KEYBYTES] = "sluice map hash"; /* any would do */
    const uint8_t *secret = m->arena->hash_key ? m->arena->hash_key : fixed;
    static const uint8_t nothing[1] = {0};
    uint8_t bytes[crypto_shorthash_BYTES];
    uint64_t hash = 0;
    crypto_shorthash(bytes, key.n ? (const uint8_t *)key.p : nothing, key.n, secret);
    for (size_t i = sizeof bytes; i-- > 0;) hash = hash << 8 | bytes[i];
    return hash;
}

void map_init(struct map *m, struct arena *arena)
{
    *m = (struct map){.arena = arena};
}

/* The slot of the key, or the free slot where it belongs. */
static size_t map_slot(const struct map *m, struct str key, uint64_t hash)
{
    size_t mask = m->slot_count - 1;
    size_t slot = (size_t)hash & mask;
    for (; m->slots[slot] != 0; slot = (slot + 1) & mask) {
        const struct map_entry *entry = &m->entries[m->slots[slot] - 1];
        if (entry->hash == hash && str_equal(entry->key, key)) break;
    }
    return slot;
}

void *map_get(const struct map *m, struct str key)
{
    if (m->count == 0) return NULL;
    uint32_t found = m->slots[map_slot(m, key, map_hash(m, key))];
    return found ? m->entries[found - 1].value : NULL;
}

static enum fault map_grow(struct map *m)
{
    size_t slot_count = m->slot_count ? m->slot_count * 2 : MAP_SLOTS_MIN;
    size_t cap = slot_count / 2;
    if (cap > UINT32_MAX) return FAULT_MEMORY;
    uint32_t *slots = arena_array(m->arena, slot_count, sizeof *slots);
    struct map_entry *entries = arena_array(m->arena, cap, sizeof *entries);
    if (!slots || !entries) return FAULT_MEMORY;
    for (size_t i = 0; i < m->count; i++) {
        size_t slot = (size_t)m->entries[i].hash & (slot_count - 1);
        while (slots[slot] != 0) slot = (slot + 1) & (slot_count - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    if (m->count > 0) memcpy(entries, m->entries, m->count * sizeof *entries);
    m->slots = slots;
    m->slot_count = slot_count;
    m->entries = entries;
    m->cap = cap;
    return FAULT_NONE;
}

enum fault map_put(struct map *m, struct str key, void *value)
{
    uint64_t hash = map_hash(m, key);
    if (m->slot_count > 0) {
        uint32_t found = m->slots[map_slot(m, key, hash)];
        if (found) {
            m->entries[found - 1].value = value;
            return FAULT_NONE;
        }
    }
    if (m->count == m->cap) {
        enum fault fault = map_grow(m);
        if (fault) return fault;
    }
    struct str copy = STR_NONE;
    if (key.n > 0) {
        copy = arena_str(m->arena, key);
        if (!copy.p) return FAULT_MEMORY;
    }
    size_t slot = map_slot(m, key, hash);
    m->entries[m->count] = (struct map_entry){.key = copy, .value = value, .hash = hash};
    m->count++;
    m->slots[slot] = (uint32_t)m->count;
    return FAULT_NONE;
}
