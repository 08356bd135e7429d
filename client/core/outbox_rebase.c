/* outbox_rebase.c - the overlay: what pending mutations make of the server's rows.
 *
 * Called by submit for one mutation and by sync after the server's rows changed: for those that
 * the change touches (outbox_refresh), or for all (outbox_rebase).
 * Invariant: the overlay is made of pending entries only, in order of number, each decided on the
 * server's rows and what the earlier ones made of them. */
#include "client/core/outbox_decide.h"

#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/base/banned.h"

/* One row into the state; a row that is not there is known not to be there. */
static enum fault state_load(struct replica *replica, struct arena *arena, struct state *state,
                             enum entity_kind kind, struct uuid id)
{
    const void *entity = NULL;
    enum fault fault = replica->f->entity(replica, arena, kind, id, false, &entity);
    if (fault && fault != FAULT_NOT_FOUND) return fault;
    return state_put(state, kind, id, fault ? NULL : entity);
}

/* What a restore takes back is an event: those of the thing that the mutation left, and the newest
 * deletion, which comes last. */
static enum fault traces_load(struct replica *replica, struct arena *arena, struct state *state,
                              const struct mutation *mutation)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    if (mutation->kind != MUTATION_RESTORE) return FAULT_NONE;
    enum fault fault =
        replica->f->events(replica, arena, mutation->target, &events, &seqs, &count);
    for (size_t i = 0; i < count && !fault; i++) {
        bool undone = uuid_equal(events[i]->mutation, mutation->undoes);
        if (!undone && events[i]->what != EVENT_DELETED) continue;
        fault = state_put_trace(state, events[i]);
    }
    return fault;
}

/* --- deciding --- */

void outbox_base_init(struct outbox_base *base, struct uuid actor)
{
    *base = (struct outbox_base){.actor = actor};
    arena_init(&base->arena, OUTBOX_STEP_BYTES);
}

void outbox_base_finish(struct outbox_base *base)
{
    arena_finish(&base->arena);
}

static enum fault base_load(struct replica *replica, struct outbox_base *base)
{
    const struct team *team = NULL;
    const void *member = NULL;
    struct identity identity = {.next_number = 0};
    if (base->loaded) return FAULT_NONE;
    arena_reset(&base->arena);
    struct definition *definition = arena_alloc(&base->arena, sizeof *definition);
    if (!definition) return FAULT_MEMORY;
    enum fault fault = replica->f->identity_load(replica, &base->arena, &identity);
    if (!fault) fault = replica->f->definition(replica, &base->arena, definition);
    if (!fault) fault = replica->f->team(replica, &base->arena, &team);
    if (!fault) {
        fault = replica->f->entity(replica, &base->arena, ENTITY_MEMBER, base->actor, false,
                                   &member);
    }
    if (!fault) fault = state_init(&base->state, &base->arena, team, definition);
    base->member = member;
    base->device = identity.device;
    base->loaded = !fault;
    return fault;
}

enum fault outbox_decide(struct replica *replica, struct arena *arena, struct outbox_base *base,
                         const struct mutation *mutation, struct str payload, struct now now,
                         struct change *change)
{
    enum fault fault = base_load(replica, base);
    if (fault) return fault;
    struct state state = base->state;
    state.arena = arena;
    map_init(&state.rows, arena);
    struct entity_key keys[MUTATION_KEYS_MAX];
    size_t count = mutation_keys(mutation, base->actor, keys);
    for (size_t i = 0; i < count && !fault; i++) {
        fault = state_load(replica, arena, &state, keys[i].kind, keys[i].id);
    }
    if (!fault) fault = traces_load(replica, arena, &state, mutation);
    if (!fault) fault = state_put(&state, ENTITY_MEMBER, base->actor, base->member);
    if (fault) return fault;
    struct decision_context context = {.actor = base->member,
                                       .device = base->device,
                                       .recorded_at = now.wall_ms,
                                       .predicted = true};
    return decide(arena, &state, &context, mutation, payload, change);
}

/* Predicted events of several mutations on one thing stay apart, in order of number. */
static uint32_t event_place(uint64_t number, uint32_t n)
{
    return (uint32_t)(number & 0xfffff) << 12 | (n & 0xfff);
}

enum fault outbox_show(struct replica *replica, struct outbox_base *base, uint64_t number,
                       const struct change *change)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < change->row_count && !fault; i++) {
        struct row row = change->rows[i];
        row.seq = 0;
        if (row.kind == ENTITY_EVENT) row.n = event_place(number, row.n);
        if (row.removed) row.entity = NULL;
        bool own = row.kind == ENTITY_MEMBER && uuid_equal(row.id, base->actor);
        if (own || row.kind == ENTITY_TEAM || row.kind == ENTITY_DEFINITION) base->loaded = false;
        fault = replica->f->shown_put(replica, &row);
    }
    return fault;
}

/* --- the overlay --- */

static enum fault entry_show(struct replica *replica, struct arena *arena,
                             struct outbox_base *base, const struct outbox_entry *entry,
                             struct now now)
{
    struct mutation mutation;
    struct change change;
    enum fault fault = codec_mutation_unpack(arena, entry->payload, &mutation);
    /* We packed it; another version of ourselves may have, too: the server judges, we show less. */
    if (fault == FAULT_FORMAT) return FAULT_NONE;
    struct now made = {.boot_ms = now.boot_ms, .wall_ms = entry->made_at};
    if (!fault) {
        fault = outbox_decide(replica, arena, base, &mutation, entry->payload, made, &change);
    }
    /* No definition, team or member here yet: nothing can be predicted. */
    if (fault == FAULT_NOT_FOUND) return FAULT_NONE;
    if (fault || change.outcome == OUTCOME_PARKED) return fault;
    return outbox_show(replica, base, entry->number, &change);
}

static enum fault entries_show(struct replica *replica, struct outbox_base *base, struct now now)
{
    struct arena list, one;
    arena_init(&list, OUTBOX_STEP_BYTES);
    arena_init(&one, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    uint64_t from = 0;
    for (size_t count = OUTBOX_STEP; !fault && count == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, from, false, OUTBOX_STEP, &entries,
                                        &count);
        for (size_t i = 0; !fault && i < count; i++) {
            arena_reset(&one);
            fault = entry_show(replica, &one, base, &entries[i], now);
            from = entries[i].number + 1;
        }
    }
    arena_finish(&one);
    arena_finish(&list);
    return fault;
}

enum fault outbox_rebase(struct replica *replica, struct arena *arena, struct now now)
{
    struct identity identity;
    struct outbox_base base;
    enum fault fault = replica->f->identity_load(replica, arena, &identity);
    if (!fault) fault = replica->f->shown_clear(replica);
    if (fault) return fault;
    outbox_base_init(&base, identity.member);
    fault = entries_show(replica, &base, now);
    outbox_base_finish(&base);
    return fault;
}

/* --- only what a reveal touched --- */

/* To what the server says. */
static enum fault things_drop(struct replica *replica, const struct pending *pending)
{
    enum fault fault = FAULT_NONE;
    const struct pending_thing *thing = pending->first_dirty;
    for (; thing && !fault; thing = thing->next_dirty) {
        for (enum entity_kind kind = ENTITY_NONE; kind < ENTITY_COUNT && !fault; kind++) {
            if (!(thing->kinds >> kind & 1)) continue;
            fault = replica->f->shown_drop(replica, kind, thing->id);
        }
    }
    return fault;
}

static enum fault entries_redo(struct replica *replica, const struct pending *pending,
                               struct outbox_base *base, struct now now)
{
    struct arena one;
    arena_init(&one, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < pending->entry_count && !fault; i++) {
        struct outbox_entry *found = NULL;
        size_t count = 0;
        if (!pending->entries[i]->marked) continue;
        uint64_t number = pending->entries[i]->number;
        arena_reset(&one);
        fault = replica->f->outbox_list(replica, &one, number, false, 1, &found, &count);
        if (fault || count == 0 || found[0].number != number) continue;
        fault = entry_show(replica, &one, base, &found[0], now);
    }
    arena_finish(&one);
    return fault;
}

enum fault outbox_refresh(struct replica *replica, struct arena *arena, struct pending *pending,
                          struct now now)
{
    struct outbox_base base;
    pending_close(pending);
    enum fault fault;
    if (pending->whole) {
        fault = outbox_rebase(replica, arena, now);
    } else {
        outbox_base_init(&base, pending->member);
        fault = things_drop(replica, pending);
        if (!fault) fault = entries_redo(replica, pending, &base, now);
        outbox_base_finish(&base);
    }
    pending_done(pending);
    return fault;
}
