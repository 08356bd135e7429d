/* laptop.c - see laptop.h. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "tests/support/replica_memory.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

static struct laptop *laptop_new(struct world *world, size_t person, size_t *index)
{
    check(world->laptop_count < LAPTOPS_MAX);
    *index = world->laptop_count++;
    struct laptop *laptop = &world->laptops[*index];
    *laptop = (struct laptop){.person = person};
    /* Drawn also when clocks are right, so that the same seed without wrong clocks differs in
     * nothing else. */
    int64_t skew = (int64_t)world_below(world, (uint64_t)(6 * DAY_MS)) - 3 * DAY_MS;
    if (world->weather.clocks_wrong) laptop->skew_ms = skew;
    return laptop;
}

static void identity_write(struct replica *replica, const struct identity *identity)
{
    check(replica->f->begin(replica) == FAULT_NONE);
    check(replica->f->identity_store(replica, identity) == FAULT_NONE);
    check(replica->f->commit(replica) == FAULT_NONE);
}

size_t laptop_create(struct world *world, size_t person)
{
    size_t index;
    struct laptop *laptop = laptop_new(world, person, &index);
    struct secret32 secret;
    random_bytes(&world->random, secret.b, sizeof secret.b);
    laptop->key = key_pair_from_secret(&secret);
    laptop->replica = replica_memory_open();
    check(laptop->replica != NULL);
    struct identity identity = {
        .addresses = {STR("sluice.example:7433")},
        .address_count = 1,
        .has_code = true,
        .device_name = str_from(world->persons[person].name),
        .replica = uuid_v7(world->now_ms, &world->random),
        .next_number = 1,
    };
    memcpy(identity.server_key, world->server_key.public.b, 32);
    memcpy(identity.code, world->persons[person].code, CODE_BYTES);
    identity_write(laptop->replica, &identity);
    return index;
}

void laptop_copy(struct world *world, size_t from)
{
    if (world->laptop_count == LAPTOPS_MAX || !laptop_joined(world, from)) return;
    size_t index;
    struct laptop *laptop = laptop_new(world, world->laptops[from].person, &index);
    laptop->key = world->laptops[from].key;
    laptop->replica = replica_memory_copy(world->laptops[from].replica);
    check(laptop->replica != NULL);
    world_tell(world, "%s copies laptop %zu to a second one, laptop %zu",
               world->persons[laptop->person].name, from, index);
    laptop_start(world, index);
}

void laptop_backup(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (laptop->backup) laptop->backup->f->close(laptop->backup);
    laptop->backup = replica_memory_copy(laptop->replica);
    check(laptop->backup != NULL);
    laptop->backup_promises = world->oracle.promise_count;
}

void laptop_restore(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (!laptop->backup) return;
    world_tell(world, "%s restores an older copy onto laptop %zu",
               world->persons[laptop->person].name, index);
    laptop_crash(world, index);
    laptop->replica->f->close(laptop->replica);
    laptop->replica = laptop->backup;
    laptop->backup = NULL;
    oracle_excuse(world, index, laptop->backup_promises);
    laptop_start(world, index);
}

void laptop_finish(struct laptop *laptop)
{
    sync_destroy(laptop->sync);
    if (laptop->replica) laptop->replica->f->close(laptop->replica);
    if (laptop->backup) laptop->backup->f->close(laptop->backup);
    *laptop = (struct laptop){0};
}

/* --- running --- */

struct now laptop_now(const struct world *world, size_t index)
{
    struct now now = world_now(world);
    now.wall_ms += world->laptops[index].skew_ms;
    return now;
}

void laptop_start(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (laptop->sync) return;
    struct sync_options options = {.replica = laptop->replica,
                                   .device_secret = laptop->key.secret,
                                   .program = STR("sluice simulated"),
                                   .live = true};
    memcpy(options.device_public, laptop->key.public.b, 32);
    random_bytes(&world->random, options.seed, sizeof options.seed);
    laptop->sync = sync_create(&options);
    check(laptop->sync != NULL);
    sync_start(laptop->sync, laptop_now(world, index));
    laptop_drain(world, index);
}

void laptop_crash(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    world_fact(world, "laptop_crash", index, 0);
    if (laptop->connection) {
        network_vanish(world, laptop->connection, SIDE_LAPTOP,
                       world_chance(world, world->weather.half_open));
    }
    laptop->connection = 0;
    sync_destroy(laptop->sync);
    laptop->sync = NULL;
}

void laptop_leave(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (laptop->away) return;
    laptop->away = true;
    if (laptop->connection) network_cut(world, laptop->connection, world_chance(world, 500));
}

void laptop_return(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    world_fact(world, "return", index, 0);
    if (laptop->away) {
        world_tell(world, "%s is back online on laptop %zu", world->persons[laptop->person].name,
                   index);
    }
    laptop->away = false;
    if (world->healed) replica_memory_fail(laptop->replica, 0, FAULT_NONE);
    if (!laptop->sync) laptop_start(world, index);
}

void laptop_spoil(struct world *world, size_t index)
{
    static const enum fault faults[] = {FAULT_BUSY, FAULT_IO, FAULT_FULL};
    enum fault fault = faults[world_below(world, 3)];
    replica_memory_fail(world->laptops[index].replica, (size_t)world_below(world, 12), fault);
    world_tell(world, "the disk of laptop %zu: %s", index, fault_name(fault));
}

static bool output_flush(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    struct str out = sync_output(laptop->sync);
    if (out.n == 0) return false;
    size_t n = out.n;
    if (laptop->connection) network_write(world, laptop->connection, SIDE_LAPTOP, out);
    sync_sent(laptop->sync, n, laptop_now(world, index));
    return true;
}

static void connection_drop(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (laptop->connection) network_close(world, laptop->connection, SIDE_LAPTOP);
    laptop->connection = 0;
}

void laptop_drain(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    for (size_t rounds = 0; laptop->sync; rounds++) {
        struct sync_effect effect = sync_next(laptop->sync);
        if (effect.kind == SYNC_EFFECT_NONE) return;
        if (rounds > 100000) {
            world_fail(world, "the effects of laptop %zu have no end (kind %d)", index,
                       (int)effect.kind);
            return;
        }
        switch (effect.kind) {
        case SYNC_EFFECT_NONE: break;
        case SYNC_EFFECT_CONNECT:
            connection_drop(world, index);
            laptop->connection = network_connect(world, index);
            break;
        case SYNC_EFFECT_WRITE: (void)output_flush(world, index); break;
        case SYNC_EFFECT_CLOSE:
            (void)output_flush(world, index);
            connection_drop(world, index);
            break;
        case SYNC_EFFECT_CHANGED: world_fact(world, "changed", index, 0); break;
        case SYNC_EFFECT_PROGRESS: break;
        }
    }
}

uint64_t laptop_deadline(const struct world *world, size_t index)
{
    const struct laptop *laptop = &world->laptops[index];
    return laptop->sync ? sync_deadline(laptop->sync) : UINT64_MAX;
}

static bool identity_read(const struct world *world, size_t index, struct arena *arena,
                          struct identity *out)
{
    struct replica *replica = world->laptops[index].replica;
    return replica->f->identity_load(replica, arena, out) == FAULT_NONE;
}

bool laptop_joined(const struct world *world, size_t index)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    bool joined = identity_read(world, index, &arena, &identity) && identity.joined &&
                  identity.cursor_seq > 0;
    arena_finish(&arena);
    return joined;
}

bool laptop_is_settled(const struct world *world, size_t index, uint64_t seq)
{
    const struct laptop *laptop = &world->laptops[index];
    if (!laptop->sync || sync_report(laptop->sync).state != SYNC_LIVE) return false;
    size_t pending;
    if (laptop->replica->f->outbox_count(laptop->replica, &pending) || pending > 0) return false;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    bool settled = identity_read(world, index, &arena, &identity) && identity.cursor_seq == seq;
    arena_finish(&arena);
    return settled;
}
