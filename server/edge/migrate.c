/* migrate.c - runs the compiled-in migrations that a database has not had yet.
 *
 * Called by administration and at start, blocking. Invariant: a migration and its record are in one
 * transaction; two processes at once take turns and the second finds the work done. */
#define _GNU_SOURCE
#include "server/edge/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>
#include <sodium.h>

#include "server/edge/database.h"
#include "server/edge/statements_migrate.h"

#include "common/base/banned.h"

enum {
    HASH_BYTES = 32,
    HASH_TEXT = 2 * HASH_BYTES + 1,
    SERVER_VERSION_MIN = 150000, /* security_invoker views */
};

static void notice_ignore(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static void trouble_set(struct migrate_report *report, const char *what, const char *state,
                        const char *message)
{
    snprintf(report->trouble, sizeof report->trouble, "%s: %s %s", what, state ? state : "-",
             message ? message : "");
    size_t n = strlen(report->trouble);
    while (n > 0 && report->trouble[n - 1] == '\n') report->trouble[--n] = '\0';
}

/* True when the result is a success; clears it either way. */
static bool result_good(PGconn *connection, PGresult *result, const char *what,
                        struct migrate_report *report)
{
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        trouble_set(report, what, PQresultErrorField(result, PG_DIAG_SQLSTATE),
                    message ? message : PQerrorMessage(connection));
    }
    PQclear(result);
    return good;
}

static bool run(PGconn *connection, const char *sql, const char *what,
                struct migrate_report *report)
{
    return result_good(connection, PQexec(connection, sql), what, report);
}

static void migration_hash(const struct migration *migration, char text[HASH_TEXT])
{
    uint8_t hash[HASH_BYTES];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)migration->sql, migration->length, NULL,
                       0);
    sodium_bin2hex(text, HASH_TEXT, hash, sizeof hash);
}

/* How many of ours the database has had; compares their hashes. */
static enum fault applied_count(PGconn *connection, struct migrate_report *report, size_t *count)
{
    PGresult *result = PQexec(connection, migrate_applied);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        result_good(connection, result, "schema_migration", report);
        return FAULT_IO;
    }
    enum fault fault = FAULT_NONE;
    *count = (size_t)PQntuples(result);
    report->version = 0;
    for (size_t i = 0; i < *count && !fault; i++) {
        int version = (int)strtol(PQgetvalue(result, (int)i, 0), NULL, 10);
        report->version = version;
        if (i >= migration_count || migrations[i].version != version) {
            trouble_set(report, "schema_migration", NULL,
                        "the database was made by a newer sluiced; update sluiced");
            fault = FAULT_STALE;
            break;
        }
        char hash[HASH_TEXT];
        migration_hash(&migrations[i], hash);
        if (strcmp(hash, PQgetvalue(result, (int)i, 1)) != 0) {
            trouble_set(report, migrations[i].name, NULL,
                        "the database had another migration of this number");
            fault = FAULT_STALE;
        }
    }
    PQclear(result);
    return fault;
}

static bool record(PGconn *connection, const struct migration *migration,
                   struct migrate_report *report)
{
    char version[16], hash[HASH_TEXT];
    snprintf(version, sizeof version, "%d", migration->version);
    migration_hash(migration, hash);
    const char *values[] = {version, migration->name, hash};
    PGresult *result =
        PQexecParams(connection, migrate_record, 3, NULL, values, NULL, NULL, 0);
    return result_good(connection, result, migration->name, report);
}

/* One migration, if there is one left; *more tells whether it ran. */
static enum fault step(PGconn *connection, struct migrate_report *report, bool *more)
{
    size_t count = 0;
    *more = false;
    enum fault fault = FAULT_IO;
    if (!run(connection, migrate_begin, "lock", report)) goto undo;
    if (!run(connection, migrate_table, "schema_migration", report)) goto undo;
    fault = applied_count(connection, report, &count);
    if (fault) goto undo;
    fault = FAULT_IO;
    if (count < migration_count) {
        const struct migration *next = &migrations[count];
        if (!run(connection, next->sql, next->name, report)) goto undo;
        if (!record(connection, next, report)) goto undo;
        if (!run(connection, migrate_commit, next->name, report)) goto undo;
        report->applied++;
        report->version = next->version;
        *more = true;
        return FAULT_NONE;
    }
    if (!run(connection, migrate_commit, "schema_migration", report)) goto undo;
    return FAULT_NONE;
undo:
    PQclear(PQexec(connection, migrate_rollback));
    return fault;
}

enum fault migrate_run(const char *owner_conninfo, struct migrate_report *report)
{
    *report = (struct migrate_report){0};
    PGconn *connection = database_connect(owner_conninfo);
    enum fault fault = FAULT_IO;
    if (!connection) return FAULT_MEMORY;
    if (PQstatus(connection) != CONNECTION_OK) {
        snprintf(report->trouble, sizeof report->trouble, "%s; is the database up, and does it let "
                 "this user in?", PQerrorMessage(connection));
        for (char *c = report->trouble; *c; c++) {
            if (*c == '\n') *c = ' ';
        }
        goto done;
    }
    int server = PQserverVersion(connection);
    if (server < SERVER_VERSION_MIN) {
        snprintf(report->trouble, sizeof report->trouble,
                 "it is PostgreSQL %d; PostgreSQL 15 or newer is needed", server / 10000);
        fault = FAULT_STALE;
        goto done;
    }
    PQsetNoticeReceiver(connection, notice_ignore, NULL);
    if (!run(connection, migrate_settings, "settings", report)) goto done;
    bool more = true;
    fault = FAULT_NONE;
    while (more && !fault) fault = step(connection, report, &more);
done:
    PQfinish(connection);
    return fault;
}
