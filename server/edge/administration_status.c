/* administration_status.c - status: the team, whether a server runs, and what a restored database
 * lacks. */
#define _GNU_SOURCE
#include "server/edge/administration_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/edge/known_numbers.h"
#include "server/edge/statements_administration.h"

#include "common/base/banned.h"

/* The row whose first column that id is, or -1. */
static int row_of(const PGresult *rows, struct uuid wanted)
{
    char id[UUID_TEXT_LENGTH + 1];
    uuid_format(wanted, id);
    for (int i = 0; i < PQntuples(rows); i++) {
        if (strcmp(PQgetvalue(rows, i, 0), id) == 0) return i;
    }
    return -1;
}

static bool behind_print(const PGresult *replicas, const PGresult *devices,
                         const struct known_number *known)
{
    char id[UUID_TEXT_LENGTH + 1];
    int64_t has = 0;
    int replica = row_of(replicas, known->replica), device = row_of(devices, known->device);
    if (replica >= 0 && str_to_int64(str_from(PQgetvalue(replicas, replica, 1)), &has)) return false;
    if (known->number <= (uint64_t)has) return false;
    uuid_format(known->device, id);
    printf("missing  %s, device %s: changes %" PRId64 " to %" PRIu64 " are not in this database\n",
           device >= 0 ? PQgetvalue(devices, device, 1) : "who is not in it",
           device >= 0 ? PQgetvalue(devices, device, 2) : id, has + 1, known->number);
    return true;
}

/* After a restore: copies that were answered more than this database knows, and have not come since
 * to offer it again. Nobody else has it. */
static void status_behind(PGconn *connection, const struct configuration *c)
{
    struct known_numbers *known = known_numbers_open(c->data);
    PGresult *replicas = administration_query(connection, administration_replicas, c);
    PGresult *devices = administration_query(connection, administration_devices, c);
    bool any = false, good = known && PQresultStatus(replicas) == PGRES_TUPLES_OK &&
                             PQresultStatus(devices) == PGRES_TUPLES_OK;
    for (size_t i = 0; good && i < known_numbers_count(known); i++) {
        const struct known_number *each = known_numbers_at(known, i);
        if (!uuid_equal(each->team, c->team)) continue;
        any = behind_print(replicas, devices, each) || any;
    }
    if (any) {
        printf("         The database is older than what was answered: it was restored. These devices\n"
               "         hold what is missing and offer it again when they sync; ask for them.\n");
    }
    PQclear(replicas);
    PQclear(devices);
    known_numbers_close(known);
}

enum fault administration_status(const struct configuration *c, struct trouble *trouble)
{
    struct administration_database database;
    PGconn *connection = NULL;
    PGresult *row = NULL;
    enum fault fault = administration_begin(&database, c, trouble);
    if (!fault) fault = administration_connect(c, &connection, trouble);
    if (!fault) {
        row = administration_query(connection, administration_counts, c);
        if (PQresultStatus(row) != PGRES_TUPLES_OK || PQntuples(row) != 1) {
            trouble_say(trouble, "the team of sluiced.conf is not in this database; is it the "
                                 "right one?");
            fault = FAULT_NOT_FOUND;
        }
    }
    if (!fault) {
        static const char *const labels[] = {"team", "seq", "members", "devices", "deals"};
        for (int i = 0; i < 5; i++) printf("%-8s %s\n", labels[i], PQgetvalue(row, 0, i));
        printf("%-8s %s\n", "listen", c->listen);
        printf("%-8s %s\n", "server", database.beside ? "running" : "stopped");
        status_behind(connection, c);
    }
    PQclear(row);
    PQfinish(connection);
    administration_end(&database);
    return fault;
}
