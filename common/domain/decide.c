/* decide.c - the entry to the rule book: a mutation in, a change or all reasons against it out.
 *
 * Called by server/core/commit (final) and client/core/outbox (prediction). Everything the rules
 * find is collected; only at the end it is settled what comes of it:
 *
 *   any refusal          -> PARKED, and nothing else
 *   a unit in conflict   -> CONFLICT, the other units apply
 *   applied beside others-> MERGED
 *   else                 -> APPLIED (also when there was nothing to do: no rows)
 *
 * Invariants: the state is only read; the same arguments give the same change; a parked mutation
 * changes no entity. */
#include "common/domain/decision.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

/* Times people's clocks give are never judged, only brought to where they can be printed. */
static struct optional time_bounded(struct optional time)
{
    int64_t low = DATE_MIN * DAY_MS, high = (DATE_MAX + 1) * DAY_MS - 1;
    if (!time.has) return (struct optional){false, 0};
    if (time.v < low) time.v = low;
    if (time.v > high) time.v = high;
    return time;
}

static void decision_begin(struct decision *d, struct arena *arena, const struct state *state,
                           const struct decision_context *context, const struct mutation *mutation,
                           struct str payload, struct change *change)
{
    *change = (struct change){.outcome = OUTCOME_NONE};
    *d = (struct decision){
        .arena = arena,
        .state = state,
        .context = context,
        .mutation = mutation,
        .payload = payload,
        .recorded = context->recorded_at,
        .acted = time_bounded(mutation->acted_at),
        .claimed = time_bounded(mutation->happened_at),
        .inbox_number = state->inbox_last,
        .change = change,
    };
    if (context->actor) d->actor = context->actor->id;
    if (!d->claimed.has) d->claimed = d->acted;
    if (mutation->entity > ENTITY_NONE && mutation->entity < ENTITY_COUNT) {
        d->kind = (enum entity_kind)mutation->entity;
    }
}

/* Only a time somebody states (--on) can be wrong; a clock is just believed less. */
static void decision_judge_time(struct decision *d)
{
    struct optional stated = d->mutation->happened_at;
    if (!stated.has || stated.v <= d->recorded + CLAIM_AHEAD_MS) return;
    decision_refuse(d, (struct reason){.code = REASON_IN_FUTURE, .field = STR("happened_at")});
}

static void decision_dispatch(struct decision *d)
{
    if (d->mutation->kind == MUTATION_NOTICE) {
        decide_notice(d);
        return;
    }
    if (d->kind == ENTITY_DEVICE && d->mutation->kind != MUTATION_CLOSE) {
        decide_device(d);
        return;
    }
    if (d->kind == ENTITY_INVITATION && d->mutation->kind != MUTATION_CLOSE) {
        decide_invitation(d);
        return;
    }
    if (d->kind == ENTITY_MEMBER && d->mutation->kind == MUTATION_EDIT) {
        decide_member(d);
        return;
    }
    if (d->kind == ENTITY_DEFINITION && d->mutation->kind != MUTATION_CLOSE) {
        decide_stage(d);
        return;
    }
    switch ((enum mutation_kind)d->mutation->kind) {
    case MUTATION_NONE:
    case MUTATION_NOTICE: break;
    case MUTATION_CREATE: decide_create(d); return;
    case MUTATION_EDIT:
    case MUTATION_CORRECT: decide_edit(d); return;
    case MUTATION_DELETE: decide_delete(d); return;
    case MUTATION_IMPORT: decide_import(d); return;
    case MUTATION_INVITE: decide_invite(d); return;
    case MUTATION_CLOSE: decide_close(d); return;
    case MUTATION_RESTORE: decide_restore(d); return;
    }
    decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
}

static enum outcome_kind decision_outcome(const struct decision *d)
{
    if (d->refused.count > 0) return OUTCOME_PARKED;
    if (d->conflicted) return OUTCOME_CONFLICT;
    return d->merged ? OUTCOME_MERGED : OUTCOME_APPLIED;
}

/* What the caller keeps owes nothing to the mutation's bytes, nor to the rows it was decided on. */
static void change_own(struct decision *d)
{
    struct change *change = d->change;
    for (size_t i = 0; i < change->row_count; i++) {
        struct row *row = &change->rows[i];
        if (!row->removed) row->entity = entity_copy(d->arena, row->kind, row->entity);
    }
    for (size_t i = 0; i < change->reasons.count; i++) {
        struct reason *reason = &change->reasons.items[i];
        reason->field = arena_str(d->arena, reason->field);
        reason->stage = arena_str(d->arena, reason->stage);
        reason->check = arena_str(d->arena, reason->check);
        reason->value = arena_str(d->arena, reason->value);
        reason->other = arena_str(d->arena, reason->other);
    }
}

static enum fault decision_finish(struct decision *d)
{
    struct change *change = d->change;
    inbox_resolves_check(d);
    change->outcome = decision_outcome(d);
    if (change->outcome == OUTCOME_PARKED) {
        change->row_count = 0;
        change->event_count = 0;
        change->reasons = d->refused;
        d->inbox_number = d->state->inbox_last; /* of conflicts that are dropped with the rest */
        inbox_park(d);
    }
    inbox_resolves_close(d);
    change_own(d);
    return arena_fault(d->arena);
}

enum fault decide(struct arena *arena, const struct state *state,
                  const struct decision_context *context, const struct mutation *mutation,
                  struct str payload, struct change *out)
{
    struct decision d;
    decision_begin(&d, arena, state, context, mutation, payload, out);
    if (context->revoked) {
        decision_refuse(&d, (struct reason){.code = REASON_DEVICE_REVOKED});
        decision_group(&d);
    }
    if (d.refused.count == 0 && content_normalise(&d)) {
        decision_judge_time(&d);
        decision_dispatch(&d);
    }
    return decision_finish(&d);
}

/* Made of the bytes and of the item's number, so that the same bytes sent twice are two items. */
static struct uuid undecodable_id(const struct state *state, const struct decision *d,
                                  struct str payload)
{
    char number[8];
    int64_t next = state->inbox_last + 1;
    for (size_t i = 0; i < sizeof number; i++)
        number[i] = (char)(unsigned char)((uint64_t)next >> (8 * i));
    struct uuid bytes = uuid_derive(d->actor, payload);
    return uuid_derive(bytes, (struct str){number, sizeof number});
}

enum fault decide_undecodable(struct arena *arena, const struct state *state,
                              const struct decision_context *context, struct uuid id,
                              struct str payload, struct change *out)
{
    struct decision d;
    struct mutation nothing = {.id = id};
    decision_begin(&d, arena, state, context, &nothing, payload, out);
    if (uuid_is_zero(id)) nothing.id = undecodable_id(state, &d, payload);
    enum reason_code code = context->failed ? REASON_SERVER_FAULT : REASON_UNDECODABLE;
    decision_refuse(&d, (struct reason){.code = code});
    return decision_finish(&d);
}
