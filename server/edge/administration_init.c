/* administration_init.c - init: a folder with key, database, team and its owner's invitation.
 *
 * Invariant: a folder is initialised when its configuration is there and the mark of an unfinished
 * init is gone; an init that failed or was killed leaves nothing that the next one does not clear. */
#define _GNU_SOURCE
#include "server/edge/administration_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include <sodium.h>

#include "common/codec/row.h"
#include "server/edge/keeper.h"
#include "server/edge/place.h"
#include "server/edge/zone_file.h"

#include "common/base/banned.h"

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
    struct administration_database database = {.lock = -1, .guard = -1}; /* whoever makes the folder holds it */
    struct migrate_report report;
    enum fault fault = FAULT_NONE;
    if (!c->database[0]) {
        fprintf(stderr, "Making a private database in %s/postgres ...\n", c->data);
        fault = cluster_init(&database.cluster, c->data, trouble);
        if (!fault) fault = cluster_make(&database.cluster, trouble);
        if (!fault) fault = cluster_start(&database.cluster, trouble);
    }
    if (!fault) fault = administration_database_migrate(c, &report, trouble);
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
                                         "server.key", "place.new", "place", "postgres", INIT_UNFINISHED};

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

/* Durably: with its mark back after a power cut, the next init would clear a folder that is whole. */
static void mark_remove(const char *data, const char *path)
{
    int at = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unlink(path);
    if (at < 0) return;
    (void)fsync(at);
    close(at);
}

/* Only who holds the folder may clear it. */
static void unfinished_end(const char *data, int lock, bool failed)
{
    char path[CONFIGURATION_PATH_MAX + 64];
    if (lock < 0) return;
    snprintf(path, sizeof path, "%s/%s", data, INIT_UNFINISHED);
    if (failed) unfinished_remove(data);
    else mark_remove(data, path);
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
        snprintf(c.address, sizeof c.address, "%s", wanted->address);
        snprintf(c.database, sizeof c.database, "%s", wanted->database ? wanted->database : "");
        snprintf(c.database_app, sizeof c.database_app, "%s",
                 wanted->database_app ? wanted->database_app : "");
        fault = init_database(&c, &first, &random, trouble);
    }
    if (!fault) fault = place_settle(&c, trouble);
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
