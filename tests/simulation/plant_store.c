/* plant_store.c - planted bugs of the database and of how the server reads it. See plant.h. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

/* The rows without the last one of that kind that `fits`. */
static bool row_leave_out(struct arena *arena, struct store_request *request, enum entity_kind kind,
                          bool (*fits)(const struct row *))
{
    struct row *rows = arena_array(arena, request->row_count + 1, sizeof *rows);
    check(rows != NULL);
    size_t gone = SIZE_MAX, count = 0;
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind == kind && (!fits || fits(row))) gone = i;
    }
    for (size_t i = 0; i < request->row_count; i++) {
        if (i != gone) rows[count++] = request->rows[i];
    }
    request->rows = rows;
    request->row_count = count;
    return gone != SIZE_MAX;
}

static bool has_row(const struct store_request *request, enum entity_kind kind,
                    bool (*fits)(const struct row *))
{
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind == kind && (!fits || fits(row))) return true;
    }
    return false;
}

static bool is_parked(const struct row *row)
{
    const struct inbox_item *item = row->entity;
    return item && item->kind == INBOX_PARKED && item->state == INBOX_OPEN;
}

static bool is_conflict(const struct row *row)
{
    const struct inbox_item *item = row->entity;
    return item && item->kind == INBOX_CONFLICT && item->state == INBOX_OPEN;
}

static void seq_skip(struct arena *arena, struct store_request *request)
{
    struct row *rows = arena_copy(arena, request->rows, request->row_count * sizeof *rows);
    check(rows != NULL);
    for (size_t i = 0; i < request->row_count; i++) rows[i].seq++;
    request->rows = rows;
    request->new_seq++;
}

/* Last writer wins: the conflict's wish goes into the deal, as if nobody had been there. */
static void conflict_win(struct world *world, struct arena *arena, struct store_request *request)
{
    const struct inbox_item *item = NULL;
    struct row *rows = arena_copy(arena, request->rows, request->row_count * sizeof *rows);
    check(rows != NULL);
    uint64_t seq = 0;
    for (size_t i = 0; i < request->row_count; i++) {
        if (rows[i].kind != ENTITY_INBOX || !is_conflict(&rows[i])) continue;
        item = rows[i].entity;
        seq = rows[i].seq;
        rows[i].kind = ENTITY_NONE;
    }
    struct mutation mutation;
    if (!item || codec_mutation_unpack(arena, item->payload, &mutation)) return;
    const struct deal *deal = database_deal(world, item->subject);
    if (!deal || item->subject_kind != ENTITY_DEAL) return;
    struct deal *won = entity_copy(arena, ENTITY_DEAL, deal);
    check(won != NULL);
    for (size_t i = 0; i < mutation.edit_count; i++) {
        const struct edit *edit = &mutation.edits[i];
        if (edit->field && edit->field->type != VALUE_SET) field_set(edit->field, won, edit->want);
    }
    for (size_t i = 0; i < request->row_count; i++) {
        if (rows[i].kind == ENTITY_NONE) {
            rows[i] = (struct row){
                .kind = ENTITY_DEAL, .id = item->subject, .seq = seq, .entity = won};
        } else if (rows[i].kind == ENTITY_OUTCOME && rows[i].seq == seq) {
            struct outcome *outcome = arena_copy(arena, rows[i].entity, sizeof *outcome);
            check(outcome != NULL);
            outcome->kind = OUTCOME_APPLIED;
            rows[i].entity = outcome;
        }
    }
    request->rows = rows;
}

/* As if the server's look at the database had not been too old. */
static void stale_accept(struct world *world, struct arena *arena, struct store_request *request)
{
    uint64_t stands = world->oracle.seq, seen = request->expected_seq;
    bool known = request->unanswered_count > 0;
    if (stands <= seen) return;
    if (!plant_strikes(world, PLANT_STALE_ACCEPTED, 1) &&
        !(known && plant_strikes(world, PLANT_KNOWN_STALE, 1))) {
        return;
    }
    struct row *rows = arena_copy(arena, request->rows, request->row_count * sizeof *rows);
    check(rows != NULL);
    for (size_t i = 0; i < request->row_count; i++) rows[i].seq += stands - seen;
    request->rows = rows;
    request->expected_seq = stands;
    request->new_seq += stands - seen;
    request->has_expected_mark = false;
}

static void plant_commit(struct world *world, struct arena *arena, struct store_request *request)
{
    bool mutations = has_row(request, ENTITY_OUTCOME, NULL);
    if (!mutations) return;
    stale_accept(world, arena, request);
    if (request->unanswered_count > 0 && plant_strikes(world, PLANT_ANSWER_UNASKED, 1))
        request->unanswered_count = 0;
    if (has_row(request, ENTITY_DEAL, NULL) && plant_strikes(world, PLANT_COMMIT_HALF, 20))
        (void)row_leave_out(arena, request, ENTITY_DEAL, NULL);
    if (plant_strikes(world, PLANT_OUTCOME_FORGOTTEN, 20))
        (void)row_leave_out(arena, request, ENTITY_OUTCOME, NULL);
    if (has_row(request, ENTITY_EVENT, NULL) && plant_strikes(world, PLANT_EVENT_DROPPED, 20))
        (void)row_leave_out(arena, request, ENTITY_EVENT, NULL);
    if (has_row(request, ENTITY_INBOX, is_parked) && plant_strikes(world, PLANT_INBOX_DROPPED, 1))
        (void)row_leave_out(arena, request, ENTITY_INBOX, is_parked);
    if (has_row(request, ENTITY_INBOX, is_conflict) && plant_strikes(world, PLANT_CONFLICT_WON, 1))
        conflict_win(world, arena, request);
    if (plant_strikes(world, PLANT_SEQ_SKIPPED, 20)) seq_skip(arena, request);
    if (plant_strikes(world, PLANT_RECORDED_BACK, 20)) request->recorded_at -= DAY_MS;
}

void plant_request(struct world *world, struct arena *arena, struct store_request *request)
{
    switch (request->kind) {
    case STORE_COMMIT: plant_commit(world, arena, request); return;
    case STORE_PAGE:
        if (request->cursor_seq > 0 && plant_strikes(world, PLANT_PAGE_CURSOR, 10))
            request->cursor_seq++;
        return;
    case STORE_SIGN_IN:
    case STORE_ENROL:
    case STORE_TOKEN:
    case STORE_HEAD: return;
    case STORE_LOAD:
        if (request->use_count > 0 && plant_strikes(world, PLANT_USES_UNASKED, 1))
            request->use_count = 0;
        return;
    }
}

static void gates_skip(struct store_result *result)
{
    union {
        const struct definition *in;
        struct definition *out;
    } definition = {.in = result->definition};
    for (size_t i = 0; i < definition.out->pipeline_count; i++) {
        struct pipeline *pipeline = &definition.out->pipelines[i];
        for (size_t k = 0; k < pipeline->stage_count; k++) pipeline->stages[k].gate_count = 0;
    }
}

static void owner_make(const struct member *member)
{
    union {
        const struct member *in;
        struct member *out;
    } whole = {.in = member};
    whole.out->role = ROLE_OWNER;
}

static void tombstones_drop(struct world *world, struct store_result *result)
{
    size_t count = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        bool gone = result->rows[i].removed;
        if (gone && plant_strikes(world, PLANT_PAGE_TOMBSTONE, 1)) continue;
        result->rows[count++] = result->rows[i];
    }
    result->row_count = count;
}

void plant_result(struct world *world, const struct store_request *request,
                  struct store_result *result)
{
    if (result->status != STORE_OK) return;
    switch (request->kind) {
    case STORE_LOAD:
        if (plant_strikes(world, PLANT_NUMBER_FORGOTTEN, 5)) {
            result->outcome_count = 0;
            for (size_t i = 0; i < result->replica_count; i++) result->replicas[i].last_number = 0;
        }
        if (result->definition && plant_strikes(world, PLANT_GATES_SKIPPED, 2)) gates_skip(result);
        if (plant_strikes(world, PLANT_RIGHTS_SKIPPED, 2)) {
            for (size_t i = 0; i < result->member_count; i++) owner_make(result->members[i]);
            for (size_t i = 0; i < result->row_count; i++) {
                if (result->rows[i].kind == ENTITY_MEMBER) owner_make(result->rows[i].entity);
            }
        }
        return;
    case STORE_SIGN_IN:
        if (request->has_mark && !result->mark_known &&
            plant_strikes(world, PLANT_MARK_TRUSTED, 1)) {
            result->mark_known = true;
        }
        if (plant_strikes(world, PLANT_SIGHT_LEAK, 2)) owner_make(result->member);
        if (result->copied && plant_strikes(world, PLANT_COPY_UNTOLD, 1)) result->copied = false;
        return;
    case STORE_PAGE:
        if (result->row_count > 0 && plant_strikes(world, PLANT_PAGE_ROW_LOST, 10))
            result->row_count--;
        tombstones_drop(world, result);
        return;
    case STORE_ENROL:
    case STORE_TOKEN:
    case STORE_COMMIT:
    case STORE_HEAD: return;
    }
}
