/* disk.c - see disk.h. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/file_layer.h"

#include "common/base/banned.h"

static struct disk *disk_of(struct replica *port)
{
    return (struct disk *)(void *)port;
}

/* One write: does it fail, does the process die here? */
static enum fault disk_write(struct disk *disk)
{
    if (disk->crashed) return FAULT_IO;
    if (disk->crash_armed && disk->crash_after-- == 0) {
        disk->crash_armed = false;
        disk->crashed = true;
        world_mark(disk->world, MARK_TORN);
        return FAULT_IO;
    }
    if (disk->fail_with == FAULT_NONE || disk->fail_after-- > 0) return FAULT_NONE;
    enum fault fault = disk->fail_with;
    disk->fail_with = FAULT_NONE;
    if (fault == FAULT_FULL) world_mark(disk->world, MARK_DISK_FULL);
    if (fault == FAULT_IO) world_mark(disk->world, MARK_DISK_IO);
    if (fault == FAULT_BUSY) world_mark(disk->world, MARK_DISK_BUSY);
    return fault;
}

/* Did the machine die in what was just done? */
static enum fault disk_after(struct disk *disk, enum fault fault)
{
    if (disk->copy.path[0] && file_layer_torn(disk->copy.path)) disk->crashed = true;
    return fault;
}

#define INNER (disk_of(port)->inner)

/* --- transactions --- */

static enum fault disk_begin(struct replica *port)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (!fault) fault = disk_after(disk, INNER->f->begin(INNER));
    disk->open = !fault;
    disk->removed_one = false;
    return fault;
}

static void disk_rollback(struct replica *port)
{
    struct disk *disk = disk_of(port);
    if (disk->open) INNER->f->rollback(INNER);
    disk->open = false;
    (void)disk_after(disk, FAULT_NONE);
}

static enum fault disk_commit(struct replica *port)
{
    struct disk *disk = disk_of(port);
    check(disk->open);
    enum fault fault = disk_write(disk);
    if (fault && !disk->crashed) {
        disk_rollback(port);
        return fault;
    }
    disk->open = false;
    if (!fault) return disk_after(disk, INNER->f->commit(INNER));
    if (world_chance(disk->world, 500)) {
        INNER->f->rollback(INNER);
    } else if (!INNER->f->commit(INNER)) {
        world_mark(disk->world, MARK_TORN_COMMIT);
    }
    return fault;
}

/* --- identity --- */

static enum fault disk_identity_load(struct replica *port, struct arena *arena,
                                     struct identity *out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->identity_load(INNER, arena, out);
}

static enum fault disk_identity_store(struct replica *port, const struct identity *identity)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault) return fault;
    struct identity stored = *identity;
    if (stored.next_number > 1 && plant_strikes(disk->world, PLANT_NUMBER_REUSED, 50))
        stored.next_number--;
    return disk_after(disk, INNER->f->identity_store(INNER, &stored));
}

/* --- looking --- */

static enum fault disk_entity(struct replica *port, struct arena *arena, enum entity_kind kind,
                              struct uuid id, bool server, const void **out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->entity(INNER, arena, kind, id, server, out);
}

static enum fault disk_entities(struct replica *port, struct arena *arena, enum entity_kind kind,
                                const struct uuid *ids, size_t count, const void **out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->entities(INNER, arena, kind, ids, count, out);
}

static enum fault disk_definition(struct replica *port, struct arena *arena,
                                  struct definition *out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->definition(INNER, arena, out);
}

static enum fault disk_team(struct replica *port, struct arena *arena, const struct team **out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->team(INNER, arena, out);
}

static enum fault disk_all(struct replica *port, struct arena *arena, enum entity_kind kind,
                           const void ***out, size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->all(INNER, arena, kind, out, count);
}

static enum fault disk_deals(struct replica *port, struct arena *arena,
                             const struct deal_filter *filter, const struct deal ***out,
                             size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->deals(INNER, arena, filter, out, count);
}

static enum fault disk_find(struct replica *port, struct arena *arena, enum entity_kind kind,
                            struct str text, size_t limit, const void ***out, size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->find(INNER, arena, kind, text, limit, out, count);
}

static enum fault disk_activities(struct replica *port, struct arena *arena, struct uuid subject,
                                  const struct activity ***out, size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->activities(INNER, arena, subject, out, count);
}

static enum fault disk_events(struct replica *port, struct arena *arena, struct uuid subject,
                              const struct event ***out, uint64_t **seqs, size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->events(INNER, arena, subject, out, seqs, count);
}

static enum fault disk_events_open(struct replica *port, struct arena *arena,
                                   const struct event ***out, size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->events_open(INNER, arena, out, count);
}

static enum fault disk_look_begin(struct replica *port)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->look_begin(INNER);
}

static void disk_look_end(struct replica *port)
{
    INNER->f->look_end(INNER);
}

static enum fault disk_events_won(struct replica *port, struct arena *arena,
                                  const struct event ***out, size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->events_won(INNER, arena, out, count);
}

static enum fault disk_won_mark(struct replica *port, uint64_t *out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->won_mark(INNER, out);
}

static enum fault disk_short_lengths(struct replica *port, struct arena *arena,
                                     enum entity_kind kind, const struct uuid *ids, size_t count,
                                     size_t *lengths)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->short_lengths(INNER, arena, kind, ids, count, lengths);
}

/* --- what is kept for next time --- */

static enum fault disk_kept_load(struct replica *port, struct arena *arena, int64_t number,
                                 struct str *out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->kept_load(INNER, arena, number, out);
}

static enum fault disk_kept_store(struct replica *port, int64_t number, struct str bytes)
{
    enum fault fault = disk_write(disk_of(port));
    return fault ? fault : INNER->f->kept_store(INNER, number, bytes);
}

/* --- what the server said --- */

static uint64_t generation_shown(struct replica *inner)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    uint64_t generation = 0;
    if (!inner->f->identity_load(inner, &arena, &identity)) generation = identity.generation;
    arena_finish(&arena);
    return generation;
}

static enum fault disk_put_row(struct replica *port, uint64_t generation,
                               const struct packed_row *row)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault) return fault;
    struct world *world = disk->world;
    if (row->removed && plant_strikes(world, PLANT_TOMBSTONE_IGNORED, 1)) return FAULT_NONE;
    if (row->kind == ENTITY_EVENT && plant_strikes(world, PLANT_EVENT_LOST, 20)) return FAULT_NONE;
    if (row->kind == ENTITY_DEAL && plant_strikes(world, PLANT_REVEAL_TORN, 20)) return FAULT_NONE;
    if (world->options.plant == PLANT_GENERATION_MIXED) {
        uint64_t shown = generation_shown(INNER);
        if (shown > 0 && shown != generation && plant_strikes(world, PLANT_GENERATION_MIXED, 1))
            generation = shown;
    }
    return disk_after(disk, INNER->f->put_row(INNER, generation, row));
}

static enum fault disk_drop_row(struct replica *port, uint64_t generation,
                                const struct row_mark *mark)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    return fault ? fault : disk_after(disk, INNER->f->drop_row(INNER, generation, mark));
}

static enum fault disk_keep_generation(struct replica *port, uint64_t generation)
{
    enum fault fault = disk_write(disk_of(port));
    return fault ? fault : INNER->f->keep_generation(INNER, generation);
}

/* --- outbox --- */

static enum fault disk_outbox_add(struct replica *port, const struct outbox_entry *entry)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault) return fault;
    if (entry->number >= OUTBOX_FORMER && plant_strikes(disk->world, PLANT_FORMER_DROPPED, 1))
        return FAULT_NONE;
    if (disk->removed_one && plant_strikes(disk->world, PLANT_RENUMBER_LOST, 3)) return FAULT_NONE;
    if (!disk->removed_one && plant_strikes(disk->world, PLANT_SUBMIT_LOST, 50)) return FAULT_NONE;
    return disk_after(disk, INNER->f->outbox_add(INNER, entry));
}

static enum fault disk_outbox_list(struct replica *port, struct arena *arena, uint64_t from,
                                   bool answered_too, size_t limit, struct outbox_entry **out,
                                   size_t *count)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->outbox_list(INNER, arena, from, answered_too, limit, out, count);
}

static enum fault disk_outbox_update(struct replica *port, const struct outbox_entry *entry)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault) return fault;
    if (!entry->answered) world_mark(disk->world, MARK_REOFFERED);
    if (entry->answered && plant_strikes(disk->world, PLANT_ACK_LOST, 20)) return FAULT_NONE;
    if (!entry->answered && plant_strikes(disk->world, PLANT_REOFFER_LOST, 1))
        return INNER->f->outbox_remove(INNER, entry->number);
    if (entry->answered && plant_strikes(disk->world, PLANT_JOURNAL_DROPPED, 1))
        return INNER->f->outbox_remove(INNER, entry->number);
    return disk_after(disk, INNER->f->outbox_update(INNER, entry));
}

static enum fault disk_outbox_remove(struct replica *port, uint64_t number)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault) return fault;
    disk->removed_one = true;
    if (number >= OUTBOX_FORMER) world_mark(disk->world, MARK_FORMER_OFFERED);
    return disk_after(disk, INNER->f->outbox_remove(INNER, number));
}

static enum fault disk_marks(struct replica *port, struct arena *arena, struct row_mark **out,
                             size_t *count)
{
    return INNER->f->marks(INNER, arena, out, count);
}

static enum fault disk_outbox_find(struct replica *port, struct arena *arena, struct uuid mutation,
                                   struct outbox_entry *out)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->outbox_find(INNER, arena, mutation, out);
}

static enum fault disk_outbox_waiting(struct replica *port, struct arena *arena,
                                      const struct uuid *ids, size_t count, bool *waiting)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->outbox_waiting(INNER, arena, ids, count, waiting);
}

static enum fault disk_outbox_count(struct replica *port, size_t *pending)
{
    if (disk_of(port)->crashed) return FAULT_IO;
    return INNER->f->outbox_count(INNER, pending);
}

static void oldest_pending_drop(struct replica *inner)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct outbox_entry *entries;
    size_t count = 0;
    enum fault fault = inner->f->outbox_list(inner, &arena, 0, false, 1, &entries, &count);
    if (!fault && count > 0) fault = inner->f->outbox_remove(inner, entries[0].number);
    check(fault == FAULT_NONE);
    arena_finish(&arena);
}

static enum fault disk_outbox_prune(struct replica *port, int64_t answered_before)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault) return fault;
    if (plant_strikes(disk->world, PLANT_PENDING_PRUNED, 3)) oldest_pending_drop(INNER);
    return disk_after(disk, INNER->f->outbox_prune(INNER, answered_before));
}

/* --- overlay --- */

static enum fault disk_shown_clear(struct replica *port)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault || plant_strikes(disk->world, PLANT_OVERLAY_KEPT, 3)) return fault;
    return disk_after(disk, INNER->f->shown_clear(INNER));
}

static enum fault disk_shown_put(struct replica *port, const struct row *row)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault || plant_strikes(disk->world, PLANT_OVERLAY_LOST, 5)) return fault;
    return disk_after(disk, INNER->f->shown_put(INNER, row));
}

static enum fault disk_shown_drop(struct replica *port, enum entity_kind kind, struct uuid id)
{
    struct disk *disk = disk_of(port);
    enum fault fault = disk_write(disk);
    if (fault || plant_strikes(disk->world, PLANT_OVERLAY_KEPT, 3)) return fault;
    return disk_after(disk, INNER->f->shown_drop(INNER, kind, id));
}

static void disk_close(struct replica *port)
{
    (void)port;
    bug("a simulated disk is closed by its laptop", __FILE__, __LINE__);
}

static const struct replica_functions disk_functions = {
    .identity_load = disk_identity_load,
    .identity_store = disk_identity_store,
    .begin = disk_begin,
    .commit = disk_commit,
    .rollback = disk_rollback,
    .entity = disk_entity,
    .entities = disk_entities,
    .definition = disk_definition,
    .team = disk_team,
    .all = disk_all,
    .deals = disk_deals,
    .find = disk_find,
    .marks = disk_marks,
    .activities = disk_activities,
    .events = disk_events,
    .events_open = disk_events_open,
    .look_begin = disk_look_begin,
    .look_end = disk_look_end,
    .events_won = disk_events_won,
    .won_mark = disk_won_mark,
    .short_lengths = disk_short_lengths,
    .kept_load = disk_kept_load,
    .kept_store = disk_kept_store,
    .put_row = disk_put_row,
    .drop_row = disk_drop_row,
    .keep_generation = disk_keep_generation,
    .outbox_add = disk_outbox_add,
    .outbox_list = disk_outbox_list,
    .outbox_update = disk_outbox_update,
    .outbox_remove = disk_outbox_remove,
    .outbox_find = disk_outbox_find,
    .outbox_count = disk_outbox_count,
    .outbox_waiting = disk_outbox_waiting,
    .outbox_prune = disk_outbox_prune,
    .shown_clear = disk_shown_clear,
    .shown_put = disk_shown_put,
    .shown_drop = disk_shown_drop,
    .close = disk_close,
};

/* The port grew, and nobody told the disk: better said here than where it is called. */
static void functions_check(void)
{
    void (*all[sizeof disk_functions / sizeof(void (*)(void))])(void);
    memcpy(all, &disk_functions, sizeof disk_functions);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) check(all[i] != NULL);
}

void disk_init(struct disk *disk, struct world *world, const struct copy *copy)
{
    functions_check();
    *disk = (struct disk){.port = {.f = &disk_functions}, .world = world};
    disk->copy = *copy;
    disk->inner = copy->replica;
}

void disk_finish(struct disk *disk)
{
    copy_close(&disk->copy);
    disk->inner = NULL;
}

static void disk_start_again(struct disk *disk, bool power)
{
    bool torn = disk->crashed && disk->world->options.files;
    if (!torn) disk_rollback(&disk->port);
    disk->open = false;
    disk->crashed = disk->crash_armed = false;
    if (!torn && !power) return;
    copy_reopen(disk->world, &disk->copy, power);
    disk->inner = disk->copy.replica;
}

void disk_mount(struct disk *disk)
{
    disk_start_again(disk, false);
}

void disk_power_cut(struct disk *disk)
{
    disk_start_again(disk, true);
}

void disk_fail(struct disk *disk, size_t writes, enum fault fault)
{
    bool below = disk->copy.path[0] && fault != FAULT_BUSY && fault != FAULT_NONE;
    if (below) {
        file_layer_fail(disk->copy.path, writes * 3, fault == FAULT_FULL);
        return;
    }
    if (disk->copy.path[0] && fault == FAULT_NONE) file_layer_restart(disk->copy.path, false);
    disk->fail_after = writes;
    disk->fail_with = fault;
}

void disk_tear(struct disk *disk, size_t writes)
{
    if (disk->copy.path[0] && writes % 2 == 0) {
        file_layer_tear(disk->copy.path, writes * 2);
        return;
    }
    disk->crash_armed = true;
    disk->crash_after = writes;
}

bool disk_crashed(const struct disk *disk)
{
    return disk->crashed;
}
