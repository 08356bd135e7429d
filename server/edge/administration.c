/* administration.c - what the administration*.c share, and migrate.
 *
 * Beside a running server (it holds the folder's lock) they use its cluster; alone they start the
 * private cluster themselves and stop it again. */
#define _GNU_SOURCE
#include "server/edge/administration.h"
#include "server/edge/administration_inside.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "common/codec/row.h"
#include "server/edge/database.h"
#include "server/edge/keeper.h"
#include "server/edge/place.h"
#include "server/edge/statements_administration.h"

#include "common/base/banned.h"

int64_t administration_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void administration_random(struct random *random)
{
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    random_init(random, seed);
    sodium_memzero(seed, sizeof seed);
}

/* --- the database, beside a server or alone --- */

enum fault administration_begin(struct administration_database *database,
                                const struct configuration *c, struct trouble *trouble)
{
    *database = (struct administration_database){.lock = -1, .guard = -1};
    enum fault fault = keeper_lock(c->data, &database->lock);
    database->beside = fault == FAULT_BUSY;
    if (database->beside) return FAULT_NONE;
    if (fault) {
        trouble_say(trouble, "cannot write in %s; look at its rights and room", c->data);
        return fault;
    }
    if (c->database[0] || strcmp(c->cluster, c->data) != 0) return FAULT_NONE;
    fault = cluster_init(&database->cluster, c->data, trouble);
    if (!fault) fault = place_guard(c->data, &database->guard, trouble);
    return fault ? fault : cluster_start(&database->cluster, trouble);
}

void administration_end(struct administration_database *database)
{
    cluster_stop(&database->cluster);
    if (database->guard >= 0) close(database->guard);
    if (database->lock >= 0) close(database->lock);
}

enum fault administration_database_migrate(const struct configuration *c,
                                           struct migrate_report *report,
                                           struct trouble *trouble)
{
    char owner[CONFIGURATION_VALUE_MAX * 2];
    *report = (struct migrate_report){0};
    enum fault fault = conninfo_owner(c, owner);
    if (!fault) fault = migrate_run(owner, report);
    if (fault) {
        trouble_say(trouble, "cannot prepare the database: %s",
                    report->trouble[0] ? report->trouble : fault_name(fault));
    }
    return fault;
}

/* Why the application role cannot come in: the pool itself only tries again. */
static enum fault app_check(const struct configuration *c, const char *app,
                            struct trouble *trouble)
{
    PGconn *connection = database_connect(app);
    bool good = connection && PQstatus(connection) == CONNECTION_OK;
    if (!good) {
        trouble_say(trouble, "cannot connect to the database as sluice_app: %.300s; %s",
                    connection ? PQerrorMessage(connection) : "memory",
                    c->database[0] ? "give that role a password and name it in database_app "
                                     "(init: --database-app)"
                                   : "start the server again");
        for (char *each = trouble->text; *each; each++) {
            if (*each == '\n') *each = ' ';
        }
    }
    PQfinish(connection);
    return good ? FAULT_NONE : FAULT_IO;
}

enum fault administration_store(const struct configuration *c, struct store_blocking **out,
                              struct trouble *trouble)
{
    char app[CONFIGURATION_VALUE_MAX * 2];
    enum fault fault = conninfo_app(c, app);
    *out = NULL;
    if (!fault) fault = app_check(c, app, trouble);
    if (fault) return fault;
    *out = store_blocking_open(app);
    if (*out) return FAULT_NONE;
    trouble_say(trouble, "cannot open the database as sluice_app; try again");
    return FAULT_IO;
}

enum fault administration_connect(const struct configuration *c, PGconn **out,
                                struct trouble *trouble)
{
    char owner[CONFIGURATION_VALUE_MAX * 2], team[UUID_TEXT_LENGTH + 1];
    const char *values[] = {team};
    uuid_format(c->team, team);
    enum fault fault = conninfo_owner(c, owner);
    *out = fault ? NULL : database_connect(owner);
    PGresult *entered = NULL;
    if (*out && PQstatus(*out) == CONNECTION_OK) {
        entered = PQexecParams(*out, administration_team, 1, NULL, values, NULL, NULL, 0);
    }
    bool good = PQresultStatus(entered) == PGRES_TUPLES_OK;
    PQclear(entered);
    if (good) return FAULT_NONE;
    trouble_say(trouble, "cannot reach the database: %s", *out ? PQerrorMessage(*out) : "memory");
    trouble->text[strcspn(trouble->text, "\n")] = 0;
    PQfinish(*out);
    *out = NULL;
    return FAULT_IO;
}

PGresult *administration_query(PGconn *connection, const char *sql, const struct configuration *c)
{
    char team[UUID_TEXT_LENGTH + 1];
    const char *values[] = {team};
    uuid_format(c->team, team);
    return PQexecParams(connection, sql, 1, NULL, values, NULL, NULL, 0);
}

/* --- invitations --- */

void administration_code_hash(const uint8_t code[INVITATION_CODE_BYTES], uint8_t hash[HASH_BYTES])
{
    codec_payload_hash((struct str){(const char *)code, INVITATION_CODE_BYTES}, hash);
}

enum fault administration_invitation_print(const struct configuration *c, const uint8_t code[],
                                   struct trouble *trouble)
{
    char text[INVITATION_LINE_MAX + 1];
    struct key_pair key;
    enum fault fault = server_key_read(c->data, &key, trouble);
    if (fault) return fault;
    struct invitation_line line = {.address = str_from(c->address[0] ? c->address : c->listen)};
    memcpy(line.server_key, key.public.b, sizeof line.server_key);
    memcpy(line.code, code, sizeof line.code);
    key_pair_finish(&key);
    fault = invitation_line_format(&line, text);
    if (fault) {
        trouble_say(trouble, "\"%.*s\" is no address a client can use; give --address HOST:PORT, or "
                             "set address = HOST:PORT in sluiced.conf",
                    STR_ARGS(line.address));
        return fault;
    }
    printf("%s\n", text);
    sodium_memzero(text, sizeof text);
    return FAULT_NONE;
}

enum fault administration_name(struct arena *arena, const char *option, const char *text,
                             struct str *out, struct trouble *trouble)
{
    struct str given = str_from(text);
    if (text_is_clean(given, false) && given.n <= NAME_BYTES_MAX &&
        text_normalise(arena, given, false, out) == FAULT_NONE && out->n > 0) {
        return FAULT_NONE;
    }
    trouble_say(trouble, "%s is empty, too long or no plain text; give at most %d bytes", option,
                NAME_BYTES_MAX);
    return FAULT_FORMAT;
}

/* --- migrate --- */

enum fault administration_migrate(const struct configuration *c, struct trouble *trouble)
{
    struct administration_database database;
    struct migrate_report report;
    enum fault fault = administration_begin(&database, c, trouble);
    if (!fault) fault = administration_database_migrate(c, &report, trouble);
    administration_end(&database);
    if (!fault) printf("schema version %d, %d applied now\n", report.version, report.applied);
    return fault;
}
