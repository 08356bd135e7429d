/* administration.c - init, invite, migrate, status.
 *
 * Beside a running server (it holds the folder's lock) they use its cluster; alone they start the
 * private cluster themselves and stop it again. */
#define _GNU_SOURCE
#include "server/edge/administration.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>
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

enum { ARENA_MAX = 32 * 1024 * 1024, TRIES_MAX = 20, HASH_BYTES = 32 };

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void random_seed(struct random *random)
{
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    random_init(random, seed);
    sodium_memzero(seed, sizeof seed);
}

/* --- the database, beside a server or alone --- */

struct database {
    struct cluster cluster;
    int lock;
    bool beside; /* a server runs */
};

static enum fault database_begin(struct database *database, const struct configuration *c,
                                 struct trouble *trouble)
{
    *database = (struct database){.lock = -1};
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

static void database_end(struct database *database)
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

static enum fault store_begin(const struct configuration *c, struct store_blocking **out,
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

static enum fault owner_connect(const struct configuration *c, PGconn **out,
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

static PGresult *team_query(PGconn *connection, const char *sql, const struct configuration *c)
{
    char team[UUID_TEXT_LENGTH + 1];
    const char *values[] = {team};
    uuid_format(c->team, team);
    return PQexecParams(connection, sql, 1, NULL, values, NULL, NULL, 0);
}

/* --- invitations --- */

static void code_hash(const uint8_t code[INVITATION_CODE_BYTES], uint8_t hash[HASH_BYTES])
{
    codec_payload_hash((struct str){(const char *)code, INVITATION_CODE_BYTES}, hash);
}

static enum fault invitation_print(const struct configuration *c, const uint8_t code[],
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

static enum fault name_clean(struct arena *arena, const char *option, const char *text,
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
    int64_t now = wall_ms();
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
    enum fault fault = name_clean(arena, "--team", wanted->team, &first->team.name, trouble);
    if (!fault) fault = name_clean(arena, "--owner", wanted->owner, &first->owner.name, trouble);
    if (fault) return fault;
    first->team.id = uuid_v7((uint64_t)now, random);
    first->team.zone_name = str_from(wanted->zone);
    first->team.currency = str_from(currency);
    first->owner.id = uuid_v7((uint64_t)now, random);
    first->owner.role = ROLE_OWNER;
    random_bytes(random, first->code, sizeof first->code);
    code_hash(first->code, first->hash);
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
                                   .recorded_at = wall_ms(),
                                   .rows = rows,
                                   .row_count = sizeof rows / sizeof rows[0]};
    random_bytes(random, commit.mark, sizeof commit.mark);
    struct store_blocking *store;
    enum fault fault = store_begin(c, &store, trouble);
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
    struct database database = {.lock = -1}; /* whoever makes the folder holds it */
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
    database_end(&database);
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
    random_seed(&random);
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
        fault = invitation_print(&c, first.code, trouble);
    }
    key_pair_finish(&key);
    sodium_memzero(first.code, sizeof first.code);
    sodium_memzero(&random, sizeof random);
    arena_finish(&arena);
    return fault;
}

/* --- invite --- */

struct invite {
    struct uuid actor; /* an owner */
    struct member known;
    bool is_known, has_device;
    struct str name, folded;
};

static enum fault members_look(struct arena *arena, const PGresult *rows, struct invite *invite)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        struct uuid id;
        struct str folded, name = arena_str(arena, str_from(PQgetvalue(rows, i, 1)));
        int64_t role = 0;
        if (PQgetvalue(rows, i, 3)[0] == 't') continue;
        if (uuid_parse(str_from(PQgetvalue(rows, i, 0)), &id) != FAULT_NONE) return FAULT_FORMAT;
        if (str_to_int64(str_from(PQgetvalue(rows, i, 2)), &role) != FAULT_NONE) continue;
        if (role == ROLE_OWNER && uuid_is_zero(invite->actor)) invite->actor = id;
        enum fault fault = text_fold(arena, name, &folded);
        if (fault) return fault;
        if (invite->is_known || !str_equal(folded, invite->folded)) continue;
        invite->is_known = true;
        invite->has_device = PQgetvalue(rows, i, 4)[0] == 't';
        invite->known = (struct member){.id = id, .name = name, .role = role};
    }
    return uuid_is_zero(invite->actor) ? FAULT_NOT_FOUND : FAULT_NONE;
}

static enum fault members_read(struct arena *arena, const struct configuration *c,
                               struct invite *invite, struct trouble *trouble)
{
    PGconn *connection;
    enum fault fault = owner_connect(c, &connection, trouble);
    if (fault) return fault;
    PGresult *rows = team_query(connection, administration_members, c);
    fault = PQresultStatus(rows) == PGRES_TUPLES_OK ? members_look(arena, rows, invite) : FAULT_IO;
    if (fault) {
        trouble_say(trouble, "cannot read the members of the team; is this the right database? "
                             "`sluiced check-config` shows which");
    }
    PQclear(rows);
    PQfinish(connection);
    return fault;
}

/* The INVITE mutation for a new or known member, packed. */
static enum fault invite_pack(struct arena *arena, const struct invite *invite, enum role role,
                              const uint8_t hash[HASH_BYTES], struct random *random,
                              struct str *payload)
{
    const struct field *name = field_by_name(ENTITY_MEMBER, STR("name"));
    const struct field *field = field_by_name(ENTITY_MEMBER, STR("role"));
    const struct member *known = invite->is_known ? &invite->known : NULL;
    struct edit edits[2] = {
        {.tag = name->tag, .field = name, .base = value_absent(name->type),
         .want = value_text(known ? known->name : invite->name)},
        {.tag = field->tag, .field = field, .base = value_absent(field->type),
         .want = value_number(field->type, role)},
    };
    if (known) {
        edits[0].base = edits[0].want;
        edits[1].base = value_number(field->type, known->role);
    }
    int64_t now = wall_ms();
    struct mutation mutation = {
        .id = uuid_v7((uint64_t)now, random),
        .kind = MUTATION_INVITE,
        .entity = ENTITY_MEMBER,
        .target = known ? known->id : uuid_v7((uint64_t)now, random),
        .edits = edits,
        .edit_count = 2,
        .acted_at = {true, now},
        .code_hash = {(const char *)hash, HASH_BYTES},
        .expires_at = {true, now + INVITATION_HOURS * INT64_C(3600000)},
    };
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    enum fault fault = codec_mutation_pack(&mutation, &packed);
    if (!fault) *payload = arena_str(arena, buffer_str(&packed));
    buffer_finish(&packed);
    return fault ? fault : arena_fault(arena);
}

/* One try: load, decide, commit. */
static enum fault invite_try(struct arena *arena, struct store_blocking *store,
                             const struct configuration *c, struct batch_mutation *item,
                             struct random *random, struct trouble *trouble)
{
    struct store_request load, commit;
    enum fault fault = batch_plan(arena, c->team, item, 1, &load);
    if (fault) return fault;
    const struct store_result *result = store_blocking_run(store, &load);
    if (result && result->status == STORE_OK) {
        fault = batch_decide(arena, result, item, 1, wall_ms(), random, &commit);
        if (fault) return fault;
        if (item->outcome != OUTCOME_APPLIED && item->outcome != OUTCOME_MERGED) {
            trouble_say(trouble, "the team's rules refuse this invitation; look at `sluiced status`");
            return FAULT_DENIED;
        }
        result = store_blocking_run(store, &commit);
    }
    if (result && result->status == STORE_OK) return FAULT_NONE;
    if (result && result->status == STORE_STALE) return FAULT_STALE;
    trouble_say(trouble, "the database refused: %.*s; try again",
                STR_ARGS(result ? result->trouble : STR("no answer")));
    return FAULT_IO;
}

static enum fault invite_write(struct arena *arena, const struct configuration *c,
                               const struct invite *invite, struct str payload,
                               struct random *random, struct trouble *trouble)
{
    struct store_blocking *store;
    enum fault fault = store_begin(c, &store, trouble);
    if (fault) return fault;
    fault = FAULT_STALE;
    for (int i = 0; fault == FAULT_STALE && i < TRIES_MAX; i++) {
        struct batch_mutation item = {.actor = invite->actor, .payload = payload};
        fault = invite_try(arena, store, c, &item, random, trouble);
    }
    if (fault == FAULT_STALE) trouble_say(trouble, "the server is too busy; try again");
    store_blocking_close(store);
    return fault;
}

static enum fault invite_run(struct arena *arena, const struct configuration *c, const char *name,
                             enum role role, uint8_t code[INVITATION_CODE_BYTES],
                             struct trouble *trouble)
{
    struct invite invite = {0};
    struct random random;
    uint8_t hash[HASH_BYTES];
    struct str payload;
    random_seed(&random);
    enum fault fault = name_clean(arena, "NAME", name, &invite.name, trouble);
    if (!fault) fault = text_fold(arena, invite.name, &invite.folded);
    if (!fault) fault = members_read(arena, c, &invite, trouble);
    if (fault) return fault;
    if (invite.has_device && role != ROLE_NONE && role != (enum role)invite.known.role) {
        trouble_say(trouble, "the name %s is taken by a member with another role; leave --role "
                             "away to invite a further device of theirs, or give another name",
                    name);
        return FAULT_EXISTS;
    }
    if (role == ROLE_NONE) role = invite.is_known ? (enum role)invite.known.role : ROLE_REP;
    random_bytes(&random, code, INVITATION_CODE_BYTES);
    code_hash(code, hash);
    fault = invite_pack(arena, &invite, role, hash, &random, &payload);
    if (!fault) fault = invite_write(arena, c, &invite, payload, &random, trouble);
    sodium_memzero(&random, sizeof random);
    return fault;
}

enum fault administration_invite(const struct configuration *c, const char *name, enum role role,
                                 struct trouble *trouble)
{
    struct database database;
    struct arena arena;
    uint8_t code[INVITATION_CODE_BYTES];
    arena_init(&arena, ARENA_MAX);
    enum fault fault = database_begin(&database, c, trouble);
    if (!fault) fault = invite_run(&arena, c, name, role, code, trouble);
    database_end(&database);
    if (!fault) {
        fprintf(stderr, "Valid %d hours, for one device: sluice join LINE\n", INVITATION_HOURS);
        fault = invitation_print(c, code, trouble);
    }
    if (fault && !trouble->text[0]) trouble_say(trouble, "failed: %s", fault_name(fault));
    sodium_memzero(code, sizeof code);
    arena_finish(&arena);
    return fault;
}

/* --- migrate, status --- */

enum fault administration_migrate(const struct configuration *c, struct trouble *trouble)
{
    struct database database;
    struct migrate_report report;
    enum fault fault = database_begin(&database, c, trouble);
    if (!fault) fault = database_migrate(c, &report, trouble);
    database_end(&database);
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
    PGresult *replicas = team_query(connection, administration_replicas, c);
    PGresult *devices = team_query(connection, administration_devices, c);
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
    struct database database;
    PGconn *connection = NULL;
    PGresult *row = NULL;
    enum fault fault = database_begin(&database, c, trouble);
    if (!fault) fault = owner_connect(c, &connection, trouble);
    if (!fault) {
        row = team_query(connection, administration_counts, c);
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
    database_end(&database);
    return fault;
}
