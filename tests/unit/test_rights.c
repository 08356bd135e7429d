/* test_rights.c - who may do what, through the server core: every kind of mutation and every request
 * by every role, on one's own, on others' and on another team's. A kind that the rule book knows and
 * that has no row here fails the test.
 *
 * Two teams live in one store: the one of rule_world.h, whose members act, and the strangers of
 * server_world.h. */
#include "common/domain/stage_edit.h"
#include "tests/support/rule_world.h"
#include "tests/support/server_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/codec/row.h"

enum { HOUR_MS = 3600000 };

struct town {
    struct server_world server;
    struct rule_world rules;
    struct uuid team;
};

/* Who acts: in this order in the tables. */
static const char *const roles[] = {"boss", "lead", "rep", "looker"};
enum { ROLES = sizeof roles / sizeof roles[0] };

/* --- the town --- */

static const struct {
    enum entity_kind kind;
    const char *name, *fields;
} things[] = {
    {ENTITY_DEAL, "hers", "title=Hers;pipeline=sales;stage=lead;status=open;owner=other"},
    {ENTITY_DEAL, "nobodys", "title=Nobody's;pipeline=sales;stage=lead;status=open"},
    {ENTITY_DEAL, "hers-won",
     "title=Won;pipeline=sales;stage=won;status=won;owner=other;value=100;currency=EUR"},
    {ENTITY_ACTIVITY, "her-call", "type=call;deal=hers;member=other;happened_at=-1"},
    {ENTITY_INBOX, "her-item",
     "number=1;kind=conflict;state=open;subject_kind=deal;subject=hers;field=source;base=a;mine=b;"
     "theirs=c;author=other"},
    {ENTITY_DEVICE, "her-phone", "member=other;name=phone"},
    {ENTITY_MEMBER, "second-boss", "name=Second;role=owner"},
    {ENTITY_INVITATION, "her-line", "member=other;invited_by=second-boss;expires_at=1"},
    {ENTITY_INVITATION, "boss-line", "member=second-boss;invited_by=second-boss;expires_at=1"},
};

/* What only the one who acts has; $ is who that is. */
static const struct {
    enum entity_kind kind;
    const char *name, *fields;
} own_things[] = {
    {ENTITY_DEAL, "mine", "title=Mine;pipeline=sales;stage=lead;status=open;owner=$;created_by=$"},
    {ENTITY_DEAL, "mine-won",
     "title=Mine;pipeline=sales;stage=won;status=won;owner=$;value=100;currency=EUR"},
    {ENTITY_ACTIVITY, "my-call", "type=call;deal=mine;member=$;happened_at=-1"},
    {ENTITY_INBOX, "my-item",
     "number=2;kind=conflict;state=open;subject_kind=deal;subject=mine;field=source;base=a;mine=b;"
     "theirs=c;author=$"},
    {ENTITY_DEVICE, "my-tablet", "member=$;name=tablet"},
    {ENTITY_ORGANISATION, "my-org", "name=Mine;created_by=$"},
    {ENTITY_PERSON, "my-person", "name=Mine;created_by=$"},
};

static void own_things_put(struct rule_world *w, const char *who)
{
    for (size_t i = 0; i < sizeof own_things / sizeof own_things[0]; i++) {
        struct str rest = str_from(own_things[i].fields), part, fields = STR_NONE;
        while (str_split(&rest, '$', &part)) {
            fields = arena_format(&w->arena, "%.*s%s%.*s", STR_ARGS(fields), fields.p ? who : "",
                                  STR_ARGS(part));
        }
        world_put(w, own_things[i].kind, own_things[i].name, fields.p);
    }
}

static void code_of(const char *member, uint8_t code[CODE_BYTES])
{
    memcpy(code, world_id(member).b, CODE_BYTES);
}

static void town_commit(struct town *t, struct uuid team, uint64_t seq, const struct row *rows,
                        size_t count)
{
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = team,
                                   .expected_seq = seq - 1,
                                   .new_seq = seq,
                                   .mark = {(uint8_t)seq, 7},
                                   .recorded_at = SERVER_WORLD_WALL,
                                   .inbox_last = 2,
                                   .rows = rows,
                                   .row_count = count};
    const struct store_result *result = store_memory_run(t->server.store, &commit);
    assert_int_equal(result->status, STORE_OK);
    store_memory_release(t->server.store, result);
}

static void row_add(struct row *rows, size_t *count, enum entity_kind kind, struct uuid id,
                    const void *entity)
{
    rows[(*count)++] = (struct row){.kind = kind, .id = id, .seq = 1, .entity = entity};
}

/* The acting team, with an invitation for each member; expired ones for `other`. */
static void town_found(struct town *t)
{
    static const char *const invited[] = {"boss", "lead", "rep", "looker", "leaver", "other"};
    enum { INVITED = sizeof invited / sizeof invited[0] };
    struct rule_world *w = &t->rules;
    static struct row rows[64];
    static struct invitation invitations[INVITED];
    static uint8_t hashes[INVITED][32];
    size_t count = 0;
    w->team.id = t->team;
    row_add(rows, &count, ENTITY_TEAM, t->team, &w->team);
    row_add(rows, &count, ENTITY_DEFINITION, t->team, &w->definition);
    for (size_t i = 0; i < w->state.rows.count; i++) {
        const struct map_entry *entry = &w->state.rows.entries[i];
        struct uuid id;
        if (!entry->value) continue;
        memcpy(id.b, entry->key.p + 1, sizeof id.b);
        row_add(rows, &count, (enum entity_kind)entry->key.p[0], id, entry->value);
    }
    for (size_t i = 0; i < INVITED; i++) {
        uint8_t code[CODE_BYTES];
        code_of(invited[i], code);
        codec_payload_hash((struct str){(const char *)code, CODE_BYTES}, hashes[i]);
        bool expired = strcmp(invited[i], "other") == 0;
        invitations[i] =
            (struct invitation){.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &t->server.random),
                                .member = world_id(invited[i]),
                                .code_hash = {(const char *)hashes[i], 32},
                                .expires_at = {true, SERVER_WORLD_WALL + (expired ? -1 : HOUR_MS)}};
        row_add(rows, &count, ENTITY_INVITATION, invitations[i].id, &invitations[i]);
    }
    assert_true(count <= sizeof rows / sizeof rows[0]);
    town_commit(t, t->team, 1, rows, count);
}

static void town_begin(struct town *t, const char *who)
{
    memset(t, 0, sizeof *t);
    server_world_begin(&t->server);
    world_init(&t->rules);
    t->rules.recorded = SERVER_WORLD_WALL;
    t->team = world_id("team");
    t->rules.definition.id = t->team;
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        world_put(&t->rules, things[i].kind, things[i].name, things[i].fields);
    }
    own_things_put(&t->rules, who);
    town_found(t);
}

static void town_end(struct town *t)
{
    server_world_end(&t->server);
    world_finish(&t->rules);
}

static struct peer *town_join(struct town *t, struct peer *peer, const char *who)
{
    peer_make(&t->server, peer);
    peer->hello.has_code = true;
    code_of(who, peer->hello.code);
    peer_connect(&t->server, peer);
    return peer;
}

/* --- mutations --- */

/* y goes through, r right_missing, g gone, k kind_unknown, s owner_self:
 * in the order of roles. */
static const struct {
    const char *claim;
    enum mutation_kind kind;
    enum entity_kind entity;
    const char *target, *edits, *answers;
} rows[] = {
    {"an organisation", MUTATION_CREATE, ENTITY_ORGANISATION, "new", "name=New", "yyyr"},
    {"a person", MUTATION_CREATE, ENTITY_PERSON, "new", "name=New", "yyyr"},
    {"a deal of one's own", MUTATION_CREATE, ENTITY_DEAL, "new", "title=New", "yyyr"},
    {"a deal for another", MUTATION_CREATE, ENTITY_DEAL, "new", "title=New;owner=other", "yyyr"},
    {"an activity", MUTATION_CREATE, ENTITY_ACTIVITY, "new", "type=call;deal=hers", "yyyr"},
    {"an activity of another's", MUTATION_CREATE, ENTITY_ACTIVITY, "new",
     "type=call;deal=hers;member=other", "yyrr"},
    {"a member without a device", MUTATION_CREATE, ENTITY_MEMBER, "new", "name=New", "yyrr"},
    {"a device out of thin air", MUTATION_CREATE, ENTITY_DEVICE, "new", "name=New", "kkkk"},
    {"an item of the inbox out of thin air", MUTATION_CREATE, ENTITY_INBOX, "new", "", "kkkk"},
    {"a deal of one's own is edited", MUTATION_EDIT, ENTITY_DEAL, "mine", "source=web", "yyyr"},
    {"another's deal is edited", MUTATION_EDIT, ENTITY_DEAL, "hers", "source=web", "yyyr"},
    {"a deal of one's own is given away", MUTATION_EDIT, ENTITY_DEAL, "mine", "owner=other",
     "yyyr"},
    {"another's deal is taken", MUTATION_EDIT, ENTITY_DEAL, "hers", "owner=ghost", "yyrr"},
    {"nobody's deal is taken", MUTATION_EDIT, ENTITY_DEAL, "nobodys", "owner=rep", "yyyr"},
    {"one's own won deal is reopened", MUTATION_EDIT, ENTITY_DEAL, "mine-won",
     "stage=lead;status=open", "yyyr"},
    {"another's won deal is reopened", MUTATION_EDIT, ENTITY_DEAL, "hers-won",
     "stage=lead;status=open", "yyrr"},
    {"an organisation is edited", MUTATION_EDIT, ENTITY_ORGANISATION, "acme", "country=Peru",
     "yyyr"},
    {"a person is edited", MUTATION_EDIT, ENTITY_PERSON, "ann", "position=CEO", "yyyr"},
    {"an activity is edited", MUTATION_EDIT, ENTITY_ACTIVITY, "my-call", "text=Hm", "yyyr"},
    {"a rep is renamed", MUTATION_EDIT, ENTITY_MEMBER, "other", "name=Another", "yyrr"},
    {"a rep becomes a viewer", MUTATION_EDIT, ENTITY_MEMBER, "other", "role=viewer", "yyrr"},
    {"a rep becomes a manager", MUTATION_EDIT, ENTITY_MEMBER, "other", "role=manager", "yrrr"},
    {"a rep leaves", MUTATION_EDIT, ENTITY_MEMBER, "other", "removed=true", "yyrr"},
    {"an owner is removed by another", MUTATION_EDIT, ENTITY_MEMBER, "second-boss", "removed=true",
     "yrrr"},
    {"an owner steps down", MUTATION_EDIT, ENTITY_MEMBER, "boss", "role=rep", "srrr"},
    {"one's own device is named", MUTATION_EDIT, ENTITY_DEVICE, "my-tablet", "name=Slab", "yyyy"},
    {"one's own device is revoked", MUTATION_EDIT, ENTITY_DEVICE, "my-tablet", "revoked=true",
     "yyyy"},
    {"another's device is revoked", MUTATION_EDIT, ENTITY_DEVICE, "her-phone", "revoked=true",
     "yyrr"},
    {"a device that is none", MUTATION_EDIT, ENTITY_DEVICE, "no-phone", "revoked=true", "ggrr"},
    {"the team is edited", MUTATION_EDIT, ENTITY_TEAM, "team", "name=Mine", "kkkk"},
    {"history is edited", MUTATION_EDIT, ENTITY_EVENT, "mine", "", "kkkk"},
    {"an invitation is taken back", MUTATION_EDIT, ENTITY_INVITATION, "her-line",
     "revoked=true;member=other", "yyrr"},
    {"one of nobody named", MUTATION_EDIT, ENTITY_INVITATION, "her-line", "revoked=true", "yrrr"},
    {"an owner's invitation is taken back", MUTATION_EDIT, ENTITY_INVITATION, "boss-line",
     "revoked=true;member=second-boss", "yrrr"},
    {"an invitation that is none", MUTATION_EDIT, ENTITY_INVITATION, "no-line", "revoked=true",
     "ggrr"},
    {"an invitation is deleted", MUTATION_DELETE, ENTITY_INVITATION, "her-line", "", "kkkk"},
    {"one's own deal is deleted", MUTATION_DELETE, ENTITY_DEAL, "mine", "", "yyyr"},
    {"another's deal is deleted", MUTATION_DELETE, ENTITY_DEAL, "hers", "", "yyrr"},
    {"one's own activity is deleted", MUTATION_DELETE, ENTITY_ACTIVITY, "my-call", "", "yyyr"},
    {"another's activity is deleted", MUTATION_DELETE, ENTITY_ACTIVITY, "her-call", "", "yyrr"},
    {"one's own organisation is deleted", MUTATION_DELETE, ENTITY_ORGANISATION, "my-org", "",
     "yyyr"},
    {"another's organisation is deleted", MUTATION_DELETE, ENTITY_ORGANISATION, "zenith", "",
     "yyrr"},
    {"one's own person is deleted", MUTATION_DELETE, ENTITY_PERSON, "my-person", "", "yyyr"},
    {"a member is deleted", MUTATION_DELETE, ENTITY_MEMBER, "other", "", "kkkk"},
    {"a device is deleted", MUTATION_DELETE, ENTITY_DEVICE, "my-tablet", "", "kkkk"},
    {"a deal is imported", MUTATION_IMPORT, ENTITY_DEAL, "new", "title=Old;owner=other", "yyrr"},
    {"anything else is imported", MUTATION_IMPORT, ENTITY_PERSON, "new", "name=New", "kkkk"},
    {"a rep is invited", MUTATION_INVITE, ENTITY_MEMBER, "new", "name=New;role=rep", "yyrr"},
    {"a manager is invited", MUTATION_INVITE, ENTITY_MEMBER, "new", "name=New;role=manager",
     "yrrr"},
    {"another device of an owner", MUTATION_INVITE, ENTITY_MEMBER, "second-boss",
     "name=Second;role=owner", "yrrr"},
    {"one's own item is closed", MUTATION_CLOSE, ENTITY_INBOX, "my-item", "", "yyyy"},
    {"another's item is closed", MUTATION_CLOSE, ENTITY_INBOX, "her-item", "", "yygg"},
    {"an item that is none is closed", MUTATION_CLOSE, ENTITY_INBOX, "no-item", "", "gggg"},
    {"a closed deal is corrected", MUTATION_CORRECT, ENTITY_DEAL, "mine-won", "value=200", "yyrr"},
    {"a stage is renamed", MUTATION_EDIT, ENTITY_DEFINITION, "team", "", "yyrr"},
    {"a deal that nobody deleted comes back", MUTATION_RESTORE, ENTITY_DEAL, "new", "", "ggrr"},
    {"such an organisation", MUTATION_RESTORE, ENTITY_ORGANISATION, "new", "", "ggrr"},
    {"such a person", MUTATION_RESTORE, ENTITY_PERSON, "new", "", "ggrr"},
    {"such an activity", MUTATION_RESTORE, ENTITY_ACTIVITY, "new", "", "ggrr"},
    {"a member comes back", MUTATION_RESTORE, ENTITY_MEMBER, "other", "", "kkkk"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static struct mutation row_mutation(struct rule_world *w, enum mutation_kind kind,
                                    enum entity_kind entity, const char *target, const char *edits)
{
    static struct stand stands[] = {{.stage = STR_INIT("lead"), .status = STATUS_OPEN}};
    static struct stage_edit renamed;
    struct mutation mutation = world_mutation(w, kind, entity, target, edits);
    if (entity == ENTITY_DEFINITION) {
        assert_true(stage_edit_begin(&w->definition.pipelines[0], STR("lead"), &renamed));
        renamed.want.name = STR("Leads");
        mutation.stage = &renamed;
    }
    if (kind == MUTATION_IMPORT) {
        mutation.stands = stands;
        mutation.stand_count = 1;
    }
    if (kind == MUTATION_INVITE) mutation.code_hash = STR("0123456789abcdef0123456789abcdef");
    if (kind == MUTATION_CLOSE) {
        mutation.resolves = mutation.target;
        mutation.resolution = INBOX_THEIRS;
    }
    return mutation;
}

static struct outcome push(struct town *t, struct peer *peer, const struct mutation *mutation)
{
    uint64_t number = peer->hello.next_number++;
    peer_push(&t->server, peer, number, server_world_pack(mutation, &t->rules.arena));
    struct outcome outcome = peer_outcome(peer, number);
    assert_int_not_equal(outcome.kind, OUTCOME_NONE);
    return outcome;
}

static bool outcome_is(const struct outcome *outcome, char answer)
{
    struct str why = outcome->reasons;
    if (answer == 'y') return outcome->kind == OUTCOME_APPLIED;
    if (outcome->kind != OUTCOME_PARKED) return false;
    switch (answer) {
    case 'r': return str_starts_with(why, STR("right_missing"));
    case 'g': return str_starts_with(why, STR("gone"));
    case 'k': return str_starts_with(why, STR("kind_unknown"));
    case 's': return str_starts_with(why, STR("owner_self"));
    default: fail_msg("no answer '%c'", answer); return false;
    }
}

static void every_mutation_by_every_role(void **state)
{
    (void)state;
    static struct town t;
    size_t broken = 0;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t role = 0; role < ROLES; role++) {
            town_begin(&t, roles[role]);
            struct peer *peer = town_join(&t, &t.server.peers[1], roles[role]);
            (void)peer_welcomed(peer);
            struct mutation mutation =
                row_mutation(&t.rules, rows[i].kind, rows[i].entity, rows[i].target, rows[i].edits);
            struct outcome outcome = push(&t, peer, &mutation);
            if (!outcome_is(&outcome, rows[i].answers[role])) {
                print_message("NOT: %s, by %s: '%c'; it is %s %.*s\n", rows[i].claim, roles[role],
                              rows[i].answers[role], outcome_name((enum outcome_kind)outcome.kind),
                              STR_ARGS(outcome.reasons));
                broken++;
            }
            town_end(&t);
        }
    }
    assert_int_equal(broken, 0);
}

/* From a revoked device nothing goes through, whoever's it is; after its last word it is told. */
static void no_mutation_from_a_revoked_device(void **state)
{
    (void)state;
    static struct town t;
    for (size_t i = 0; i < ROWS; i++) {
        town_begin(&t, "boss");
        struct peer *peer = town_join(&t, &t.server.peers[1], "boss");
        struct uuid device = peer_welcomed(peer)->device;
        peer_leave(&t.server, peer);
        store_memory_revoke(t.server.store, device);
        peer->hello.next_number = 2;
        peer_connect(&t.server, peer);
        peer->hello.next_number = 1;
        struct mutation mutation =
            row_mutation(&t.rules, rows[i].kind, rows[i].entity, rows[i].target, rows[i].edits);
        struct outcome outcome = push(&t, peer, &mutation);
        assert_int_equal(outcome.kind, OUTCOME_PARKED);
        if (!str_starts_with(outcome.reasons, STR("device_revoked"))) fail_msg("%s", rows[i].claim);
        assert_int_equal(peer_find(peer, MESSAGE_REFUSAL)->refusal.code, REFUSAL_REVOKED);
        town_end(&t);
    }
}

static bool row_is_for(enum mutation_kind kind, enum entity_kind entity)
{
    for (size_t i = 0; i < ROWS; i++) {
        bool any = kind == MUTATION_CLOSE; /* says nothing of what its item is about */
        if (rows[i].kind == kind && (any || rows[i].entity == entity)) return true;
    }
    return false;
}

/* Asked of the rule book itself, so that nobody has to remember this file. */
static void every_kind_that_is_known_has_a_row(void **state)
{
    (void)state;
    enum { KINDS = 64 };
    struct rule_world w;
    world_init(&w);
    size_t known = 0;
    for (int kind = MUTATION_NONE; kind < KINDS; kind++) {
        for (int entity = ENTITY_NONE; entity < ENTITY_COUNT + 8; entity++) {
            struct mutation mutation =
                row_mutation(&w, (enum mutation_kind)kind, ENTITY_DEAL, "anything", "");
            mutation.entity = entity;
            struct change change = world_decide(&w, "boss", &mutation);
            if (change.reasons.count > 0 && change.reasons.items[0].code == REASON_KIND_UNKNOWN) {
                continue;
            }
            known++;
            if (!row_is_for((enum mutation_kind)kind, (enum entity_kind)entity)) {
                fail_msg("no row for mutation %d of entity %d", kind, entity);
            }
        }
    }
    assert_true(known >= 12);
    world_finish(&w);
}

/* --- another team's --- */

/* The strangers' member, deal and so on, by whose ids nobody here may learn or change anything. */
static const struct {
    const char *claim;
    enum mutation_kind kind;
    enum entity_kind entity;
    const char *edits;
    const char *reference; /* the id goes into this field instead of being the target */
} elsewhere[] = {
    {"a deal is edited", MUTATION_EDIT, ENTITY_DEAL, "source:>web", NULL},
    {"a deal is deleted", MUTATION_DELETE, ENTITY_DEAL, "", NULL},
    {"a deal is corrected", MUTATION_CORRECT, ENTITY_DEAL, "value:>200", NULL},
    {"a deal is created over it", MUTATION_CREATE, ENTITY_DEAL, "title=New", NULL},
    {"a deal is imported over it", MUTATION_IMPORT, ENTITY_DEAL, "title=New", NULL},
    {"an activity names the deal", MUTATION_CREATE, ENTITY_ACTIVITY, "type=call", "deal"},
    {"a member is edited", MUTATION_EDIT, ENTITY_MEMBER, "role:>viewer", NULL},
    {"a member is invited", MUTATION_INVITE, ENTITY_MEMBER, "name=New", NULL},
    {"a deal is given to the member", MUTATION_CREATE, ENTITY_DEAL, "title=New", "owner"},
    {"an organisation is edited", MUTATION_EDIT, ENTITY_ORGANISATION, "name:>Mine", NULL},
    {"a deal names the organisation", MUTATION_CREATE, ENTITY_DEAL, "title=New", "org"},
    {"a person is edited", MUTATION_EDIT, ENTITY_PERSON, "name:>Mine", NULL},
    {"a device is revoked", MUTATION_EDIT, ENTITY_DEVICE, "revoked:>true", NULL},
    {"an item is closed", MUTATION_CLOSE, ENTITY_INBOX, "", NULL},
};

/* The strangers have one thing of each kind, all of that id. */
static void strangers_put(struct town *t, struct uuid id)
{
    struct deal deal = {.id = id,
                        .title = STR("Secret"),
                        .pipeline = STR("default"),
                        .stage = STR("lead"),
                        .status = STATUS_OPEN,
                        .owner = t->server.owner};
    struct organisation organisation = {.id = id, .name = STR("Secret")};
    struct person person = {.id = id, .name = STR("Secret")};
    struct member member = {.id = id, .name = STR("Secret"), .role = ROLE_REP};
    struct device device = {.id = id, .member = t->server.owner, .name = STR("Secret")};
    struct inbox_item item = {.id = id,
                              .number = 1,
                              .kind = INBOX_CONFLICT,
                              .state = INBOX_OPEN,
                              .author = t->server.owner};
    const struct row all[] = {
        {.kind = ENTITY_DEAL, .id = id, .seq = 2, .entity = &deal},
        {.kind = ENTITY_ORGANISATION, .id = id, .seq = 2, .entity = &organisation},
        {.kind = ENTITY_PERSON, .id = id, .seq = 2, .entity = &person},
        {.kind = ENTITY_MEMBER, .id = id, .seq = 2, .entity = &member},
        {.kind = ENTITY_DEVICE, .id = id, .seq = 2, .entity = &device},
        {.kind = ENTITY_INBOX, .id = id, .seq = 2, .entity = &item},
    };
    town_commit(t, t->server.team, 2, all, sizeof all / sizeof all[0]);
}

/* What the acting team's owner is answered, and what the strangers hear of it. */
static struct outcome ask_elsewhere(struct town *t, size_t i, struct uuid id, size_t *heard)
{
    struct server_world *w = &t->server;
    struct peer *stranger = peer_enrolled(w), *peer = town_join(t, &w->peers[1], "boss");
    (void)peer_welcomed(peer);
    struct mutation mutation = row_mutation(&t->rules, elsewhere[i].kind, elsewhere[i].entity,
                                            "absent", elsewhere[i].edits);
    if (elsewhere[i].reference) {
        struct edit edits[MUTATION_CHANGES_MAX];
        const struct field *field =
            field_by_name(elsewhere[i].entity, str_from(elsewhere[i].reference));
        memcpy(edits, mutation.edits, mutation.edit_count * sizeof *edits);
        edits[mutation.edit_count++] = (struct edit){.tag = field->tag,
                                                     .field = field,
                                                     .base = value_absent(VALUE_REFERENCE),
                                                     .want = value_reference(id)};
        mutation.edits = edits;
        size_t before = stranger->count;
        struct outcome outcome = push(t, peer, &mutation);
        *heard = stranger->count - before;
        return outcome;
    }
    mutation.target = id;
    if (mutation.kind == MUTATION_CLOSE) mutation.resolves = id;
    size_t before = stranger->count;
    struct outcome outcome = push(t, peer, &mutation);
    *heard = stranger->count - before;
    return outcome;
}

static void another_teams_things_are_as_unknown_ones(void **state)
{
    (void)state;
    static struct town t;
    struct uuid theirs = uuid_derive((struct uuid){{5}}, STR("theirs"));
    struct uuid nobodys = uuid_derive((struct uuid){{5}}, STR("nobodys"));
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        char reasons[2][512];
        int64_t kinds[2];
        for (size_t k = 0; k < 2; k++) {
            size_t heard = 0;
            town_begin(&t, "boss");
            strangers_put(&t, theirs);
            struct outcome outcome = ask_elsewhere(&t, i, k ? theirs : nobodys, &heard);
            kinds[k] = outcome.kind;
            (void)snprintf(reasons[k], sizeof reasons[k], "%.*s", STR_ARGS(outcome.reasons));
            if (heard > 0) fail_msg("%s: the other team heard of it", elsewhere[i].claim);
            town_end(&t);
        }
        if (kinds[0] != kinds[1] || strcmp(reasons[0], reasons[1]) != 0) {
            fail_msg("%s: \"%s\" or \"%s\"", elsewhere[i].claim, reasons[0], reasons[1]);
        }
    }
}

/* --- what is seen --- */

/* The tablet above has no key, so only a store that goes by the rows takes it for another device, to
 * whose member a new one is announced. */
#ifndef RIGHTS_TOLD_OF_DEVICES
#define RIGHTS_TOLD_OF_DEVICES 0
#endif
enum { TOLD = RIGHTS_TOLD_OF_DEVICES };

static const struct {
    enum entity_kind kind;
    size_t rows[ROLES];
} sights[] = {
    {ENTITY_TEAM, {1, 1, 1, 1}},       {ENTITY_MEMBER, {8, 8, 8, 8}},
    {ENTITY_DEFINITION, {1, 1, 1, 1}}, {ENTITY_ORGANISATION, {3, 3, 3, 3}},
    {ENTITY_PERSON, {2, 2, 2, 2}},     {ENTITY_DEAL, {5, 5, 5, 5}},
    {ENTITY_ACTIVITY, {2, 2, 2, 2}},   {ENTITY_INBOX, {2 + TOLD, 2 + TOLD, 1 + TOLD, 1 + TOLD}},
    {ENTITY_INVITATION, {8, 8, 0, 0}}, {ENTITY_DEVICE, {3, 3, 2, 2}},
    {ENTITY_OUTCOME, {0, 0, 0, 0}},
};

static void everybody_sees_their_own_team_and_their_own_items(void **state)
{
    (void)state;
    static struct town t;
    struct uuid theirs = uuid_derive((struct uuid){{5}}, STR("theirs"));
    for (size_t role = 0; role < ROLES; role++) {
        town_begin(&t, roles[role]);
        strangers_put(&t, theirs);
        struct peer *peer = town_join(&t, &t.server.peers[1], roles[role]);
        assert_memory_equal(&peer_welcomed(peer)->team, &t.team, sizeof t.team);
        for (size_t i = 0; i < sizeof sights / sizeof sights[0]; i++) {
            size_t seen = peer_rows(peer, sights[i].kind);
            if (seen != sights[i].rows[role]) {
                fail_msg("%s sees %zu rows of kind %d", roles[role], seen, (int)sights[i].kind);
            }
        }
        for (size_t i = 0; i < peer->count; i++) {
            const struct page *page = &peer->messages[i].page;
            for (size_t k = 0; peer->messages[i].kind == MESSAGE_PAGE && k < page->count; k++) {
                assert_false(uuid_equal(page->rows[k].id, theirs));
            }
        }
        town_end(&t);
    }
}

/* --- who is let in --- */

enum visitor {
    VISITOR_STRANGER,
    VISITOR_WRONG_CODE,
    VISITOR_INVITED,
    VISITOR_USED_CODE,
    VISITOR_SAME_CODE_AGAIN,
    VISITOR_EXPIRED_CODE,
    VISITOR_REMOVED,
    VISITOR_REVOKED,
    VISITOR_KNOWN,
    VISITOR_WITH_ANOTHERS_COPY
};

static const struct {
    const char *claim;
    enum visitor visitor;
    enum session_refusal refusal; /* NONE: welcome */
} visitors[] = {
    {"nobody knows the device", VISITOR_STRANGER, REFUSAL_UNKNOWN_DEVICE},
    {"the code was never given", VISITOR_WRONG_CODE, REFUSAL_INVITATION_UNKNOWN},
    {"an invited one is let in", VISITOR_INVITED, REFUSAL_NONE},
    {"a code is good for one device", VISITOR_USED_CODE, REFUSAL_INVITATION_USED},
    {"which may say it again: its first welcome may be lost", VISITOR_SAME_CODE_AGAIN,
     REFUSAL_NONE},
    {"a code is good for its time", VISITOR_EXPIRED_CODE, REFUSAL_INVITATION_EXPIRED},
    {"who left the team is not let in by an old code", VISITOR_REMOVED, REFUSAL_REVOKED},
    {"a revoked device is sent away", VISITOR_REVOKED, REFUSAL_REVOKED},
    {"a known device is let in", VISITOR_KNOWN, REFUSAL_NONE},
    {"a copy of another's becomes one of one's own", VISITOR_WITH_ANOTHERS_COPY, REFUSAL_NONE},
};

static struct peer *visit(struct town *t, enum visitor visitor)
{
    struct server_world *w = &t->server;
    struct peer *rep = &w->peers[1], *guest = &w->peers[2];
    peer_make(w, guest);
    switch (visitor) {
    case VISITOR_STRANGER: break;
    case VISITOR_WRONG_CODE: return town_join(t, guest, "nobody");
    case VISITOR_INVITED: return town_join(t, guest, "rep");
    case VISITOR_USED_CODE: (void)town_join(t, rep, "rep"); return town_join(t, guest, "rep");
    case VISITOR_SAME_CODE_AGAIN:
        peer_leave(w, town_join(t, rep, "rep"));
        peer_connect(w, rep);
        return rep;
    case VISITOR_EXPIRED_CODE: return town_join(t, guest, "other");
    case VISITOR_REMOVED: return town_join(t, guest, "leaver");
    case VISITOR_REVOKED:
    case VISITOR_KNOWN:
        (void)town_join(t, rep, "rep");
        if (visitor == VISITOR_REVOKED) {
            store_memory_revoke(w->store, peer_welcomed(rep)->device);
        }
        (void)peer_welcomed(rep);
        peer_leave(w, rep);
        peer_connect(w, rep);
        return rep;
    case VISITOR_WITH_ANOTHERS_COPY:
        (void)town_join(t, rep, "rep");
        (void)peer_welcomed(rep);
        peer_leave(w, town_join(t, guest, "looker"));
        (void)peer_welcomed(guest);
        guest->hello.replica = rep->hello.replica;
        memcpy(guest->hello.token, rep->hello.token, TOKEN_BYTES);
        break;
    }
    peer_connect(w, guest);
    return guest;
}

static void only_who_belongs_is_let_in(void **state)
{
    (void)state;
    static struct town t;
    for (size_t i = 0; i < sizeof visitors / sizeof visitors[0]; i++) {
        town_begin(&t, "rep");
        struct peer *peer = visit(&t, visitors[i].visitor);
        const struct message *refusal = peer_find(peer, MESSAGE_REFUSAL);
        const struct message *welcome = peer_find(peer, MESSAGE_WELCOME);
        enum session_refusal code = refusal ? refusal->refusal.code : REFUSAL_NONE;
        if (code != visitors[i].refusal || (code == REFUSAL_NONE) != (welcome != NULL)) {
            fail_msg("%s: %s", visitors[i].claim, refusal_name(code));
        }
        if (code != REFUSAL_NONE) {
            assert_true(peer->closed);
            assert_null(peer_find(peer, MESSAGE_PAGE)); /* not one row */
        }
        if (visitors[i].visitor == VISITOR_WITH_ANOTHERS_COPY) {
            assert_int_equal(welcome->welcome.plan, PLAN_NEW_REPLICA);
            assert_true(uuid_equal(welcome->welcome.member, world_id("looker")));
        }
        town_end(&t);
    }
}

/* --- requests --- */

/* What a client may say once it is let in: y answered, c closed in peace, f closed for form. */
static const struct {
    const char *claim;
    struct message message;
    char answer;
} requests[] = {
    {"a ping", {.kind = MESSAGE_PING, .nonce = 7}, 'y'},
    {"a pong nobody asked for", {.kind = MESSAGE_PONG, .nonce = 7}, 'n'},
    {"a farewell", {.kind = MESSAGE_BYE, .bye = BYE_DONE}, 'c'},
    {"a welcome is the server's", {.kind = MESSAGE_WELCOME, .welcome = {.plan = PLAN_DELTA}}, 'f'},
    {"a refusal is the server's",
     {.kind = MESSAGE_REFUSAL, .refusal = {.code = REFUSAL_REVOKED}},
     'f'},
    {"a page is the server's", {.kind = MESSAGE_PAGE}, 'f'},
};

static void say(struct town *t, struct peer *peer, const struct message *message)
{
    struct buffer out;
    buffer_init(&out, FRAME_TO_SERVER_MAX);
    assert_int_equal(codec_message_pack(message, &out), FAULT_NONE);
    assert_int_equal(channel_send(&peer->channel, buffer_str(&out)), FAULT_NONE);
    buffer_finish(&out);
    server_world_settle(&t->server);
}

static void every_request_by_every_role(void **state)
{
    (void)state;
    static struct town t;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        for (size_t role = 0; role < ROLES; role++) {
            town_begin(&t, roles[role]);
            struct peer *peer = town_join(&t, &t.server.peers[1], roles[role]);
            say(&t, peer, &requests[i].message);
            char answer = 'n';
            if (peer->closed)
                answer = peer_bye(peer) == BYE_FORM ? 'f' : 'c';
            else if (peer_find(peer, MESSAGE_PONG))
                answer = 'y';
            if (answer != requests[i].answer) fail_msg("%s: '%c'", requests[i].claim, answer);
            town_end(&t);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_that_is_known_has_a_row),
        cmocka_unit_test(every_mutation_by_every_role),
        cmocka_unit_test(no_mutation_from_a_revoked_device),
        cmocka_unit_test(another_teams_things_are_as_unknown_ones),
        cmocka_unit_test(everybody_sees_their_own_team_and_their_own_items),
        cmocka_unit_test(only_who_belongs_is_let_in),
        cmocka_unit_test(every_request_by_every_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
