/* test_private_cluster.c - the helper other contract tests stand on: a cluster comes, answers,
 * survives a crash with its data, and leaves nothing behind. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "tests/support/private_cluster.h"

static struct private_cluster cluster;

static void query(const char *address, const char *sql, const char *expected)
{
    PGconn *connection = PQconnectdb(address);
    if (PQstatus(connection) != CONNECTION_OK) fail_msg("%s", PQerrorMessage(connection));
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) fail_msg("%s", PQerrorMessage(connection));
    if (expected) assert_string_equal(PQgetvalue(result, 0, 0), expected);
    PQclear(result);
    PQfinish(connection);
}

static void it_answers(void **state)
{
    (void)state;
    query(cluster.connection, "SELECT 6 * 7", "42");
    query(cluster.connection, "SHOW server_encoding", "UTF8");
}

static void databases_have_addresses(void **state)
{
    (void)state;
    char address[PRIVATE_CLUSTER_ADDRESS_MAX], tiny[8];
    query(cluster.connection, "CREATE DATABASE second", NULL);
    assert_true(private_cluster_address(&cluster, "second", address, sizeof address));
    query(address, "SELECT current_database()", "second");
    assert_false(private_cluster_address(&cluster, "second", tiny, sizeof tiny));
}

static void data_survives_a_crash_and_a_pause(void **state)
{
    (void)state;
    query(cluster.connection, "CREATE TABLE kept AS SELECT 7 AS value", NULL);
    private_cluster_crash(&cluster);
    assert_int_equal(cluster.postmaster, 0);
    assert_int_equal(PQping(cluster.connection), PQPING_NO_RESPONSE);
    assert_true(private_cluster_resume(&cluster));
    query(cluster.connection, "SELECT value FROM kept", "7");
    private_cluster_pause(&cluster);
    assert_int_equal(PQping(cluster.connection), PQPING_NO_RESPONSE);
    assert_true(private_cluster_resume(&cluster));
    query(cluster.connection, "SELECT value FROM kept", "7");
}

static void stopping_leaves_nothing(void **state)
{
    (void)state;
    struct private_cluster other;
    char folder[PRIVATE_CLUSTER_PATH_MAX];
    struct stat about;
    assert_true(private_cluster_start(&other));
    pid_t postmaster = other.postmaster;
    memcpy(folder, other.folder, sizeof folder);
    assert_int_equal(stat(folder, &about), 0);
    private_cluster_stop(&other);
    assert_int_equal(stat(folder, &about), -1);
    assert_int_equal(kill(postmaster, 0), -1);
    private_cluster_stop(&other); /* twice is harmless */
}

static void missing_programs_are_told(void **state)
{
    (void)state;
    struct private_cluster other;
    setenv("SLUICE_POSTGRES_BINDIR", "/nonexistent", 1);
    assert_false(private_cluster_start(&other));
    unsetenv("SLUICE_POSTGRES_BINDIR");
    assert_int_equal(other.folder[0], 0);
}

static int group_begin(void **state)
{
    (void)state;
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers),
        cmocka_unit_test(databases_have_addresses),
        cmocka_unit_test(data_survives_a_crash_and_a_pause),
        cmocka_unit_test(stopping_leaves_nothing),
        cmocka_unit_test(missing_programs_are_told),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
