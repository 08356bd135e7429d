/* test_server_known.c - a server that remembers rows beside another one that changes them: what it
 * remembers gives nobody a right that was taken away meanwhile. The two hear nothing of each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"
#include "tests/support/server_world.h"

struct beside {
    struct server_world warm, other; /* one store; the owner is with the other */
    struct arena arena;
    struct peer *owner, *bert;
    struct uuid member, device, deal;
    uint64_t number, owner_number; /* the next ones */
};

/* As it is stored: whose rights changed has to sign in again before he hears of it. */
static enum outcome_kind outcome_at(struct beside *b, const struct peer *peer, uint64_t number)
{
    struct store_outcome_key key = {.replica = peer->hello.replica, .number = number};
    struct store_request load = {.kind = STORE_LOAD,
                                 .team = b->warm.team,
                                 .outcome_keys = &key,
                                 .outcome_key_count = 1};
    const struct store_result *found = store_memory_run(b->warm.store, &load);
    assert_int_equal(found->outcome_count, 1);
    enum outcome_kind kind = (enum outcome_kind)found->outcomes[0]->kind;
    store_memory_release(b->warm.store, found);
    return kind;
}

static void beside_push(struct beside *b, struct str payload, enum outcome_kind want)
{
    if (b->bert->closed) peer_connect(&b->warm, b->bert);
    peer_push(&b->warm, b->bert, b->number, payload);
    assert_int_equal(outcome_at(b, b->bert, b->number), want);
    b->bert->hello.next_number = ++b->number;
    if (peer_find(b->bert, MESSAGE_WELCOME)) peer_welcomed(b->bert);
}

static void owner_push(struct beside *b, struct str payload)
{
    peer_push(&b->other, b->owner, b->owner_number, payload);
    assert_int_equal(outcome_at(b, b->owner, b->owner_number), OUTCOME_APPLIED);
    b->owner_number++;
}

static struct str edit_of(struct beside *b, enum entity_kind kind, struct uuid target,
                          const char *name, struct value base, struct value want)
{
    const struct field *field = field_by_name(kind, str_from(name));
    struct edit edit = {.tag = field->tag, .field = field, .base = base, .want = want};
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &b->warm.random),
                                .kind = MUTATION_EDIT,
                                .entity = kind,
                                .target = target,
                                .edits = &edit,
                                .edit_count = 1};
    return server_world_pack(&mutation, &b->arena);
}

static struct str source_of(struct beside *b, const char *from, const char *to)
{
    return edit_of(b, ENTITY_DEAL, b->deal, "source",
                   from ? value_text(str_from(from)) : value_absent(VALUE_TEXT),
                   value_text(str_from(to)));
}

static struct str role_of(struct beside *b, enum role from, enum role to)
{
    return edit_of(b, ENTITY_MEMBER, b->member, "role", value_number(VALUE_CHOICE, from),
                   value_number(VALUE_CHOICE, to));
}

static struct str revocation(struct beside *b)
{
    return edit_of(b, ENTITY_DEVICE, b->device, "revoked", value_absent(VALUE_FLAG),
                   value_number(VALUE_FLAG, 1));
}

static uint64_t known_commits(struct beside *b)
{
    return server_counters(b->warm.server).known_commits;
}

/* Three edits; the second and third are decided on what is remembered. */
static void beside_warm(struct beside *b)
{
    beside_push(b, source_of(b, NULL, "fair"), OUTCOME_APPLIED);
    uint64_t before = known_commits(b);
    beside_push(b, source_of(b, "fair", "web"), OUTCOME_APPLIED);
    beside_push(b, source_of(b, "web", "fair"), OUTCOME_APPLIED);
    assert_int_equal(known_commits(b), before + 2);
}

static void bert_joins(struct beside *b, enum role role)
{
    uint8_t code[CODE_BYTES], hash[32];
    random_bytes(&b->warm.random, code, CODE_BYTES);
    codec_payload_hash((struct str){(const char *)code, CODE_BYTES}, hash);
    struct edit edits[] = {
        {.field = field_by_name(ENTITY_MEMBER, STR("name")), .want = value_text(STR("Bert"))},
        {.field = field_by_name(ENTITY_MEMBER, STR("role")),
         .want = value_number(VALUE_CHOICE, role)},
    };
    for (size_t i = 0; i < 2; i++) edits[i].tag = edits[i].field->tag;
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &b->warm.random),
                                .kind = MUTATION_INVITE,
                                .entity = ENTITY_MEMBER,
                                .target = b->member,
                                .edits = edits,
                                .edit_count = 2,
                                .code_hash = {(const char *)hash, sizeof hash}};
    owner_push(b, server_world_pack(&mutation, &b->arena));
    b->bert = &b->warm.peers[2];
    peer_make(&b->warm, b->bert);
    b->bert->hello.has_code = true;
    memcpy(b->bert->hello.code, code, CODE_BYTES);
    peer_connect(&b->warm, b->bert);
    assert_false(b->bert->closed);
    b->device = peer_welcomed(b->bert)->device;
}

/* The owner through one server, Bert through the other, which has his deal in mind. */
static void beside_begin(struct beside *b, enum role role)
{
    memset(b, 0, sizeof *b);
    arena_init(&b->arena, 4 << 20);
    server_world_begin(&b->warm);
    server_world_begin(&b->other);
    store_memory_destroy(b->other.store);
    b->other.store = b->warm.store;
    random_init_number(&b->warm.random, 8); /* neither makes an id of the other's */
    b->owner = peer_enrolled(&b->other);
    b->number = b->owner_number = 1;
    b->member = uuid_v7(99, &b->warm.random);
    bert_joins(b, role);
    struct edit edits[] = {
        {.field = field_by_name(ENTITY_DEAL, STR("title")), .want = value_text(STR("Roof"))},
        {.field = field_by_name(ENTITY_DEAL, STR("owner")), .want = value_reference(b->member)},
    };
    for (size_t i = 0; i < 2; i++) edits[i].tag = edits[i].field->tag;
    b->deal = uuid_v7((uint64_t)SERVER_WORLD_WALL, &b->warm.random);
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &b->warm.random),
                                .kind = MUTATION_CREATE,
                                .entity = ENTITY_DEAL,
                                .target = b->deal,
                                .edits = edits,
                                .edit_count = 2,
                                .acted_at = {true, SERVER_WORLD_WALL}};
    beside_push(b, server_world_pack(&mutation, &b->arena), OUTCOME_APPLIED);
    beside_warm(b);
}

static void beside_end(struct beside *b)
{
    b->other.store = store_memory_create();
    server_world_end(&b->other);
    server_world_end(&b->warm);
    arena_finish(&b->arena);
}

static void who_was_shut_out_elsewhere_changes_nothing(void **state)
{
    static struct beside b;
    (void)state;
    beside_begin(&b, ROLE_REP);
    owner_push(&b, revocation(&b));
    uint64_t stale = server_counters(b.warm.server).stale_commits;
    beside_push(&b, source_of(&b, "fair", "web"), OUTCOME_PARKED);
    assert_int_equal(server_counters(b.warm.server).stale_commits, stale + 1);
    beside_end(&b);
}

static void another_role_counts_from_the_next_change(void **state)
{
    static struct beside b;
    (void)state;
    beside_begin(&b, ROLE_REP);
    owner_push(&b, role_of(&b, ROLE_REP, ROLE_VIEWER));
    beside_push(&b, source_of(&b, "fair", "web"), OUTCOME_PARKED);
    owner_push(&b, role_of(&b, ROLE_VIEWER, ROLE_REP));
    beside_push(&b, source_of(&b, "fair", "web"), OUTCOME_APPLIED);
    beside_end(&b);
}

static void who_left_the_team_changes_nothing(void **state)
{
    static struct beside b;
    (void)state;
    beside_begin(&b, ROLE_REP);
    owner_push(&b, edit_of(&b, ENTITY_MEMBER, b.member, "removed", value_absent(VALUE_FLAG),
                           value_number(VALUE_FLAG, 1)));
    beside_push(&b, source_of(&b, "fair", "web"), OUTCOME_PARKED);
    beside_end(&b);
}

/* What a rep may with a deal hangs on whose it is. */
static void a_deal_given_away_is_not_ones_own_any_more(void **state)
{
    static struct beside b;
    (void)state;
    beside_begin(&b, ROLE_REP);
    owner_push(&b, edit_of(&b, ENTITY_DEAL, b.deal, "owner", value_reference(b.member),
                           value_reference(b.other.owner)));
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &b.warm.random),
                                .kind = MUTATION_DELETE,
                                .entity = ENTITY_DEAL,
                                .target = b.deal};
    beside_push(&b, server_world_pack(&mutation, &b.arena), OUTCOME_PARKED);
    beside_end(&b);
}

/* It was decided, with the rights of then, and is on its way when the right is taken. */
static void a_commit_on_its_way_comes_too_late(void **state)
{
    static struct beside b;
    (void)state;
    beside_begin(&b, ROLE_REP);
    b.warm.hold = true;
    peer_push(&b.warm, b.bert, b.number, source_of(&b, "fair", "web"));
    assert_int_equal(b.warm.held_count, 1);
    assert_int_equal(b.warm.held[0]->unanswered_count, 1); /* not loaded for */
    owner_push(&b, revocation(&b));
    b.warm.hold = false;
    server_world_answer(&b.warm, b.warm.held[0]);
    server_world_settle(&b.warm);
    assert_int_equal(outcome_at(&b, b.bert, b.number), OUTCOME_PARKED);
    beside_end(&b);
}

/* So that the database works while everybody is told of what it did before. */
static void the_next_batch_is_sent_before_the_answers(void **state)
{
    static struct server_world w;
    (void)state;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "One"));
    w.hold = true;
    peer_push(&w, peer, 2, server_world_deal(&w, &peer->arena, "Two"));
    peer_push(&w, peer, 3, server_world_deal(&w, &peer->arena, "Three"));
    assert_int_equal(w.held_count, 1); /* the third waits */
    w.hold = false;
    server_world_answer(&w, w.held[0]);
    struct effect effect = server_next(w.server);
    assert_int_equal(effect.kind, EFFECT_STORE);
    assert_int_equal(effect.request->kind, STORE_LOAD); /* it makes something new */
    assert_int_equal(peer_outcome(peer, 2).kind, OUTCOME_NONE);
    server_world_answer(&w, effect.request);
    server_world_settle(&w);
    assert_int_equal(peer_outcome(peer, 2).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_outcome(peer, 3).kind, OUTCOME_APPLIED);
    server_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_shut_out_elsewhere_changes_nothing),
        cmocka_unit_test(another_role_counts_from_the_next_change),
        cmocka_unit_test(who_left_the_team_changes_nothing),
        cmocka_unit_test(a_deal_given_away_is_not_ones_own_any_more),
        cmocka_unit_test(a_commit_on_its_way_comes_too_late),
        cmocka_unit_test(the_next_batch_is_sent_before_the_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
