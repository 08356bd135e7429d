/* outbox.c - taking a mutation in: decided, made durable and shown, in one transaction.
 *
 * Called by the command line, the board and import. Invariant: an entry and what it shows are
 * committed together or not at all; numbers have no gaps, because a number is used only with its
 * entry. */
#include "client/core/outbox.h"

#include "client/core/outbox_decide.h"
#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/base/banned.h"

/* Applied with nothing to apply: what was wanted stands already. A conflict has no rows to predict
 * either, but must be told to the server; so must an invitation, which only the server writes. */
static bool change_is_nothing(const struct mutation *mutation, const struct change *change)
{
    return change->row_count == 0 && change->outcome != OUTCOME_CONFLICT &&
           mutation->kind != MUTATION_INVITE;
}

static enum fault entry_add(struct replica *replica, struct identity *identity,
                            const struct mutation *mutation, struct str payload,
                            struct str summary, struct now now)
{
    struct outbox_entry entry = {
        .number = identity->next_number,
        .mutation = mutation->id,
        .payload = payload,
        .made_at = now.wall_ms,
        .summary = summary,
    };
    enum fault fault = replica->f->outbox_add(replica, &entry);
    if (fault) return fault;
    identity->next_number++;
    if (!uuid_is_zero(mutation->undoes)) {
        if (uuid_equal(mutation->undoes, identity->last_undoable))
            identity->last_undoable = (struct uuid){{0}};
    } else if (uuid_is_zero(mutation->resolves)) {
        identity->last_undoable = mutation->id;
    }
    return FAULT_NONE;
}

/* Inside the transaction. Leaves the identity changed but not yet stored. */
static enum fault submit_one(struct replica *replica, struct arena *arena,
                                  struct outbox_base *base, struct identity *identity,
                                  struct mutation *mutation, struct str summary, struct now now,
                                  struct change *change)
{
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    enum fault packing = codec_mutation_pack(mutation, &packed);
    struct str payload = packing ? STR_NONE : buffer_str(&packed);
    uint64_t number = identity->next_number;
    /* What does not fit is decided all the same: the rules say which field is too long. */
    enum fault fault = packing == FAULT_LIMIT ? FAULT_NONE : packing;
    if (!fault) fault = outbox_decide(replica, arena, base, mutation, payload, now, change);
    if (!fault && change->outcome != OUTCOME_PARKED) fault = packing;
    bool queued = !fault && change->outcome != OUTCOME_PARKED &&
                  !change_is_nothing(mutation, change);
    if (queued) fault = entry_add(replica, identity, mutation, payload, summary, now);
    if (queued && !fault) fault = outbox_show(replica, base, number, change);
    buffer_finish(&packed);
    return fault;
}

enum fault outbox_submit_many(struct replica *replica, struct arena *arena,
                              struct mutation *mutations, size_t count, struct str summary,
                              struct now now, struct change *changes)
{
    struct identity identity;
    enum fault fault = replica->f->begin(replica);
    if (fault) return fault;
    fault = replica->f->identity_load(replica, arena, &identity);
    uint64_t first = fault ? 0 : identity.next_number;
    struct outbox_base base;
    outbox_base_init(&base, fault ? (struct uuid){{0}} : identity.member);
    for (size_t i = 0; i < count && !fault; i++) {
        fault = submit_one(replica, arena, &base, &identity, &mutations[i], summary, now,
                                &changes[i]);
    }
    outbox_base_finish(&base);
    if (fault || identity.next_number == first) { /* nothing to keep */
        replica->f->rollback(replica);
        return fault;
    }
    fault = replica->f->identity_store(replica, &identity);
    if (fault) {
        replica->f->rollback(replica);
        return fault;
    }
    return replica->f->commit(replica);
}

enum fault outbox_submit(struct replica *replica, struct arena *arena, struct mutation *mutation,
                         struct str summary, struct now now, struct change *change)
{
    return outbox_submit_many(replica, arena, mutation, 1, summary, now, change);
}
