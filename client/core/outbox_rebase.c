/* outbox_rebase.c - the overlay: what pending mutations make of the server's rows.
 *
 * Called by submit for one mutation and by sync for all, after the server's rows changed.
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

enum fault outbox_decide(struct replica *replica, struct arena *arena, struct uuid actor,
                         const struct mutation *mutation, struct str payload, struct now now,
                         struct change *change)
{
    struct state state;
    const struct team *team = NULL;
    const void *member = NULL;
    struct definition *definition = arena_alloc(arena, sizeof *definition);
    if (!definition) return FAULT_MEMORY;
    enum fault fault = replica->f->definition(replica, arena, definition);
    if (!fault) fault = replica->f->team(replica, arena, &team);
    if (!fault) fault = replica->f->entity(replica, arena, ENTITY_MEMBER, actor, false, &member);
    if (!fault) fault = state_init(&state, arena, team, definition);
    if (fault) return fault;
    struct entity_key keys[MUTATION_KEYS_MAX];
    size_t count = mutation_keys(mutation, actor, keys);
    for (size_t i = 0; i < count && !fault; i++) {
        fault = state_load(replica, arena, &state, keys[i].kind, keys[i].id);
    }
    if (!fault) fault = state_put(&state, ENTITY_MEMBER, actor, member);
    if (fault) return fault;
    struct decision_context context = {
        .actor = member, .recorded_at = now.wall_ms, .predicted = true};
    return decide(arena, &state, &context, mutation, payload, change);
}

/* Predicted events of several mutations on one thing stay apart, in order of number. */
static uint32_t event_place(uint64_t number, uint32_t n)
{
    return (uint32_t)(number & 0xfffff) << 12 | (n & 0xfff);
}

enum fault outbox_show(struct replica *replica, uint64_t number, const struct change *change)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < change->row_count && !fault; i++) {
        struct row row = change->rows[i];
        row.seq = 0;
        if (row.kind == ENTITY_EVENT) row.n = event_place(number, row.n);
        if (row.removed) row.entity = NULL;
        fault = replica->f->shown_put(replica, &row);
    }
    return fault;
}

static enum fault entry_show(struct replica *replica, struct arena *arena, struct uuid actor,
                             const struct outbox_entry *entry, struct now now)
{
    struct mutation mutation;
    struct change change;
    enum fault fault = codec_mutation_unpack(arena, entry->payload, &mutation);
    /* We packed it; another version of ourselves may have, too: the server judges, we show less. */
    if (fault == FAULT_FORMAT) return FAULT_NONE;
    struct now made = {.boot_ms = now.boot_ms, .wall_ms = entry->made_at};
    if (!fault) {
        fault = outbox_decide(replica, arena, actor, &mutation, entry->payload, made, &change);
    }
    /* No definition, team or member here yet: nothing can be predicted. */
    if (fault == FAULT_NOT_FOUND) return FAULT_NONE;
    if (fault || change.outcome == OUTCOME_PARKED) return fault;
    return outbox_show(replica, entry->number, &change);
}

enum fault outbox_rebase(struct replica *replica, struct arena *arena, struct now now)
{
    struct identity identity;
    enum fault fault = replica->f->identity_load(replica, arena, &identity);
    if (!fault) fault = replica->f->shown_clear(replica);
    struct arena list, one;
    arena_init(&list, OUTBOX_STEP_BYTES);
    arena_init(&one, OUTBOX_STEP_BYTES);
    uint64_t from = 0;
    for (size_t count = OUTBOX_STEP; !fault && count == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, from, false, OUTBOX_STEP, &entries,
                                        &count);
        for (size_t i = 0; !fault && i < count; i++) {
            arena_reset(&one);
            fault = entry_show(replica, &one, identity.member, &entries[i], now);
            from = entries[i].number + 1;
        }
    }
    arena_finish(&one);
    arena_finish(&list);
    return fault;
}
