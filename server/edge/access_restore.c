/* access_restore.c - see access_restore.h. */
#define _GNU_SOURCE
#include "server/edge/access_restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include <libpq-fe.h>
#include <sodium.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"
#include "common/domain/field.h"
#include "server/core/batch.h"
#include "server/edge/access_journal.h"
#include "server/edge/cluster.h"
#include "server/edge/database.h"
#include "server/edge/statements_administration.h"
#include "server/edge/store_postgres.h"

#include "common/base/banned.h"

enum { ARENA_MAX = 32 * 1024 * 1024, TRIES_MAX = 20 };

struct restore {
    const struct configuration *configuration;
    struct access_journal *journal;
    PGconn *owner;
    struct store_blocking *store; /* opened when there is something to write */
    struct arena arena;           /* of one entry */
    struct random random;
    size_t enrolled, revoked;
    struct trouble *trouble;
};

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum fault restore_failed(struct restore *restore, const char *what, struct str why)
{
    trouble_say(restore->trouble, "cannot put back %s from access.journal: %.*s; the server does not "
                                  "listen before that is done, try again",
                what, STR_ARGS(why));
    restore->trouble->text[strcspn(restore->trouble->text, "\n")] = 0;
    return FAULT_IO;
}

static const struct store_result *restore_run(struct restore *restore,
                                              const struct store_request *request)
{
    if (!restore->store) {
        char app[CONFIGURATION_VALUE_MAX * 2];
        if (conninfo_app(restore->configuration, app)) return NULL;
        restore->store = store_blocking_open(app);
    }
    return restore->store ? store_blocking_run(restore->store, request) : NULL;
}

static struct str result_why(const struct store_result *result)
{
    return result ? result->trouble : STR("the database does not let sluice_app in");
}

/* --- what the database has --- */

/* Of all teams: row-level security lets the owner look for devices and invitations, for this. */
static PGresult *owner_query(struct restore *restore, const char *sql, int columns)
{
    PGresult *rows = PQexecParams(restore->owner, sql, 0, NULL, NULL, NULL, NULL, 0);
    if (PQresultStatus(rows) == PGRES_TUPLES_OK && PQnfields(rows) == columns) return rows;
    enum fault fault = restore_failed(restore, "devices",
                                      str_from(PQerrorMessage(restore->owner)));
    (void)fault;
    PQclear(rows);
    return NULL;
}

static bool hex_read(const char *text, uint8_t out[32])
{
    size_t n = 0;
    return sodium_hex2bin(out, 32, text, strlen(text), NULL, &n, NULL) == 0 && n == 32;
}

static bool row_read(const PGresult *rows, int at, enum access_kind kind, struct access_entry *out)
{
    *out = (struct access_entry){.kind = kind};
    if (uuid_parse(str_from(PQgetvalue(rows, at, 0)), &out->team) != FAULT_NONE) return false;
    if (uuid_parse(str_from(PQgetvalue(rows, at, 1)), &out->subject) != FAULT_NONE) return false;
    if (str_to_int64(str_from(PQgetvalue(rows, at, 2)), &out->at_ms) != FAULT_NONE) return false;
    if (kind != ACCESS_ENROLLED) {
        bool named = !PQgetisnull(rows, at, 3);
        return !named || uuid_parse(str_from(PQgetvalue(rows, at, 3)), &out->by) == FAULT_NONE;
    }
    out->name = str_from(PQgetvalue(rows, at, 5));
    return hex_read(PQgetvalue(rows, at, 3), out->key) &&
           hex_read(PQgetvalue(rows, at, 4), out->code_hash);
}

static enum fault journal_learn(struct restore *restore, const char *sql, enum access_kind kind)
{
    PGresult *rows = owner_query(restore, sql, kind == ACCESS_ENROLLED ? 6 : 4);
    enum fault fault = rows ? FAULT_NONE : FAULT_IO;
    for (int i = 0; !fault && i < PQntuples(rows); i++) {
        struct access_entry entry;
        if (row_read(rows, i, kind, &entry)) fault = access_journal_add(restore->journal, &entry);
        if (fault) {
            trouble_say(restore->trouble, "cannot write access.journal (%s); make room and start again",
                        fault_name(fault));
        }
    }
    PQclear(rows);
    return fault;
}

/* One text of one row; empty when there is none. */
static enum fault owner_ask(struct restore *restore, const char *sql, struct uuid team,
                            struct uuid id, char out[UUID_TEXT_LENGTH + 1])
{
    char team_text[UUID_TEXT_LENGTH + 1], id_text[UUID_TEXT_LENGTH + 1];
    const char *values[] = {team_text, id_text};
    uuid_format(team, team_text);
    uuid_format(id, id_text);
    out[0] = 0;
    PGresult *entered = PQexecParams(restore->owner, administration_team, 1, NULL, values, NULL,
                                     NULL, 0);
    PGresult *row = PQexecParams(restore->owner, sql, 2, NULL, values, NULL, NULL, 0);
    bool good = PQresultStatus(entered) == PGRES_TUPLES_OK &&
                PQresultStatus(row) == PGRES_TUPLES_OK;
    if (good && PQntuples(row) > 0) {
        snprintf(out, UUID_TEXT_LENGTH + 1, "%s", PQgetvalue(row, 0, 0));
    }
    PQclear(entered);
    PQclear(row);
    if (good) return FAULT_NONE;
    return restore_failed(restore, "devices", str_from(PQerrorMessage(restore->owner)));
}

/* --- putting back --- */

/* The invitation as it was used, by whom: the device is known again, and nobody else gets in. One that
 * the database does not know at all lets nobody in. */
static enum fault enrolment_put(struct restore *restore, const struct access_entry *entry)
{
    char known[UUID_TEXT_LENGTH + 1];
    enum fault fault =
        owner_ask(restore, administration_device, entry->team, entry->subject, known);
    if (fault || known[0]) return fault;
    struct store_request request = {.kind = STORE_ENROL,
                                    .device = entry->subject,
                                    .device_name = entry->name,
                                    .now_ms = entry->at_ms};
    memcpy(request.device_key, entry->key, sizeof request.device_key);
    memcpy(request.code_hash, entry->code_hash, sizeof request.code_hash);
    const struct store_result *result = restore_run(restore, &request);
    if (!result || result->status == STORE_FAILED || result->status == STORE_UNKNOWN) {
        return restore_failed(restore, "a used invitation", result_why(result));
    }
    restore->enrolled += result->status == STORE_OK;
    return FAULT_NONE;
}

static enum fault mutation_pack(struct restore *restore, const struct access_entry *entry,
                                struct str *payload)
{
    enum entity_kind kind = entry->kind == ACCESS_REMOVED      ? ENTITY_MEMBER
                            : entry->kind == ACCESS_TAKEN_BACK ? ENTITY_INVITATION
                                                               : ENTITY_DEVICE;
    const char *name = entry->kind == ACCESS_REMOVED ? "removed" : "revoked";
    const struct field *field = field_by_name(kind, str_from(name));
    struct edit edit = {.tag = field->tag, .field = field,
                        .base = value_number(field->type, 0),
                        .want = value_number(field->type, 1)};
    struct mutation mutation = {.id = uuid_v7((uint64_t)wall_ms(), &restore->random),
                                .kind = MUTATION_EDIT,
                                .entity = kind,
                                .target = entry->subject,
                                .edits = &edit,
                                .edit_count = 1,
                                .acted_at = {true, entry->at_ms}};
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    enum fault fault = codec_mutation_pack(&mutation, &packed);
    if (!fault) *payload = arena_str(&restore->arena, buffer_str(&packed));
    buffer_finish(&packed);
    return fault ? fault : arena_fault(&restore->arena);
}

/* One try; *status: of the commit, STORE_NOT_FOUND when the rules do not let that member. */
static enum fault mutation_try(struct restore *restore, const struct access_entry *entry,
                               struct uuid actor, enum store_status *status)
{
    struct str payload;
    struct store_request load, commit;
    arena_reset(&restore->arena);
    enum fault fault = mutation_pack(restore, entry, &payload);
    struct batch_mutation item = {.actor = actor, .payload = payload};
    if (!fault) fault = batch_plan(&restore->arena, entry->team, &item, 1, &load);
    if (fault) return fault;
    const struct store_result *result = restore_run(restore, &load);
    if (result && result->status == STORE_OK) {
        fault = batch_decide(&restore->arena, result, &item, 1, wall_ms(), &restore->random,
                             &commit);
        if (fault) return fault;
        *status = STORE_NOT_FOUND;
        if (item.outcome != OUTCOME_APPLIED) return FAULT_NONE;
        *status = STORE_OK;
        if (commit.row_count == 0) return FAULT_NONE; /* another server was first: no seq for it */
        result = restore_run(restore, &commit);
    }
    *status = result ? result->status : STORE_FAILED;
    if (*status == STORE_OK || *status == STORE_STALE) return FAULT_NONE;
    return restore_failed(restore, "a revocation", result_why(result));
}

/* By who did it, else (who may have lost the right, or is not known any more) by an owner. */
static enum fault revocation_put(struct restore *restore, const struct access_entry *entry)
{
    char open[UUID_TEXT_LENGTH + 1], owner_text[UUID_TEXT_LENGTH + 1];
    struct uuid actors[2] = {entry->by};
    bool removed = entry->kind == ACCESS_REMOVED;
    enum fault fault =
        owner_ask(restore,
                  removed                             ? administration_member_open
                  : entry->kind == ACCESS_TAKEN_BACK ? administration_invitation_open
                                                      : administration_device_open,
                  entry->team, entry->subject, open);
    if (fault || !open[0]) return fault; /* out already, or not known at all */
    fault = owner_ask(restore, administration_owner, entry->team, entry->subject, owner_text);
    if (fault) return fault;
    if (uuid_parse(str_from(owner_text), &actors[1]) != FAULT_NONE) actors[1] = entry->by;
    for (size_t i = 0; !fault && i < 2; i++) {
        enum store_status status = STORE_STALE;
        if (uuid_is_zero(actors[i])) continue;
        for (int k = 0; !fault && status == STORE_STALE && k < TRIES_MAX; k++) {
            fault = mutation_try(restore, entry, actors[i], &status);
        }
        restore->revoked += !fault && status == STORE_OK;
        if (fault || status == STORE_OK) return fault;
    }
    return restore_failed(restore,
                          removed                             ? "that a member left"
                          : entry->kind == ACCESS_TAKEN_BACK ? "an invitation that was taken back"
                                                              : "a revoked device",
                          STR("the team's rules refuse it"));
}

static enum fault journal_put(struct restore *restore)
{
    size_t count = access_journal_count(restore->journal);
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < count; i++) {
        const struct access_entry *entry = access_journal_entry(restore->journal, i);
        arena_reset(&restore->arena);
        switch (entry->kind) {
        case ACCESS_ENROLLED: fault = enrolment_put(restore, entry); break;
        case ACCESS_REVOKED:
        case ACCESS_TAKEN_BACK:
        case ACCESS_REMOVED: fault = revocation_put(restore, entry); break;
        }
    }
    return fault;
}

static enum fault owner_connect(struct restore *restore)
{
    char owner[CONFIGURATION_VALUE_MAX * 2];
    enum fault fault = conninfo_owner(restore->configuration, owner);
    if (fault) return fault;
    restore->owner = database_connect(owner);
    if (PQstatus(restore->owner) == CONNECTION_OK) return FAULT_NONE;
    return restore_failed(restore, "devices", str_from(PQerrorMessage(restore->owner)));
}

enum fault access_restore(const struct configuration *configuration, struct trouble *trouble)
{
    struct restore restore = {.configuration = configuration, .trouble = trouble};
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    random_init(&restore.random, seed);
    sodium_memzero(seed, sizeof seed);
    arena_init(&restore.arena, ARENA_MAX);
    enum fault fault = access_journal_open(configuration->data, &restore.journal, trouble);
    if (!fault) fault = owner_connect(&restore);
    if (!fault) fault = journal_put(&restore);
    if (!fault) fault = journal_learn(&restore, administration_enrolled, ACCESS_ENROLLED);
    if (!fault) fault = journal_learn(&restore, administration_revoked, ACCESS_REVOKED);
    if (!fault) fault = journal_learn(&restore, administration_removed, ACCESS_REMOVED);
    if (!fault) fault = journal_learn(&restore, administration_taken_back, ACCESS_TAKEN_BACK);
    if (!fault && restore.enrolled + restore.revoked > 0) {
        fprintf(stderr, "access.restored enrolled=%zu revoked=%zu\n", restore.enrolled,
                restore.revoked);
    }
    if (!fault && access_journal_damaged(restore.journal) > 0) {
        fprintf(stderr, "access.damaged lines=%zu\n", access_journal_damaged(restore.journal));
    }
    if (fault && !trouble->text[0]) {
        trouble_say(trouble, "cannot put back who was sent away: %s", fault_name(fault));
    }
    store_blocking_close(restore.store);
    PQfinish(restore.owner);
    access_journal_close(restore.journal);
    arena_finish(&restore.arena);
    return fault;
}
