/* check.c - the oracle's books: promises, answers, the model of rows; conservation. See check.h. */
#include "tests/simulation/world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

static const size_t ORACLE_BYTES_MAX = (size_t)1024 * 1024 * 1024;

static void books_open(struct oracle *oracle)
{
    map_init(&oracle->rows, &oracle->arena);
    map_init(&oracle->replicas, &oracle->arena);
    map_init(&oracle->told, &oracle->arena);
    map_init(&oracle->histories, &oracle->arena);
    map_init(&oracle->hidden, &oracle->arena);
    oracle->digest = (struct team_digest){0};
    oracle->seq = 0;
    oracle->recorded = INT64_MIN;
    oracle->definition = NULL;
    oracle->definition_seq = 0;
    oracle->team = NULL;
}

void oracle_init(struct oracle *oracle)
{
    *oracle = (struct oracle){0};
    arena_init(&oracle->arena, ORACLE_BYTES_MAX);
    map_init(&oracle->answers, &oracle->arena);
    books_open(oracle);
}

void oracle_finish(struct oracle *oracle)
{
    free(oracle->promises);
    free((void *)oracle->commits);
    free(oracle->digests);
    arena_finish(&oracle->arena);
    *oracle = (struct oracle){0};
}

void *oracle_place(struct oracle *oracle, struct map *map, struct str key, size_t size)
{
    void *place = map_get(map, key);
    if (place) return place;
    place = arena_alloc(&oracle->arena, size);
    check(place != NULL);
    check(map_put(map, key, place) == FAULT_NONE);
    return place;
}

struct str oracle_id_key(const struct uuid *id)
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
    *promise = (struct promise){
        .mutation = mutation, .laptop = laptop, .payload = arena_str(&oracle->arena, payload)};
    codec_payload_hash(payload, promise->hash);
    struct answer *answer =
        oracle_place(oracle, &oracle->answers, oracle_id_key(&mutation), sizeof *answer);
    if (answer->promised) world_fail(world, "two mutations have one id");
    answer->promised = true;
    answer->mutation = mutation;
    answer->promise = oracle->promise_count - 1;
}

void oracle_excuse(struct world *world, size_t laptop, size_t since)
{
    for (size_t i = since; i < world->oracle.promise_count; i++) {
        struct promise *promise = &world->oracle.promises[i];
        if (promise->laptop == laptop) promise->excused = true;
    }
}

const struct mutation *oracle_mutation(struct world *world, struct arena *arena, struct uuid id)
{
    const struct answer *answer = map_get(&world->oracle.answers, oracle_id_key(&id));
    struct mutation *mutation = arena_alloc(arena, sizeof *mutation);
    check(mutation != NULL);
    if (!answer || !answer->promised) return NULL;
    struct str payload = world->oracle.promises[answer->promise].payload;
    return codec_mutation_unpack(arena, payload, mutation) ? NULL : mutation;
}

/* --- the model --- */

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

void *oracle_entity_own(struct arena *arena, const struct row *row)
{
    if (row->kind != ENTITY_DEFINITION) return entity_copy(arena, row->kind, row->entity);
    struct definition *copy = arena_alloc(arena, sizeof *copy);
    check(copy && definition_copy(arena, row->entity, copy) == FAULT_NONE);
    return copy;
}

const struct row *oracle_row(const struct world *world, enum entity_kind kind, struct uuid id)
{
    struct row row = {.kind = kind, .id = id};
    struct arena arena;
    arena_init(&arena, 4096);
    const struct model_row *model = map_get(&world->oracle.rows, row_key(&arena, &row));
    arena_finish(&arena);
    return model ? &model->row : NULL;
}

/* The row as it travels, for comparing copies without unpacking them. */
static uint64_t row_hash(const struct row *row)
{
    if (row->removed || row->kind == ENTITY_OUTCOME) return 0;
    struct buffer body;
    struct invitation plain;
    const void *entity = row->entity;
    if (row->kind == ENTITY_INVITATION) {
        plain = *(const struct invitation *)row->entity;
        plain.code_hash = STR_NONE; /* it stays on the server */
        entity = &plain;
    }
    buffer_init(&body, FRAME_TO_CLIENT_MAX);
    check(codec_entity_pack(row->kind, entity, &body) == FAULT_NONE);
    struct packed_row packed = {.kind = (uint32_t)row->kind,
                                .id = row->id,
                                .seq = row->seq,
                                .n = row->n,
                                .body = buffer_str(&body)};
    uint64_t hash = codec_row_hash(&packed);
    buffer_finish(&body);
    return hash;
}

bool oracle_is_shared(enum entity_kind kind)
{
    return kind != ENTITY_INBOX && kind != ENTITY_DEVICE && kind != ENTITY_OUTCOME &&
           kind != ENTITY_INVITATION;
}

/* Before the row is replaced, and after. */
static void digest_turn(struct oracle *oracle, const struct model_row *model, bool there)
{
    if (model->hash == 0 || !oracle_is_shared(model->row.kind)) return;
    oracle->digest.count += there ? 1 : UINT64_MAX;
    oracle->digest.sum += there ? model->hash : -model->hash;
}

static void digest_keep(struct oracle *oracle, const uint8_t mark[MARK_BYTES])
{
    size_t cap = oracle->digest_cap ? oracle->digest_cap : 1024;
    while (cap <= oracle->seq) cap *= 2;
    if (cap > oracle->digest_cap) {
        oracle->digests = realloc(oracle->digests, cap * sizeof *oracle->digests);
        check(oracle->digests != NULL);
        memset(oracle->digests + oracle->digest_cap, 0,
               (cap - oracle->digest_cap) * sizeof *oracle->digests);
        oracle->digest_cap = cap;
    }
    oracle->digests[oracle->seq] = oracle->digest;
    oracle->digests[oracle->seq].known = true;
    memcpy(oracle->digests[oracle->seq].mark, mark, MARK_BYTES);
}

static void history_add(struct oracle *oracle, struct model_row *model)
{
    struct model_history *history = oracle_place(
        oracle, &oracle->histories, oracle_id_key(&model->row.id), sizeof *history);
    if (history->last)
        history->last->next = model;
    else
        history->first = model;
    history->last = model;
}

static void model_put(struct world *world, const struct row *row)
{
    struct oracle *oracle = &world->oracle;
    struct model_row *model =
        oracle_place(oracle, &oracle->rows, row_key(&oracle->arena, row), sizeof *model);
    if (row->kind == ENTITY_EVENT && model->row.kind != ENTITY_NONE)
        world_fail(world, "an event was written over");
    if (model->row.seq > row->seq) world_fail(world, "a row's seq went back");
    bool event = row->kind == ENTITY_EVENT && model->row.kind == ENTITY_NONE;
    digest_turn(oracle, model, false);
    model->row = *row;
    model->hash = row_hash(row);
    digest_turn(oracle, model, true);
    if (event) history_add(oracle, model);
    if (row->kind == ENTITY_DEFINITION) oracle->definition = row->entity;
    if (row->kind == ENTITY_TEAM) oracle->team = row->entity;
    check_explained(world, row);
}

/* --- commits --- */

/* The request as it was, in the oracle's memory: it is looked at again when the database goes
 * back in time. */
static const struct store_request *commit_keep(struct oracle *oracle,
                                               const struct store_request *request,
                                               bool administered)
{
    struct store_request *kept = arena_copy(&oracle->arena, request, sizeof *request);
    struct row *rows = arena_array(&oracle->arena, request->row_count + 1, sizeof *rows);
    check(kept && rows);
    for (size_t i = 0; i < request->row_count; i++) {
        rows[i] = request->rows[i];
        rows[i].entity = rows[i].removed ? NULL : oracle_entity_own(&oracle->arena, &rows[i]);
        check(rows[i].removed || rows[i].entity);
    }
    kept->rows = rows;
    kept->ticket = administered;
    if (oracle->commit_count == oracle->commit_cap) {
        oracle->commit_cap = oracle->commit_cap ? oracle->commit_cap * 2 : 256;
        oracle->commits =
            realloc((void *)oracle->commits, oracle->commit_cap * sizeof *oracle->commits);
        check(oracle->commits != NULL);
    }
    oracle->commits[oracle->commit_count++] = kept;
    return kept;
}

static void commit_enter(struct world *world, const struct store_request *request)
{
    struct oracle *oracle = &world->oracle;
    bool administered = request->ticket != 0;
    if (request->expected_seq != oracle->seq || request->new_seq <= oracle->seq)
        world_fail(world, "a commit from %llu to %llu went through at %llu",
                   (unsigned long long)request->expected_seq, (unsigned long long)request->new_seq,
                   (unsigned long long)oracle->seq);
    if (request->recorded_at < oracle->recorded) world_fail(world, "recorded time runs backwards");
    oracle->recorded = request->recorded_at;
    for (size_t i = 0; i < request->row_count && !world->failed; i++) {
        uint64_t seq = request->rows[i].seq;
        if (seq <= request->expected_seq || seq > request->new_seq)
            world_fail(world, "a row outside its commit's seqs");
    }
    for (uint64_t seq = oracle->seq + 1; seq <= request->new_seq && !world->failed; seq++) {
        oracle->seq = seq;
        check_seq(world, request, seq, administered);
        /* In the order of the request: a later row of a batch may write an earlier one over. */
        for (size_t i = 0; i < request->row_count; i++) {
            if (request->rows[i].seq == seq) model_put(world, &request->rows[i]);
        }
    }
    for (size_t i = 0; i < request->row_count && !world->failed; i++) {
        check_parents(world, &request->rows[i]);
        check_alive(world, &request->rows[i]);
        check_called(world, &request->rows[i]);
        check_use(world, &request->rows[i]);
    }
    oracle->seq = request->new_seq;
    digest_keep(oracle, request->mark);
}

void oracle_commit(struct world *world, const struct store_request *request, bool administered)
{
    if (world->failed) return;
    world_fact(world, "commit", request->new_seq, request->row_count);
    commit_enter(world, commit_keep(&world->oracle, request, administered));
}

/* --- the database went back --- */

static bool somebody_has(struct world *world, struct uuid mutation)
{
    bool found = false;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    for (size_t i = 0; i < world->laptop_count && !found; i++) {
        struct replica *replica = world->laptops[i].disk.inner;
        struct outbox_entry entry;
        found = replica->f->outbox_find(replica, &arena, mutation, &entry) == FAULT_NONE;
    }
    arena_finish(&arena);
    return found;
}

/* What was answered and is lost now is offered again by its copy: it must still have it. */
static void lost_look(struct world *world, const struct answer *answer)
{
    const struct promise *promise = &world->oracle.promises[answer->promise];
    if (promise->excused || somebody_has(world, answer->mutation)) return;
    world_fail(world, "mutation %zu was answered, is lost with its commit, and laptop %zu has not "
                      "kept it", answer->promise, promise->laptop);
}

void oracle_rewind(struct world *world, uint64_t seq)
{
    struct oracle *oracle = &world->oracle;
    struct map answers = oracle->answers;
    size_t *before = arena_array(&oracle->arena, answers.count + 1, sizeof *before);
    check(before != NULL);
    for (size_t i = 0; i < answers.count; i++) {
        struct answer *answer = answers.entries[i].value;
        before[i] = answer->outcomes;
        answer->outcomes = answer->effects = 0;
        answer->kind = OUTCOME_NONE;
    }
    while (oracle->commit_count > 0 && oracle->commits[oracle->commit_count - 1]->new_seq > seq)
        oracle->commit_count--;
    memset(oracle->digests, 0, oracle->digest_cap * sizeof *oracle->digests);
    books_open(oracle);
    oracle->replaying = true;
    for (size_t i = 0; i < oracle->commit_count && !world->failed; i++)
        commit_enter(world, oracle->commits[i]);
    oracle->replaying = false;
    if (oracle->seq != seq) world_fail(world, "the database went back to the middle of a commit");
    for (size_t i = 0; i < answers.count && !world->failed; i++) {
        const struct answer *answer = answers.entries[i].value;
        if (before[i] > 0 && answer->outcomes == 0) lost_look(world, answer);
    }
}

/* --- conservation --- */

void check_conservation(struct world *world)
{
    struct oracle *oracle = &world->oracle;
    for (size_t i = 0; i < oracle->promise_count && !world->failed; i++) {
        const struct promise *promise = &oracle->promises[i];
        const struct answer *answer =
            map_get(&oracle->answers, oracle_id_key(&promise->mutation));
        if (answer->outcomes > 0 || promise->excused) continue;
        if (laptop_is_shut_out(world, promise->laptop)) continue;
        world_fail(world, "mutation %zu, made on laptop %zu, has no outcome", i, promise->laptop);
    }
}

/* Everybody is compared; one of them, by chance, also through all that people read a copy with. */
void oracle_check_end(struct world *world)
{
    check_conservation(world);
    for (size_t i = 0; i < world->laptop_count && !world->failed; i++) check_copy_told(world, i);
    size_t whole = world->laptop_count > 0 ? (size_t)world_below(world, world->laptop_count) : 0;
    bool looked = false;
    for (size_t k = 0; k < world->laptop_count && !world->failed; k++) {
        size_t i = (whole + k) % world->laptop_count;
        if (laptop_is_shut_out(world, i)) continue;
        check_digest(world, i);
        if (!world->failed && !looked) check_converged(world, i);
        looked = true;
        if (!world->failed) oracle_check_shown(world, i);
        if (!world->failed) check_answers(world, i);
    }
}

void oracle_look(struct world *world, size_t laptop)
{
    bool whole = world_chance(world, 5), some = world_chance(world, 50);
    if (world->failed || !(whole || some)) return;
    if (world->laptops[laptop].revoked || world->laptops[laptop].spoiled) return;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    bool joined = laptop_identity(world, laptop, &arena, &identity) && laptop_joined(world, laptop);
    /* By chance it may have come as far in a history that was lost. */
    bool current = joined && identity.cursor_seq == world->oracle.seq &&
                   oracle_knows(&world->oracle, &identity);
    size_t pending = 0;
    struct replica *replica = world->laptops[laptop].disk.inner;
    if (joined) check_at_cursor(world, laptop, &identity);
    if (current) check_digest(world, laptop);
    if (replica->f->outbox_count(replica, &pending) || pending > 0) current = false;
    arena_finish(&arena);
    if (!current || !whole) return;
    world_mark(world, MARK_CONVERGED_MIDWAY);
    check_converged(world, laptop);
}
