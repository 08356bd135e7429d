/* store_job.c - requests to statements. See store_job.h. The commit is in store_job_commit.c. */
#define _GNU_SOURCE
#include "server/edge/store_job.h"

#include <stdio.h>
#include <string.h>

#include "common/base/bounds.h"

#include "common/domain/use.h"

#include "common/base/banned.h"

enum {
    RESULT_BYTES_MAX = 512 * 1024 * 1024,  /* a page of rows with the longest notes: 100 MB */
    SENDING_BYTES_MAX = 512 * 1024 * 1024, /* a batch likewise */
    TRIES_MAX = 5,                         /* of an enrolment that met another */
};

void store_job_init(struct store_job *job, const struct store_request *request)
{
    *job = (struct store_job){.request = request};
    arena_init(&job->arena, RESULT_BYTES_MAX);
    arena_init(&job->sending, SENDING_BYTES_MAX);
}

void store_job_finish(struct store_job *job)
{
    arena_finish(&job->arena);
    arena_finish(&job->sending);
}

struct pg_parameters *store_job_call(struct store_job *job, enum statement statement)
{
    void *calls = job->calls;
    struct postgres_call *call =
        arena_push(&job->sending, &calls, &job->call_count, &job->call_cap, sizeof *call);
    if (!call) { /* the arena has failed, which store_job_write reports */
        job->spare.parameters.failed = true;
        return &job->spare.parameters;
    }
    job->calls = calls;
    call->statement = statement;
    pg_parameters_begin(&call->parameters, &job->sending);
    return &call->parameters;
}

static struct pg_parameters *team_call(struct store_job *job, enum statement statement)
{
    struct pg_parameters *p = store_job_call(job, statement);
    pg_add_uuid(p, job->request->team);
    return p;
}

static void bytes(struct pg_parameters *p, bool has, const uint8_t *from, size_t n)
{
    pg_add_text(p, has ? (struct str){(const char *)from, n} : STR_NONE);
}

static void write_sign_in(struct store_job *job)
{
    const struct store_request *request = job->request;
    bytes(store_job_call(job, STATEMENT_DEVICE_FIND), true, request->device_key,
          sizeof request->device_key);
    store_job_call(job, STATEMENT_SIGN_IN_HEAD);
    store_job_call(job, STATEMENT_SIGN_IN_TEAM);
    bytes(store_job_call(job, STATEMENT_SIGN_IN_MEMBER), true, request->device_key,
          sizeof request->device_key);
    pg_add_uuid(store_job_call(job, STATEMENT_SIGN_IN_REPLICA), request->replica);
    struct pg_parameters *p = store_job_call(job, STATEMENT_SIGN_IN_COPIED);
    bytes(p, true, request->device_key, sizeof request->device_key);
    pg_add_uuid(p, request->replica);
    pg_add_uuid(p, request->notice);
    if (request->has_mark) {
        p = store_job_call(job, STATEMENT_SIGN_IN_MARK);
        pg_add_number(p, (int64_t)request->cursor_seq);
        bytes(p, true, request->cursor_mark, MARK_BYTES);
    }
    if (request->has_top) {
        p = store_job_call(job, STATEMENT_SIGN_IN_TOP);
        pg_add_number(p, (int64_t)request->top_seq);
        bytes(p, true, request->top_mark, MARK_BYTES);
    }
}

/* Also of the team entered. */
static void write_known(struct store_job *job)
{
    const struct store_request *request = job->request;
    if (!request->has_known) return;
    struct pg_parameters *p = store_job_call(job, STATEMENT_SIGN_IN_MARK);
    pg_add_number(p, (int64_t)request->known_seq);
    bytes(p, true, request->known_mark, MARK_BYTES);
}

static void write_enrol(struct store_job *job)
{
    const struct store_request *request = job->request;
    struct pg_parameters *p = store_job_call(job, STATEMENT_DEVICE_ENROL);
    bytes(p, true, request->code_hash, sizeof request->code_hash);
    bytes(p, true, request->device_key, sizeof request->device_key);
    pg_add_uuid(p, request->device);
    pg_add_text(p, request->device_name);
    pg_add_time(p, request->now_ms);
}

static void write_token(struct store_job *job)
{
    const struct store_request *request = job->request;
    const struct store_replica *wanted = &request->wanted, *expected = &request->expected;
    team_call(job, STATEMENT_TEAM_ENTER);
    team_call(job, STATEMENT_HEAD);
    struct pg_parameters *p = team_call(
        job, expected->known ? STATEMENT_REPLICA_ROTATE : STATEMENT_REPLICA_ADD);
    pg_add_uuid(p, request->replica);
    if (!expected->known) pg_add_uuid(p, request->device);
    bytes(p, wanted->has_token, wanted->token, TOKEN_BYTES);
    bytes(p, wanted->has_next_token, wanted->next_token, TOKEN_BYTES);
    if (!expected->known) return;
    bytes(p, expected->has_token, expected->token, TOKEN_BYTES);
    bytes(p, expected->has_next_token, expected->next_token, TOKEN_BYTES);
    if (wanted->has_deliver_to) {
        pg_add_number(p, (int64_t)wanted->deliver_to);
    } else {
        pg_add_null(p);
    }
}

static void write_definition_read(struct store_job *job)
{
    team_call(job, STATEMENT_DEFINITION);
    team_call(job, STATEMENT_PIPELINES);
    team_call(job, STATEMENT_STAGES);
    team_call(job, STATEMENT_CHECKS);
}

static void write_ids(struct store_job *job, enum statement statement, const struct uuid *ids,
                      size_t count)
{
    struct pg_array array;
    if (count == 0) return;
    pg_array_begin(&array, PG_UUID);
    for (size_t i = 0; i < count; i++) pg_array_key(&array, ids[i]);
    pg_array_end(&array, team_call(job, statement));
}

/* One statement per kind that is asked for. Appended kinds have no key of that form. */
static void write_keys(struct store_job *job)
{
    const struct store_request *request = job->request;
    for (enum entity_kind kind = ENTITY_TEAM; kind < ENTITY_COUNT; kind++) {
        struct pg_array array;
        size_t count;
        if (!fields_of(kind, &count) || kind == ENTITY_EVENT || kind == ENTITY_OUTCOME) continue;
        pg_array_begin(&array, PG_UUID);
        for (size_t i = 0; i < request->key_count; i++) {
            if (request->keys[i].kind == kind) pg_array_key(&array, request->keys[i].id);
        }
        if (array.count > 0) {
            pg_array_end(&array, team_call(job, STATEMENT_LOAD + kind));
        } else {
            buffer_finish(&array.bytes);
        }
    }
}

static void write_outcome_keys(struct store_job *job)
{
    const struct store_request *request = job->request;
    struct pg_array replicas, numbers, mutations;
    if (request->outcome_key_count == 0) return;
    pg_array_begin(&replicas, PG_UUID);
    pg_array_begin(&numbers, PG_INT8);
    pg_array_begin(&mutations, PG_UUID);
    for (size_t i = 0; i < request->outcome_key_count; i++) {
        const struct store_outcome_key *key = &request->outcome_keys[i];
        pg_array_key(&replicas, key->replica);
        pg_array_number(&numbers, (int64_t)key->number);
        pg_array_uuid(&mutations, key->mutation);
    }
    struct pg_parameters *p = team_call(job, STATEMENT_LOAD_OUTCOMES);
    pg_array_end(&replicas, p);
    pg_array_end(&numbers, p);
    pg_array_end(&mutations, p);
}

static void write_traces(struct store_job *job)
{
    const struct store_request *request = job->request;
    struct pg_array subjects, mutations;
    if (request->trace_count == 0) return;
    pg_array_begin(&subjects, PG_UUID);
    pg_array_begin(&mutations, PG_UUID);
    for (size_t i = 0; i < request->trace_count; i++) {
        pg_array_key(&subjects, request->traces[i].subject);
        pg_array_key(&mutations, request->traces[i].mutation);
    }
    struct pg_parameters *p = team_call(job, STATEMENT_LOAD_TRACES);
    pg_array_end(&subjects, p);
    pg_array_end(&mutations, p);
}

/* What the batch names itself is left out: it is judged as the batch makes it. */
static void write_uses(struct store_job *job)
{
    const struct store_request *request = job->request;
    struct pg_array things, actors, undoes, named;
    if (request->use_count == 0) return;
    pg_array_begin(&things, PG_UUID);
    pg_array_begin(&actors, PG_UUID);
    pg_array_begin(&undoes, PG_UUID);
    pg_array_begin(&named, PG_UUID);
    for (size_t i = 0; i < request->use_count; i++) {
        pg_array_key(&things, request->uses[i].thing);
        pg_array_key(&actors, request->uses[i].actor);
        pg_array_uuid(&undoes, request->uses[i].undoes);
    }
    for (size_t i = 0; i < request->key_count; i++) {
        enum entity_kind kind = request->keys[i].kind;
        bool refers = kind == ENTITY_DEAL || kind == ENTITY_PERSON || kind == ENTITY_ACTIVITY;
        if (refers) pg_array_key(&named, request->keys[i].id);
    }
    struct pg_parameters *p = team_call(job, STATEMENT_LOAD_USES);
    pg_array_end(&things, p);
    pg_array_end(&actors, p);
    pg_array_end(&undoes, p);
    pg_array_end(&named, p);
    pg_add_number(p, USE_COUNT_MAX);
}

static void write_load(struct store_job *job)
{
    const struct store_request *request = job->request;
    team_call(job, STATEMENT_TEAM_ENTER);
    team_call(job, STATEMENT_HEAD);
    write_known(job);
    write_ids(job, STATEMENT_LOAD + ENTITY_TEAM, &request->team, 1);
    write_definition_read(job);
    write_ids(job, STATEMENT_LOAD_MEMBERS, request->actors, request->actor_count);
    write_ids(job, STATEMENT_LOAD_REPLICAS, request->replicas, request->replica_count);
    write_outcome_keys(job);
    write_traces(job);
    write_uses(job);
    write_keys(job);
}

static void write_page(struct store_job *job)
{
    const struct store_request *request = job->request;
    team_call(job, STATEMENT_TEAM_ENTER);
    team_call(job, STATEMENT_HEAD);
    write_known(job);
    struct pg_parameters *p = team_call(job, STATEMENT_PAGE_END);
    pg_add_number(p, (int64_t)request->cursor_seq);
    pg_add_uuid(p, request->replica);
    pg_add_number(p, request->row_limit > 0 ? (int64_t)request->row_limit : PAGE_ROWS_MAX);
    team_call(job, STATEMENT_PAGE_MARK);
    for (enum entity_kind kind = ENTITY_TEAM; kind < ENTITY_COUNT; kind++) {
        size_t count;
        if (!fields_of(kind, &count)) continue;
        p = team_call(job, STATEMENT_PAGE + kind);
        pg_add_number(p, (int64_t)request->cursor_seq);
        if (kind == ENTITY_OUTCOME) pg_add_uuid(p, request->replica);
    }
    write_definition_read(job);
}

enum fault store_job_write(struct store_job *job)
{
    arena_reset(&job->arena);
    arena_reset(&job->sending);
    job->calls = NULL;
    job->call_count = job->call_cap = job->row_cap = 0;
    job->definition = NULL;
    job->answered = job->has_head = false;
    job->result = (struct store_result){
        .kind = job->request->kind, .ticket = job->request->ticket, .arena = &job->arena};
    switch (job->request->kind) {
    case STORE_SIGN_IN: write_sign_in(job); break;
    case STORE_ENROL: write_enrol(job); break;
    case STORE_TOKEN: write_token(job); break;
    case STORE_LOAD: write_load(job); break;
    case STORE_COMMIT: store_job_write_commit(job); break;
    case STORE_PAGE: write_page(job); break;
    case STORE_HEAD:
        team_call(job, STATEMENT_TEAM_ENTER);
        team_call(job, STATEMENT_HEAD);
        write_known(job);
        break;
    }
    job->statements = arena_array(&job->arena, job->call_count, sizeof *job->statements);
    if (!job->statements || arena_fault(&job->sending)) return FAULT_MEMORY;
    for (size_t i = 0; i < job->call_count; i++) {
        if (job->calls[i].parameters.failed) return FAULT_MEMORY;
        job->statements[i] = job->calls[i].statement;
    }
    return FAULT_NONE;
}

/* Is that said of the rows, so that the same ones fail again? Data exceptions, violated constraints,
 * limits of a row, what triggers and functions raise, internal errors. Not what concerns the whole
 * database (its connections, resources, operators, rights): that passes, or is mended. */
static bool rows_refused(const char *state)
{
    static const char *const classes[] = {"21", "22", "23", "27", "38", "39", "44", "54", "P0"};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (strncmp(state, classes[i], 2) == 0) return true;
    }
    return strcmp(state, "XX000") == 0;
}

static enum store_status status_of_failure(const struct store_job *job,
                                           const struct postgres_end *end)
{
    if (end->failed) {
        bool refused = rows_refused(end->state);
        if (refused && job->request->kind == STORE_COMMIT) return STORE_REFUSED;
        bool stale = strcmp(end->state, "40001") == 0;
        bool guarded = job->request->kind == STORE_COMMIT || job->request->kind == STORE_TOKEN;
        return stale && guarded ? STORE_STALE : STORE_FAILED;
    }
    return job->request->kind == STORE_COMMIT ? STORE_UNKNOWN : STORE_FAILED;
}

bool store_job_settle(struct store_job *job, const struct postgres_end *end)
{
    struct store_result *result = &job->result;
    if (end->failed || end->lost) {
        if (end->failed && job->request->kind == STORE_ENROL && strcmp(end->state, "40001") == 0
            && ++job->tries < TRIES_MAX) {
            return false;
        }
        bool locked = end->failed && strcmp(end->state, "55P03") == 0;
        if (locked && job->request->kind == STORE_COMMIT && !job->unblocks) {
            job->unblocks = true;
            return false;
        }
        result->status = status_of_failure(job, end);
        result->trouble = end->failed
                              ? arena_format(&job->arena, "%s %s", end->state, end->message)
                              : STR("connection lost");
    } else if (arena_fault(&job->arena)) {
        result->status = job->request->kind == STORE_COMMIT ? STORE_UNKNOWN : STORE_FAILED;
        result->trouble = STR("result is too large");
    } else if (result->status == 0) {
        switch (job->request->kind) {
        case STORE_SIGN_IN:
        case STORE_ENROL:
        case STORE_LOAD:
        case STORE_PAGE:
        case STORE_HEAD: result->status = job->answered ? STORE_OK : STORE_NOT_FOUND; break;
        case STORE_TOKEN:
            result->status = job->answered   ? STORE_OK
                             : job->has_head ? STORE_STALE
                                             : STORE_NOT_FOUND;
            break;
        case STORE_COMMIT: result->status = STORE_OK; break;
        }
    }
    return true;
}
