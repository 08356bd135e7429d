/* store_memory_copy.c - the memory store as it was at a moment: a backup, a standby. */
#include "tests/support/store_memory_inside.h"

#include <stdlib.h>

#include "common/base/check.h"

static struct row *row_in(const struct memory_team *team, const struct row *row)
{
    char key[KEY_BYTES];
    return map_get(&team->rows, memory_row_key(key, row->kind, row->id, row->seq, row->n));
}

static struct memory_team *team_copy(struct store_memory *store, const struct memory_team *from)
{
    struct arena *arena = &store->pool->arena;
    struct memory_team *team = memory_alloc(store, sizeof *team);
    *team = *from;
    map_init(&team->rows, arena);
    map_init(&team->mutations, arena);
    map_init(&team->sights, arena);
    for (size_t i = 0; i < from->sights.count; i++) {
        const struct map_entry *sight = &from->sights.entries[i];
        check(map_put(&team->sights, sight->key, sight->value) == FAULT_NONE);
    }
    for (size_t i = 0; i < from->rows.count; i++) {
        struct row *row = arena_copy(arena, from->rows.entries[i].value, sizeof *row);
        check(row && map_put(&team->rows, from->rows.entries[i].key, row) == FAULT_NONE);
    }
    for (size_t i = 0; i < from->mutations.count; i++) {
        struct row *row = row_in(team, from->mutations.entries[i].value);
        check(map_put(&team->mutations, from->mutations.entries[i].key, row) == FAULT_NONE);
    }
    team->log = arena_copy(arena, from->log, from->log_count * sizeof *from->log);
    team->marks = arena_copy(arena, from->marks, from->mark_count * sizeof *from->marks);
    check(team->log && team->marks);
    team->log_cap = team->log_count;
    team->mark_cap = team->mark_count;
    for (size_t i = 0; i < team->log_count; i++) team->log[i].row = row_in(team, team->log[i].row);
    return team;
}

struct store_memory *store_memory_copy(const struct store_memory *from)
{
    struct store_memory *store = calloc(1, sizeof *store);
    check(store != NULL);
    store->pool = from->pool;
    store->pool->stores++;
    for (const struct memory_team *team = from->teams; team; team = team->next) {
        struct memory_team *copy = team_copy(store, team);
        copy->next = store->teams;
        store->teams = copy;
    }
    for (const struct memory_replica *r = from->replicas; r; r = r->next) {
        struct memory_replica *copy = memory_alloc(store, sizeof *copy);
        *copy = *r;
        copy->team = memory_team_find(store, r->team->id);
        copy->next = store->replicas;
        store->replicas = copy;
    }
    store_memory_keep_access(store, from);
    return store;
}

/* A device that the older state does not know has to be announced again. */
static void device_keep(struct store_memory *store, struct memory_team *team,
                        const struct row *device)
{
    if (row_in(team, device)) return;
    struct row *row = memory_alloc(store, sizeof *row);
    *row = *device;
    row->seq = 0;
    char key[KEY_BYTES];
    check(map_put(&team->rows, memory_row_key(key, ENTITY_DEVICE, row->id, 0, 0), row) == FAULT_NONE);
}

void store_memory_keep_access(struct store_memory *store, const struct store_memory *from)
{
    store->devices = NULL;
    for (const struct memory_device *d = from->devices; d; d = d->next) {
        struct memory_device *copy = memory_alloc(store, sizeof *copy);
        *copy = *d;
        copy->team = memory_team_find(store, d->team->id);
        check(copy->team != NULL);
        copy->next = store->devices;
        store->devices = copy;
        const struct row *row = memory_row_find(d->team, ENTITY_DEVICE, d->id, 0);
        if (row) device_keep(store, copy->team, row);
    }
    store->uses = from->uses; /* never changed once made */
}
