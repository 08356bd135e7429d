/* test_server_people.c - who is in the team and with what, through the server core: devices announced
 * and revoked, roles changed, owners kept. */
#include "tests/support/server_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/codec/row.h"

/* Another member, invited with the code `code` by a commit of the owner's. */
static void invite_member(struct server_world *w, struct uuid member, const char *name,
                          enum role role, uint8_t code[CODE_BYTES])
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    uint8_t hash[32];
    random_bytes(&w->random, code, CODE_BYTES);
    codec_payload_hash((struct str){(const char *)code, CODE_BYTES}, hash);
    struct edit edits[] = {
        {.field = field_by_name(ENTITY_MEMBER, STR("name")), .want = value_text(str_from(name))},
        {.field = field_by_name(ENTITY_MEMBER, STR("role")),
         .want = value_number(VALUE_CHOICE, role)},
    };
    for (size_t i = 0; i < 2; i++) edits[i].tag = edits[i].field->tag;
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random),
                                .kind = MUTATION_INVITE,
                                .entity = ENTITY_MEMBER,
                                .target = member,
                                .edits = edits,
                                .edit_count = 2,
                                .code_hash = {(const char *)hash, sizeof hash}};
    struct peer *owner = &w->peers[0];
    uint64_t number = owner->hello.next_number++;
    peer_push(w, owner, number, server_world_pack(&mutation, &arena));
    assert_int_equal(peer_outcome(owner, number).kind, OUTCOME_APPLIED);
    arena_finish(&arena);
}

static struct peer *bert_enrolled(struct server_world *w, enum role role)
{
    uint8_t code[CODE_BYTES];
    struct peer *bert = &w->peers[2];
    invite_member(w, uuid_v7(99, &w->random), "Bert", role, code);
    peer_make(w, bert);
    bert->hello.has_code = true;
    memcpy(bert->hello.code, code, CODE_BYTES);
    peer_connect(w, bert);
    assert_false(bert->closed);
    peer_welcomed(bert);
    return bert;
}

static struct str people_edit(struct server_world *w, struct arena *arena, enum entity_kind kind,
                              struct uuid target, const char *name, struct value base,
                              struct value want)
{
    const struct field *field = field_by_name(kind, str_from(name));
    struct edit edit = {.tag = field->tag, .field = field, .base = base, .want = want};
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random),
                                .kind = MUTATION_EDIT,
                                .entity = kind,
                                .target = target,
                                .edits = &edit,
                                .edit_count = 1};
    return server_world_pack(&mutation, arena);
}

static struct str revocation(struct server_world *w, struct arena *arena, struct uuid device)
{
    return people_edit(w, arena, ENTITY_DEVICE, device, "revoked", value_absent(VALUE_FLAG),
                       value_number(VALUE_FLAG, 1));
}

static void a_new_device_is_announced(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w), *second = &w.peers[2];
    assert_int_equal(peer_rows(peer, ENTITY_DEVICE), 1);
    assert_int_equal(peer_rows(peer, ENTITY_INBOX), 0); /* nobody to tell */
    uint8_t code[CODE_BYTES];
    invite_member(&w, w.owner, "Anna", ROLE_OWNER, code);
    peer_make(&w, second);
    second->hello.has_code = true;
    memcpy(second->hello.code, code, CODE_BYTES);
    peer_connect(&w, second);
    assert_int_equal(peer_rows(peer, ENTITY_DEVICE), 2);
    assert_int_equal(peer_rows(peer, ENTITY_INBOX), 1);
    /* Once: at the next sign-in it is known. */
    peer_welcomed(second);
    peer_leave(&w, second);
    peer_connect(&w, second);
    assert_int_equal(peer_rows(peer, ENTITY_DEVICE), 2);
    server_world_end(&w);
}

static void a_revoked_device_delivers_once_and_is_told(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct peer *owner = peer_enrolled(&w), *bert = bert_enrolled(&w, ROLE_REP);
    struct uuid device = peer_welcomed(bert)->device;
    /* A rep may not revoke the owner's, nor learn whether it exists. */
    peer_push(&w, bert, 1, revocation(&w, &arena, peer_welcomed(owner)->device));
    assert_int_equal(peer_outcome(bert, 1).kind, OUTCOME_PARKED);
    assert_int_equal(peer_rows(bert, ENTITY_DEVICE), 1); /* his own only */
    uint64_t number = owner->hello.next_number++;
    peer_push(&w, owner, number, revocation(&w, &arena, device));
    assert_int_equal(peer_outcome(owner, number).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_bye(bert), BYE_REHANDSHAKE); /* at once */
    size_t items = peer_rows(owner, ENTITY_INBOX), deals = peer_rows(owner, ENTITY_DEAL);
    peer_welcomed(bert);
    bert->hello.next_number = 4; /* two made meanwhile, offline */
    peer_connect(&w, bert);
    assert_false(bert->closed);
    assert_int_equal(peer_find(bert, MESSAGE_WELCOME)->welcome.plan, PLAN_DELTA);
    assert_true(peer_find(bert, MESSAGE_WELCOME)->welcome.delivers_only);
    const struct welcome *told = &peer_find(bert, MESSAGE_WELCOME)->welcome;
    assert_true(str_equal(told->revoked_by, peer_welcomed(owner)->member_name));
    assert_int_not_equal(told->revoked_at, 0);
    int64_t revoked_at = told->revoked_at;
    assert_false(peer_welcomed(owner)->delivers_only);
    peer_push(&w, bert, 2, server_world_deal(&w, &arena, "Mine"));
    assert_false(bert->closed);
    assert_int_equal(peer_outcome(bert, 2).kind, OUTCOME_PARKED);
    peer_push(&w, bert, 3, server_world_deal(&w, &arena, "Too"));
    assert_int_equal(peer_outcome(bert, 3).kind, OUTCOME_PARKED);
    assert_int_equal(peer_find(bert, MESSAGE_REFUSAL)->refusal.code, REFUSAL_REVOKED);
    /* It got its two answers and nothing else. */
    assert_int_equal(peer_rows(bert, ENTITY_OUTCOME), 2);
    assert_int_equal(peer_rows(bert, ENTITY_INBOX), 0);
    assert_int_equal(peer_rows(owner, ENTITY_INBOX), items + 2);
    assert_int_equal(peer_rows(owner, ENTITY_DEAL), deals);
    /* Not a second time; who did it, and what of it is here, it hears again. */
    bert->hello.next_number = 9;
    peer_connect(&w, bert);
    const struct refusal *refusal = &peer_find(bert, MESSAGE_REFUSAL)->refusal;
    assert_int_equal(refusal->code, REFUSAL_REVOKED);
    assert_true(str_equal(refusal->revoked_by, peer_welcomed(owner)->member_name));
    assert_int_equal(refusal->revoked_at, revoked_at);
    assert_int_equal(refusal->last_number, 3);
    assert_null(peer_find(bert, MESSAGE_WELCOME));
    arena_finish(&arena);
    server_world_end(&w);
}

static void a_revoked_device_delivers_no_more_than_it_said(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    (void)peer_enrolled(&w);
    struct peer *bert = bert_enrolled(&w, ROLE_REP);
    peer_leave(&w, bert);
    store_memory_revoke(w.store, peer_welcomed(bert)->device);
    bert->hello.next_number = 3;
    peer_connect(&w, bert);
    peer_leave(&w, bert);
    bert->hello.next_number = 30; /* more than at its first visit */
    peer_connect(&w, bert);
    assert_false(bert->closed);
    peer_push(&w, bert, 1, server_world_deal(&w, &arena, "One"));
    assert_int_equal(peer_outcome(bert, 1).kind, OUTCOME_PARKED);
    assert_false(bert->closed);
    peer_push(&w, bert, 2, server_world_deal(&w, &arena, "Two"));
    assert_int_equal(peer_find(bert, MESSAGE_REFUSAL)->refusal.code, REFUSAL_REVOKED);
    arena_finish(&arena);
    server_world_end(&w);
}

/* Two that it may deliver and one made later, in one push: the two are taken. */
static void what_came_later_takes_nothing_else_along(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct peer *owner = peer_enrolled(&w), *bert = bert_enrolled(&w, ROLE_REP);
    peer_leave(&w, bert);
    store_memory_revoke(w.store, peer_welcomed(bert)->device);
    bert->hello.next_number = 3;
    peer_connect(&w, bert);
    peer_leave(&w, bert);
    bert->hello.next_number = 4;
    peer_connect(&w, bert);
    struct str mutations[] = {server_world_deal(&w, &arena, "One"),
                              server_world_deal(&w, &arena, "Two"),
                              server_world_deal(&w, &arena, "Late")};
    peer_push_many(&w, bert, 1, mutations, 3);
    assert_int_equal(peer_outcome(bert, 1).kind, OUTCOME_PARKED);
    assert_int_equal(peer_outcome(bert, 2).kind, OUTCOME_PARKED);
    assert_int_equal(peer_rows(bert, ENTITY_OUTCOME), 2);
    assert_int_equal(peer_find(bert, MESSAGE_REFUSAL)->refusal.last_number, 2);
    assert_int_equal(peer_rows(owner, ENTITY_INBOX), 2);
    /* Nothing but what came later: refused at once. */
    bert->hello.next_number = 4;
    peer_connect(&w, bert);
    assert_null(peer_find(bert, MESSAGE_WELCOME));
    assert_int_equal(peer_find(bert, MESSAGE_REFUSAL)->refusal.last_number, 2);
    arena_finish(&arena);
    server_world_end(&w);
}

static void another_role_is_another_sight(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct peer *owner = peer_enrolled(&w), *bert = bert_enrolled(&w, ROLE_MANAGER);
    struct uuid member = peer_find(bert, MESSAGE_WELCOME)->welcome.member;
    uint64_t number = owner->hello.next_number++;
    peer_push(&w, owner, number, STR("\xff\xff")); /* parked: managers see it */
    assert_int_equal(peer_rows(bert, ENTITY_INBOX), 1);
    peer_welcomed(bert);
    number = owner->hello.next_number++;
    peer_push(&w, owner, number,
              people_edit(&w, &arena, ENTITY_MEMBER, member, "role",
                          value_number(VALUE_CHOICE, ROLE_MANAGER),
                          value_number(VALUE_CHOICE, ROLE_REP)));
    assert_int_equal(peer_outcome(owner, number).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_bye(bert), BYE_REHANDSHAKE);
    peer_connect(&w, bert);
    assert_false(bert->closed);
    const struct welcome *welcome = &peer_find(bert, MESSAGE_WELCOME)->welcome;
    assert_int_equal(welcome->plan, PLAN_SNAPSHOT);
    assert_int_equal(welcome->role, ROLE_REP);
    assert_int_equal(peer_rows(bert, ENTITY_TEAM), 1);
    assert_int_equal(peer_rows(bert, ENTITY_INBOX), 0);
    /* And only once. */
    peer_welcomed(bert);
    peer_leave(&w, bert);
    peer_connect(&w, bert);
    assert_int_equal(peer_find(bert, MESSAGE_WELCOME)->welcome.plan, PLAN_DELTA);
    arena_finish(&arena);
    server_world_end(&w);
}

static void the_last_owner_stays(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct peer *owner = peer_enrolled(&w);
    const struct {
        const char *field;
        struct value base, want;
    } rows[] = {
        {"role", value_number(VALUE_CHOICE, ROLE_OWNER), value_number(VALUE_CHOICE, ROLE_REP)},
        {"removed", value_absent(VALUE_FLAG), value_number(VALUE_FLAG, 1)},
    };
    for (size_t i = 0; i < 2; i++) {
        uint64_t number = owner->hello.next_number++;
        peer_push(&w, owner, number,
                  people_edit(&w, &arena, ENTITY_MEMBER, w.owner, rows[i].field, rows[i].base,
                              rows[i].want));
        struct outcome outcome = peer_outcome(owner, number);
        assert_int_equal(outcome.kind, OUTCOME_PARKED);
        if (!str_starts_with(outcome.reasons, STR("owner_self"))) fail_msg("%s", rows[i].field);
    }
    /* By an invitation to oneself neither. */
    uint8_t code[CODE_BYTES];
    random_bytes(&w.random, code, sizeof code);
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    struct edit edit = {.tag = role->tag, .field = role,
                        .base = value_number(VALUE_CHOICE, ROLE_OWNER),
                        .want = value_number(VALUE_CHOICE, ROLE_REP)};
    struct mutation mutation = {.id = uuid_v7(5, &w.random), .kind = MUTATION_INVITE,
                                .entity = ENTITY_MEMBER, .target = w.owner, .edits = &edit,
                                .edit_count = 1,
                                .code_hash = STR("0123456789abcdef0123456789abcdef")};
    uint64_t number = owner->hello.next_number++;
    peer_push(&w, owner, number, server_world_pack(&mutation, &arena));
    assert_int_equal(peer_outcome(owner, number).kind, OUTCOME_PARKED);
    arena_finish(&arena);
    server_world_end(&w);
}

/* The database holds to it, because an invitation is found by its code across all teams. */
static void a_code_that_is_taken_holds_up_nobody(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct peer *owner = peer_enrolled(&w), *second = peer_second(&w);
    struct mutation mutation = {.kind = MUTATION_INVITE, .entity = ENTITY_MEMBER,
                                .target = w.owner,
                                .code_hash = STR("0123456789abcdef0123456789abcdef")};
    mutation.id = uuid_v7(5, &w.random);
    peer_push(&w, owner, 1, server_world_pack(&mutation, &arena));
    assert_int_equal(peer_outcome(owner, 1).kind, OUTCOME_APPLIED);
    mutation.id = uuid_v7(5, &w.random);
    w.hold = true; /* what comes meanwhile is one batch */
    peer_push(&w, second, 1, server_world_deal(&w, &arena, "First"));
    peer_push(&w, owner, 2, server_world_deal(&w, &arena, "Roof"));
    peer_push(&w, owner, 3, server_world_pack(&mutation, &arena));
    peer_push(&w, owner, 4, server_world_deal(&w, &arena, "Door"));
    w.hold = false;
    server_world_answer(&w, w.held[0]);
    server_world_settle(&w);
    for (int i = 0; i < 20; i++) server_world_pass(&w, 100);
    assert_int_equal(peer_outcome(owner, 2).kind, OUTCOME_APPLIED);
    struct outcome outcome = peer_outcome(owner, 3);
    assert_int_equal(outcome.kind, OUTCOME_PARKED);
    assert_true(str_starts_with(outcome.reasons, STR("server_fault")));
    assert_int_equal(peer_outcome(owner, 4).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_rows(owner, ENTITY_DEAL), 3);
    assert_false(owner->closed);
    arena_finish(&arena);
    server_world_end(&w);
}

/* When not even the parked change is taken, nothing is lost: it goes on once the database does. */
static void a_database_that_refuses_everything_loses_nothing(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    store_memory_fail(w.store, STORE_COMMIT, STORE_REFUSED, false, 6);
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Roof"));
    for (int k = 0; k < 100; k++) server_world_pass(&w, 100);
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_rows(peer, ENTITY_DEAL), 1);
    server_world_end(&w);
}

/* One change that the database never writes in time does not hold up those behind it. */
static void what_takes_the_database_too_long_is_parked(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    store_memory_slow(w.store, 3);
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Heavy"));
    for (int k = 0; k < 100; k++) server_world_pass(&w, 100);
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_PARKED);
    peer_push(&w, peer, 2, server_world_deal(&w, &peer->arena, "Roof"));
    assert_int_equal(peer_outcome(peer, 2).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_rows(peer, ENTITY_DEAL), 1);
    server_world_end(&w);
}

/* Others commit all the time: after some tries it waits a little, with fewer at once, and gets in. */
static void who_is_always_too_late_tries_with_less(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    struct str payloads[8];
    for (size_t i = 0; i < 8; i++) payloads[i] = server_world_deal(&w, &peer->arena, "Roof");
    uint64_t commits = server_counters(w.server).commits;
    store_memory_fail(w.store, STORE_COMMIT, STORE_STALE, false, 6);
    peer_push_many(&w, peer, 1, payloads, 8);
    assert_int_equal(peer_outcome(peer, 8).kind, OUTCOME_NONE);
    assert_int_equal(server_counters(w.server).stale_commits, 5); /* then it waits */
    for (int k = 0; k < 10; k++) server_world_pass(&w, 100);
    assert_int_equal(server_counters(w.server).stale_commits, 6);
    assert_int_equal(peer_outcome(peer, 8).kind, OUTCOME_APPLIED);
    assert_int_equal(server_counters(w.server).commits, commits + 2); /* two, then the other six */
    server_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_device_is_announced),
        cmocka_unit_test(a_revoked_device_delivers_once_and_is_told),
        cmocka_unit_test(a_revoked_device_delivers_no_more_than_it_said),
        cmocka_unit_test(what_came_later_takes_nothing_else_along),
        cmocka_unit_test(another_role_is_another_sight),
        cmocka_unit_test(the_last_owner_stays),
        cmocka_unit_test(a_code_that_is_taken_holds_up_nobody),
        cmocka_unit_test(a_database_that_refuses_everything_loses_nothing),
        cmocka_unit_test(what_takes_the_database_too_long_is_parked),
        cmocka_unit_test(who_is_always_too_late_tries_with_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
