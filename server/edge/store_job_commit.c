/* store_job_commit.c - a COMMIT request as set-based statements: one per kind, arrays of columns.
 *
 * Called by store_job_write. The first statement advances the team's seq or raises, which undoes
 * all that follows. A row that is in the batch several times is written once, as it was last. */
#define _GNU_SOURCE
#include "server/edge/store_job.h"

#include "common/base/map.h"

#include "common/base/banned.h"

static struct pg_parameters *team_call(struct store_job *job, enum statement statement)
{
    struct pg_parameters *p = store_job_call(job, statement);
    pg_add_uuid(p, job->request->team);
    return p;
}

static void write_advance(struct store_job *job)
{
    const struct store_request *request = job->request;
    uint64_t version = 0;
    int64_t access = 0;
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind == ENTITY_MEMBER) access = 1;
        if (row->kind == ENTITY_DEFINITION && row->entity) {
            const struct definition *definition = row->entity;
            if (definition->version > version) version = definition->version;
        }
    }
    struct pg_parameters *p = team_call(job, STATEMENT_ADVANCE);
    pg_add_number(p, (int64_t)request->expected_seq);
    pg_add_number(p, (int64_t)request->new_seq);
    pg_add_text(p, (struct str){(const char *)request->mark, MARK_BYTES});
    pg_add_time(p, request->recorded_at);
    pg_add_number(p, request->inbox_last);
    if (version > 0) {
        pg_add_number(p, (int64_t)version);
    } else {
        pg_add_null(p);
    }
    pg_add_number(p, access);
    if (request->has_expected_mark) {
        pg_add_text(p, (struct str){(const char *)request->expected_mark, MARK_BYTES});
    } else {
        pg_add_null(p);
    }
    struct pg_array unanswered;
    pg_array_begin(&unanswered, PG_UUID);
    for (size_t i = 0; i < request->unanswered_count; i++) {
        pg_array_key(&unanswered, request->unanswered[i]);
    }
    pg_array_end(&unanswered, p);
}

/* The last row of every key of that kind; appended kinds have each key once anyway. */
static const struct row **rows_of_kind(struct store_job *job, enum entity_kind kind,
                                       size_t *count)
{
    const struct store_request *request = job->request;
    const struct row **rows =
        arena_array(&job->sending, request->row_count, sizeof *rows);
    struct map at;
    map_init(&at, &job->sending);
    *count = 0;
    for (size_t i = 0; rows && i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind != kind) continue;
        if (kind == ENTITY_EVENT || kind == ENTITY_OUTCOME) {
            rows[(*count)++] = row;
            continue;
        }
        struct str key = {(const char *)row->id.b, sizeof row->id.b};
        const struct row **known = map_get(&at, key);
        if (known) {
            *known = row;
        } else if (map_put(&at, key, &rows[*count]) == FAULT_NONE) {
            rows[(*count)++] = row;
        }
    }
    return rows;
}

static void write_column(struct pg_parameters *p, const struct row *const *rows, size_t count,
                         const struct field *field, bool is_key)
{
    struct pg_array array;
    pg_array_begin(&array, pg_field_type(field));
    for (size_t i = 0; i < count; i++) {
        if (is_key) {
            pg_array_key(&array, rows[i]->id);
        } else {
            pg_array_field(&array, field, rows[i]->entity);
        }
    }
    pg_array_end(&array, p);
}

static void write_kind(struct store_job *job, enum entity_kind kind)
{
    size_t count, field_count;
    const struct field *fields = fields_of(kind, &field_count);
    const struct row **rows = rows_of_kind(job, kind, &count);
    if (!fields || count == 0) return;
    struct pg_parameters *p = team_call(job, STATEMENT_WRITE + kind);
    struct pg_array array;
    pg_array_begin(&array, PG_INT8);
    for (size_t i = 0; i < count; i++) pg_array_number(&array, (int64_t)rows[i]->seq);
    pg_array_end(&array, p);
    if (kind == ENTITY_EVENT) {
        pg_array_begin(&array, PG_INT8);
        for (size_t i = 0; i < count; i++) pg_array_number(&array, rows[i]->n);
        pg_array_end(&array, p);
    } else if (kind != ENTITY_OUTCOME) {
        pg_array_begin(&array, PG_BOOL);
        for (size_t i = 0; i < count; i++) pg_array_bool(&array, rows[i]->removed);
        pg_array_end(&array, p);
    }
    for (size_t f = 0; f < field_count; f++) {
        write_column(p, rows, count, &fields[f], f == 0); /* the first names the row */
    }
}

static void text_column(struct pg_parameters *p, const struct str *texts, size_t count)
{
    struct pg_array array;
    pg_array_begin(&array, PG_TEXT);
    for (size_t i = 0; i < count; i++) pg_array_text(&array, texts[i]);
    pg_array_end(&array, p);
}

static void number_column(struct pg_parameters *p, const int64_t *numbers, size_t count,
                          enum pg_type type)
{
    struct pg_array array;
    pg_array_begin(&array, type);
    for (size_t i = 0; i < count; i++) {
        if (type == PG_BOOL) {
            pg_array_bool(&array, numbers[i] != 0);
        } else {
            pg_array_number(&array, numbers[i]);
        }
    }
    pg_array_end(&array, p);
}

static struct str gates_join(struct arena *arena, const struct stage *stage)
{
    struct buffer joined;
    buffer_init(&joined, (size_t)stage->gate_count * 4096 + 1);
    for (size_t i = 0; i < stage->gate_count; i++) {
        if (i > 0) buffer_append_byte(&joined, SET_SEPARATOR);
        buffer_append_str(&joined, stage->gates[i].requirement);
    }
    struct str text = arena_str(arena, stage->gate_count > 0 ? buffer_str(&joined) : STR_NONE);
    if (joined.failed) arena->failed = true;
    buffer_finish(&joined);
    return text;
}

enum { STAGE_NUMBERS = 10, STAGE_TEXTS = 5 };

static void write_stages(struct store_job *job, const struct definition *definition,
                         struct pg_parameters *p)
{
    size_t total = 0, n = 0;
    int64_t *numbers[STAGE_NUMBERS];
    struct str *texts[STAGE_TEXTS];
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        total += definition->pipelines[i].stage_count;
    }
    for (size_t i = 0; i < STAGE_NUMBERS; i++) {
        numbers[i] = arena_array(&job->sending, total, sizeof **numbers);
    }
    for (size_t i = 0; i < STAGE_TEXTS; i++) {
        texts[i] = arena_array(&job->sending, total, sizeof **texts);
    }
    if (arena_fault(&job->sending)) return;
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        for (size_t j = 0; j < definition->pipelines[i].stage_count; j++, n++) {
            const struct stage *s = &definition->pipelines[i].stages[j];
            const int64_t of_stage[STAGE_NUMBERS] = {
                (int64_t)i, (int64_t)j, s->kind, s->probability, s->expected_days,
                s->quiet_days, s->slow_days, s->skip_forbidden, s->back, s->removed};
            const struct str said[STAGE_TEXTS] = {s->key, s->name, s->text, s->successor,
                                                  gates_join(&job->sending, s)};
            for (size_t k = 0; k < STAGE_NUMBERS; k++) numbers[k][n] = of_stage[k];
            for (size_t k = 0; k < STAGE_TEXTS; k++) texts[k][n] = said[k];
        }
    }
    number_column(p, numbers[0], total, PG_INT8);
    number_column(p, numbers[1], total, PG_INT8);
    for (size_t k = 0; k < 3; k++) text_column(p, texts[k], total);
    for (size_t k = 2; k < 7; k++) number_column(p, numbers[k], total, PG_INT8);
    number_column(p, numbers[7], total, PG_BOOL);
    number_column(p, numbers[8], total, PG_INT8);
    number_column(p, numbers[9], total, PG_BOOL);
    text_column(p, texts[3], total);
    text_column(p, texts[4], total);
}

static void write_checks(struct store_job *job, const struct definition *definition,
                         struct pg_parameters *p)
{
    size_t total = 0, n = 0;
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        total += definition->pipelines[i].check_count;
    }
    int64_t *pipelines = arena_array(&job->sending, total, sizeof *pipelines);
    int64_t *positions = arena_array(&job->sending, total, sizeof *positions);
    struct str *keys = arena_array(&job->sending, total, sizeof *keys);
    struct str *names = arena_array(&job->sending, total, sizeof *names);
    if (arena_fault(&job->sending)) return;
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        for (size_t j = 0; j < definition->pipelines[i].check_count; j++, n++) {
            pipelines[n] = (int64_t)i;
            positions[n] = (int64_t)j;
            keys[n] = definition->pipelines[i].checks[j].key;
            names[n] = definition->pipelines[i].checks[j].name;
        }
    }
    number_column(p, pipelines, total, PG_INT8);
    number_column(p, positions, total, PG_INT8);
    text_column(p, keys, total);
    text_column(p, names, total);
}

static struct pg_parameters *version_call(struct store_job *job, enum statement statement,
                                          const struct definition *definition)
{
    struct pg_parameters *p = team_call(job, statement);
    pg_add_number(p, (int64_t)definition->version);
    return p;
}

static void write_definition(struct store_job *job, const struct row *row)
{
    const struct definition *definition = row->entity;
    size_t count = definition->pipeline_count;
    int64_t *positions = arena_array(&job->sending, count, sizeof *positions);
    struct str *keys = arena_array(&job->sending, count, sizeof *keys);
    struct str *names = arena_array(&job->sending, count, sizeof *names);
    if (arena_fault(&job->sending)) return;
    for (size_t i = 0; i < count; i++) {
        positions[i] = (int64_t)i;
        keys[i] = definition->pipelines[i].key;
        names[i] = definition->pipelines[i].name;
    }
    pg_add_number(version_call(job, STATEMENT_DEFINITION_ADD, definition), (int64_t)row->seq);
    struct pg_parameters *p = version_call(job, STATEMENT_PIPELINES_ADD, definition);
    number_column(p, positions, count, PG_INT8);
    text_column(p, keys, count);
    text_column(p, names, count);
    write_stages(job, definition, version_call(job, STATEMENT_STAGES_ADD, definition));
    write_checks(job, definition, version_call(job, STATEMENT_CHECKS_ADD, definition));
}

static void write_replica_numbers(struct store_job *job)
{
    const struct store_request *request = job->request;
    struct pg_array ids, numbers;
    if (request->replica_number_count == 0) return;
    pg_array_begin(&ids, PG_UUID);
    pg_array_begin(&numbers, PG_INT8);
    for (size_t i = 0; i < request->replica_number_count; i++) {
        pg_array_key(&ids, request->replica_numbers[i].id);
        pg_array_number(&numbers, (int64_t)request->replica_numbers[i].last_number);
    }
    struct pg_parameters *p = team_call(job, STATEMENT_REPLICA_NUMBERS);
    pg_array_end(&ids, p);
    pg_array_end(&numbers, p);
}

void store_job_write_commit(struct store_job *job)
{
    const struct store_request *request = job->request;
    if (job->unblocks) (void)store_job_call(job, STATEMENT_UNBLOCK);
    write_advance(job);
    for (enum entity_kind kind = ENTITY_TEAM; kind < ENTITY_COUNT; kind++) {
        if (kind == ENTITY_DEFINITION) continue;
        write_kind(job, kind);
    }
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind == ENTITY_DEFINITION && row->entity) write_definition(job, row);
    }
    write_replica_numbers(job);
}
