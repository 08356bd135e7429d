/* sluice-judge - the simulator's oracle, over what real processes left behind.
 *
 *   sluice-judge DATABASE MADE HOME...  DATABASE: a connection string of a role that may read all;
 *                                       MADE: a file of ids of changes, a line each
 *   sluice-judge --made HOME            the ids of the changes in that outbox, for MADE
 *   sluice-judge --forget HOME          takes the newest change out of it, to be found out
 *
 * Every row version that was ever written stands in the tables (tests/fault/record.sh keeps them), so
 * each commit can be shown to the oracle as it was, in order; the copies in the homes say what people
 * made, and hold what they were told came of it. What was written down of that as each command returned
 * must still be there: a copy cannot excuse itself by having forgotten. Then conservation, and every
 * copy row by row. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>
#include <sodium.h>

#include "client/edge/home.h"
#include "common/base/check.h"
#include "server/edge/store_postgres.h"
#include "tests/simulation/check_inside.h"
#include "tests/simulation/world.h"

#include "common/base/banned.h"

static const size_t MEMORY_MAX = (size_t)2048 * 1024 * 1024;

struct judge {
    struct world world;
    struct arena arena;
    struct home *homes[PERSONS];
    const char *database;
    PGconn *owner;
    void *rows; /* struct row, of all versions */
    size_t row_count, row_cap;
};

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "sluice-judge: %s: %s\n", what, why);
    exit(2);
}

/* --- what people made --- */

static void home_take(struct judge *judge, size_t i, const char *path)
{
    struct trouble trouble;
    struct identity identity;
    /* Its own, and what it was answered before it took another replica id. */
    static const uint64_t parts[] = {0, OUTBOX_FORMER};
    if (home_open(path, &judge->homes[i], &trouble)) give_up(path, trouble.detail);
    struct replica *replica = home_replica(judge->homes[i]);
    check(replica->f->identity_load(replica, &judge->arena, &identity) == FAULT_NONE);
    judge->world.team = identity.team;
    judge->world.laptops[i].person = i;
    judge->world.laptops[i].disk.inner = replica;
    judge->world.persons[i].member = identity.member;
    judge->world.persons[i].name = path;
    judge->world.laptop_count = i + 1;
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        struct outbox_entry *entries;
        size_t count;
        check(replica->f->outbox_list(replica, &judge->arena, parts[part], true, SIZE_MAX,
                                      &entries, &count) == FAULT_NONE);
        for (size_t k = 0; k < count; k++) {
            oracle_promise(&judge->world, entries[k].mutation, entries[k].payload, i);
        }
    }
}

/* Ids that were in an outbox when a command had returned, each once or more often. */
static void made_check(struct judge *judge, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[128];
    size_t count = 0;
    if (!file) give_up(path, "cannot be read");
    while (fgets(line, sizeof line, file)) {
        struct uuid id;
        struct str text = str_from(line);
        if (text.n > 0 && text.p[text.n - 1] == '\n') text.n--;
        if (uuid_parse(text, &id)) give_up(path, "is no list of ids");
        const struct answer *answer = map_get(&judge->world.oracle.answers, oracle_id_key(&id));
        if (!answer || !answer->promised)
            world_fail(&judge->world, "a change that somebody made is in no outbox: %s", line);
        else if (answer->outcomes == 0)
            world_fail(&judge->world, "a change that somebody made has no answer: %s", line);
        count++;
    }
    fclose(file);
    if (count == 0) give_up(path, "is empty");
}

/* --- an outbox by itself --- */

static int outbox_tell(const char *path, bool forget)
{
    struct arena arena;
    struct home *home;
    struct trouble trouble;
    struct outbox_entry *entries;
    size_t count;
    arena_init(&arena, MEMORY_MAX);
    if (home_open(path, &home, &trouble)) give_up(path, trouble.detail);
    struct replica *replica = home_replica(home);
    check(replica->f->outbox_list(replica, &arena, 0, true, SIZE_MAX, &entries, &count) ==
          FAULT_NONE);
    for (size_t i = 0; i < count && !forget; i++) {
        char id[UUID_TEXT_LENGTH + 1];
        uuid_format(entries[i].mutation, id);
        puts(id);
    }
    if (forget) {
        if (count == 0) give_up(path, "has nothing to forget");
        check(replica->f->begin(replica) == FAULT_NONE);
        check(replica->f->outbox_remove(replica, entries[count - 1].number) == FAULT_NONE);
        check(replica->f->commit(replica) == FAULT_NONE);
    }
    home_close(home);
    arena_finish(&arena);
    return 0;
}

/* --- what was written --- */

static PGresult *asked(struct judge *judge, const char *sql)
{
    PGresult *result = PQexec(judge->owner, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) give_up(sql, PQerrorMessage(judge->owner));
    return result;
}

static void row_keep(struct judge *judge, const struct row *from)
{
    struct row *row = arena_push(&judge->arena, &judge->rows, &judge->row_count, &judge->row_cap,
                                 sizeof *row);
    check(row != NULL);
    *row = *from;
    if (!row->removed) row->entity = oracle_entity_own(&judge->arena, from);
}

/* The outcomes of that copy; with the first one everything else too. */
static void rows_read(struct judge *judge, struct store_blocking *store, struct uuid replica,
                      bool all)
{
    struct store_request page = {.kind = STORE_PAGE, .team = judge->world.team, .replica = replica};
    for (;;) {
        const struct store_result *result = store_blocking_run(store, &page);
        if (result->status != STORE_OK) give_up("page", result->trouble.p);
        for (size_t i = 0; i < result->row_count; i++) {
            if (all || result->rows[i].kind == ENTITY_OUTCOME) row_keep(judge, &result->rows[i]);
        }
        page.cursor_seq = result->to_seq;
        if (result->to_seq >= result->seq) return;
    }
}

static void replicas_read(struct judge *judge)
{
    struct store_blocking *store = store_blocking_open(judge->database);
    if (!store) give_up(judge->database, "cannot connect");
    PGresult *replicas = asked(judge, "SELECT id FROM replica ORDER BY id");
    for (int i = 0; i < PQntuples(replicas); i++) {
        struct uuid id;
        check(uuid_parse(str_from(PQgetvalue(replicas, i, 0)), &id) == FAULT_NONE);
        rows_read(judge, store, id, i == 0);
    }
    PQclear(replicas);
    store_blocking_close(store);
}

static int row_compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->seq != y->seq) return x->seq < y->seq ? -1 : 1;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    int order = uuid_compare(x->id, y->id);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* By its rows: an administrator's commit answers nobody, and is not the server's own announcement. */
static bool is_administered(const struct store_request *commit, int64_t *recorded_at)
{
    bool administered = true;
    for (size_t i = 0; i < commit->row_count; i++) {
        const struct row *row = &commit->rows[i];
        if (row->kind == ENTITY_DEVICE || row->kind == ENTITY_OUTCOME) administered = false;
        if (row->kind != ENTITY_OUTCOME) continue;
        const struct outcome *outcome = row->entity;
        if (outcome->recorded_at.has) *recorded_at = outcome->recorded_at.v;
    }
    return administered;
}

static size_t commits_show(struct judge *judge)
{
    size_t administered = 0, at = 0;
    struct row *rows = judge->rows;
    int64_t recorded_at = 0;
    qsort(rows, judge->row_count, sizeof *rows, row_compare);
    PGresult *marks = asked(judge, "SELECT seq FROM commit_mark ORDER BY seq");
    struct store_request commit = {.kind = STORE_COMMIT, .team = judge->world.team};
    for (int i = 0; i < PQntuples(marks) && !judge->world.failed; i++) {
        commit.expected_seq = commit.new_seq;
        commit.new_seq = strtoull(PQgetvalue(marks, i, 0), NULL, 10);
        commit.rows = rows + at;
        commit.row_count = 0;
        while (at < judge->row_count && rows[at].seq <= commit.new_seq) {
            commit.row_count++;
            at++;
        }
        bool own = is_administered(&commit, &recorded_at);
        commit.recorded_at = recorded_at;
        administered += own;
        oracle_commit(&judge->world, &commit, own);
    }
    PQclear(marks);
    if (at < judge->row_count) world_fail(&judge->world, "a row of no commit");
    return administered;
}

int main(int argc, char **argv)
{
    check(sodium_init() >= 0);
    bool forget = argc == 3 && strcmp(argv[1], "--forget") == 0;
    if (forget || (argc == 3 && strcmp(argv[1], "--made") == 0)) return outbox_tell(argv[2], forget);
    if (argc < 4 || argc - 3 > PERSONS) {
        fprintf(stderr, "sluice-judge DATABASE MADE HOME...\n");
        return 2;
    }
    struct judge *judge = calloc(1, sizeof *judge);
    check(judge != NULL);
    arena_init(&judge->arena, MEMORY_MAX);
    oracle_init(&judge->world.oracle);
    judge->database = argv[1];
    judge->owner = PQconnectdb(argv[1]);
    if (PQstatus(judge->owner) != CONNECTION_OK) give_up(argv[1], PQerrorMessage(judge->owner));
    size_t count = (size_t)argc - 3;
    for (size_t i = 0; i < count; i++) home_take(judge, i, argv[i + 3]);
    replicas_read(judge);
    size_t administered = commits_show(judge);
    const struct oracle *oracle = &judge->world.oracle;
    if (!judge->world.failed) made_check(judge, argv[2]);
    if (!judge->world.failed) check_conservation(&judge->world);
    for (size_t i = 0; i < count && !judge->world.failed; i++) {
        check_converged(&judge->world, i);
        if (!judge->world.failed) check_answers(&judge->world, i);
    }
    printf("%zu changes made, %zu commits (%zu of them an administrator's), seq %llu: %zu merged, %zu "
           "conflicts, %zu parked, %zu repeated, %zu stages: %s\n",
           oracle->promise_count, oracle->commit_count, administered,
           (unsigned long long)oracle->seq, oracle->merged, oracle->conflicts, oracle->parked,
           oracle->repeated, oracle->stages, judge->world.failed ? "BROKEN" : "ok");
    bool failed = judge->world.failed;
    for (size_t i = 0; i < count; i++) home_close(judge->homes[i]);
    PQfinish(judge->owner);
    oracle_finish(&judge->world.oracle);
    arena_finish(&judge->arena);
    free(judge);
    return failed ? 1 : 0;
}
