/* laptop.c - see laptop.h. */
#include "tests/simulation/check_inside.h"
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

static struct laptop *laptop_new(struct world *world, size_t person, size_t *index)
{
    check(world->laptop_count < LAPTOPS_ROOM);
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

static const struct str server_names[SERVERS_MAX] = {
    STR_INIT("0.example:7433"), STR_INIT("1.example:7433"), STR_INIT("2.example:7433")};

size_t laptop_create(struct world *world, size_t person)
{
    size_t index;
    struct laptop *laptop = laptop_new(world, person, &index);
    struct secret32 secret;
    random_bytes(&world->random, secret.b, sizeof secret.b);
    laptop->key = key_pair_from_secret(&secret);
    struct copy copy;
    copy_create(world, &copy);
    struct identity identity = {
        .address_count = world->server_count,
        .has_code = true,
        .device_name = str_from(world->persons[person].name),
        .replica = uuid_v7(world->now_ms, &world->random),
        .next_number = 1,
    };
    size_t first = (size_t)world_below(world, world->server_count);
    for (size_t i = 0; i < world->server_count; i++)
        identity.addresses[i] = server_names[(first + i) % world->server_count];
    memcpy(identity.server_key, world->server_key.public.b, 32);
    memcpy(identity.code, world->persons[person].code, CODE_BYTES);
    identity_write(copy.replica, &identity);
    laptop->first = identity.replica;
    disk_init(&laptop->disk, world, &copy);
    return index;
}

struct replica *laptop_port(struct world *world, size_t index)
{
    return &world->laptops[index].disk.port;
}

void laptop_disk_copy(struct world *world, size_t index, struct copy *copy)
{
    copy_duplicate(world, &world->laptops[index].disk.copy, copy, true);
}

void laptop_copy(struct world *world, size_t from)
{
    if (world->laptop_count == LAPTOPS_MAX || !laptop_joined(world, from)) return;
    size_t index;
    struct laptop *laptop = laptop_new(world, world->laptops[from].person, &index);
    laptop->key = world->laptops[from].key;
    laptop->revoked = world->laptops[from].revoked;
    laptop->device = world->laptops[from].device;
    laptop->first = world->laptops[from].first;
    struct copy copy;
    copy_duplicate(world, &world->laptops[from].disk.copy, &copy, false);
    disk_init(&laptop->disk, world, &copy);
    world_mark(world, MARK_CLONED);
    world_tell(world, "%s copies laptop %zu to a second one, laptop %zu",
               world->persons[laptop->person].name, from, index);
    laptop_start(world, index, true);
}

void laptop_backup(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    copy_close(&laptop->backup);
    copy_duplicate(world, &laptop->disk.copy, &laptop->backup, false);
    laptop->backup_promises = world->oracle.promise_count;
}

void laptop_restore(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (!laptop->backup.replica) return;
    world_tell(world, "%s restores an older copy onto laptop %zu",
               world->persons[laptop->person].name, index);
    world_mark(world, MARK_LAPTOP_RESTORED);
    laptop_crash(world, index);
    disk_finish(&laptop->disk);
    disk_init(&laptop->disk, world, &laptop->backup);
    laptop->backup = (struct copy){.replica = NULL};
    laptop->generation = laptop->cursor_seq = 0;
    oracle_excuse(world, index, laptop->backup_promises);
    laptop_start(world, index, true);
}

void laptop_finish(struct laptop *laptop)
{
    sync_destroy(laptop->sync);
    disk_finish(&laptop->disk);
    copy_close(&laptop->backup);
    *laptop = (struct laptop){0};
}

/* --- running --- */

struct now laptop_now(const struct world *world, size_t index)
{
    struct now now = world_now(world);
    now.wall_ms += world->laptops[index].skew_ms;
    return now;
}

void laptop_start(struct world *world, size_t index, bool live)
{
    struct laptop *laptop = &world->laptops[index];
    if (laptop->sync) return;
    disk_mount(&laptop->disk);
    struct sync_options options = {.replica = &laptop->disk.port,
                                   .device_secret = laptop->key.secret,
                                   .program = STR("sluice simulated"),
                                   .live = live,
                                   .check = !live && laptop->doctor};
    laptop->live = live;
    laptop->stopping = false;
    if (!live) world_mark(world, MARK_NOT_LIVE);
    memcpy(options.device_public, laptop->key.public.b, 32);
    random_bytes(&world->random, options.seed, sizeof options.seed);
    laptop->sync = sync_create(&options);
    check(laptop->sync != NULL);
    sync_start(laptop->sync, laptop_now(world, index));
    laptop_drain(world, index);
}

static void sync_end(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (laptop->connection) {
        network_vanish(world, laptop->connection, SIDE_LAPTOP,
                       world_chance(world, world->weather.half_open));
    }
    laptop->connection = 0;
    sync_destroy(laptop->sync);
    laptop->sync = NULL;
    if (laptop->snapshotting) world_mark(world, MARK_SNAPSHOT_BROKEN);
    laptop->snapshotting = false;
}

void laptop_crash(struct world *world, size_t index)
{
    world_fact(world, "laptop_crash", index, 0);
    if (world->laptops[index].sync) world_mark(world, MARK_LAPTOP_CRASH);
    sync_end(world, index);
    struct disk *disk = &world->laptops[index].disk;
    if (world->options.files && world_chance(world, 500))
        disk_power_cut(disk);
    else
        disk_mount(disk);
}

void laptop_stop(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (!laptop->sync) return;
    world_mark(world, MARK_STOPPED_SYNC);
    world_tell(world, "%s stops syncing on laptop %zu", world->persons[laptop->person].name, index);
    laptop->stopping = true;
    sync_stop(laptop->sync, laptop_now(world, index));
    laptop_drain(world, index);
}

void laptop_leave(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (laptop->away) return;
    laptop->away = true;
    world_mark(world, MARK_AWAY);
    if (laptop->connection) network_cut(world, laptop->connection, world_chance(world, 500));
}

/* Will never do anything again by itself. */
static bool laptop_is_idle(const struct world *world, size_t index)
{
    const struct laptop *laptop = &world->laptops[index];
    enum sync_state state = sync_report(laptop->sync).state;
    if (laptop->stopping || state == SYNC_DONE) return true;
    /* Whose member was lost with the database's tail asks again until it is offered again. */
    if (state == SYNC_REFUSED) return !laptop->revoked;
    return !laptop->live && (world->healed || state == SYNC_OFFLINE);
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
    if (world->healed) {
        disk_fail(&laptop->disk, 0, FAULT_NONE);
        laptop->disk.crash_armed = false;
    }
    bool once = !world->healed && world_chance(world, world->weather.sync_once);
    if (laptop->sync && laptop_is_idle(world, index)) sync_end(world, index);
    if (!laptop->sync) laptop_start(world, index, !once);
}

void laptop_spoil(struct world *world, size_t index)
{
    static const enum fault faults[] = {FAULT_BUSY, FAULT_IO, FAULT_FULL};
    enum fault fault = faults[world_below(world, 3)];
    disk_fail(&world->laptops[index].disk, (size_t)world_below(world, 12), fault);
    world_tell(world, "the disk of laptop %zu: %s", index, fault_name(fault));
}

void laptop_tear(struct world *world, size_t index)
{
    disk_tear(&world->laptops[index].disk, (size_t)world_below(world, 30));
}

void laptop_heed_disk(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    if (!disk_crashed(&laptop->disk)) return;
    world_tell(world, "laptop %zu crashes in the middle of writing", index);
    laptop_crash(world, index);
    world_schedule(world, world_span(world, 1800000), WORLD_WAKE, index, 0);
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
    if (laptop->snapshotting) world_mark(world, MARK_SNAPSHOT_BROKEN);
    laptop->snapshotting = false;
}

static void laptop_progress(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    struct sync_report report = sync_report(laptop->sync);
    bool part = report.state == SYNC_CATCHING_UP && report.rows_received > 0 &&
                report.rows_received < report.rows_expected;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity = {.generation = 0};
    bool fresh = laptop_identity(world, index, &arena, &identity) && (identity.cursor_seq == 0 || identity.refill);
    bool goes_on = identity.fill_generation > identity.generation && identity.fill_seq > 0;
    if (part && fresh && !laptop->snapshotting && goes_on) world_mark(world, MARK_SNAPSHOT_RESUMED);
    laptop->snapshotting = part && fresh;
    arena_finish(&arena);
}

static void laptop_revealed(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    if (laptop_identity(world, index, &arena, &identity)) {
        if (identity.generation > laptop->generation && laptop->generation > 0)
            world_mark(world, MARK_SNAPSHOT);
        bool behind = identity.generation == laptop->generation &&
                      identity.cursor_seq < laptop->cursor_seq;
        if (behind)
            world_fail(world, "laptop %zu showed seq %llu, and shows %llu now", index,
                       (unsigned long long)laptop->cursor_seq,
                       (unsigned long long)identity.cursor_seq);
        laptop->generation = identity.generation;
        laptop->cursor_seq = identity.cursor_seq;
    }
    laptop->snapshotting = false;
    arena_finish(&arena);
}

static void effect_do(struct world *world, size_t index, const struct sync_effect *effect)
{
    struct laptop *laptop = &world->laptops[index];
    size_t server;
    switch (effect->kind) {
    case SYNC_EFFECT_NONE: break;
    case SYNC_EFFECT_CONNECT:
        connection_drop(world, index);
        server = (size_t)(effect->address.p[0] - '0');
        if (world->healed && ++laptop->connects > 500)
            world_fail(world, "laptop %zu connects again and again", index);
        laptop->connection = network_connect(world, index, server);
        break;
    case SYNC_EFFECT_WRITE: (void)output_flush(world, index); break;
    case SYNC_EFFECT_CLOSE:
        (void)output_flush(world, index);
        connection_drop(world, index);
        break;
    case SYNC_EFFECT_CHANGED:
        world_fact(world, "changed", index, 0);
        laptop_revealed(world, index);
        oracle_look(world, index);
        break;
    case SYNC_EFFECT_PROGRESS: laptop_progress(world, index); break;
    }
}

/* What the machine did meanwhile that is worth a mark. */
static void laptop_marks(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    struct sync_report report = sync_report(laptop->sync);
    if (report.was_forked && !laptop->forked) {
        world_mark(world, MARK_CLONE_TOLD);
        laptop->forked = true;
    }
    if (report.state == SYNC_REFUSED && laptop->revoked) world_mark(world, MARK_REVOKED_TOLD);
}

void laptop_drain(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    for (size_t rounds = 0; laptop->sync; rounds++) {
        struct sync_effect effect = sync_next(laptop->sync);
        if (effect.kind == SYNC_EFFECT_NONE) break;
        if (rounds > 100000) {
            world_fail(world, "the effects of laptop %zu have no end (kind %d)", index,
                       (int)effect.kind);
            return;
        }
        effect_do(world, index, &effect);
    }
    if (laptop->sync) laptop_marks(world, index);
    laptop_heed_disk(world, index);
}

void laptop_tick(struct world *world, size_t index)
{
    if (laptop_deadline(world, index) > world->now_ms) return;
    sync_tick(world->laptops[index].sync, laptop_now(world, index));
    laptop_drain(world, index);
}

uint64_t laptop_deadline(const struct world *world, size_t index)
{
    const struct laptop *laptop = &world->laptops[index];
    return laptop->sync ? sync_deadline(laptop->sync) : UINT64_MAX;
}

bool laptop_identity(const struct world *world, size_t index, struct arena *arena,
                     struct identity *out)
{
    struct replica *replica = world->laptops[index].disk.inner;
    return replica->f->identity_load(replica, arena, out) == FAULT_NONE;
}

bool laptop_joined(const struct world *world, size_t index)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    bool joined = laptop_identity(world, index, &arena, &identity) && identity.joined &&
                  identity.generation > 0;
    arena_finish(&arena);
    return joined;
}

/* Its member was lost with the database's tail, and what was offered again made none: who had invited
 * it was revoked since, went back to a copy from before, or has no such right in the older history, so
 * it waits for a manager. */
static bool laptop_is_uninvited(const struct world *world, size_t index)
{
    struct uuid member = world->persons[world->laptops[index].person].member;
    if (oracle_row(world, ENTITY_MEMBER, member)) return false;
    struct arena arena;
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    bool lost = false;
    for (size_t i = 0; i < world->oracle.promise_count && !lost; i++) {
        const struct promise *promise = &world->oracle.promises[i];
        struct mutation mutation;
        arena_reset(&arena);
        if (codec_mutation_unpack(&arena, promise->payload, &mutation)) continue;
        if (mutation.kind != MUTATION_INVITE || !uuid_equal(mutation.target, member)) continue;
        const struct answer *answer =
            map_get(&world->oracle.answers, oracle_id_key(&promise->mutation));
        lost = world->laptops[promise->laptop].revoked || answer->kind == OUTCOME_PARKED ||
               (promise->excused && answer->outcomes == 0);
    }
    arena_finish(&arena);
    return lost;
}

bool laptop_is_shut_out(const struct world *world, size_t index)
{
    return world->laptops[index].revoked || laptop_is_uninvited(world, index);
}

bool laptop_is_settled(const struct world *world, size_t index, uint64_t seq)
{
    const struct laptop *laptop = &world->laptops[index];
    if (!laptop->sync) return false;
    if (laptop_is_shut_out(world, index)) return sync_report(laptop->sync).state == SYNC_REFUSED;
    if (sync_report(laptop->sync).state != SYNC_LIVE) return false;
    if (!network_stands(world, laptop->connection)) return false; /* it has yet to notice */
    size_t pending;
    struct replica *replica = laptop->disk.inner;
    if (replica->f->outbox_count(replica, &pending) || pending > 0) return false;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    bool settled = laptop_identity(world, index, &arena, &identity) &&
                   identity.cursor_seq == seq && oracle_knows(&world->oracle, &identity);
    arena_finish(&arena);
    return settled;
}
