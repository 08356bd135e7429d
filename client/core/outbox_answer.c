/* outbox_answer.c - what answers, restored servers and cloned copies do to the entries.
 *
 * Called by sync inside its transactions. Invariant: an entry's payload never changes; its number
 * changes only together with the replica id. */
#include "client/core/outbox_decide.h"

#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/base/banned.h"

static enum fault entry_at(struct replica *replica, struct arena *arena, uint64_t number,
                           struct outbox_entry *out)
{
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    enum fault fault =
        replica->f->outbox_list(replica, arena, number, true, 1, &entries, &count);
    if (fault) return fault;
    if (count == 0 || entries[0].number != number) return FAULT_NOT_FOUND;
    *out = entries[0];
    return FAULT_NONE;
}

enum fault outbox_answer(struct replica *replica, struct arena *arena, const struct packed_row *row,
                         struct now now)
{
    struct identity identity;
    struct outbox_entry entry;
    void *unpacked = NULL;
    if (row->kind != ENTITY_OUTCOME || row->removed) return FAULT_NONE;
    enum fault fault = replica->f->identity_load(replica, arena, &identity);
    if (fault || !uuid_equal(row->id, identity.replica)) return fault;
    fault = codec_entity_unpack(arena, ENTITY_OUTCOME, row->body, &unpacked);
    if (fault) return fault;
    const struct outcome *outcome = unpacked;
    if (outcome->number <= 0) return FAULT_FORMAT;
    fault = entry_at(replica, arena, (uint64_t)outcome->number, &entry);
    if (fault == FAULT_NOT_FOUND) return FAULT_NONE; /* pruned, or of administration */
    if (fault) return fault;
    entry.answered = true;
    entry.outcome = outcome->kind;
    entry.seq = row->seq;
    entry.reasons = outcome->reasons;
    entry.answered_at = now.wall_ms;
    return replica->f->outbox_update(replica, &entry);
}

enum fault outbox_reoffer(struct replica *replica, struct arena *arena, uint64_t server_last_number,
                          size_t *count)
{
    *count = 0;
    if (server_last_number == UINT64_MAX) return FAULT_NONE;
    struct arena list;
    arena_init(&list, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    uint64_t from = server_last_number + 1;
    (void)arena;
    for (size_t found = OUTBOX_STEP; !fault && found == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, from, true, OUTBOX_STEP, &entries, &found);
        for (size_t i = 0; !fault && i < found; i++) {
            from = entries[i].number + 1;
            if (!entries[i].answered) continue;
            entries[i].answered = false;
            entries[i].outcome = OUTCOME_NONE;
            entries[i].seq = 0;
            entries[i].reasons = STR_NONE;
            entries[i].answered_at = 0;
            fault = replica->f->outbox_update(replica, &entries[i]);
            (*count)++;
        }
    }
    arena_finish(&list);
    return fault;
}

/* The new numbers never exceed the old ones, so working upwards finds every new place free: what
 * had it was moved or removed before. */
static enum fault entries_renumber(struct replica *replica, struct identity *identity)
{
    struct arena list;
    arena_init(&list, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    uint64_t from = 0;
    for (size_t count = OUTBOX_STEP; !fault && count == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, from, true, OUTBOX_STEP, &entries, &count);
        for (size_t i = 0; !fault && i < count; i++) {
            from = entries[i].number + 1;
            fault = replica->f->outbox_remove(replica, entries[i].number);
            /* Answered ones belong to the numbers of the old replica: never to be offered again. */
            if (fault || entries[i].answered) continue;
            entries[i].number = identity->next_number++;
            fault = replica->f->outbox_add(replica, &entries[i]);
        }
    }
    arena_finish(&list);
    return fault;
}

enum fault outbox_renumber(struct replica *replica, struct arena *arena, struct uuid new_replica)
{
    struct identity identity;
    enum fault fault = replica->f->identity_load(replica, arena, &identity);
    if (fault) return fault;
    identity.replica = new_replica;
    identity.next_number = 1;
    identity.cursor_seq = 0;
    identity.has_mark = false;
    identity.has_token = false;
    fault = entries_renumber(replica, &identity);
    if (fault) return fault;
    return replica->f->identity_store(replica, &identity);
}
