/* administration_invite.c - invite; and the invitations that nobody has used yet, listed or taken
 * back.
 *
 * Invariant: who acts is an owner of the team; what may be is decided by the rule book, as for a
 * client that asks the same. */
#include "server/edge/administration_inside.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/codec/row.h"
#include "common/domain/field.h"
#include "server/core/batch.h"
#include "server/edge/statements_administration.h"

#include "common/base/banned.h"

enum { SHORT_SHOWN = 8 };

struct invite {
    struct uuid actor; /* an owner */
    struct member known;
    bool is_known, is_imported;
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
        invite->is_imported = PQgetvalue(rows, i, 4)[0] == 't';
        invite->known = (struct member){.id = id, .name = name, .role = role};
    }
    return uuid_is_zero(invite->actor) ? FAULT_NOT_FOUND : FAULT_NONE;
}

static enum fault members_read(struct arena *arena, const struct configuration *c,
                               struct invite *invite, struct trouble *trouble)
{
    PGconn *connection;
    enum fault fault = administration_connect(c, &connection, trouble);
    if (fault) return fault;
    PGresult *rows = administration_query(connection, administration_members, c);
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
static enum fault payload_pack(struct arena *arena, const struct mutation *mutation,
                               struct str *payload)
{
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    enum fault fault = codec_mutation_pack(mutation, &packed);
    if (!fault) *payload = arena_str(arena, buffer_str(&packed));
    buffer_finish(&packed);
    return fault ? fault : arena_fault(arena);
}

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
         .want = value_number(field->type, role == ROLE_NONE ? ROLE_REP : role)},
    };
    if (known) {
        edits[0].base = edits[0].want;
        edits[1].base = value_number(field->type, known->role);
    }
    int64_t now = administration_now();
    bool says_role = role != ROLE_NONE || !known; /* else who is known keeps it */
    struct mutation mutation = {
        .id = uuid_v7((uint64_t)now, random),
        .kind = MUTATION_INVITE,
        .entity = ENTITY_MEMBER,
        .target = known ? known->id : uuid_v7((uint64_t)now, random),
        .edits = edits,
        .edit_count = says_role ? 2 : 1,
        .acted_at = {true, now},
        .code_hash = {(const char *)hash, HASH_BYTES},
        .expires_at = {true, now + INVITATION_HOURS * INT64_C(3600000)},
    };
    return payload_pack(arena, &mutation, payload);
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
        fault = batch_decide(arena, result, item, 1, administration_now(), random, &commit);
        if (fault) return fault;
        if (item->outcome != OUTCOME_APPLIED && item->outcome != OUTCOME_MERGED) {
            trouble_say(trouble, "the team's rules refuse it; look at `sluiced status`");
            return FAULT_DENIED;
        }
        if (commit.row_count == 0) return FAULT_NONE; /* somebody was first: no seq for it */
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
    enum fault fault = administration_store(c, &store, trouble);
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
    administration_random(&random);
    enum fault fault = administration_name(arena, "NAME", name, &invite.name, trouble);
    if (!fault) fault = text_fold(arena, invite.name, &invite.folded);
    if (!fault) fault = members_read(arena, c, &invite, trouble);
    if (fault) return fault;
    bool stays = invite.is_known && !invite.is_imported; /* as decide_invite has it, in our words */
    if (stays && role != ROLE_NONE && role != (enum role)invite.known.role) {
        const struct field *field = field_by_name(ENTITY_MEMBER, STR("role"));
        const char *word = field_choice_name(field, invite.known.role);
        trouble_say(trouble, "%.*s is %s already, and an invitation does not change that: leave --role "
                             "away for a further device; a role is changed with `sluice member edit "
                             "NAME --role ROLE`",
                    STR_ARGS(invite.known.name), word ? word : "in the team");
        return FAULT_EXISTS;
    }
    random_bytes(&random, code, INVITATION_CODE_BYTES);
    administration_code_hash(code, hash);
    fault = invite_pack(arena, &invite, role, hash, &random, &payload);
    if (!fault) fault = invite_write(arena, c, &invite, payload, &random, trouble);
    sodium_memzero(&random, sizeof random);
    return fault;
}

enum fault administration_invite(const struct configuration *c, const char *name, enum role role,
                                 struct trouble *trouble)
{
    struct administration_database database;
    struct arena arena;
    uint8_t code[INVITATION_CODE_BYTES];
    arena_init(&arena, ARENA_MAX);
    enum fault fault = administration_begin(&database, c, trouble);
    if (!fault) fault = invite_run(&arena, c, name, role, code, trouble);
    administration_end(&database);
    if (!fault) {
        fprintf(stderr, "Valid %d hours, for one device: sluice join LINE\n", INVITATION_HOURS);
        fault = administration_invitation_print(c, code, trouble);
    }
    if (fault && !trouble->text[0]) trouble_say(trouble, "failed: %s", fault_name(fault));
    sodium_memzero(code, sizeof code);
    arena_finish(&arena);
    return fault;
}

/* --- those that nobody has used --- */

struct open_invitation {
    struct uuid id;
    struct str name;
};

enum { INVITATION_ID, INVITATION_NAME, INVITATION_ROLE, INVITATION_BY, INVITATION_EXPIRES };

static enum fault open_read(const struct configuration *c, PGresult **out, struct trouble *trouble)
{
    PGconn *connection;
    *out = NULL;
    enum fault fault = administration_connect(c, &connection, trouble);
    if (fault) return fault;
    *out = administration_query(connection, administration_invitations_open, c);
    if (PQresultStatus(*out) != PGRES_TUPLES_OK) {
        trouble_say(trouble, "cannot read the invitations; is this the right database? `sluiced "
                             "check-config` shows which");
        fault = FAULT_IO;
    }
    PQfinish(connection);
    return fault;
}

static void open_print(const PGresult *rows)
{
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    for (int i = 0; i < PQntuples(rows); i++) {
        struct uuid id;
        char text[SHORT_ID_LENGTH_MAX + 1] = "";
        int64_t number = 0;
        if (uuid_parse(str_from(PQgetvalue(rows, i, INVITATION_ID)), &id)) continue;
        if (str_to_int64(str_from(PQgetvalue(rows, i, INVITATION_ROLE)), &number)) continue;
        const char *word = field_choice_name(role, number);
        uuid_short(id, SHORT_SHOWN, text);
        printf("%s  %s  %s  by %s  until %s\n", text, PQgetvalue(rows, i, INVITATION_NAME),
               word ? word : "?", PQgetvalue(rows, i, INVITATION_BY),
               PQgetvalue(rows, i, INVITATION_EXPIRES));
    }
    if (PQntuples(rows) == 0) fprintf(stderr, "no invitation waits to be used\n");
}

/* revoked = true, packed. */
static enum fault revocation_pack(struct arena *arena, struct uuid invitation,
                                  struct random *random, struct str *payload)
{
    const struct field *field = field_by_name(ENTITY_INVITATION, STR("revoked"));
    struct edit edit = {.tag = field->tag, .field = field,
                        .base = value_number(field->type, 0),
                        .want = value_number(field->type, 1)};
    int64_t now = administration_now();
    struct mutation mutation = {.id = uuid_v7((uint64_t)now, random),
                                .kind = MUTATION_EDIT,
                                .entity = ENTITY_INVITATION,
                                .target = invitation,
                                .edits = &edit,
                                .edit_count = 1,
                                .acted_at = {true, now}};
    return payload_pack(arena, &mutation, payload);
}

/* Those of the member so called, or the one whose id begins so. */
static enum fault open_revoke(struct arena *arena, const struct configuration *c,
                              const PGresult *rows, const char *who, struct trouble *trouble)
{
    struct invite acting = {0};
    struct random random;
    struct str wanted, name, payload;
    size_t count = 0;
    administration_random(&random);
    enum fault fault = text_fold(arena, str_from(who), &wanted);
    acting.folded = wanted;
    if (!fault) fault = members_read(arena, c, &acting, trouble);
    for (int i = 0; !fault && i < PQntuples(rows); i++) {
        struct uuid id;
        fault = uuid_parse(str_from(PQgetvalue(rows, i, INVITATION_ID)), &id);
        if (!fault) {
            fault = text_fold(arena, str_from(PQgetvalue(rows, i, INVITATION_NAME)), &name);
        }
        if (fault) break;
        bool meant = str_equal(name, wanted) || (wanted.n >= SHORT_ID_LENGTH_MIN &&
                                                 uuid_short_matches(id, str_from(who)));
        if (!meant) continue;
        fault = revocation_pack(arena, id, &random, &payload);
        if (!fault) fault = invite_write(arena, c, &acting, payload, &random, trouble);
        if (fault) break;
        count++;
        fprintf(stderr, "Took back the invitation of %s\n", PQgetvalue(rows, i, INVITATION_NAME));
    }
    if (!fault && count == 0) {
        trouble_say(trouble, "no invitation of \"%s\" waits to be used; see `sluiced invitations`",
                    who);
        fault = FAULT_NOT_FOUND;
    }
    sodium_memzero(&random, sizeof random);
    return fault;
}

enum fault administration_invitations(const struct configuration *c, const char *revoke,
                                      struct trouble *trouble)
{
    struct administration_database database;
    struct arena arena;
    PGresult *rows = NULL;
    arena_init(&arena, ARENA_MAX);
    enum fault fault = administration_begin(&database, c, trouble);
    if (!fault) fault = open_read(c, &rows, trouble);
    if (!fault && revoke) fault = open_revoke(&arena, c, rows, revoke, trouble);
    else if (!fault) open_print(rows);
    PQclear(rows);
    administration_end(&database);
    if (fault && !trouble->text[0]) trouble_say(trouble, "failed: %s", fault_name(fault));
    arena_finish(&arena);
    return fault;
}
