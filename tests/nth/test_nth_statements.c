/* test_nth_statements.c - between any two statements that the server sends to PostgreSQL the backend
 * is ended, or the connection is closed, or all is done and the answers are lost: at sign-in,
 * enrolment, load, commit and page. The server runs again what it must, and everything is there once.
 *
 * A real PostgreSQL, reached through tests/nth/proxy, and a new database from a template each time. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sodium.h>

#include "common/base/check.h"
#include "server/edge/migrate.h"
#include "server/edge/store_postgres.h"
#include "tests/nth/loop.h"
#include "tests/nth/proxy.h"
#include "tests/support/private_cluster.h"

enum { SHARE = 2, ADDRESS_MAX = 320 };

static struct private_cluster cluster;
static char folder[] = "/tmp/sluice-nth-XXXXXX";
static char app_address[ADDRESS_MAX];
static PGconn *administrator;
static struct proxy *proxy;
static struct store_blocking *store;

static void administer(const char *format, const char *name, const char *other)
{
    char sql[160];
    check(snprintf(sql, sizeof sql, "%s%s%s%s", format, name, other ? " TEMPLATE " : "",
                   other ? other : "") < (int)sizeof sql);
    PGresult *result = PQexec(administrator, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fail_msg("%s: %s", sql, PQerrorMessage(administrator));
    PQclear(result);
}

static void store_open(void)
{
    store = store_blocking_open(app_address);
    if (!store) fail_msg("the store cannot be opened");
}

static const struct store_result *database_run(const struct store_request *request)
{
    return store_blocking_run(store, request);
}

static const char *const kept_names[KEPT_STATES] = {"kept_base", "kept_early", "kept_scene"};

/* Nobody may be connected to what is copied. */
static void database_keep(enum kept_state which)
{
    store_blocking_close(store);
    administer("DROP DATABASE IF EXISTS ", kept_names[which], NULL);
    administer("CREATE DATABASE ", kept_names[which], "sales");
    store_open();
}

static void database_put_back(enum kept_state which)
{
    store_blocking_close(store);
    administer("DROP DATABASE sales WITH (FORCE)", "", NULL);
    administer("CREATE DATABASE ", "sales", kept_names[which]);
    store_open();
}

static const struct database database = {
    .run = database_run, .keep = database_keep, .put_back = database_put_back};

static struct trial trial;
static struct loop loop = {.trial = &trial, .what = "statements", .database = &database};

static void statements_row(const struct scene *scene, const struct before *before,
                           enum proxy_break what)
{
    if (!loop_wants_row(proxy_break_name(what))) return;
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    proxy_arm(proxy, what, 0);
    (void)scene_do(&trial, scene);
    uint64_t total = proxy_disarm(proxy), step = loop_step(total, SHARE);
    loop.points += total;
    for (uint64_t n = loop_first(step, scene); n <= total; n += step) {
        scene_begin(&trial, scene, false);
        scene_ready(&trial, scene);
        proxy_arm(proxy, what, n);
        struct done done = scene_do(&trial, scene);
        (void)proxy_disarm(proxy);
        if (!proxy_struck(proxy)) trial_wrong(&trial, "that statement was never sent");
        recover_living(&trial, scene, before, &done);
        loop_tell(&loop, scene, proxy_break_name(what), n);
    }
}

static void a_lost_database_is_survived(void **state)
{
    (void)state;
    loop_begin(&loop);
    for (size_t i = 0; i < scene_count; i++) {
        const struct scene *scene = &scenes[i];
        if (!loop_wants(scene) || scene->act != ACT_SYNC || scene->in_memory) continue;
        struct before before = loop_measure(&loop, scene);
        for (enum proxy_break what = PROXY_TERMINATE; what < PROXY_BREAKS; what++)
            statements_row(scene, &before, what);
    }
    loop_end(&loop);
}

static int group_begin(void **state)
{
    (void)state;
    struct migrate_report report;
    char owner_address[PRIVATE_CLUSTER_ADDRESS_MAX], target[PRIVATE_CLUSTER_ADDRESS_MAX];
    if (!private_cluster_start(&cluster)) return -1;
    administrator = PQconnectdb(cluster.connection);
    if (PQstatus(administrator) != CONNECTION_OK) return -1;
    administer("CREATE DATABASE ", "sales", NULL);
    if (!private_cluster_address(&cluster, "sales", owner_address, sizeof owner_address)) return -1;
    if (migrate_run(owner_address, &report) != FAULT_NONE) return -1;
    if (!mkdtemp(folder)) return -1;
    snprintf(target, sizeof target, "%s/run", cluster.folder);
    proxy = proxy_start(folder, target, cluster.connection);
    if (!proxy) return -1;
    snprintf(app_address, sizeof app_address, "host=%s dbname=sales user=sluice_app", folder);
    store_open();
    return 0;
}

static int group_end(void **state)
{
    (void)state;
    store_blocking_close(store);
    proxy_stop(proxy);
    PQfinish(administrator);
    private_cluster_stop(&cluster);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_lost_database_is_survived)};
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
