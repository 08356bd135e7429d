/* store_job_read.c - results of statements into a store_result. Called by store_postgres, once per
 * statement, in their order. Everything is copied into the result's arena. */
#define _GNU_SOURCE
#include "server/edge/store_job.h"

#include "common/domain/use.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

static struct pg_value value_at(const PGresult *result, int row, int column)
{
    return (struct pg_value){.p = PQgetvalue(result, row, column),
                             .n = (size_t)PQgetlength(result, row, column),
                             .null = PQgetisnull(result, row, column) != 0};
}

static struct str text_at(struct store_job *job, const PGresult *result, int row, int column)
{
    return pg_text(&job->arena, value_at(result, row, column));
}

static int64_t number_at(const PGresult *result, int row, int column)
{
    return pg_number(value_at(result, row, column));
}

static void read_head(struct store_job *job, const PGresult *result)
{
    struct store_result *out = &job->result;
    if (PQntuples(result) == 0) return;
    out->seq = (uint64_t)number_at(result, 0, 0);
    pg_bytes(value_at(result, 0, 1), out->mark, MARK_BYTES);
    out->recorded_last = pg_time(value_at(result, 0, 2));
    out->inbox_last = number_at(result, 0, 3);
    out->definition_version = (uint64_t)number_at(result, 0, 4);
    out->access_version = (uint64_t)number_at(result, 0, 5);
    job->has_head = true;
    if (job->request->kind == STORE_SIGN_IN || job->request->kind == STORE_TOKEN) return;
    out->team = job->request->team;
    job->answered = true;
}

/* One row of a kind of the field table; false when out of memory. */
static bool read_row(struct store_job *job, enum entity_kind kind, const PGresult *result, int at,
                     struct row *out)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    *out = (struct row){.kind = kind, .seq = (uint64_t)number_at(result, at, 0)};
    out->n = (uint32_t)number_at(result, at, 1);
    out->removed = pg_bool(value_at(result, at, 2));
    out->id = pg_uuid(value_at(result, at, ROW_COLUMNS_BEFORE_FIELDS));
    if (out->removed) return true;
    void *entity = arena_alloc(&job->arena, entity_size(kind));
    if (!entity) return false;
    for (size_t i = 0; i < count; i++) {
        int column = ROW_COLUMNS_BEFORE_FIELDS + (int)i;
        pg_field(&job->arena, &fields[i], value_at(result, at, column), entity);
    }
    out->entity = entity;
    if (kind == ENTITY_OUTCOME) {
        const struct outcome *outcome = entity;
        out->n = (uint32_t)((uint64_t)outcome->number & UINT32_MAX);
    }
    return true;
}

static struct row *row_push(struct store_job *job)
{
    void *rows = job->result.rows;
    struct row *row = arena_push(&job->arena, &rows, &job->result.row_count, &job->row_cap,
                                 sizeof *row);
    if (row) job->result.rows = rows;
    return row;
}

static void read_rows(struct store_job *job, enum entity_kind kind, const PGresult *result)
{
    int count = PQntuples(result);
    for (int i = 0; i < count; i++) {
        struct row *row = row_push(job);
        if (!row || !read_row(job, kind, result, i, row)) return;
    }
}

static const void *read_single(struct store_job *job, enum entity_kind kind,
                               const PGresult *result)
{
    struct row row = {0};
    if (PQntuples(result) == 0 || !read_row(job, kind, result, 0, &row)) return NULL;
    return row.entity;
}

static void read_device(struct store_job *job, const PGresult *result)
{
    if (PQntuples(result) == 0) return;
    job->answered = true;
    job->result.team = pg_uuid(value_at(result, 0, 0));
    job->result.device = pg_uuid(value_at(result, 0, 1));
    if (pg_bool(value_at(result, 0, 3))) job->result.status = STORE_REVOKED;
    job->result.announced = pg_bool(value_at(result, 0, 4));
    job->result.others = pg_bool(value_at(result, 0, 5));
    job->result.sight_seq = (uint64_t)number_at(result, 0, 6);
    struct pg_value revoked_at = value_at(result, 0, 7);
    if (!revoked_at.null) job->result.revoked_at = pg_time(revoked_at);
    job->result.revoked_by = text_at(job, result, 0, 8);
}

static void read_enrolled(struct store_job *job, const PGresult *result)
{
    static const struct {
        struct str word;
        enum store_status status;
    } words[] = {
        {STR_INIT("ok"), STORE_OK},           {STR_INIT("not_found"), STORE_NOT_FOUND},
        {STR_INIT("used"), STORE_USED},       {STR_INIT("expired"), STORE_EXPIRED},
        {STR_INIT("revoked"), STORE_REVOKED},
    };
    if (PQntuples(result) == 0) return;
    struct str said = text_at(job, result, 0, 0);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_equal(said, words[i].word)) job->result.status = words[i].status;
    }
    job->result.team = pg_uuid(value_at(result, 0, 1));
    job->result.device = pg_uuid(value_at(result, 0, 2));
}

static struct store_replica replica_at(const PGresult *result, int row)
{
    struct store_replica replica = {.id = pg_uuid(value_at(result, row, 0)),
                                    .device = pg_uuid(value_at(result, row, 1)),
                                    .last_number = (uint64_t)number_at(result, row, 2),
                                    .known = true};
    struct pg_value token = value_at(result, row, 3), next = value_at(result, row, 4);
    replica.has_token = !token.null;
    replica.has_next_token = !next.null;
    pg_bytes(token, replica.token, TOKEN_BYTES);
    pg_bytes(next, replica.next_token, TOKEN_BYTES);
    struct pg_value deliver_to = value_at(result, row, 5);
    replica.has_deliver_to = !deliver_to.null;
    replica.deliver_to = deliver_to.null ? 0 : (uint64_t)pg_number(deliver_to);
    return replica;
}

static void read_replicas(struct store_job *job, const PGresult *result)
{
    size_t count = (size_t)PQntuples(result);
    job->result.replicas = arena_array(&job->arena, count, sizeof *job->result.replicas);
    if (!job->result.replicas) return;
    job->result.replica_count = count;
    for (size_t i = 0; i < count; i++) job->result.replicas[i] = replica_at(result, (int)i);
}

static void read_members(struct store_job *job, const PGresult *result)
{
    size_t count = (size_t)PQntuples(result);
    const struct member **members = arena_array(&job->arena, count, sizeof *members);
    for (size_t i = 0; members && i < count; i++) {
        struct row row;
        if (!read_row(job, ENTITY_MEMBER, result, (int)i, &row)) return;
        members[i] = row.entity;
        job->result.member_count = i + 1;
    }
    job->result.members = members;
}

static void read_outcomes(struct store_job *job, const PGresult *result)
{
    size_t count = (size_t)PQntuples(result);
    struct outcome **outcomes = arena_array(&job->arena, count, sizeof *outcomes);
    uint64_t *seqs = arena_array(&job->arena, count, sizeof *seqs);
    if (!outcomes || !seqs) return;
    for (size_t i = 0; i < count; i++) {
        struct row row;
        if (!read_row(job, ENTITY_OUTCOME, result, (int)i, &row)) return;
        outcomes[i] = arena_copy(&job->arena, row.entity, sizeof **outcomes);
        seqs[i] = row.seq;
    }
    job->result.outcomes = outcomes;
    job->result.outcome_seqs = seqs;
    job->result.outcome_count = count;
}

static void read_definition(struct store_job *job, const PGresult *result)
{
    if (PQntuples(result) == 0) return;
    struct definition *definition = arena_alloc(&job->arena, sizeof *definition);
    if (!definition) return;
    definition->id = job->request->team;
    definition->version = (uint64_t)number_at(result, 0, 0);
    job->definition_seq = (uint64_t)number_at(result, 0, 1);
    job->definition = definition;
    if (job->request->kind == STORE_LOAD) job->result.definition = definition;
}

static void read_pipelines(struct store_job *job, const PGresult *result)
{
    size_t count = (size_t)PQntuples(result);
    if (!job->definition) return;
    struct pipeline *pipelines = arena_array(&job->arena, count, sizeof *pipelines);
    if (!pipelines) return;
    for (size_t i = 0; i < count; i++) {
        pipelines[i].key = text_at(job, result, (int)i, 1);
        pipelines[i].name = text_at(job, result, (int)i, 2);
    }
    job->definition->pipelines = pipelines;
    job->definition->pipeline_count = count;
}

/* Rows [*from, ...) of the pipeline at `position`, in column 0; they come in order. */
static size_t run_length(const PGresult *result, int from, size_t position)
{
    int to = from, count = PQntuples(result);
    while (to < count && number_at(result, to, 0) == (int64_t)position) to++;
    return (size_t)(to - from);
}

static void read_stage(struct store_job *job, const PGresult *result, int at, struct stage *out)
{
    *out = (struct stage){
        .key = text_at(job, result, at, 1),
        .name = text_at(job, result, at, 2),
        .text = text_at(job, result, at, 3),
        .kind = number_at(result, at, 4),
        .probability = number_at(result, at, 5),
        .expected_days = number_at(result, at, 6),
        .quiet_days = number_at(result, at, 7),
        .slow_days = number_at(result, at, 8),
        .skip_forbidden = pg_bool(value_at(result, at, 9)),
        .back = number_at(result, at, 10),
        .removed = pg_bool(value_at(result, at, 11)),
        .successor = text_at(job, result, at, 12),
    };
    struct text_set gates = pg_set(&job->arena, value_at(result, at, 13));
    out->gates = arena_array(&job->arena, gates.count, sizeof *out->gates);
    if (!out->gates) return;
    out->gate_count = gates.count;
    for (size_t i = 0; i < gates.count; i++) out->gates[i].requirement = gates.items[i];
}

static void read_stages(struct store_job *job, const PGresult *result)
{
    int at = 0;
    if (!job->definition) return;
    for (size_t i = 0; i < job->definition->pipeline_count; i++) {
        struct pipeline *pipeline = &job->definition->pipelines[i];
        size_t count = run_length(result, at, i);
        pipeline->stages = arena_array(&job->arena, count, sizeof *pipeline->stages);
        if (!pipeline->stages) return;
        pipeline->stage_count = count;
        for (size_t j = 0; j < count; j++, at++) {
            read_stage(job, result, at, &pipeline->stages[j]);
        }
    }
}

static void read_checks(struct store_job *job, const PGresult *result)
{
    int at = 0;
    if (!job->definition) return;
    for (size_t i = 0; i < job->definition->pipeline_count; i++) {
        struct pipeline *pipeline = &job->definition->pipelines[i];
        size_t count = run_length(result, at, i);
        pipeline->checks = arena_array(&job->arena, count, sizeof *pipeline->checks);
        if (!pipeline->checks) return;
        pipeline->check_count = count;
        for (size_t j = 0; j < count; j++, at++) {
            pipeline->checks[j].key = text_at(job, result, at, 1);
            pipeline->checks[j].name = text_at(job, result, at, 2);
        }
    }
}

static int row_compare(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    int order = uuid_compare(a->id, b->id);
    if (order != 0) return order;
    return a->n < b->n ? -1 : a->n > b->n;
}

/* The last statement of a page has been read: the definition becomes a row, and all are sorted. */
static void page_complete(struct store_job *job)
{
    const struct store_request *request = job->request;
    if (job->definition && job->definition_seq > request->cursor_seq
        && job->definition_seq <= job->result.to_seq) {
        struct row *row = row_push(job);
        if (!row) return;
        *row = (struct row){.kind = ENTITY_DEFINITION, .id = request->team,
                            .seq = job->definition_seq, .entity = job->definition};
    }
    if (job->result.row_count > 1) {
        qsort(job->result.rows, job->result.row_count, sizeof *job->result.rows, row_compare);
    }
}

static void read_page_mark(struct store_job *job, const PGresult *result)
{
    struct store_result *out = &job->result;
    if (PQntuples(result) > 0) {
        out->has_mark = true;
        pg_bytes(value_at(result, 0, 0), out->to_mark, MARK_BYTES);
    } else if (job->has_head && out->to_seq == out->seq) {
        out->has_mark = true;
        memcpy(out->to_mark, out->mark, MARK_BYTES);
    }
}

/* One row per question, in their order. */
static void read_uses(struct store_job *job, const PGresult *result)
{
    const struct store_request *request = job->request;
    struct store_result *out = &job->result;
    int count = PQntuples(result);
    if ((size_t)count != request->use_count) return;
    out->uses = arena_copy(&job->arena, request->uses, request->use_count * sizeof *out->uses);
    if (!out->uses) return;
    out->use_count = request->use_count;
    for (int i = 0; i < count; i++) {
        struct use *use = &out->uses[i];
        use->deals = number_at(result, i, 0);
        use->people = number_at(result, i, 1);
        use->activities = number_at(result, i, 2);
        struct str rest = text_at(job, result, i, 3), name;
        while (str_split(&rest, '|', &name)) {
            if (use_changed(&job->arena, use, name)) return; /* the arena remembers */
        }
    }
}

static void read_of_kind(struct store_job *job, enum statement statement, const PGresult *result)
{
    if (statement >= STATEMENT_WRITE) return;
    if (statement >= STATEMENT_PAGE) {
        read_rows(job, (enum entity_kind)(statement - STATEMENT_PAGE), result);
    } else if (statement == STATEMENT_LOAD + ENTITY_TEAM && !job->result.team_row) {
        job->result.team_row = read_single(job, ENTITY_TEAM, result);
    } else {
        read_rows(job, (enum entity_kind)(statement - STATEMENT_LOAD), result);
    }
}

void store_job_read(struct store_job *job, size_t index, const PGresult *result)
{
    enum statement statement = job->statements[index];
    struct store_result *out = &job->result;
    switch ((int)statement) {
    case STATEMENT_DEVICE_FIND: read_device(job, result); break;
    case STATEMENT_DEVICE_ENROL: read_enrolled(job, result); break;
    case STATEMENT_SIGN_IN_HEAD:
    case STATEMENT_HEAD: read_head(job, result); break;
    case STATEMENT_SIGN_IN_TEAM: out->team_row = read_single(job, ENTITY_TEAM, result); break;
    case STATEMENT_SIGN_IN_MEMBER: out->member = read_single(job, ENTITY_MEMBER, result); break;
    case STATEMENT_SIGN_IN_REPLICA:
        out->replica = (struct store_replica){.id = job->request->replica};
        if (PQntuples(result) > 0) out->replica = replica_at(result, 0);
        break;
    case STATEMENT_SIGN_IN_COPIED:
        out->copied = PQntuples(result) > 0 && pg_bool(value_at(result, 0, 0));
        break;
    case STATEMENT_SIGN_IN_MARK: out->mark_known = pg_bool(value_at(result, 0, 0)); break;
    case STATEMENT_SIGN_IN_TOP: out->top_known = pg_bool(value_at(result, 0, 0)); break;
    case STATEMENT_REPLICA_ADD:
    case STATEMENT_REPLICA_ROTATE: job->answered = PQntuples(result) > 0; break;
    case STATEMENT_LOAD_MEMBERS: read_members(job, result); break;
    case STATEMENT_LOAD_REPLICAS: read_replicas(job, result); break;
    case STATEMENT_LOAD_OUTCOMES: read_outcomes(job, result); break;
    case STATEMENT_LOAD_TRACES: read_rows(job, ENTITY_EVENT, result); break;
    case STATEMENT_LOAD_USES: read_uses(job, result); break;
    case STATEMENT_DEFINITION: read_definition(job, result); break;
    case STATEMENT_PIPELINES: read_pipelines(job, result); break;
    case STATEMENT_STAGES: read_stages(job, result); break;
    case STATEMENT_CHECKS:
        read_checks(job, result);
        if (job->request->kind == STORE_PAGE) page_complete(job);
        break;
    case STATEMENT_PAGE_END: out->to_seq = (uint64_t)number_at(result, 0, 0); break;
    case STATEMENT_PAGE_MARK: read_page_mark(job, result); break;
    case STATEMENT_TEAM_ENTER:
    case STATEMENT_UNBLOCK:
    case STATEMENT_ADVANCE:
    case STATEMENT_REPLICA_NUMBERS:
    case STATEMENT_DEFINITION_ADD:
    case STATEMENT_PIPELINES_ADD:
    case STATEMENT_STAGES_ADD:
    case STATEMENT_CHECKS_ADD: break; /* they only must not fail */
    default: read_of_kind(job, statement, result); break;
    }
}
