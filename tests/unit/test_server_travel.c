/* test_server_travel.c - the server when time goes back: copies of a device are told of, a lost tail
 * is noticed, and what nobody brings back is told to the managers until somebody does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"
#include "tests/support/server_world.h"

enum { GRACE_MS = 61 * 1000, AGAIN_MS = 31 * 1000 };

/* The newest inbox item of that field the peer has seen; number 0: none. */
static struct inbox_item notice_of(struct peer *peer, const char *field)
{
    struct inbox_item newest = {.number = 0};
    for (size_t i = 0; i < peer->count; i++) {
        if (peer->messages[i].kind != MESSAGE_PAGE) continue;
        const struct page *page = &peer->messages[i].page;
        for (size_t k = 0; k < page->count; k++) {
            void *item;
            if (page->rows[k].kind != ENTITY_INBOX || page->rows[k].removed) continue;
            assert_int_equal(
                codec_entity_unpack(&peer->arena, ENTITY_INBOX, page->rows[k].body, &item),
                FAULT_NONE);
            const struct inbox_item *found = item;
            if (str_equal(found->field, str_from(field))) newest = *found;
        }
    }
    return newest;
}

/* scenario 7 and 8: the copy that comes second is another one, and is told of by name, once. */
static void a_copied_device_is_told_to_its_member_once(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    assert_int_equal(notice_of(first, "copy").number, 0);
    struct uuid device = peer_welcomed(first)->device;
    peer_make(&w, second);
    second->key = first->key;
    second->hello.replica = first->hello.replica; /* the folder as it was copied */
    second->hello.has_token = true;
    memset(second->hello.token, 7, TOKEN_BYTES);
    peer_connect(&w, second);
    assert_int_equal(peer_find(second, MESSAGE_WELCOME)->welcome.plan, PLAN_NEW_REPLICA);
    assert_int_equal(notice_of(first, "copy").number, 0); /* not yet: it may have been a mistake */
    second->hello.replica = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random);
    second->hello.has_token = false;
    second->hello.refill = true;
    peer_connect(&w, second);
    assert_int_equal(peer_welcomed(second)->plan, PLAN_SNAPSHOT);
    struct inbox_item told = notice_of(first, "copy"), copy = notice_of(second, "copy");
    assert_true(told.number > 0 && told.number == copy.number);
    assert_int_equal(told.kind, INBOX_NOTICE);
    assert_true(uuid_equal(told.subject, device) && uuid_equal(told.concerned, w.owner));
    size_t rows = peer_rows(first, ENTITY_INBOX);
    for (int i = 0; i < 2; i++) { /* neither copy is told of again */
        peer_leave(&w, second);
        peer_welcomed(second);
        peer_connect(&w, second);
    }
    assert_int_equal(peer_rows(first, ENTITY_INBOX), rows);
    peer_welcomed(first);
    peer_leave(&w, first);
    peer_connect(&w, first);
    assert_int_equal(peer_rows(first, ENTITY_INBOX), 0); /* nothing after its cursor */
    server_world_end(&w);
}

/* Between the token and the notice the server dies: the next sign-in tells. */
static void a_notice_that_was_not_written_is_written_later(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w);
    w.hold = true;
    struct peer *second = &w.peers[1];
    peer_make(&w, second);
    second->key = first->key;
    peer_connect(&w, second);
    assert_true(second->open && w.held_count == 1);
    server_world_restart(&w);
    w.hold = false;
    w.held_count = 0;
    assert_int_equal(notice_of(first, "copy").number, 0);
    peer_welcomed(second);
    peer_connect(&w, second);
    assert_true(notice_of(second, "copy").number > 0);
    server_world_end(&w);
}

/* scenario 9 and 10: a mark that is not of this history is said to be so, whatever the seq. */
static void a_copy_is_told_that_the_database_went_back(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    assert_false(peer_welcomed(peer)->went_back);
    struct store_memory *backup = store_memory_copy(w.store);
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Lost"));
    peer_leave(&w, peer);
    peer_welcomed(peer);
    peer->hello.next_number = 2;
    peer_connect(&w, peer);
    assert_int_equal(peer_welcomed(peer)->plan, PLAN_DELTA);
    assert_false(peer_welcomed(peer)->went_back);
    peer->hello.refill = true; /* everything anew, though the cursor is good */
    peer_connect(&w, peer);
    assert_int_equal(peer_welcomed(peer)->plan, PLAN_SNAPSHOT);
    assert_false(peer_welcomed(peer)->went_back);
    peer->hello.refill = false;
    store_memory_destroy(w.store);
    w.store = backup;
    server_world_restart(&w);
    struct peer *other = &w.peers[2]; /* another history passes the old seq */
    peer_make(&w, other);
    other->key = peer->key;
    peer_connect(&w, other);
    for (uint64_t i = 1; i <= 3; i++) {
        peer_push(&w, other, i, server_world_deal(&w, &other->arena, "New"));
    }
    peer_connect(&w, peer);
    assert_true(peer_welcomed(peer)->went_back);
    assert_int_equal(peer_welcomed(peer)->plan, PLAN_SNAPSHOT);
    assert_int_equal(peer_welcomed(peer)->last_number, 0);
    server_world_end(&w);
}

/* A snapshot that broke off: the server goes on if what came was read in this history, all of it. Whether
 * what is shown is of this history is another question. */
static void a_broken_snapshot_goes_on_in_its_history_only(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    struct hello shown = peer->hello; /* of before all that follows */
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Kept"));
    struct store_memory *backup = store_memory_copy(w.store);
    const struct page kept = peer_find(peer, MESSAGE_PAGE)->page;
    peer_push(&w, peer, 2, server_world_deal(&w, &peer->arena, "Lost"));
    const struct page lost = peer_find(peer, MESSAGE_PAGE)->page;
    assert_true(lost.head_seq > kept.head_seq);
    assert_memory_equal(lost.head_mark, lost.to_mark, MARK_BYTES);
    peer_leave(&w, peer);
    peer->hello.next_number = 3;
    peer->hello.refill = true;
    peer->hello.has_fill = true;
    peer->hello.fill_seq = kept.to_seq;
    peer->hello.top_seq = lost.head_seq;
    memcpy(peer->hello.top_mark, lost.head_mark, MARK_BYTES);
    peer_connect(&w, peer);
    assert_int_equal(peer_welcomed(peer)->plan, PLAN_DELTA);
    assert_false(peer_welcomed(peer)->went_back);
    assert_int_equal(peer_find(peer, MESSAGE_PAGE)->page.from_seq, kept.to_seq);
    store_memory_destroy(w.store);
    w.store = backup;
    server_world_restart(&w);
    peer_make(&w, &w.peers[2]); /* another history passes the old seq */
    w.peers[2].key = peer->key;
    peer_connect(&w, &w.peers[2]);
    for (uint64_t i = 1; i <= 3; i++)
        peer_push(&w, &w.peers[2], i, server_world_deal(&w, &w.peers[2].arena, "New"));
    /* Up to fill_seq it is this history's, and what it shows is, but some was read later. */
    peer->hello.cursor_seq = kept.to_seq;
    memcpy(peer->hello.cursor_mark, kept.to_mark, MARK_BYTES);
    peer_connect(&w, peer);
    assert_int_equal(peer_welcomed(peer)->plan, PLAN_SNAPSHOT);
    assert_false(peer_find(peer, MESSAGE_WELCOME)->welcome.went_back);
    assert_int_equal(peer_rows(peer, ENTITY_TEAM), 1);
    /* And the other way round: gone on with, though what it shows is of the lost one. */
    peer->hello.cursor_seq = lost.to_seq;
    memcpy(peer->hello.cursor_mark, lost.to_mark, MARK_BYTES);
    peer->hello.top_seq = kept.head_seq;
    memcpy(peer->hello.top_mark, kept.head_mark, MARK_BYTES);
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_WELCOME)->welcome.plan, PLAN_DELTA);
    assert_true(peer_find(peer, MESSAGE_WELCOME)->welcome.went_back);
    assert_int_equal(peer_rows(peer, ENTITY_TEAM), 0);
    assert_int_equal(peer_rows(peer, ENTITY_DEAL), 3);
    /* Who has been in this history has been given a token in it. */
    peer->hello.token[0] ^= 1;
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_WELCOME)->welcome.plan, PLAN_NEW_REPLICA);
    peer->hello.top_mark[0] ^= 1;
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_WELCOME)->welcome.plan, PLAN_SNAPSHOT);
    assert_true(shown.cursor_seq < kept.to_seq);
    server_world_end(&w);
}

/* --- what nobody brings back --- */

struct lost {
    struct server_world w;
    struct peer *chief;
    struct str payloads[3];
    struct known_stand stand; /* of a second copy, which was answered three */
};

/* A manager's copy, another copy with three answers of which the restored database has one. */
static void lost_begin(struct lost *l)
{
    server_world_begin(&l->w);
    struct server_world *w = &l->w;
    l->chief = peer_enrolled(w);
    struct peer *other = peer_second(w);
    struct store_memory *backup = NULL;
    struct mutation last;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (uint64_t i = 0; i < 3; i++) {
        l->payloads[i] = server_world_deal(w, &l->chief->arena, "Roof");
        peer_push(w, other, i + 1, l->payloads[i]);
        if (i == 0) backup = store_memory_copy(w->store);
    }
    assert_int_equal(codec_mutation_unpack(&arena, l->payloads[2], &last), FAULT_NONE);
    l->stand = (struct known_stand){.replica = other->hello.replica,
                                    .device = peer_welcomed(other)->device,
                                    .mutation = last.id,
                                    .number = 3,
                                    .at_ms = SERVER_WORLD_WALL - 5};
    arena_finish(&arena);
    store_memory_destroy(w->store);
    w->store = backup;
    server_world_restart(w);
    peer_make(w, l->chief);
    l->chief->key = other->key;
    peer_connect(w, l->chief);
    peer_welcomed(l->chief);
}

static void lost_compare(struct lost *l)
{
    assert_true(server_compare(l->w.server, l->w.team, &l->stand, 1, l->w.now));
}

static void lost_pass(struct lost *l, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 10 * 1000) {
        server_world_pass(&l->w, 10 * 1000);
    }
}

/* As the manager sees it in a session of its own: nobody answers pings here. *head: how much there is
 * in all. */
static struct inbox_item lost_look(struct lost *l, uint64_t *head)
{
    l->chief->hello.refill = true;
    peer_connect(&l->w, l->chief);
    uint64_t there = peer_welcomed(l->chief)->head_seq;
    if (head) *head = there;
    return notice_of(l->chief, "missing");
}

static void lost_offer(struct lost *l, struct uuid replica)
{
    struct peer *back = &l->w.peers[2];
    peer_make(&l->w, back);
    back->key = l->chief->key;
    back->hello.replica = replica;
    back->hello.next_number = 4;
    peer_connect(&l->w, back);
    uint64_t last = peer_find(back, MESSAGE_WELCOME)->welcome.last_number;
    for (uint64_t i = last; i < 3; i++) peer_push(&l->w, back, i + 1, l->payloads[i]);
    assert_int_equal(peer_outcome(back, 3).kind, OUTCOME_APPLIED);
}

static void what_nobody_brings_back_is_told_until_somebody_does(void **state)
{
    (void)state;
    static struct lost l;
    lost_begin(&l);
    lost_compare(&l);
    lost_pass(&l, 30 * 1000);
    assert_int_equal(notice_of(l.chief, "missing").number, 0); /* it may be on its way */
    lost_pass(&l, GRACE_MS);
    struct inbox_item told = notice_of(l.chief, "missing");
    assert_int_equal(told.state, INBOX_OPEN);
    assert_true(str_equal(told.base, STR("2")) && str_equal(told.theirs, STR("3")));
    assert_true(uuid_equal(told.subject, l.stand.device));
    assert_true(uuid_equal(told.concerned, l.w.owner));
    assert_int_equal(told.acted_at.v, SERVER_WORLD_WALL - 5);
    uint64_t before = 0, after = 0;
    assert_int_equal(lost_look(&l, &before).number, told.number);
    lost_pass(&l, 10 * AGAIN_MS);
    assert_int_equal(lost_look(&l, &after).number, told.number);
    assert_true(before == after); /* once */
    lost_offer(&l, l.stand.replica);
    lost_pass(&l, 10 * 1000);
    assert_int_equal(lost_look(&l, &before).state, INBOX_RESENT);
    lost_pass(&l, 10 * AGAIN_MS);
    assert_int_equal(lost_look(&l, &after).state, INBOX_RESENT);
    assert_true(before == after);
    server_world_end(&l.w);
}

static void who_comes_back_in_time_is_not_told_of(void **state)
{
    (void)state;
    static struct lost l;
    lost_begin(&l);
    lost_compare(&l);
    lost_offer(&l, l.stand.replica);
    lost_pass(&l, GRACE_MS + AGAIN_MS);
    assert_int_equal(lost_look(&l, NULL).number, 0);
    server_world_end(&l.w);
}

/* The copy had become another one meanwhile: what it offers is known by its ids. */
static void what_comes_back_under_another_replica_id_counts(void **state)
{
    (void)state;
    static struct lost l;
    lost_begin(&l);
    lost_compare(&l);
    lost_pass(&l, GRACE_MS + AGAIN_MS);
    assert_int_equal(lost_look(&l, NULL).state, INBOX_OPEN);
    lost_offer(&l, uuid_v7((uint64_t)SERVER_WORLD_WALL, &l.w.random));
    lost_pass(&l, AGAIN_MS);
    assert_int_equal(lost_look(&l, NULL).state, INBOX_RESENT);
    server_world_end(&l.w);
}

/* Numbers alone say little: a copy put back from a backup may have made others of them. */
static void another_mutation_under_the_same_number_does_not_count(void **state)
{
    (void)state;
    static struct lost l;
    lost_begin(&l);
    for (size_t i = 1; i < 3; i++) {
        l.payloads[i] = server_world_deal(&l.w, &l.chief->arena, "Other");
    }
    lost_compare(&l);
    lost_offer(&l, l.stand.replica);
    lost_pass(&l, GRACE_MS + AGAIN_MS);
    assert_int_equal(lost_look(&l, NULL).state, INBOX_OPEN);
    server_world_end(&l.w);
}

/* A manager who gives it up is not told again, not by a restart either; of more, they are. */
static void what_was_given_up_is_told_again_only_if_it_is_more(void **state)
{
    (void)state;
    static struct lost l;
    lost_begin(&l);
    lost_compare(&l);
    lost_pass(&l, GRACE_MS + AGAIN_MS);
    struct inbox_item told = lost_look(&l, NULL);
    struct mutation close = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &l.w.random),
                             .kind = MUTATION_CLOSE,
                             .entity = ENTITY_INBOX,
                             .target = told.id,
                             .resolves = told.id,
                             .resolution = INBOX_DISCARDED};
    peer_push(&l.w, l.chief, 1, server_world_pack(&close, &l.chief->arena));
    l.chief->hello.next_number = 2;
    assert_int_equal(lost_look(&l, NULL).state, INBOX_DISCARDED);
    lost_compare(&l);
    lost_pass(&l, GRACE_MS + 2 * AGAIN_MS);
    assert_int_equal(lost_look(&l, NULL).state, INBOX_DISCARDED);
    l.stand.number = 9;
    lost_compare(&l);
    lost_pass(&l, GRACE_MS + AGAIN_MS);
    told = lost_look(&l, NULL);
    assert_int_equal(told.state, INBOX_OPEN);
    assert_true(str_equal(told.theirs, STR("9")));
    server_world_end(&l.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copied_device_is_told_to_its_member_once),
        cmocka_unit_test(a_notice_that_was_not_written_is_written_later),
        cmocka_unit_test(a_copy_is_told_that_the_database_went_back),
        cmocka_unit_test(a_broken_snapshot_goes_on_in_its_history_only),
        cmocka_unit_test(what_nobody_brings_back_is_told_until_somebody_does),
        cmocka_unit_test(who_comes_back_in_time_is_not_told_of),
        cmocka_unit_test(what_comes_back_under_another_replica_id_counts),
        cmocka_unit_test(another_mutation_under_the_same_number_does_not_count),
        cmocka_unit_test(what_was_given_up_is_told_again_only_if_it_is_more),
    };
    return cmocka_run_group_tests_name("server_travel", tests, NULL, NULL);
}
