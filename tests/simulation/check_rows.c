/* check_rows.c - what one seq of a commit may look like: one answer, to something somebody made,
 * under the next number of its copy, with a record of what did not go through. See check.h. */
#define _GNU_SOURCE /* memmem */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/check_inside.h"
#include "tests/simulation/tell.h"

#include "common/base/banned.h"

/* What was written under one seq. A batch writes a thing that it changes twice only once, under
 * the later seq: then the earlier seq has a row less. */
struct seq_rows {
    const struct store_request *request;
    uint64_t seq;
    size_t effects;
    bool again; /* a device, or what is told of one, is written under a later one of the commit */
    bool announced; /* the server's own doing: a device is seen for the first time, or told of */
    const struct outcome *outcome;
};

/* The item was taken over, in this very batch, by the same person's next try at the same creation:
 * its payload stands for both. */
static bool item_taken_over(struct world *world, const struct row *row, const struct seq_rows *rows)
{
    const struct inbox_item *item = row->entity;
    if (row->seq == rows->seq || !uuid_equal(item->author, rows->outcome->member)) return false;
    struct arena arena;
    arena_init(&arena, (size_t)1024 * 1024);
    const struct mutation *last = oracle_mutation(world, &arena, item->mutation);
    const struct mutation *first = oracle_mutation(world, &arena, rows->outcome->mutation);
    bool same = last && first && uuid_equal(last->resolves, row->id) &&
                last->kind == first->kind && uuid_equal(last->target, first->target);
    arena_finish(&arena);
    return same;
}

static bool row_keeps(struct world *world, const struct row *row, const struct seq_rows *rows)
{
    const struct outcome *outcome = rows->outcome;
    if (row->kind != ENTITY_INBOX || row->removed || row->seq < rows->seq) return false;
    const struct inbox_item *item = row->entity;
    if (outcome->kind == OUTCOME_CONFLICT) {
        /* A later edit of the same author may have taken the record over, in this very batch. */
        if (item->kind != INBOX_CONFLICT || !uuid_equal(item->author, outcome->member))
            return false;
        if (row->seq > rows->seq) return true;
    } else if (item->kind != INBOX_PARKED) {
        return false;
    } else if (item_taken_over(world, row, rows)) {
        return true;
    }
    uint8_t hash[32];
    codec_payload_hash(item->payload, hash);
    return uuid_equal(item->mutation, outcome->mutation) && outcome->payload_hash.n == 32 &&
           memcmp(hash, outcome->payload_hash.p, 32) == 0;
}

/* A mutation that did not go through has its payload kept where its author sees it. */
static void check_record(struct world *world, const struct seq_rows *rows)
{
    int64_t kind = rows->outcome->kind;
    if (kind != OUTCOME_PARKED && kind != OUTCOME_CONFLICT) return;
    for (size_t i = 0; i < rows->request->row_count; i++) {
        if (row_keeps(world, &rows->request->rows[i], rows)) return;
    }
    world_fail(world, "seq %llu: outcome %d without a record that keeps its payload",
               (unsigned long long)rows->seq, (int)kind);
}

static bool reasons_tell(const struct outcome *outcome, const char *code)
{
    return outcome->reasons.n > 0 &&
           memmem(outcome->reasons.p, outcome->reasons.n, code, strlen(code)) != NULL;
}

/* Marks of refusals that say what met what. */
static void parked_mark(struct world *world, const struct outcome *outcome)
{
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    const struct mutation *mutation = oracle_mutation(world, &arena, outcome->mutation);
    if (reasons_tell(outcome, "parent")) world_mark(world, MARK_PARENT_PARKED);
    if (reasons_tell(outcome, "gone")) world_mark(world, MARK_GONE);
    if (reasons_tell(outcome, "stage_removed")) world_mark(world, MARK_STAGE_REMOVED_MOVE);
    if (reasons_tell(outcome, "deleted_again")) world_mark(world, MARK_DELETED_AGAIN);
    bool changed = reasons_tell(outcome, "changed_meanwhile");
    if (changed && mutation && mutation->stage) world_mark(world, MARK_STAGE_REFUSED);
    if (changed && mutation && mutation->kind == MUTATION_DELETE)
        world_mark(world, MARK_DELETED_CHANGED);
    arena_finish(&arena);
}

/* By the end of the target's id, as the story names it when it is made. */
static void outcome_tell(struct world *world, const struct outcome *outcome)
{
    if (outcome->kind == OUTCOME_APPLIED || world->oracle.replaying) return; /* as wanted */
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    const struct mutation *mutation = oracle_mutation(world, &arena, outcome->mutation);
    char wishes[TELL_BYTES] = "";
    if (mutation) tell_wishes(wishes, mutation);
    world_tell(world, "what was wanted of %s%s is %s%s%.*s",
               mutation ? entity_name((enum entity_kind)mutation->entity) : "something", wishes,
               tell_outcome(outcome->kind), outcome->reasons.n > 0 ? ": " : "",
               STR_ARGS(outcome->reasons));
    arena_finish(&arena);
}

static void outcome_count(struct world *world, const struct outcome *outcome)
{
    struct oracle *oracle = &world->oracle;
    if (oracle->replaying) return;
    switch ((enum outcome_kind)outcome->kind) {
    case OUTCOME_NONE:
    case OUTCOME_APPLIED: break;
    case OUTCOME_MERGED:
        oracle->merged++;
        world_mark(world, MARK_MERGED);
        break;
    case OUTCOME_CONFLICT:
        oracle->conflicts++;
        world_mark(world, MARK_CONFLICT);
        break;
    case OUTCOME_PARKED:
        oracle->parked++;
        world_mark(world, MARK_PARKED);
        parked_mark(world, outcome);
        if (reasons_tell(outcome, "in_use")) world_mark(world, MARK_KEPT_USED);
        break;
    }
}

/* True when it was answered before, under another number. */
static bool check_answer(struct world *world, const struct seq_rows *rows)
{
    struct oracle *oracle = &world->oracle;
    const struct outcome *outcome = rows->outcome;
    struct answer *answer =
        oracle_place(oracle, &oracle->answers, oracle_id_key(&outcome->mutation), sizeof *answer);
    if (!answer->promised) {
        world_fail(world, "the server answered a mutation nobody made");
        return true;
    }
    const struct promise *promise = &oracle->promises[answer->promise];
    if (outcome->payload_hash.n != 32 || memcmp(outcome->payload_hash.p, promise->hash, 32) != 0)
        world_fail(world, "the payload is not the one that was made");
    bool again = answer->outcomes > 0;
    if (again) {
        oracle->repeated++;
        if (!oracle->replaying) world_mark(world, MARK_REPEATED);
        if (rows->effects > 0) world_fail(world, "a mutation took effect twice");
        if (answer->kind != outcome->kind) world_fail(world, "a second, other outcome");
    } else {
        check_record(world, rows);
        outcome_count(world, outcome);
        outcome_tell(world, outcome);
    }
    answer->outcomes++;
    answer->effects += rows->effects;
    answer->kind = outcome->kind;
    uint64_t *last =
        oracle_place(oracle, &oracle->replicas, oracle_id_key(&outcome->replica), sizeof *last);
    if (outcome->number != (int64_t)*last + 1)
        world_fail(world, "numbers of a replica have a gap: %lld after %llu",
                   (long long)outcome->number, (unsigned long long)*last);
    *last = (uint64_t)outcome->number;
    return again;
}

/* The server tells of a device that there is, to whom it belongs, and of nothing else. */
static bool row_is_notice(struct world *world, const struct row *row)
{
    if (row->kind != ENTITY_INBOX || row->removed) return false;
    const struct inbox_item *item = row->entity;
    if (item->kind != INBOX_NOTICE) return false;
    const struct row *told = oracle_row(world, ENTITY_DEVICE, item->subject);
    const struct device *device = told && !told->removed ? told->entity : NULL;
    if (item->subject_kind != ENTITY_DEVICE || (device && !uuid_equal(device->member, item->concerned)))
        world_fail(world, "seq %llu: a notice of somebody else's device",
                   (unsigned long long)row->seq);
    return true;
}

static void parent_expect(struct world *world, const struct row *row, enum entity_kind kind,
                          struct uuid id)
{
    if (uuid_is_zero(id) || oracle_row(world, kind, id)) return;
    world_fail(world, "seq %llu: %s hangs on %s that never was",
               (unsigned long long)row->seq, entity_name(row->kind), entity_name(kind));
}

void check_parents(struct world *world, const struct row *row)
{
    if (row->removed) return;
    if (row->kind == ENTITY_PERSON) {
        const struct person *person = row->entity;
        parent_expect(world, row, ENTITY_ORGANISATION, person->organisation);
    } else if (row->kind == ENTITY_DEAL) {
        const struct deal *deal = row->entity;
        parent_expect(world, row, ENTITY_ORGANISATION, deal->organisation);
        parent_expect(world, row, ENTITY_PERSON, deal->contact);
        parent_expect(world, row, ENTITY_MEMBER, deal->owner);
    } else if (row->kind == ENTITY_ACTIVITY) {
        const struct activity *activity = row->entity;
        parent_expect(world, row, ENTITY_DEAL, activity->deal);
        parent_expect(world, row, ENTITY_ORGANISATION, activity->organisation);
        parent_expect(world, row, ENTITY_PERSON, activity->person);
    }
}

void check_seq(struct world *world, const struct store_request *request, uint64_t seq,
               bool administered)
{
    struct seq_rows rows = {.request = request, .seq = seq};
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->seq < seq) continue;
        bool own = row->kind == ENTITY_DEVICE || row_is_notice(world, row);
        /* Seen for the first time by two sessions at once, or told and settled by what its member
         * offers again: it is written once, under the later. */
        if (row->seq > seq) {
            rows.again = rows.again || own;
            continue;
        }
        if (own) rows.announced = true;
        if (row->kind != ENTITY_OUTCOME) {
            rows.effects++;
        } else if (rows.outcome) {
            world_fail(world, "two outcomes under one seq");
        } else {
            rows.outcome = row->entity;
        }
    }
    if (administered) return;
    bool own = rows.announced || (rows.again && rows.effects == 0);
    if (!rows.outcome && own) return; /* nobody's mutation */
    if (!rows.outcome) {
        world_fail(world, "seq %llu has no outcome, and %zu rows", (unsigned long long)seq,
                   rows.effects);
        return;
    }
    bool again = check_answer(world, &rows);
    if (!again && !world->oracle.replaying) {
        check_right(world, request, seq, rows.outcome, rows.effects);
        if (!world->failed) check_effect(world, request, seq, rows.outcome);
    }
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind != ENTITY_EVENT || row->seq != seq) continue;
        check_stage(world, row, request);
        check_event(world, row, request);
    }
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind == ENTITY_DEFINITION && row->seq == seq) check_definition(world, row->entity);
    }
}
