/* test_store_postgres.c - the contract of the store port on PostgreSQL, and the walls around it:
 * what a team may see, what the application role may touch, what a lost database does. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <uv.h>

#include "server/edge/migrate.h"
#include "server/edge/statements.h"
#include "server/edge/store_postgres.h"
#include "tests/contract/store_contract.h"
#include "tests/support/entity_sample.h"
#include "tests/support/private_cluster.h"

enum { ADDRESS_MAX = PRIVATE_CLUSTER_ADDRESS_MAX + 32 };

static struct private_cluster cluster;
static char owner_address[PRIVATE_CLUSTER_ADDRESS_MAX], app_address[ADDRESS_MAX];
static struct store_blocking *store;
static struct arena arena;

/* Says which field differs. */
static void expect_entity(enum entity_kind kind, const void *got, const void *wanted)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    assert_non_null(got);
    for (size_t i = 0; i < count; i++) {
        struct value a = field_get(&fields[i], got), b = field_get(&fields[i], wanted);
        if (!value_equal(a, b)) {
            fail_msg("%s.%s: %lld, not %lld", entity_name(kind), fields[i].name,
                     (long long)a.number, (long long)b.number);
        }
    }
}

/* --- talking to the database by hand --- */

static PGconn *by_hand(const char *address)
{
    PGconn *connection = PQconnectdb(address);
    if (PQstatus(connection) != CONNECTION_OK) fail_msg("%s", PQerrorMessage(connection));
    return connection;
}

/* Returns the SQLSTATE, "" for success; the first value goes to `value` when there is one. */
static void run_sql(PGconn *connection, const char *sql, char state[6], char *value, size_t size)
{
    PGresult *result = PQexec(connection, sql);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(state, 6, "%s", code ? code : "");
    if (value) {
        snprintf(value, size, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    }
    PQclear(result);
}

static void expect_sql(PGconn *connection, const char *sql, const char *expected_state,
                       const char *expected_value)
{
    char state[6], value[128];
    run_sql(connection, sql, state, value, sizeof value);
    if (strcmp(state, expected_state) != 0) {
        fail_msg("%s: %s instead of \"%s\"", sql, state, expected_state);
    }
    if (expected_value && strcmp(value, expected_value) != 0) {
        fail_msg("%s: \"%s\" instead of \"%s\"", sql, value, expected_value);
    }
}

/* --- a team to look at --- */

static struct uuid team_id(uint32_t number)
{
    return uuid_sample(700000 + number);
}

static struct store_request commit_request(struct uuid team, uint64_t expected, uint64_t seq)
{
    struct store_request request = {.kind = STORE_COMMIT, .ticket = seq, .team = team,
                                    .expected_seq = expected, .new_seq = seq,
                                    .recorded_at = 1790000000000 + (int64_t)seq};
    memset(request.mark, (int)seq, MARK_BYTES);
    return request;
}

static enum store_status run_commit(struct store_request *request, struct row *rows, size_t count)
{
    request->rows = rows;
    request->row_count = count;
    const struct store_result *result = store_blocking_run(store, request);
    if (result->status == STORE_FAILED) fail_msg("%.*s", STR_ARGS(result->trouble));
    return result->status;
}

/* A row whose id is set in the entity too: the first field of every kind. */
static struct row row_sample(enum entity_kind kind, uint32_t seed, uint64_t seq)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    void *entity = entity_sample(&arena, kind, seed);
    struct row row = {.kind = kind, .id = uuid_sample(seed), .seq = seq, .entity = entity};
    field_set(&fields[0], entity, value_reference(row.id));
    for (size_t i = 0; i < count; i++) { /* a date in a year that PostgreSQL knows */
        if (fields[i].type != VALUE_DATE) continue;
        field_set(&fields[i], entity, value_number(VALUE_DATE, (int64_t)(seed + i) * 37 - 9000));
    }
    return row;
}

static void team_make(struct uuid team)
{
    struct row row = row_sample(ENTITY_TEAM, 1, 1);
    struct team *content = arena_copy(&arena, row.entity, sizeof *content);
    content->id = row.id = team;
    row.entity = content;
    struct store_request request = commit_request(team, 0, 1);
    assert_int_equal(run_commit(&request, &row, 1), STORE_OK);
}

static const struct store_result *page(struct uuid team, uint64_t cursor, struct uuid replica,
                                       size_t limit)
{
    struct store_request request = {.kind = STORE_PAGE, .team = team, .cursor_seq = cursor,
                                    .replica = replica, .row_limit = limit};
    const struct store_result *result = store_blocking_run(store, &request);
    if (result->status != STORE_OK) fail_msg("%.*s", STR_ARGS(result->trouble));
    return result;
}

/* --- the tests --- */

static void migrating_twice_changes_nothing(void **state)
{
    (void)state;
    struct migrate_report report;
    assert_int_equal(migrate_run(owner_address, &report), FAULT_NONE);
    assert_int_equal(report.applied, 0);
    assert_true(report.version >= 1);
}

static void a_changed_migration_is_noticed(void **state)
{
    (void)state;
    struct migrate_report report;
    PGconn *owner = by_hand(owner_address);
    expect_sql(owner, "UPDATE schema_migration SET hash = hash || '\\x00'", "", NULL);
    assert_int_equal(migrate_run(owner_address, &report), FAULT_STALE);
    assert_non_null(strstr(report.trouble, "0001_initial.sql"));
    expect_sql(owner, "UPDATE schema_migration SET hash = substring(hash FOR 32)", "", NULL);
    assert_int_equal(migrate_run(owner_address, &report), FAULT_NONE);
    expect_sql(owner, "INSERT INTO schema_migration VALUES (9999, 'future', '\\x00')", "", NULL);
    assert_int_equal(migrate_run(owner_address, &report), FAULT_STALE);
    expect_sql(owner, "DELETE FROM schema_migration WHERE version = 9999", "", NULL);
    PQfinish(owner);
}

static void every_field_survives(void **state)
{
    (void)state;
    static const enum entity_kind kinds[] = {ENTITY_MEMBER, ENTITY_ORGANISATION, ENTITY_PERSON,
                                             ENTITY_DEAL, ENTITY_ACTIVITY, ENTITY_EVENT,
                                             ENTITY_INBOX};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    struct row rows[KINDS];
    struct uuid team = team_id(1);
    team_make(team);
    for (size_t i = 0; i < KINDS; i++) rows[i] = row_sample(kinds[i], 100 + (uint32_t)i, 2);
    struct store_request request = commit_request(team, 1, 2);
    assert_int_equal(run_commit(&request, rows, KINDS), STORE_OK);
    const struct store_result *result = page(team, 1, uuid_sample(1), 100);
    assert_int_equal(result->row_count, KINDS);
    for (size_t i = 0; i < KINDS; i++) {
        assert_int_equal(result->rows[i].kind, kinds[i]);
        assert_true(uuid_equal(result->rows[i].id, rows[i].id));
        expect_entity(kinds[i], result->rows[i].entity, rows[i].entity);
    }
    for (size_t i = 0; i < KINDS; i++) { /* and everything absent */
        if (kinds[i] == ENTITY_EVENT) continue;
        void *empty = arena_alloc(&arena, entity_size(kinds[i]));
        size_t count;
        field_set(fields_of(kinds[i], &count), empty, value_reference(rows[i].id));
        rows[i].entity = empty;
        rows[i].seq = 3;
    }
    rows[5].id = uuid_sample(4711);
    rows[5].seq = 3;
    request = commit_request(team, 2, 3);
    assert_int_equal(run_commit(&request, rows, KINDS), STORE_OK);
    result = page(team, 2, uuid_sample(1), 100);
    assert_int_equal(result->row_count, KINDS);
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i] == ENTITY_EVENT) continue;
        expect_entity(kinds[i], result->rows[i].entity, rows[i].entity);
    }
}

static void pages_end_between_seqs(void **state)
{
    (void)state;
    struct row rows[6];
    struct uuid team = team_id(2);
    team_make(team);
    static const uint64_t seqs[] = {2, 2, 2, 3, 4, 4};
    for (size_t i = 0; i < 6; i++) rows[i] = row_sample(ENTITY_DEAL, 200 + (uint32_t)i, seqs[i]);
    struct store_request request = commit_request(team, 1, 4);
    assert_int_equal(run_commit(&request, rows, 6), STORE_OK);
    const struct {
        const char *claim;
        uint64_t cursor, to;
        size_t limit, rows;
        bool mark;
    } table[] = {
        {"a seq with more rows than the limit comes whole", 1, 2, 2, 3, false},
        {"a page ends before the seq that does not fit", 1, 3, 5, 4, false},
        {"what just fits comes whole", 1, 4, 6, 6, true},
        {"the last page ends at the head", 3, 4, 2, 2, true},
        {"nothing is left at the head", 4, 4, 2, 0, true},
        {"the team itself is in the first page", 0, 1, 1, 1, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct store_result *result = page(team, table[i].cursor, team, table[i].limit);
        if (result->to_seq != table[i].to || result->row_count != table[i].rows
            || result->has_mark != table[i].mark || result->seq != 4) {
            fail_msg("%s: to %d, %d rows", table[i].claim, (int)result->to_seq,
                     (int)result->row_count);
        }
    }
}

static void large_payloads_make_short_pages(void **state)
{
    (void)state;
    static char bytes[60 * 1024];
    enum { ITEMS = 100, AT_ONCE = 34 }; /* 2,000 rows of 1 KiB */
    struct uuid team = team_id(9);
    team_make(team);
    struct row rows[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++) {
        rows[i] = row_sample(ENTITY_INBOX, 900 + i, 2 + i);
        struct inbox_item *item = arena_copy(&arena, rows[i].entity, sizeof *item);
        item->payload = (struct str){bytes, sizeof bytes};
        rows[i].entity = item;
    }
    struct store_request request = commit_request(team, 1, 1 + ITEMS);
    assert_int_equal(run_commit(&request, rows, ITEMS), STORE_OK);
    size_t seen = 0, pages = 0;
    for (uint64_t cursor = 1; cursor < 1 + ITEMS; pages++) {
        const struct store_result *result = page(team, cursor, team, 2000);
        assert_true(result->row_count > 0 && result->row_count <= AT_ONCE);
        seen += result->row_count;
        cursor = result->to_seq;
    }
    assert_true(seen == ITEMS && pages == 4);
}

static void a_stale_commit_leaves_nothing(void **state)
{
    (void)state;
    struct uuid team = team_id(3);
    team_make(team);
    struct row row = row_sample(ENTITY_DEAL, 300, 1);
    struct store_request again = commit_request(team, 0, 1);
    assert_int_equal(run_commit(&again, &row, 1), STORE_STALE);
    struct store_request ahead = commit_request(team, 5, 6);
    assert_int_equal(run_commit(&ahead, &row, 1), STORE_STALE);
    struct store_request unknown = commit_request(team_id(99), 5, 6);
    assert_int_equal(run_commit(&unknown, &row, 1), STORE_STALE);
    assert_int_equal(page(team, 0, team, 100)->row_count, 1);
}

static void a_row_twice_in_a_batch_is_as_it_was_last(void **state)
{
    (void)state;
    struct uuid team = team_id(4);
    team_make(team);
    struct row rows[] = {row_sample(ENTITY_DEAL, 400, 2), row_sample(ENTITY_DEAL, 400, 3)};
    rows[1].removed = true;
    rows[1].entity = NULL;
    struct store_request request = commit_request(team, 1, 3);
    assert_int_equal(run_commit(&request, rows, 2), STORE_OK);
    const struct store_result *result = page(team, 1, team, 100);
    assert_int_equal(result->row_count, 1);
    assert_true(result->rows[0].removed);
    assert_int_equal(result->rows[0].seq, 3);
}

static void no_other_team_shows(void **state)
{
    (void)state;
    char sql[256], id[UUID_TEXT_LENGTH + 1];
    team_make(team_id(5));
    team_make(team_id(6));
    PGconn *app = by_hand(app_address);
    expect_sql(app, "SELECT count(*) FROM team", "", "0"); /* no team is set */
    uuid_format(team_id(5), id);
    snprintf(sql, sizeof sql, "SET sluice.team = '%s'", id);
    expect_sql(app, sql, "", NULL);
    expect_sql(app, "SELECT count(*) FROM team", "", "1");
    expect_sql(app, "SELECT team_id FROM team", "", id);
    expect_sql(app, "SELECT count(DISTINCT team_id) FROM commit_mark", "", "1");
    expect_sql(app, "UPDATE team SET name = 'x' RETURNING team_id", "", id);
    uuid_format(team_id(6), id);
    snprintf(sql, sizeof sql, "INSERT INTO deal (team_id, id, seq) VALUES ('%s', '%s', 1)", id, id);
    expect_sql(app, sql, "42501", NULL);
    snprintf(sql, sizeof sql, "UPDATE team SET name = 'x' WHERE team_id = '%s' RETURNING 1", id);
    expect_sql(app, sql, "", "");
    PQfinish(app);
}

static void every_table_has_its_wall(void **state)
{
    (void)state;
    PGconn *owner = by_hand(owner_address);
    expect_sql(owner,
               "SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class"
               " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
               " AND relname <> 'schema_migration'"
               " AND NOT (relrowsecurity AND relforcerowsecurity)", "", "");
    expect_sql(owner,
               "SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class"
               " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
               " AND obj_description(oid) IS NULL", "", "");
    expect_sql(owner, "SELECT count(*) FROM pg_class WHERE relowner = 'sluice_app'::regrole", "",
               "0");
    PQfinish(owner);
}

/* Whoever opens the database with psql finds every table and column explained. */
static void everything_is_documented(void **state)
{
    (void)state;
    PGconn *owner = by_hand(owner_address);
    expect_sql(owner,
               "SELECT coalesce(string_agg(c.relname || '.' || a.attname, ' '), '') FROM pg_class c"
               " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
               " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
               " AND col_description(c.oid, a.attnum) IS NULL", "", "");
    expect_sql(owner,
               "SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class"
               " WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace AND"
               " (obj_description(oid) IS NULL OR NOT 'security_invoker=true' = ANY (reloptions))",
               "", "");
    expect_sql(owner,
               "SELECT count(*) FROM pg_class WHERE relkind = 'v' AND relname LIKE 'report%'", "",
               "3");
    expect_sql(owner, "SELECT count(*) FROM report_deal", "", NULL);
    expect_sql(owner, "SELECT count(*) FROM report_stage_history", "", NULL);
    expect_sql(owner, "SELECT count(*) FROM report_activity", "", NULL);
    PQfinish(owner);
}

/* With every WHERE forgotten, the rows are still one team's, or nobody's. */
static void without_a_team_there_is_nothing(void **state)
{
    (void)state;
    struct uuid team = team_id(31);
    char text[UUID_TEXT_LENGTH + 1], sql[256];
    team_make(team);
    uuid_format(team, text);
    PGconn *app = by_hand(app_address), *owner = by_hand(owner_address);
    PGresult *tables = PQexec(owner, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname"
                                     " <> 'schema_migration' AND relnamespace ="
                                     " 'public'::regnamespace");
    assert_true(PQntuples(tables) > 15);
    for (int i = 0; i < PQntuples(tables); i++) {
        const char *name = PQgetvalue(tables, i, 0);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", name);
        expect_sql(app, "SELECT set_config('sluice.team', '', false)", "", NULL);
        expect_sql(app, sql, "", "0");
        snprintf(sql, sizeof sql, "SELECT set_config('sluice.team', '%s', false)", text);
        expect_sql(app, sql, "", NULL);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE team_id <> '%s'", name, text);
        expect_sql(app, sql, "", "0");
    }
    PQclear(tables);
    /* Nor can rows be put into another team. */
    expect_sql(app, "INSERT INTO team (team_id, id, seq) SELECT i, i, 0 FROM gen_random_uuid() i",
               "42501", NULL);
    PQfinish(app);
    PQfinish(owner);
}

static void every_connection_has_its_limits(void **state)
{
    (void)state;
    char address[ADDRESS_MAX + 1536];
    size_t n = (size_t)snprintf(address, sizeof address, "%s&options=", app_address);
    for (const char *c = connection_options; *c && n + 4 < sizeof address; c++) {
        n += (size_t)snprintf(address + n, sizeof address - n, "%%%02x", (unsigned)*c & 0xff);
    }
    PGconn *app = by_hand(address);
    expect_sql(app, "SHOW statement_timeout", "", "20s");
    expect_sql(app, "SHOW lock_timeout", "", "10s");
    expect_sql(app, "SHOW idle_in_transaction_session_timeout", "", "20s");
    expect_sql(app, "SHOW default_transaction_isolation", "", "repeatable read");
    PQfinish(app);
}

/* The first of several hosts is gone: the next one is tried, at the next attempt. */
static void the_next_host_is_tried(void **state)
{
    (void)state;
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo,
             "host=/nowhere/at/all,%s/run,/nowhere/else dbname=sluice user=sluice_app",
             cluster.folder);
    struct store_blocking *several = store_blocking_open(conninfo);
    assert_non_null(several);
    struct store_request head = {.kind = STORE_HEAD, .ticket = 1, .team = team_id(999)};
    assert_int_equal(store_blocking_run(several, &head)->status, STORE_NOT_FOUND);
    store_blocking_close(several);
}

static void the_application_role_is_bounded(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "UPDATE event SET field = 'x'",
        "UPDATE outcome SET reasons = 'x'",
        "DELETE FROM deal",
        "TRUNCATE deal",
        "DROP TABLE deal",
        "ALTER TABLE deal DISABLE ROW LEVEL SECURITY",
        "DROP POLICY team_wall ON deal",
        "CREATE TABLE mine (a integer)",
        "SELECT * FROM schema_migration",
        "UPDATE invitation SET used_by = NULL",
        ("INSERT INTO device (team_id, id, member, public_key, created_at)"
         " VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '\\x00', now())"),
    };
    PGconn *app = by_hand(app_address);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        expect_sql(app, refused[i], "42501", NULL);
    }
    PQfinish(app);
}

/* --- the loop version: a database that goes away --- */

struct looped {
    uv_loop_t loop;
    struct store_postgres *store;
    size_t done;
    enum store_status last;
};

static void looped_done(void *context, const struct store_result *result)
{
    struct looped *looped = context;
    looped->done++;
    looped->last = result->status;
}

static void a_crashed_database_is_found_again(void **state)
{
    (void)state;
    struct looped looped = {0};
    struct uuid team = team_id(7);
    team_make(team);
    assert_int_equal(uv_loop_init(&looped.loop), 0);
    looped.store = store_postgres_open(&(struct store_postgres_options){
        .conninfo = app_address, .loop = &looped.loop, .connections = 2, .done = looped_done,
        .context = &looped});
    assert_non_null(looped.store);
    struct store_request request = {.kind = STORE_HEAD, .team = team};
    for (size_t i = 0; i < 50; i++) store_postgres_submit(looped.store, &request);
    while (looped.done < 50) uv_run(&looped.loop, UV_RUN_ONCE);
    assert_int_equal(looped.last, STORE_OK);
    private_cluster_crash(&cluster);
    struct store_request commit = commit_request(team, 1, 2);
    store_postgres_submit(looped.store, &commit);
    while (looped.done < 51) uv_run(&looped.loop, UV_RUN_ONCE);
    /* It may have been sent into the dying socket, or have been refused by libpq at once. */
    assert_true(looped.last == STORE_UNKNOWN || looped.last == STORE_FAILED);
    store_postgres_submit(looped.store, &request); /* waits for the database to be back */
    assert_true(private_cluster_resume(&cluster));
    while (looped.done < 52) uv_run(&looped.loop, UV_RUN_ONCE);
    if (looped.last != STORE_OK) { /* it met the broken connection first */
        store_postgres_submit(looped.store, &request);
        while (looped.done < 53) uv_run(&looped.loop, UV_RUN_ONCE);
    }
    assert_int_equal(looped.last, STORE_OK);
    size_t before = looped.done;
    for (size_t i = 0; i < 40; i++) store_postgres_submit(looped.store, &request);
    store_postgres_close(looped.store);
    assert_int_equal(looped.done, before + 40); /* closing ends every request */
    while (!store_postgres_closed(looped.store)) uv_run(&looped.loop, UV_RUN_ONCE);
    store_postgres_destroy(looped.store);
    assert_int_equal(uv_loop_close(&looped.loop), 0);
}

/* Part of a batch has come, the rest does not: the database has begun, and waits. */
static PGconn *server_stuck(struct uuid team)
{
    char text[UUID_TEXT_LENGTH + 1], sql[256];
    PGconn *stuck = by_hand(app_address);
    uuid_format(team, text);
    snprintf(sql, sizeof sql,
             "SELECT team_advance('%s', 1, 2, decode(repeat('02', 16), 'hex'), now(), 0, NULL, 0,"
             " NULL, NULL)",
             text);
    assert_int_equal(PQenterPipelineMode(stuck), 1);
    assert_int_equal(PQsendQueryParams(stuck, sql, 0, NULL, NULL, NULL, NULL, 0), 1);
    assert_int_equal(PQsendFlushRequest(stuck), 1);
    PGresult *result = PQgetResult(stuck);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    return stuck;
}

static void a_server_stopped_within_a_commit_holds_up_nobody(void **state)
{
    (void)state;
    struct uuid team = team_id(8);
    team_make(team);
    PGconn *stuck = server_stuck(team), *idle = by_hand(app_address);
    struct row row = row_sample(ENTITY_DEAL, 81, 2);
    struct store_request request = commit_request(team, 1, 2);
    assert_int_equal(run_commit(&request, &row, 1), STORE_OK);
    assert_int_equal(PQpipelineSync(stuck), 1);
    for (PGresult *end; PQstatus(stuck) == CONNECTION_OK; PQclear(end)) end = PQgetResult(stuck);
    expect_sql(idle, "SELECT 1", "", "1"); /* others are left alone */
    PQfinish(stuck);
    PQfinish(idle);
}

static void no_database_no_store(void **state)
{
    (void)state;
    assert_null(store_blocking_open("this is not a connection string"));
}

/* --- the contract --- */

struct held { /* a result that outlives the next request */
    struct store_result result;
    struct arena arena;
};

static const struct store_result *subject_run(void *context, const struct store_request *request)
{
    (void)context;
    const struct store_result *result = store_blocking_run(store, request);
    struct held *held = calloc(1, sizeof *held);
    assert_non_null(held);
    held->result = *result;
    held->arena = *result->arena;
    *result->arena = (struct arena){0};
    held->result.arena = &held->arena;
    return &held->result;
}

static void subject_release(void *context, const struct store_result *result)
{
    (void)context;
    struct arena *taken = result->arena;
    struct held *held = (struct held *)((char *)taken - offsetof(struct held, arena));
    arena_finish(taken);
    free(held);
}

static void claim_run(void **state)
{
    const struct store_claim *claim = *state;
    const struct store_subject subject = {.run = subject_run, .release = subject_release};
    claim->run(&subject, 5000 + (uint32_t)(claim - store_claims));
}

static int group_begin(void **state)
{
    (void)state;
    struct migrate_report report;
    arena_init(&arena, 64 << 20);
    if (!private_cluster_start(&cluster)) return -1;
    PGconn *owner = by_hand(cluster.connection);
    expect_sql(owner, "CREATE DATABASE sluice", "", NULL);
    PQfinish(owner);
    if (!private_cluster_address(&cluster, "sluice", owner_address, sizeof owner_address)) {
        return -1;
    }
    if (migrate_run(owner_address, &report) != FAULT_NONE || report.applied < 1) {
        fprintf(stderr, "%s\n", report.trouble);
        return -1;
    }
    snprintf(app_address, sizeof app_address, "%s&user=sluice_app", owner_address);
    store = store_blocking_open(app_address);
    return store ? 0 : -1;
}

static int group_end(void **state)
{
    (void)state;
    store_blocking_close(store);
    private_cluster_stop(&cluster);
    arena_finish(&arena);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest own[] = {
        cmocka_unit_test(migrating_twice_changes_nothing),
        cmocka_unit_test(a_changed_migration_is_noticed),
        cmocka_unit_test(every_field_survives),
        cmocka_unit_test(pages_end_between_seqs),
        cmocka_unit_test(large_payloads_make_short_pages),
        cmocka_unit_test(a_stale_commit_leaves_nothing),
        cmocka_unit_test(a_row_twice_in_a_batch_is_as_it_was_last),
        cmocka_unit_test(no_other_team_shows),
        cmocka_unit_test(every_table_has_its_wall),
        cmocka_unit_test(the_application_role_is_bounded),
        cmocka_unit_test(everything_is_documented),
        cmocka_unit_test(without_a_team_there_is_nothing),
        cmocka_unit_test(every_connection_has_its_limits),
        cmocka_unit_test(the_next_host_is_tried),
        cmocka_unit_test(no_database_no_store),
        cmocka_unit_test(a_server_stopped_within_a_commit_holds_up_nobody),
    };
    enum { OWN = sizeof own / sizeof own[0], TESTS_MAX = 128 };
    static struct CMUnitTest tests[TESTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < OWN; i++) tests[count++] = own[i];
    for (size_t i = 0; i < store_claim_count && count < TESTS_MAX - 1; i++) {
        union {
            const void *in;
            void *out;
        } claim = {.in = &store_claims[i]};
        tests[count++] =
            (struct CMUnitTest){store_claims[i].name, claim_run, NULL, NULL, claim.out};
    }
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_crashed_database_is_found_again);
    return _cmocka_run_group_tests("store_postgres", tests, count, group_begin, group_end);
}
