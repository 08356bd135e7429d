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

static void entry_unanswer(struct outbox_entry *entry)
{
    entry->answered = false;
    entry->outcome = OUTCOME_NONE;
    entry->seq = 0;
    entry->reasons = STR_NONE;
    entry->answered_at = 0;
}

enum fault outbox_reoffer(struct replica *replica, uint64_t server_last_number, bool went_back,
                          size_t *count)
{
    *count = 0;
    if (server_last_number == UINT64_MAX) return FAULT_NONE;
    struct arena list;
    arena_init(&list, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    uint64_t from = went_back ? 0 : server_last_number + 1;
    for (size_t found = OUTBOX_STEP; !fault && found == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, from, true, OUTBOX_STEP, &entries, &found);
        for (size_t i = 0; !fault && i < found; i++) {
            from = entries[i].number + 1;
            if (!entries[i].answered) continue;
            entry_unanswer(&entries[i]);
            fault = replica->f->outbox_update(replica, &entries[i]);
            if (entries[i].number > server_last_number) (*count)++;
        }
    }
    arena_finish(&list);
    return fault;
}

/* --- another replica id, other numbers --- */

static enum fault entry_move(struct replica *replica, struct outbox_entry *entry, uint64_t number)
{
    enum fault fault = replica->f->outbox_remove(replica, entry->number);
    entry->number = number;
    return fault ? fault : replica->f->outbox_add(replica, entry);
}

/* How many entries there are from that number on, and the last one's number. */
static enum fault entries_count(struct replica *replica, uint64_t from, size_t *total,
                                uint64_t *last)
{
    struct arena list;
    arena_init(&list, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    *total = 0;
    *last = from - 1;
    for (size_t found = OUTBOX_STEP; !fault && found == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, *last + 1, true, OUTBOX_STEP, &entries,
                                        &found);
        if (fault) break;
        *total += found;
        if (found > 0) *last = entries[found - 1].number;
    }
    arena_finish(&list);
    return fault;
}

/* Answered ones belong to the numbers of the old replica: kept aside. The others' new numbers never
 * exceed the old ones, so working upwards finds every new place free: what had it was moved before. */
static enum fault entries_renumber(struct replica *replica, struct identity *identity)
{
    struct arena list;
    size_t former = 0;
    uint64_t from = 0, last = 0;
    enum fault fault = entries_count(replica, OUTBOX_FORMER, &former, &last);
    arena_init(&list, OUTBOX_STEP_BYTES);
    for (size_t count = OUTBOX_STEP; !fault && count == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, from, true, OUTBOX_STEP, &entries, &count);
        for (size_t i = 0; !fault && i < count; i++) {
            from = entries[i].number + 1;
            fault = entry_move(replica, &entries[i],
                               entries[i].answered ? ++last : identity->next_number++);
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
    /* The cursor stays: it says which history the former answers are of. */
    identity.refill = true;
    identity.fill_generation = 0;
    identity.has_token = false;
    fault = entries_renumber(replica, &identity);
    if (fault) return fault;
    return replica->f->identity_store(replica, &identity);
}

/* Own entries from that number on move up by so many places, the last one first. */
static enum fault entries_shift(struct replica *replica, uint64_t from, uint64_t end, size_t by)
{
    struct arena one;
    arena_init(&one, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    for (uint64_t number = end; number > from && !fault; number--) {
        struct outbox_entry entry;
        arena_reset(&one);
        fault = entry_at(replica, &one, number - 1, &entry);
        if (fault == FAULT_NOT_FOUND) {
            fault = FAULT_NONE;
        } else if (!fault) {
            fault = entry_move(replica, &entry, entry.number + by);
        }
    }
    arena_finish(&one);
    return fault;
}

static enum fault former_offer(struct replica *replica, uint64_t next)
{
    struct arena list;
    arena_init(&list, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    for (size_t found = OUTBOX_STEP; !fault && found == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, OUTBOX_FORMER, true, OUTBOX_STEP, &entries,
                                        &found);
        for (size_t i = 0; !fault && i < found; i++) {
            entry_unanswer(&entries[i]);
            fault = entry_move(replica, &entries[i], next++);
        }
    }
    arena_finish(&list);
    return fault;
}

enum fault outbox_reoffer_former(struct replica *replica, uint64_t server_last_number,
                                 size_t *count)
{
    struct identity identity;
    struct arena arena;
    uint64_t last = 0, next = server_last_number + 1;
    enum fault fault = entries_count(replica, OUTBOX_FORMER, count, &last);
    if (fault || *count == 0) return fault;
    arena_init(&arena, OUTBOX_STEP_BYTES);
    fault = replica->f->identity_load(replica, &arena, &identity);
    if (!fault) fault = entries_shift(replica, next, identity.next_number, *count);
    if (!fault) fault = former_offer(replica, next);
    identity.next_number += *count;
    if (!fault) fault = replica->f->identity_store(replica, &identity);
    arena_finish(&arena);
    return fault;
}
