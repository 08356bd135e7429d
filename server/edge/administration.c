/* administration.c - init, migrate, status; and what administration_invite.c shares.
 *
 * Beside a running server (it holds the folder's lock) they use its cluster; alone they start the
 * private cluster themselves and stop it again. */
#define _GNU_SOURCE
#include "server/edge/administration.h"
#include "server/edge/administration_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "common/codec/row.h"
#include "common/link/invitation.h"
#include "server/core/batch.h"
#include "server/edge/cluster.h"
#include "server/edge/database.h"
#include "server/edge/keeper.h"
#include "server/edge/known_numbers.h"
#include "server/edge/migrate.h"
#include "server/edge/statements_administration.h"
#include "server/edge/store_postgres.h"
#include "server/edge/zone_file.h"

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
    *database = (struct administration_database){.lock = -1};
    enum fault fault = keeper_lock(c->data, &database->lock);
    database->beside = fault == FAULT_BUSY;
    if (database->beside) return FAULT_NONE;
    if (fault) {
        trouble_say(trouble, "cannot write in %s; look at its rights and room", c->data);
        return fault;
    }
    if (c->database[0]) return FAULT_NONE;
    fault = cluster_init(&database->cluster, c->data, trouble);
    return fault ? fault : cluster_start(&database->cluster, trouble);
}

void administration_end(struct administration_database *database)
{
    cluster_stop(&database->cluster);
    if (database->lock >= 0) close(database->lock);
}

static enum fault database_migrate(const struct configuration *c, struct migrate_report *report,
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
        trouble_say(trouble, "\"%.*s\" is no address a client can use; set address = HOST:PORT in "
                             "sluiced.conf",
                    STR_ARGS(line.address));
        return fault;
    }
    printf("%s\n", text);
    sodium_memzero(text, sizeof text);
    return FAULT_NONE;
}

/* --- init --- */

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

struct first_commit {
    struct team team;
    struct definition definition;
    struct member owner;
    struct invitation invitation;
    uint8_t code[INVITATION_CODE_BYTES], hash[HASH_BYTES];
};

static enum fault first_prepare(struct arena *arena, const struct administration_init *wanted,
                                struct random *random, struct first_commit *first,
                                struct trouble *trouble)
{
    int64_t now = administration_now();
    const char *currency = wanted->currency;
    if (strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
        trouble_say(trouble, "\"%s\" is no currency; give three capitals such as EUR", currency);
        return FAULT_FORMAT;
    }
    if (zone_file_read(arena, wanted->zone, &first->team.zone)) {
        trouble_say(trouble, "there is no time zone \"%s\"; give one such as Europe/Warsaw",
                    wanted->zone);
        return FAULT_FORMAT;
    }
    enum fault fault = administration_name(arena, "--team", wanted->team, &first->team.name, trouble);
    if (!fault) fault = administration_name(arena, "--owner", wanted->owner, &first->owner.name, trouble);
    if (fault) return fault;
    first->team.id = uuid_v7((uint64_t)now, random);
    first->team.zone_name = str_from(wanted->zone);
    first->team.currency = str_from(currency);
    first->owner.id = uuid_v7((uint64_t)now, random);
    first->owner.role = ROLE_OWNER;
    random_bytes(random, first->code, sizeof first->code);
    administration_code_hash(first->code, first->hash);
    first->invitation = (struct invitation){
        .id = uuid_v7((uint64_t)now, random),
        .member = first->owner.id,
        .invited_by = first->owner.id,
        .code_hash = {(const char *)first->hash, sizeof first->hash},
        .expires_at = {true, now + INVITATION_HOURS * INT64_C(3600000)},
        .created_at = {true, now},
    };
    return definition_default(arena, first->team.id, &first->definition);
}

static enum fault first_write(const struct configuration *c, const struct first_commit *first,
                              struct random *random, struct trouble *trouble)
{
    struct row rows[] = {
        {.kind = ENTITY_TEAM, .id = first->team.id, .seq = 1, .entity = &first->team},
        {.kind = ENTITY_DEFINITION, .id = first->team.id, .seq = 1, .entity = &first->definition},
        {.kind = ENTITY_MEMBER, .id = first->owner.id, .seq = 1, .entity = &first->owner},
        {.kind = ENTITY_INVITATION, .id = first->invitation.id, .seq = 1,
         .entity = &first->invitation},
    };
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = first->team.id,
                                   .new_seq = 1,
                                   .recorded_at = administration_now(),
                                   .rows = rows,
                                   .row_count = sizeof rows / sizeof rows[0]};
    random_bytes(random, commit.mark, sizeof commit.mark);
    struct store_blocking *store;
    enum fault fault = administration_store(c, &store, trouble);
    if (fault) return fault;
    const struct store_result *result = store_blocking_run(store, &commit);
    if (!result || result->status != STORE_OK) {
        trouble_say(trouble, "cannot write the new team: %.*s",
                    STR_ARGS(result ? result->trouble : STR("no answer")));
        fault = FAULT_IO;
    }
    store_blocking_close(store);
    return fault;
}

static enum fault init_database(struct configuration *c, const struct first_commit *first,
                                struct random *random, struct trouble *trouble)
{
    struct administration_database database = {.lock = -1}; /* whoever makes the folder holds it */
    struct migrate_report report;
    enum fault fault = FAULT_NONE;
    if (!c->database[0]) {
        fprintf(stderr, "Making a private database in %s/postgres ...\n", c->data);
        fault = cluster_init(&database.cluster, c->data, trouble);
        if (!fault) fault = cluster_make(&database.cluster, trouble);
        if (!fault) fault = cluster_start(&database.cluster, trouble);
    }
    if (!fault) fault = database_migrate(c, &report, trouble);
    if (!fault) fault = first_write(c, first, random, trouble);
    administration_end(&database);
    return fault;
}

static enum fault database_url_check(const char *url, const char *option,
                                     struct trouble *trouble)
{
    PQconninfoOption *options = url ? PQconninfoParse(url, NULL) : NULL;
    bool good = !url || (options && strlen(url) < CONFIGURATION_VALUE_MAX && !strchr(url, '\n'));
    PQconninfoFree(options);
    if (good) return FAULT_NONE;
    trouble_say(trouble, "what %s gives is no connection string; give "
                         "postgresql://USER@HOST/DATABASE",
                option);
    return FAULT_FORMAT;
}

/* --- a folder that is half made --- */

/* What init makes, in the order in which it is taken away again: the mark that says so last. */
static const char *const init_names[] = {"sluiced.conf.new", "sluiced.conf", "server.key.new",
                                         "server.key", "postgres", INIT_UNFINISHED};

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static void unfinished_remove(const char *data)
{
    char path[CONFIGURATION_PATH_MAX + 64];
    for (size_t i = 0; i < sizeof init_names / sizeof init_names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", data, init_names[i]);
        nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
    }
}

/* Takes the folder for this init alone, clears what one that was killed left behind, and leaves the
 * mark for the next one. */
static enum fault unfinished_begin(const char *data, int *lock, struct trouble *trouble)
{
    char path[CONFIGURATION_PATH_MAX + 64];
    *lock = -1;
    snprintf(path, sizeof path, "%s/%s", data, INIT_UNFINISHED);
    enum fault fault = keeper_lock(data, lock);
    if (fault == FAULT_BUSY) {
        trouble_say(trouble, "another `sluiced init` is making %s; wait for it", data);
        return fault;
    }
    char conf[CONFIGURATION_PATH_MAX + 64];
    snprintf(conf, sizeof conf, "%s/sluiced.conf", data);
    bool unfinished = access(path, F_OK) == 0;
    if (!fault && !unfinished && access(conf, F_OK) == 0) { /* since it was looked at */
        trouble_say(trouble, "%s is initialised already; `sluiced run --data %s` starts it", data,
                    data);
        close(*lock);
        *lock = -1;
        return FAULT_EXISTS;
    }
    if (!fault && unfinished) unfinished_remove(data);
    int fd = fault ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        return FAULT_NONE;
    }
    trouble_say(trouble, "cannot write in %s: %s; make room there", data, strerror(errno));
    return errno == ENOSPC ? FAULT_FULL : FAULT_IO;
}

/* Only who holds the folder may clear it. */
static void unfinished_end(const char *data, int lock, bool failed)
{
    char path[CONFIGURATION_PATH_MAX + 64];
    if (lock < 0) return;
    snprintf(path, sizeof path, "%s/%s", data, INIT_UNFINISHED);
    if (failed) unfinished_remove(data);
    else unlink(path);
    snprintf(path, sizeof path, "%s/lock", data);
    if (failed) unlink(path);
    close(lock);
}

enum fault administration_init(const struct administration_init *wanted, struct trouble *trouble)
{
    struct arena arena;
    struct random random;
    struct first_commit first = {0};
    struct configuration c = {0};
    struct key_pair key = {0};
    arena_init(&arena, ARENA_MAX);
    administration_random(&random);
    /* What was mistyped is told before anything is made. */
    enum fault fault = configuration_folder(wanted->data, c.data, trouble);
    if (!fault) fault = first_prepare(&arena, wanted, &random, &first, trouble);
    struct str host;
    uint16_t port;
    if (!fault && invitation_address_split(str_from(wanted->listen), &host, &port)) {
        trouble_say(trouble, "\"%s\" is no address; give HOST:PORT", wanted->listen);
        fault = FAULT_FORMAT;
    }
    if (!fault) fault = database_url_check(wanted->database, "--database", trouble);
    if (!fault) fault = database_url_check(wanted->database_app, "--database-app", trouble);
    if (!fault) fault = service_user_make(c.data, trouble);
    int lock = -1;
    if (!fault) fault = unfinished_begin(c.data, &lock, trouble);
    if (!fault) fault = server_key_make(c.data, &key, trouble);
    if (!fault) {
        c.team = first.team.id;
        snprintf(c.listen, sizeof c.listen, "%s", wanted->listen);
        snprintf(c.database, sizeof c.database, "%s", wanted->database ? wanted->database : "");
        snprintf(c.database_app, sizeof c.database_app, "%s",
                 wanted->database_app ? wanted->database_app : "");
        fault = init_database(&c, &first, &random, trouble);
    }
    /* Last: a folder with a configuration is initialised. */
    if (!fault) fault = configuration_write(&c, trouble);
    unfinished_end(c.data, lock, fault != FAULT_NONE);
    if (!fault) {
        fprintf(stderr, "Team %s is ready. Start the server: sluiced run --data %s\n"
                        "Then join as %s with (valid %d hours, once): sluice join LINE\n",
                wanted->team, c.data, wanted->owner, INVITATION_HOURS);
        fault = administration_invitation_print(&c, first.code, trouble);
    }
    key_pair_finish(&key);
    sodium_memzero(first.code, sizeof first.code);
    sodium_memzero(&random, sizeof random);
    arena_finish(&arena);
    return fault;
}

/* --- migrate, status --- */

enum fault administration_migrate(const struct configuration *c, struct trouble *trouble)
{
    struct administration_database database;
    struct migrate_report report;
    enum fault fault = administration_begin(&database, c, trouble);
    if (!fault) fault = database_migrate(c, &report, trouble);
    administration_end(&database);
    if (!fault) printf("schema version %d, %d applied now\n", report.version, report.applied);
    return fault;
}

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
