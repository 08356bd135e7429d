/* test_server_belief.c - a server that goes on over a database that went back in time: every open
 * session is told, whatever answer comes first, and whoever comes meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"
#include "tests/support/server_world.h"

enum { POLL_MS = 2100 };

/* Does it have the organisation of that name? */
static bool peer_has(struct peer *peer, const char *name)
{
    for (size_t i = 0; i < peer->count; i++) {
        if (peer->messages[i].kind != MESSAGE_PAGE) continue;
        const struct page *page = &peer->messages[i].page;
        for (size_t k = 0; k < page->count; k++) {
            void *entity;
            if (page->rows[k].kind != ENTITY_ORGANISATION) continue;
            assert_int_equal(codec_entity_unpack(&peer->arena, ENTITY_ORGANISATION,
                                                 page->rows[k].body, &entity),
                             FAULT_NONE);
            const struct organisation *found = entity;
            if (str_equal(found->name, str_from(name))) return true;
        }
    }
    return false;
}

static uint64_t went_back(const struct server_world *w)
{
    return server_counters(w->server).went_back;
}

/* The database is now what it was when that copy was made. */
static void fail_over(struct server_world *w, struct store_memory *standby)
{
    store_memory_destroy(w->store);
    w->store = standby;
}

static void hold(struct server_world *w, enum store_kind kind)
{
    w->hold = true;
    w->holds = kind;
    w->held_count = 0;
}

/* Answers what was held, from the database as it is now; nothing is held any more. */
static void let_go(struct server_world *w)
{
    w->hold = false;
    size_t count = w->held_count;
    w->held_count = 0;
    for (size_t i = 0; i < count; i++) server_world_answer(w, w->held[i]);
    server_world_settle(w);
}

/* A HEAD under way. */
static const struct store_request *head_held(struct server_world *w)
{
    hold(w, STORE_HEAD);
    server_hint(w->server, w->team, w->now);
    server_world_settle(w);
    assert_int_equal(w->held_count, 1);
    return w->held[0];
}

static void peer_comes(struct server_world *w, struct peer *peer)
{
    peer_make(w, peer);
    peer->key = w->peers[0].key;
    peer_connect(w, peer);
}

/* A peer whose edit was answered, and a standby that does not have it. */
static struct store_memory *edit_and_standby(struct server_world *w, struct peer *peer)
{
    struct store_memory *standby = store_memory_copy(w->store);
    peer_push(w, peer, 1, server_world_deal(w, &peer->arena, "Lost"));
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_APPLIED);
    return standby;
}

static void a_sign_in_hides_no_failover(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    fail_over(&w, edit_and_standby(&w, first));
    server_world_elsewhere(&w, "Missed");
    server_world_elsewhere(&w, "Seen");
    peer_comes(&w, second);
    assert_int_equal(went_back(&w), 1);
    assert_int_equal(peer_bye(first), BYE_SHUTDOWN);
    assert_true(peer_has(second, "Missed") && peer_has(second, "Seen"));
    peer_welcomed(first);
    first->hello.next_number = 2;
    peer_connect(&w, first);
    assert_true(peer_welcomed(first)->went_back);
    assert_true(peer_has(first, "Missed") && peer_has(first, "Seen"));
    server_world_end(&w);
}

/* HEAD is asked about what was believed before our own commit. */
static void an_answer_about_an_older_belief_hides_no_failover(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w);
    (void)head_held(&w);
    fail_over(&w, edit_and_standby(&w, first));
    server_world_elsewhere(&w, "Missed");
    server_world_elsewhere(&w, "Seen");
    let_go(&w);
    server_world_pass(&w, POLL_MS);
    assert_int_equal(went_back(&w), 1);
    assert_int_equal(peer_bye(first), BYE_SHUTDOWN);
    assert_false(peer_has(first, "Seen"));
    server_world_end(&w);
}

/* While the writer is at work, only its answers say where the team is. */
static void a_load_of_another_history_is_not_mixed_with_what_was_heard_meanwhile(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w);
    const struct store_request *head = head_held(&w);
    hold(&w, STORE_LOAD);
    server_world_elsewhere(&w, "Load"); /* what is remembered does not do any more */
    struct store_memory *standby = store_memory_copy(w.store);
    struct str payload = server_world_deal(&w, &first->arena, "Roof");
    struct mutation gone = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random),
                               .kind = MUTATION_DELETE,
                               .entity = ENTITY_DEAL,
                               .target = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random)};
    peer_push(&w, first, 1, server_world_pack(&gone, &first->arena));
    assert_int_equal(w.held_count, 1);
    server_world_elsewhere(&w, "Lost");
    server_world_answer(&w, head);
    server_world_settle(&w);
    fail_over(&w, standby);
    server_world_elsewhere(&w, "Stands");
    let_go(&w);
    peer_push(&w, first, 2, payload);
    server_world_pass(&w, POLL_MS);
    if (!first->closed) {
        assert_true(peer_has(first, "Stands"));
        assert_false(peer_has(first, "Lost"));
        assert_int_equal(peer_outcome(first, 2).kind, OUTCOME_APPLIED);
    } else {
        assert_int_equal(peer_bye(first), BYE_SHUTDOWN);
    }
    server_world_end(&w);
}

/* The database goes back between LOAD and its answer: it is loaded again, nothing is decided on it. */
static void what_was_loaded_before_the_failover_was_noticed_is_loaded_again(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w);
    struct store_memory *standby = edit_and_standby(&w, first);
    const struct store_request *head = head_held(&w);
    hold(&w, STORE_LOAD);
    struct mutation gone = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random),
                            .kind = MUTATION_DELETE,
                            .entity = ENTITY_DEAL,
                            .target = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random)};
    peer_push(&w, first, 2, server_world_pack(&gone, &first->arena));
    assert_int_equal(w.held_count, 1);
    fail_over(&w, standby);
    server_world_elsewhere(&w, "Other");
    server_world_answer(&w, head);
    server_world_settle(&w);
    assert_int_equal(peer_bye(first), BYE_SHUTDOWN);
    let_go(&w);
    assert_int_equal(went_back(&w), 1);
    assert_int_equal(server_counters(w.server).commits, 2); /* announced and the lost edit; a gap now */
    server_world_end(&w);
}

/* Its answer comes after the failover was noticed: what it wrote is lost, or is not; all are told. */
static void a_commit_on_what_is_believed_no_more_has_everybody_told(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    struct store_memory *standby = edit_and_standby(&w, first);
    const struct store_request *head = head_held(&w);
    hold(&w, STORE_COMMIT);
    peer_push(&w, first, 2, server_world_deal(&w, &first->arena, "Lost too"));
    assert_int_equal(w.held_count, 1);
    const struct store_request *commit = w.held[0];
    const struct store_result *written = store_memory_run(w.store, commit);
    assert_int_equal(written->status, STORE_OK);
    struct store_memory *dead = w.store;
    w.store = standby;
    server_world_elsewhere(&w, "Stands");
    server_world_answer(&w, head);
    server_world_settle(&w);
    assert_int_equal(peer_bye(first), BYE_SHUTDOWN);
    peer_comes(&w, second); /* waits for nothing: it stands where the belief does */
    assert_false(second->closed);
    server_store_done(w.server, written, w.now);
    store_memory_release(dead, written);
    store_memory_destroy(dead);
    w.hold = false;
    server_world_settle(&w);
    assert_int_equal(peer_bye(second), BYE_SHUTDOWN);
    assert_int_equal(went_back(&w), 2);
    struct peer *third = &w.peers[2];
    peer_comes(&w, third);
    assert_true(peer_has(third, "Stands"));
    for (int i = 0; i < 3; i++) server_world_pass(&w, POLL_MS);
    assert_false(third->closed);
    server_world_end(&w);
}

/* --- pages --- */

/* What lies beyond the belief is not sent: nobody would notice that it was lost. */
static void a_page_brings_nothing_beyond_the_belief(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    hold(&w, STORE_PAGE);
    peer_comes(&w, second);
    assert_int_equal(w.held_count, 1);
    struct str payload = server_world_deal(&w, &first->arena, "Ours");
    peer_push(&w, first, 1, payload);
    assert_int_equal(peer_outcome(first, 1).kind, OUTCOME_APPLIED);
    struct store_memory *standby = store_memory_copy(w.store);
    server_world_elsewhere(&w, "Lost");
    hold(&w, STORE_HEAD);
    const struct store_request *page = w.held[0];
    server_world_answer(&w, page);
    server_world_settle(&w);
    assert_false(peer_has(second, "Lost"));
    fail_over(&w, standby);
    server_world_elsewhere(&w, "Missed");
    server_world_elsewhere(&w, "Seen");
    let_go(&w);
    server_world_pass(&w, POLL_MS);
    assert_false(second->closed);
    assert_true(peer_has(second, "Missed") && peer_has(second, "Seen"));
    assert_true(peer_has(first, "Missed") && peer_has(first, "Seen"));
    assert_int_equal(peer_rows(second, ENTITY_DEAL), 1);
    server_world_end(&w);
}

static const struct page *page_last(const struct peer *peer)
{
    const struct message *message = peer_find(peer, MESSAGE_PAGE);
    assert_non_null(message);
    return &message->page;
}

/* On a busy team the belief has always moved on when a page comes. */
static void a_page_read_where_the_belief_has_been_is_sent(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    hold(&w, STORE_PAGE);
    peer_comes(&w, second);
    peer_push(&w, first, 1, server_world_deal(&w, &first->arena, "One"));
    const struct store_request *page = w.held[0];
    const struct store_result *read = store_memory_run(w.store, page);
    peer_push(&w, first, 2, server_world_deal(&w, &first->arena, "Two"));
    w.hold = false;
    server_store_done(w.server, read, w.now);
    store_memory_release(w.store, read);
    server_world_settle(&w);
    assert_int_equal(peer_rows(second, ENTITY_DEAL), 2);
    assert_true(page_last(second)->to_seq == page_last(second)->head_seq);
    server_world_end(&w);
}

/* A page shows what our own commit has written before its answer comes. */
static void a_page_may_show_our_own_commit_first(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    hold(&w, STORE_PAGE);
    peer_comes(&w, second);
    const struct store_request *page = w.held[0];
    hold(&w, STORE_COMMIT);
    peer_push(&w, first, 1, server_world_deal(&w, &first->arena, "One"));
    const struct store_result *written = store_memory_run(w.store, w.held[0]);
    w.hold = false;
    server_world_answer(&w, page);
    server_world_settle(&w);
    assert_int_equal(peer_rows(second, ENTITY_DEAL), 1);
    assert_int_equal(peer_outcome(first, 1).kind, OUTCOME_NONE);
    server_store_done(w.server, written, w.now);
    store_memory_release(w.store, written);
    server_world_settle(&w);
    assert_int_equal(peer_outcome(first, 1).kind, OUTCOME_APPLIED);
    assert_int_equal(went_back(&w), 0);
    server_world_end(&w);
}

/* --- who comes --- */

static void who_comes_after_others_wrote_is_let_in_with_what_they_wrote(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    server_world_elsewhere(&w, "New");
    peer_comes(&w, second);
    assert_true(second->open && !second->closed);
    assert_true(peer_has(second, "New"));
    assert_true(peer_has(first, "New")); /* at once: the question was asked */
    assert_int_equal(went_back(&w), 0);
    server_world_end(&w);
}

/* It was signed in at a commit that is lost before the server has seen it. */
static void who_was_signed_in_at_what_is_lost_signs_in_again(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    uint64_t before = first->hello.cursor_seq;
    struct store_memory *standby = store_memory_copy(w.store);
    server_world_elsewhere(&w, "Lost");
    hold(&w, STORE_HEAD);
    peer_comes(&w, second);
    assert_int_equal(w.held_count, 1);
    assert_null(peer_find(second, MESSAGE_WELCOME));
    fail_over(&w, standby);
    let_go(&w);
    assert_true(peer_welcomed(second)->head_seq < before + 1);
    assert_false(first->closed || second->closed);
    server_world_end(&w);
}

/* The same, when the new history has come further than that, and the server knows it. */
static void who_was_signed_in_in_another_history_signs_in_again(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    struct store_memory *standby = store_memory_copy(w.store);
    server_world_elsewhere(&w, "Lost");
    hold(&w, STORE_TOKEN);
    peer_comes(&w, second);
    assert_int_equal(w.held_count, 1);
    fail_over(&w, standby);
    server_world_elsewhere(&w, "Missed");
    server_world_elsewhere(&w, "Seen");
    server_hint(w.server, w.team, w.now);
    server_world_settle(&w);
    assert_true(peer_has(first, "Seen"));
    let_go(&w);
    assert_non_null(peer_find(second, MESSAGE_WELCOME));
    assert_true(peer_has(second, "Missed") && peer_has(second, "Seen"));
    assert_false(first->closed || second->closed);
    server_world_end(&w);
}

/* It comes while the commit it was signed in at is not answered yet. */
static void who_comes_during_a_commit_waits_for_it(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    hold(&w, STORE_COMMIT);
    peer_push(&w, first, 1, server_world_deal(&w, &first->arena, "Roof"));
    const struct store_request *commit = w.held[0];
    const struct store_result *written = store_memory_run(w.store, commit);
    peer_comes(&w, second);
    assert_null(peer_find(second, MESSAGE_WELCOME));
    w.hold = false;
    server_store_done(w.server, written, w.now);
    store_memory_release(w.store, written);
    server_world_settle(&w);
    assert_non_null(peer_find(second, MESSAGE_WELCOME));
    assert_int_equal(peer_rows(second, ENTITY_DEAL), 1);
    assert_int_equal(went_back(&w), 0);
    server_world_end(&w);
}

static void who_waits_may_go(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w), *second = &w.peers[1];
    server_world_elsewhere(&w, "New");
    hold(&w, STORE_HEAD);
    peer_comes(&w, second);
    assert_int_equal(w.held_count, 1);
    server_closed(w.server, second->connection, w.now);
    second->closed = true;
    let_go(&w);
    server_world_pass(&w, POLL_MS);
    assert_true(peer_has(first, "New"));
    server_world_end(&w);
}

/* The database does not answer who waits: it is refused for now. */
static void who_waits_in_vain_is_refused(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    (void)peer_enrolled(&w);
    struct peer *second = &w.peers[1];
    server_world_elsewhere(&w, "New");
    hold(&w, STORE_HEAD);
    peer_comes(&w, second);
    struct store_result failed = {
        .kind = STORE_HEAD, .ticket = w.held[0]->ticket, .status = STORE_FAILED};
    w.hold = false;
    server_store_done(w.server, &failed, w.now);
    server_world_settle(&w);
    const struct message *refused = peer_find(second, MESSAGE_REFUSAL);
    assert_true(second->closed && refused && refused->refusal.code == REFUSAL_BUSY);
    server_world_end(&w);
}

/* --- hints --- */

/* A hint during a question may be of what was written after it was answered: it is asked again. */
static void a_hint_during_a_question_is_not_lost(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *first = peer_enrolled(&w);
    server_world_elsewhere(&w, "One");
    const struct store_result *read = store_memory_run(w.store, head_held(&w));
    server_world_elsewhere(&w, "Two");
    server_hint(w.server, w.team, w.now);
    w.hold = false;
    server_store_done(w.server, read, w.now);
    store_memory_release(w.store, read);
    server_world_settle(&w);
    assert_true(peer_has(first, "One") && peer_has(first, "Two"));
    server_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sign_in_hides_no_failover),
        cmocka_unit_test(an_answer_about_an_older_belief_hides_no_failover),
        cmocka_unit_test(a_load_of_another_history_is_not_mixed_with_what_was_heard_meanwhile),
        cmocka_unit_test(what_was_loaded_before_the_failover_was_noticed_is_loaded_again),
        cmocka_unit_test(a_commit_on_what_is_believed_no_more_has_everybody_told),
        cmocka_unit_test(a_page_brings_nothing_beyond_the_belief),
        cmocka_unit_test(a_page_read_where_the_belief_has_been_is_sent),
        cmocka_unit_test(a_page_may_show_our_own_commit_first),
        cmocka_unit_test(who_comes_after_others_wrote_is_let_in_with_what_they_wrote),
        cmocka_unit_test(who_was_signed_in_at_what_is_lost_signs_in_again),
        cmocka_unit_test(who_was_signed_in_in_another_history_signs_in_again),
        cmocka_unit_test(who_comes_during_a_commit_waits_for_it),
        cmocka_unit_test(who_waits_may_go),
        cmocka_unit_test(who_waits_in_vain_is_refused),
        cmocka_unit_test(a_hint_during_a_question_is_not_lost),
    };
    return cmocka_run_group_tests_name("server_belief", tests, NULL, NULL);
}
