/* test_store_trace.c - the model is the database: whole seeds of the simulated world run with a
 * PostgreSQL beside the memory store. Every request the simulated database ran is run there too, in
 * the same order, and the two answers are compared, field by field.
 *
 * In some seeds the database goes back in time: then PostgreSQL's does too, to a copy taken at the same
 * moment, and what is kept outside of it, the enrolments, is put back as a server does. */
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
#include <sodium.h>

#include "common/codec/row.h"
#include "common/domain/use.h"
#include "server/edge/migrate.h"
#include "server/edge/store_postgres.h"
#include "tests/simulation/world.h"
#include "tests/support/private_cluster.h"

enum { SEEDS = 6, FIRST_SEED = 4001, COMPARED_MIN = 300, ADDRESS_MAX = 320, ENROLS_MAX = 64 };

/* Seeds in which a backup is restored, a standby takes over, or both. */
static const uint64_t travel_seeds[] = {7, 8, 43, 48};

static struct private_cluster cluster;
static char owner_address[PRIVATE_CLUSTER_ADDRESS_MAX], app_address[ADDRESS_MAX];
static struct store_blocking *store;

struct enrolled { /* kept outside the database */
    struct store_request request;
    char name[NAME_BYTES_MAX];
};

struct trace {
    uint64_t seed, requests, commits, travels;
    bool saved[2]; /* backup, standby */
    struct enrolled enrols[ENROLS_MAX];
    size_t enrol_count;
    const struct store_request *request;
    bool differs; /* said once; the rest follows from it */
};

static void differ(struct trace *trace, const char *what)
{
    if (trace->differs) return;
    trace->differs = true;
    printf("seed %llu, request %llu of kind %d, seq %llu: %s differs\n",
           (unsigned long long)trace->seed, (unsigned long long)trace->requests,
           (int)trace->request->kind, (unsigned long long)trace->request->new_seq, what);
}

static void same(struct trace *trace, bool equal, const char *what)
{
    if (!equal) differ(trace, what);
}

/* --- entities --- */

static void same_entity(struct trace *trace, enum entity_kind kind, const void *a, const void *b,
                        const char *what)
{
    if (!a || !b) {
        same(trace, a == b, what);
        return;
    }
    struct buffer one, other;
    buffer_init(&one, FRAME_TO_CLIENT_MAX);
    buffer_init(&other, FRAME_TO_CLIENT_MAX);
    assert_int_equal(codec_entity_pack(kind, a, &one), FAULT_NONE);
    assert_int_equal(codec_entity_pack(kind, b, &other), FAULT_NONE);
    same(trace, str_equal(buffer_str(&one), buffer_str(&other)), what);
    buffer_finish(&one);
    buffer_finish(&other);
}

static int row_compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->seq != y->seq) return x->seq < y->seq ? -1 : 1;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    int order = uuid_compare(x->id, y->id);
    if (order != 0) return order;
    return (x->n > y->n) - (x->n < y->n);
}

static void same_rows(struct trace *trace, const struct store_result *a,
                      const struct store_result *b)
{
    same(trace, a->row_count == b->row_count, "the number of rows");
    if (trace->differs || a->row_count == 0) return;
    size_t size = a->row_count * sizeof(struct row);
    struct row *mine = malloc(size), *theirs = malloc(size);
    assert_true(mine && theirs);
    memcpy(mine, a->rows, size);
    memcpy(theirs, b->rows, size);
    qsort(mine, a->row_count, sizeof *mine, row_compare);
    qsort(theirs, a->row_count, sizeof *theirs, row_compare);
    for (size_t i = 0; i < a->row_count && !trace->differs; i++) {
        same(trace, row_compare(&mine[i], &theirs[i]) == 0, "the key of a row");
        same(trace, mine[i].removed == theirs[i].removed, "whether a row is removed");
        if (!trace->differs && !mine[i].removed)
            same_entity(trace, mine[i].kind, mine[i].entity, theirs[i].entity,
                        entity_name(mine[i].kind) ? entity_name(mine[i].kind) : "a row");
    }
    free(mine);
    free(theirs);
}

/* --- results --- */

static void same_stand(struct trace *trace, const struct store_result *a,
                       const struct store_result *b)
{
    same(trace, a->seq == b->seq, "the head");
    same(trace, memcmp(a->mark, b->mark, MARK_BYTES) == 0, "the mark");
    same(trace, a->recorded_last == b->recorded_last, "the last recorded time");
    same(trace, a->inbox_last == b->inbox_last, "the last inbox number");
}

static void same_replica(struct trace *trace, const struct store_replica *a,
                         const struct store_replica *b)
{
    same(trace, a->known == b->known, "whether a replica is known");
    same(trace, a->last_number == b->last_number, "the last number of a replica");
    same(trace, a->has_token == b->has_token && a->has_next_token == b->has_next_token,
         "which tokens a replica has");
    same(trace, !a->has_token || memcmp(a->token, b->token, TOKEN_BYTES) == 0, "a token");
    same(trace, !a->has_next_token || memcmp(a->next_token, b->next_token, TOKEN_BYTES) == 0,
         "a next token");
    same(trace, a->has_deliver_to == b->has_deliver_to && a->deliver_to == b->deliver_to,
         "what a revoked replica may deliver");
}

static void same_sign_in(struct trace *trace, const struct store_result *a,
                         const struct store_result *b)
{
    same_stand(trace, a, b);
    same(trace, uuid_equal(a->device, b->device), "the device");
    same(trace, a->mark_known == b->mark_known, "whether the mark is known");
    same(trace, a->top_known == b->top_known, "whether the top is known");
    same(trace, a->announced == b->announced && a->others == b->others, "what is said of devices");
    same(trace, a->copied == b->copied, "whether a copy is to be told of");
    same(trace, a->sight_seq == b->sight_seq, "the seq of sight");
    same(trace, a->revoked_at == b->revoked_at && str_equal(a->revoked_by, b->revoked_by),
         "who revoked the device, and when");
    same_replica(trace, &a->replica, &b->replica);
    same_entity(trace, ENTITY_MEMBER, a->member, b->member, "the member");
    same_entity(trace, ENTITY_TEAM, a->team_row, b->team_row, "the team");
}

static const struct member *member_in(const struct store_result *result, struct uuid id)
{
    for (size_t i = 0; i < result->member_count; i++) {
        if (uuid_equal(result->members[i]->id, id)) return result->members[i];
    }
    return NULL;
}

static const struct store_replica *replica_in(const struct store_result *result, struct uuid id)
{
    for (size_t i = 0; i < result->replica_count; i++) {
        if (uuid_equal(result->replicas[i].id, id)) return &result->replicas[i];
    }
    return NULL;
}

static const struct outcome *outcome_in(const struct store_result *result,
                                        const struct outcome *wanted)
{
    for (size_t i = 0; i < result->outcome_count; i++) {
        const struct outcome *outcome = result->outcomes[i];
        if (uuid_equal(outcome->replica, wanted->replica) && outcome->number == wanted->number)
            return outcome;
    }
    return NULL;
}

static void same_load(struct trace *trace, const struct store_result *a,
                      const struct store_result *b)
{
    same_stand(trace, a, b);
    same(trace, a->mark_known == b->mark_known, "whether the mark is known");
    same_entity(trace, ENTITY_TEAM, a->team_row, b->team_row, "the team");
    same_entity(trace, ENTITY_DEFINITION, a->definition, b->definition, "the definition");
    for (size_t i = 0; i < a->member_count; i++)
        same_entity(trace, ENTITY_MEMBER, a->members[i], member_in(b, a->members[i]->id),
                    "a member");
    for (size_t i = 0; i < a->replica_count; i++) {
        const struct store_replica *other = replica_in(b, a->replicas[i].id);
        same(trace, other != NULL, "a replica");
        if (other) same_replica(trace, &a->replicas[i], other);
    }
    for (size_t i = 0; i < a->outcome_count; i++)
        same_entity(trace, ENTITY_OUTCOME, a->outcomes[i], outcome_in(b, a->outcomes[i]),
                    "an outcome");
    for (size_t i = 0; i < b->outcome_count; i++)
        same(trace, outcome_in(a, b->outcomes[i]) != NULL, "an outcome too many");
    same(trace, a->use_count == b->use_count, "the number of uses");
    for (size_t i = 0; i < a->use_count && !trace->differs; i++) {
        const struct use *x = &a->uses[i], *y = &b->uses[i];
        same(trace, x->deals == y->deals, "how many deals name a thing");
        same(trace, x->people == y->people, "how many people name a thing");
        same(trace, x->activities == y->activities, "how many activities name a thing");
        same(trace, value_equal(value_set(x->changed), value_set(y->changed)),
             "what others changed of a thing");
    }
    same_rows(trace, a, b);
}

static void same_page(struct trace *trace, const struct store_result *a,
                      const struct store_result *b)
{
    same_stand(trace, a, b);
    same(trace, a->mark_known == b->mark_known, "whether the mark is known");
    same(trace, a->to_seq == b->to_seq, "where the page ends");
    same(trace, a->has_mark == b->has_mark, "whether the page ends a commit");
    same(trace, !a->has_mark || memcmp(a->to_mark, b->to_mark, MARK_BYTES) == 0, "its mark");
    same_rows(trace, a, b);
}

/* --- what is kept outside --- */

static void enrol_keep(struct trace *trace, const struct store_request *request)
{
    for (size_t i = 0; i < trace->enrol_count; i++) {
        if (memcmp(trace->enrols[i].request.device_key, request->device_key, 32) == 0) return;
    }
    assert_true(trace->enrol_count < ENROLS_MAX);
    struct enrolled *kept = &trace->enrols[trace->enrol_count++];
    kept->request = *request;
    assert_true(request->device_name.n <= sizeof kept->name);
    memcpy(kept->name, request->device_name.p, request->device_name.n);
    kept->request.device_name = (struct str){kept->name, request->device_name.n};
}

static void enrols_put(struct trace *trace, const uint8_t *key)
{
    for (size_t i = 0; i < trace->enrol_count; i++) {
        const struct store_request *request = &trace->enrols[i].request;
        if (key && memcmp(key, request->device_key, 32) != 0) continue;
        const struct store_result *result = store_blocking_run(store, request);
        assert_int_not_equal(result->status, STORE_FAILED);
    }
}

/* A device that the restored database does not know is put back when it comes and its invitation is
 * there again; the memory store has kept it all along. */
static const struct store_result *sign_in_again(struct trace *trace,
                                                const struct store_request *request,
                                                const struct store_result *memory,
                                                const struct store_result *real)
{
    bool lost = request->kind == STORE_SIGN_IN && real->status == STORE_NOT_FOUND &&
                memory->status != STORE_NOT_FOUND && trace->travels > 0;
    if (!lost) return real;
    enrols_put(trace, request->device_key);
    return store_blocking_run(store, request);
}

static void compare(void *context, const struct store_request *request,
                    const struct store_result *memory)
{
    struct trace *trace = context;
    if (trace->differs) return;
    trace->requests++;
    trace->request = request;
    const struct store_result *real =
        sign_in_again(trace, request, memory, store_blocking_run(store, request));
    bool nobody = request->kind == STORE_SIGN_IN && trace->travels > 0 && !memory->member;
    if (nobody && real->status == STORE_NOT_FOUND) return; /* the invitation is lost as well */
    if (request->kind == STORE_ENROL && memory->status == STORE_OK) enrol_keep(trace, request);
    same(trace, memory->status == real->status, "the status");
    if (trace->differs) printf("%d and %d: %.*s\n", (int)memory->status, (int)real->status,
                               STR_ARGS(real->trouble));
    if (memory->status != STORE_OK && memory->status != STORE_REVOKED) return;
    switch (request->kind) {
    case STORE_SIGN_IN: same_sign_in(trace, memory, real); return;
    case STORE_ENROL: same(trace, uuid_equal(memory->team, real->team), "the team"); return;
    case STORE_TOKEN: return;
    case STORE_COMMIT: trace->commits++; return;
    case STORE_LOAD: same_load(trace, memory, real); return;
    case STORE_PAGE: same_page(trace, memory, real); return;
    case STORE_HEAD:
        same_stand(trace, memory, real);
        same(trace, memory->mark_known == real->mark_known, "whether the mark is known");
        return;
    }
}

/* --- the test --- */

static void database_begin(uint64_t seed)
{
    struct migrate_report report;
    char name[32], sql[64];
    snprintf(name, sizeof name, "trace_%llu", (unsigned long long)seed);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    PGconn *owner = PQconnectdb(cluster.connection);
    assert_int_equal(PQstatus(owner), CONNECTION_OK);
    PGresult *made = PQexec(owner, sql);
    assert_int_equal(PQresultStatus(made), PGRES_COMMAND_OK);
    PQclear(made);
    PQfinish(owner);
    assert_true(private_cluster_address(&cluster, name, owner_address, sizeof owner_address));
    if (migrate_run(owner_address, &report) != FAULT_NONE) fail_msg("%s", report.trouble);
    snprintf(app_address, sizeof app_address, "%s&user=sluice_app", owner_address);
    store = store_blocking_open(app_address);
    assert_non_null(store);
}

static void owner_run(const char *before, const char *name, const char *between, const char *other,
                      const char *after)
{
    char sql[160];
    int n = snprintf(sql, sizeof sql, "%s%s%s%s%s", before, name, between, other, after);
    assert_true(n > 0 && n < (int)sizeof sql);
    PGconn *owner = PQconnectdb(cluster.connection);
    assert_int_equal(PQstatus(owner), CONNECTION_OK);
    PGresult *done = PQexec(owner, sql);
    if (PQresultStatus(done) != PGRES_COMMAND_OK) fail_msg("%s: %s", sql, PQerrorMessage(owner));
    PQclear(done);
    PQfinish(owner);
}

/* The copy is taken, or put in the place of the other. */
static void travelled(void *context, bool standby, bool back)
{
    struct trace *trace = context;
    char name[32], copy[48];
    if (trace->differs) return;
    snprintf(name, sizeof name, "trace_%llu", (unsigned long long)trace->seed);
    snprintf(copy, sizeof copy, "%s_%s", name, standby ? "standby" : "backup");
    store_blocking_close(store);
    if (back) {
        assert_true(trace->saved[standby]);
        owner_run("DROP DATABASE ", name, " WITH (FORCE)", "", "");
        owner_run("ALTER DATABASE ", copy, " RENAME TO ", name, "");
    } else {
        owner_run("DROP DATABASE IF EXISTS ", copy, " WITH (FORCE)", "", "");
        owner_run("CREATE DATABASE ", copy, " TEMPLATE ", name, "");
    }
    trace->saved[standby] = !back;
    store = store_blocking_open(app_address);
    assert_non_null(store);
    trace->travels += back;
    if (back) enrols_put(trace, NULL);
}

static uint64_t seed_compared(uint64_t seed, bool steady, uint64_t *travels)
{
    struct trace trace = {.seed = seed};
    struct world_options options = {.seed = seed,
                                    .steady = steady,
                                    .ran = compare,
                                    .travelled = steady ? NULL : travelled,
                                    .ran_context = &trace};
    database_begin(seed);
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    bool ok = world_run(world, &options);
    world_finish_all(world);
    free(world);
    store_blocking_close(store);
    printf("seed %llu: %llu requests, %llu commits, %llu times back%s\n", (unsigned long long)seed,
           (unsigned long long)trace.requests, (unsigned long long)trace.commits,
           (unsigned long long)trace.travels, trace.differs ? ", the stores DIFFER" : "");
    assert_true(ok && !trace.differs);
    *travels += trace.travels;
    return trace.commits;
}

static void both_stores_go_back_in_time_alike(void **state)
{
    (void)state;
    uint64_t travels = 0, commits = 0, count = sizeof travel_seeds / sizeof travel_seeds[0];
    for (uint64_t i = 0; i < count; i++) commits += seed_compared(travel_seeds[i], false, &travels);
    assert_true(travels >= count && commits > 0);
}

static void both_stores_answer_alike(void **state)
{
    (void)state;
    uint64_t commits = 0, travels = 0;
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
        commits += seed_compared(seed, true, &travels);
    }
    assert_true(commits >= COMPARED_MIN);
}

static int group_begin(void **state)
{
    (void)state;
    if (sodium_init() < 0) return -1;
    return private_cluster_start(&cluster) ? 0 : -1;
}

static int group_end(void **state)
{
    (void)state;
    private_cluster_stop(&cluster);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_stores_answer_alike),
                                       cmocka_unit_test(both_stores_go_back_in_time_alike)};
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
