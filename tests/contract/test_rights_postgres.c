/* test_rights_postgres.c - the same matrix of rights as tests/unit/test_rights.c, over PostgreSQL: who
 * may do what does not depend on the store, and no wall of the database lets through or holds back
 * anything else. What follows stands in for the memory store, under its names. */
#define _GNU_SOURCE
#define main rights_main
#define RIGHTS_TOLD_OF_DEVICES 1
int rights_main(void);
#include "tests/unit/test_rights.c"
#undef main

#include <stdlib.h>

#include <libpq-fe.h>
#include <sodium.h>

#include "server/edge/migrate.h"
#include "server/edge/store_postgres.h"
#include "tests/support/private_cluster.h"

enum { ADDRESS_MAX = PRIVATE_CLUSTER_ADDRESS_MAX + 32 };

struct store_memory {
    struct store_blocking *postgres;
};

static struct private_cluster cluster;
static PGconn *owner;
static struct store_memory store;
static size_t runs;

static void sql(const char *statement)
{
    PGresult *result = PQexec(owner, statement);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fail_msg("%s", PQerrorMessage(owner));
    PQclear(result);
}

/* Each world begins with an empty database. */
struct store_memory *store_memory_create(void)
{
    sql("TRUNCATE team, member, organisation, person, deal, activity, event, inbox, outcome,"
        " invitation, definition, pipeline, stage, stage_check, device, replica, commit_mark");
    return &store;
}

void store_memory_destroy(struct store_memory *ended)
{
    (void)ended;
}

const struct store_result *store_memory_run(struct store_memory *at,
                                            const struct store_request *request)
{
    runs++;
    return store_blocking_run(at->postgres, request);
}

void store_memory_release(struct store_memory *at, const struct store_result *result)
{
    (void)at; /* it lives until the next one */
    (void)result;
}

void store_memory_revoke(struct store_memory *at, struct uuid device)
{
    char id[UUID_TEXT_LENGTH + 1], statement[128];
    (void)at;
    uuid_format(device, id);
    snprintf(statement, sizeof statement, "UPDATE device SET revoked = true WHERE id = '%s'", id);
    sql(statement);
}

static bool database_open(void)
{
    char address[ADDRESS_MAX];
    struct migrate_report report;
    if (migrate_run(cluster.connection, &report)) {
        fprintf(stderr, "%s\n", report.trouble);
        return false;
    }
    snprintf(address, sizeof address, "%s&user=sluice_app", cluster.connection);
    store.postgres = store_blocking_open(address);
    owner = PQconnectdb(cluster.connection);
    return store.postgres && PQstatus(owner) == CONNECTION_OK;
}

int main(void)
{
    if (sodium_init() < 0 || !private_cluster_start(&cluster)) return 1;
    int failed = database_open() ? rights_main() : 1;
    if (!failed && runs < 1000) {
        fprintf(stderr, "only %zu requests reached the database\n", runs);
        failed = 1;
    }
    store_blocking_close(store.postgres);
    PQfinish(owner);
    private_cluster_stop(&cluster);
    return failed;
}
