/* check.c - the oracle's books: promises, answers, the model of rows; conservation. See check.h. */
#include "tests/simulation/world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

static const size_t ORACLE_BYTES_MAX = (size_t)1024 * 1024 * 1024;

void oracle_init(struct oracle *oracle)
{
    *oracle = (struct oracle){0};
    arena_init(&oracle->arena, ORACLE_BYTES_MAX);
    map_init(&oracle->rows, &oracle->arena);
    map_init(&oracle->answers, &oracle->arena);
    map_init(&oracle->replicas, &oracle->arena);
}

void oracle_finish(struct oracle *oracle)
{
    free(oracle->promises);
    arena_finish(&oracle->arena);
    *oracle = (struct oracle){0};
}

static void *oracle_place(struct oracle *oracle, struct map *map, struct str key, size_t size)
{
    void *place = map_get(map, key);
    if (place) return place;
    place = arena_alloc(&oracle->arena, size);
    check(place != NULL);
    check(map_put(map, key, place) == FAULT_NONE);
    return place;
}

static struct str id_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

/* --- promises --- */

void oracle_promise(struct world *world, struct uuid mutation, struct str payload, size_t laptop)
{
    struct oracle *oracle = &world->oracle;
    if (oracle->promise_count == oracle->promise_cap) {
        oracle->promise_cap = oracle->promise_cap ? oracle->promise_cap * 2 : 256;
        oracle->promises =
            realloc(oracle->promises, oracle->promise_cap * sizeof *oracle->promises);
        check(oracle->promises != NULL);
    }
    struct promise *promise = &oracle->promises[oracle->promise_count++];
    *promise = (struct promise){.mutation = mutation, .laptop = laptop};
    codec_payload_hash(payload, promise->hash);
    struct answer *answer =
        oracle_place(oracle, &oracle->answers, id_key(&mutation), sizeof *answer);
    if (answer->promised) world_fail(world, "two mutations have one id");
    answer->promised = true;
    answer->mutation = mutation;
    answer->promise = oracle->promise_count - 1;
}

void oracle_excuse(struct world *world, size_t laptop, size_t since)
{
    for (size_t i = since; i < world->oracle.promise_count; i++) {
        struct promise *promise = &world->oracle.promises[i];
        if (promise->laptop == laptop) promise->lost_with_disk = true;
    }
}

/* --- commits --- */

static struct str row_key(struct arena *arena, const struct row *row)
{
    uint8_t key[1 + 16 + 8 + 4] = {0};
    key[0] = (uint8_t)row->kind;
    memcpy(key + 1, row->id.b, 16);
    if (row->kind == ENTITY_EVENT) memcpy(key + 17, &row->seq, 8);
    memcpy(key + 25, &row->n, 4);
    const char *copy = arena_copy(arena, key, sizeof key);
    check(copy != NULL);
    return (struct str){copy, sizeof key};
}

static void *entity_own(struct arena *arena, const struct row *row)
{
    if (row->kind != ENTITY_DEFINITION) return entity_copy(arena, row->kind, row->entity);
    struct definition *copy = arena_alloc(arena, sizeof *copy);
    check(copy && definition_copy(arena, row->entity, copy) == FAULT_NONE);
    return copy;
}

static void model_put(struct world *world, const struct row *row)
{
    struct oracle *oracle = &world->oracle;
    struct model_row *model =
        oracle_place(oracle, &oracle->rows, row_key(&oracle->arena, row), sizeof *model);
    if (row->kind == ENTITY_EVENT && model->row.kind != ENTITY_NONE)
        world_fail(world, "an event was written over");
    if (model->row.seq > row->seq) world_fail(world, "a row's seq went back");
    model->row = *row;
    model->row.entity = NULL;
    if (row->removed) return;
    model->row.entity = entity_own(&oracle->arena, row);
    check(model->row.entity != NULL);
    if (row->kind == ENTITY_DEFINITION) oracle->definition = model->row.entity;
    if (row->kind == ENTITY_TEAM) oracle->team = model->row.entity;
}

/* What was written under one seq. A batch writes a thing that it changes twice only once, under
 * the later seq: then the earlier seq has a row less. */
struct seq_rows {
    const struct store_request *request;
    uint64_t seq;
    size_t effects;
    bool announced;
    const struct outcome *outcome;
};

static bool row_keeps(const struct row *row, const struct seq_rows *rows)
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
        if (row_keeps(&rows->request->rows[i], rows)) return;
    }
    world_fail(world, "seq %llu: outcome %d without a record that keeps its payload",
               (unsigned long long)rows->seq, (int)kind);
}

static void check_answer(struct world *world, const struct seq_rows *rows)
{
    struct oracle *oracle = &world->oracle;
    const struct outcome *outcome = rows->outcome;
    struct answer *answer =
        oracle_place(oracle, &oracle->answers, id_key(&outcome->mutation), sizeof *answer);
    if (!answer->promised) {
        world_fail(world, "the server answered a mutation nobody made");
        return;
    }
    const struct promise *promise = &oracle->promises[answer->promise];
    if (outcome->payload_hash.n != 32 || memcmp(outcome->payload_hash.p, promise->hash, 32) != 0)
        world_fail(world, "the payload is not the one that was made");
    if (answer->outcomes > 0) {
        oracle->repeated++;
        if (rows->effects > 0) world_fail(world, "a mutation took effect twice");
        if (answer->kind != outcome->kind) world_fail(world, "a second, other outcome");
    } else {
        check_record(world, rows);
        if (outcome->kind == OUTCOME_PARKED) oracle->parked++;
        if (outcome->kind == OUTCOME_CONFLICT) oracle->conflicts++;
        if (outcome->kind == OUTCOME_MERGED) oracle->merged++;
    }
    answer->outcomes++;
    answer->effects += rows->effects;
    answer->kind = outcome->kind;
    uint64_t *last =
        oracle_place(oracle, &oracle->replicas, id_key(&outcome->replica), sizeof *last);
    if (outcome->number != (int64_t)*last + 1)
        world_fail(world, "numbers of a replica have a gap: %lld after %llu",
                   (long long)outcome->number, (unsigned long long)*last);
    *last = (uint64_t)outcome->number;
}

/* The founding, and what administration writes: settings of the team, nobody's mutation. */
static bool administered(const struct store_request *request)
{
    for (size_t i = 0; i < request->row_count; i++) {
        if (request->rows[i].kind == ENTITY_TEAM) return true;
    }
    return false;
}

static void check_seq(struct world *world, const struct store_request *request, uint64_t seq)
{
    struct seq_rows rows = {.request = request, .seq = seq};
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->seq != seq) continue;
        if (row->kind == ENTITY_DEVICE) rows.announced = true; /* the server's own doing */
        if (row->kind != ENTITY_OUTCOME) {
            rows.effects++;
        } else if (rows.outcome) {
            world_fail(world, "two outcomes under one seq");
        } else {
            rows.outcome = row->entity;
        }
    }
    if (administered(request)) return;
    if (!rows.outcome && rows.announced) return;
    if (!rows.outcome) {
        world_fail(world, "seq %llu has no outcome", (unsigned long long)seq);
        return;
    }
    check_answer(world, &rows);
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind == ENTITY_EVENT && row->seq == seq) check_stage(world, row, request);
    }
}

void oracle_commit(struct world *world, const struct store_request *request)
{
    struct oracle *oracle = &world->oracle;
    if (request->expected_seq != oracle->seq || request->new_seq <= oracle->seq)
        world_fail(world, "a commit from %llu to %llu went through at %llu",
                   (unsigned long long)request->expected_seq, (unsigned long long)request->new_seq,
                   (unsigned long long)oracle->seq);
    for (size_t i = 0; i < request->row_count; i++) {
        uint64_t seq = request->rows[i].seq;
        if (seq <= request->expected_seq || seq > request->new_seq)
            world_fail(world, "a row outside its commit's seqs");
    }
    world_fact(world, "commit", request->new_seq, request->row_count);
    for (uint64_t seq = oracle->seq + 1; seq <= request->new_seq && !world->failed; seq++) {
        oracle->seq = seq;
        check_seq(world, request, seq);
        /* In the order of the request: a later row of a batch may write an earlier one over. */
        for (size_t i = 0; i < request->row_count; i++) {
            if (request->rows[i].seq == seq) model_put(world, &request->rows[i]);
        }
    }
    oracle->seq = request->new_seq;
}

/* --- conservation --- */

static void check_conservation(struct world *world)
{
    struct oracle *oracle = &world->oracle;
    for (size_t i = 0; i < oracle->promise_count; i++) {
        const struct promise *promise = &oracle->promises[i];
        const struct answer *answer = map_get(&oracle->answers, id_key(&promise->mutation));
        if (answer->outcomes > 0 || promise->lost_with_disk) continue;
        world_fail(world, "mutation %zu, made on laptop %zu, has no outcome", i, promise->laptop);
    }
}

void oracle_check_end(struct world *world)
{
    check_conservation(world);
    for (size_t i = 0; i < world->laptop_count && !world->failed; i++) {
        check_converged(world, i);
        oracle_check_shown(world, i);
    }
}
