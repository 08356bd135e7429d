/* test_server.c - claims about the whole server: scripted clients speak through real channels to
 * the server core, which works on the memory store. */
#include "tests/support/server_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void an_invitation_leads_to_the_whole_team(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    const struct welcome *welcome = peer_welcomed(peer);
    assert_int_equal(welcome->plan, PLAN_SNAPSHOT);
    assert_true(uuid_equal(welcome->team, w.team) && uuid_equal(welcome->member, w.owner));
    assert_int_equal(welcome->role, ROLE_OWNER);
    assert_true(str_equal(welcome->team_name, STR("Roofers")));
    assert_true(welcome->last_number == 0 && welcome->head_seq == 1);
    assert_int_equal(peer_rows(peer, ENTITY_TEAM), 1);
    assert_int_equal(peer_rows(peer, ENTITY_MEMBER), 1);
    assert_int_equal(peer_rows(peer, ENTITY_DEFINITION), 1);
    assert_int_equal(peer_rows(peer, ENTITY_INVITATION), 1);
    assert_true(peer->hello.cursor_seq == 2 && peer->hello.has_mark);
    server_world_end(&w);
}

static void who_may_not_in_is_told_why(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = &w.peers[1];
    peer_make(&w, peer);
    peer_connect(&w, peer);
    assert_true(peer->closed);
    assert_int_equal(peer_find(peer, MESSAGE_REFUSAL)->refusal.code, REFUSAL_UNKNOWN_DEVICE);
    peer->hello.has_code = true;
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_REFUSAL)->refusal.code, REFUSAL_INVITATION_UNKNOWN);
    peer->hello.protocol = 2;
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_REFUSAL)->refusal.code, REFUSAL_VERSION);
    (void)peer_enrolled(&w);
    peer->hello.protocol = 1;
    memcpy(peer->hello.code, w.code, CODE_BYTES);
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_REFUSAL)->refusal.code, REFUSAL_INVITATION_USED);
    store_memory_revoke(w.store, peer_welcomed(&w.peers[0])->device);
    peer_connect(&w, &w.peers[0]);
    assert_int_equal(peer_find(&w.peers[0], MESSAGE_REFUSAL)->refusal.code, REFUSAL_REVOKED);
    server_world_end(&w);
}

static void a_mutation_reaches_everybody_who_listens(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *writer = peer_enrolled(&w), *reader = peer_second(&w);
    peer_push(&w, writer, 1, server_world_deal(&w, &writer->arena, "Roof"));
    assert_int_equal(peer_outcome(writer, 1).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_rows(writer, ENTITY_DEAL), 1);
    assert_int_equal(peer_rows(reader, ENTITY_DEAL), 1);
    assert_int_equal(peer_rows(reader, ENTITY_EVENT), 1);
    assert_int_equal(peer_rows(reader, ENTITY_OUTCOME), 0);
    const struct page *page = &peer_find(reader, MESSAGE_PAGE)->page;
    assert_true(page->from_seq == 3 && page->to_seq == 4 && page->head_seq == 4 && page->has_mark);
    server_world_end(&w);
}

static void the_same_number_gets_the_same_answer(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct str payload = server_world_deal(&w, &arena, "Roof");
    peer_push(&w, peer, 1, payload);
    peer_leave(&w, peer);
    peer->hello.next_number = 2; /* its answer was lost: the cursor is still before it */
    peer_connect(&w, peer);
    const struct welcome *welcome = peer_welcomed(peer);
    assert_int_equal(welcome->plan, PLAN_DELTA);
    assert_true(welcome->last_number == 1);
    peer_push(&w, peer, 1, payload);
    assert_false(peer->closed);
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_rows(peer, ENTITY_DEAL), 1);
    assert_true(peer_find(peer, MESSAGE_PAGE)->page.to_seq == 3); /* nothing was written twice */
    peer_push(&w, peer, 1, server_world_deal(&w, &arena, "Another"));
    assert_int_equal(peer_bye(peer), BYE_FORKED);
    arena_finish(&arena);
    server_world_end(&w);
}

static void a_gap_starts_over(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    peer_push(&w, peer, 2, server_world_deal(&w, &peer->arena, "Roof"));
    assert_int_equal(peer_bye(peer), BYE_GAP);
    assert_int_equal(peer_rows(peer, ENTITY_DEAL), 0);
    server_world_end(&w);
}

static void what_the_database_does_changes_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum store_kind kind;
        enum store_status status;
        bool done;
    } rows[] = {
        {"a commit that failed is done again", STORE_COMMIT, STORE_FAILED, false},
        {"one that nobody knows about, not done", STORE_COMMIT, STORE_UNKNOWN, false},
        {"one that nobody knows about, done", STORE_COMMIT, STORE_UNKNOWN, true},
        {"a stale one is decided again", STORE_COMMIT, STORE_STALE, false},
        {"a load that failed", STORE_LOAD, STORE_FAILED, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct server_world w;
        server_world_begin(&w);
        struct peer *peer = peer_enrolled(&w);
        store_memory_fail(w.store, rows[i].kind, rows[i].status, rows[i].done, 2);
        peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Roof"));
        for (int k = 0; k < 100; k++) server_world_pass(&w, 100);
        if (peer_outcome(peer, 1).kind != OUTCOME_APPLIED) fail_msg("%s", rows[i].sentence);
        if (peer_rows(peer, ENTITY_DEAL) != 1) fail_msg("%s: once", rows[i].sentence);
        if (peer_find(peer, MESSAGE_PAGE)->page.to_seq != 3) fail_msg("%s: seq", rows[i].sentence);
        server_world_end(&w);
    }
}

static void a_page_that_failed_is_asked_for_again(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    store_memory_fail(w.store, STORE_PAGE, STORE_FAILED, false, 2);
    struct peer *peer = peer_enrolled(&w);
    assert_int_equal(peer_rows(peer, ENTITY_TEAM), 0);
    for (int k = 0; k < 20; k++) server_world_pass(&w, 100);
    assert_int_equal(peer_rows(peer, ENTITY_TEAM), 1);
    server_world_end(&w);
}

static void unreadable_bytes_are_an_outcome(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    peer_push(&w, peer, 1, STR("\xff\xff\xff"));
    assert_false(peer->closed);
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_PARKED);
    assert_int_equal(peer_rows(peer, ENTITY_INBOX), 1);
    server_world_end(&w);
}

static void garbage_closes(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    static const char garbage[22] = {0, 20, 'n', 'o', 't', ' ', 'a', 'u', 't', 'h'};
    server_received(w.server, peer->connection, (struct str){garbage, sizeof garbage}, w.now);
    assert_false(server_wants_input(w.server, peer->connection));
    server_received(w.server, peer->connection, STR("and more of it"), w.now);
    server_world_settle(&w);
    assert_true(peer->closed);
    server_world_end(&w);
}

static void a_message_that_is_not_allowed_closes(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    assert_int_equal(channel_send(&peer->channel, STR("\x0a\x01")), FAULT_NONE);
    server_world_settle(&w);
    assert_int_equal(peer_bye(peer), BYE_FORM);
    server_world_end(&w);
}

static void a_silent_handshake_ends(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    server_accepted(w.server, 77, STR("192.0.2.9"), w.now);
    assert_true(server_deadline(w.server) <= w.now.boot_ms + HANDSHAKE_MS);
    server_world_pass(&w, HANDSHAKE_MS + 1);
    assert_int_equal(server_output(w.server, 77).n, 0);
    assert_false(server_wants_input(w.server, 77));
    server_world_end(&w);
}

static void a_silent_session_ends(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    server_world_pass(&w, PING_MS + 1);
    assert_non_null(peer_find(peer, MESSAGE_PING));
    peer->connection = 0; /* its cable is cut: what is written goes nowhere */
    w.now.boot_ms += DEAD_MS + 1;
    server_tick(w.server, w.now);
    struct effect effect = server_next(w.server);
    while (effect.kind == EFFECT_LOG) effect = server_next(w.server);
    assert_int_equal(effect.kind, EFFECT_CLOSE);
    server_world_end(&w);
}

static void a_copy_that_went_back_takes_a_new_id(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    struct hello old = peer->hello;
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Roof"));
    peer_leave(&w, peer);
    peer->hello = old; /* its file was restored: next number 1, though 1 was answered */
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_WELCOME)->welcome.plan, PLAN_NEW_REPLICA);
    assert_int_equal(peer_rows(peer, ENTITY_TEAM), 0);
    peer->hello = old;
    peer->hello.next_number = 2;
    peer->hello.token[3] ^= 1; /* a token nobody gave out */
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_WELCOME)->welcome.plan, PLAN_NEW_REPLICA);
    peer->hello = old;
    peer->hello.next_number = 2;
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_WELCOME)->welcome.plan, PLAN_DELTA);
    server_world_end(&w);
}

static void a_cursor_of_another_history_gets_everything(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    peer_leave(&w, peer);
    peer->hello.cursor_mark[0] ^= 1;
    peer->hello.token[0] ^= 1; /* a restored server does not know its last token either */
    peer_connect(&w, peer);
    assert_int_equal(peer_find(peer, MESSAGE_WELCOME)->welcome.plan, PLAN_SNAPSHOT);
    assert_int_equal(peer_rows(peer, ENTITY_TEAM), 1);
    server_world_end(&w);
}

static void the_newer_connection_of_a_copy_stays(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w), *again = &w.peers[2];
    peer_make(&w, again);
    again->key = peer->key;
    again->hello = peer->hello;
    peer_connect(&w, again);
    assert_int_equal(peer_bye(peer), BYE_REPLACED);
    assert_false(again->closed);
    server_world_end(&w);
}

static void another_process_is_noticed(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    struct member member = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random),
                            .name = STR("Bert")};
    struct row row = {.kind = ENTITY_MEMBER, .id = member.id, .seq = 3, .entity = &member};
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = w.team,
                                   .expected_seq = 2,
                                   .new_seq = 3,
                                   .mark = {2},
                                   .rows = &row,
                                   .row_count = 1};
    store_memory_release(w.store, store_memory_run(w.store, &commit));
    assert_int_equal(peer_rows(peer, ENTITY_MEMBER), 1);
    server_world_pass(&w, 2100);
    assert_int_equal(peer_rows(peer, ENTITY_MEMBER), 2);
    member.name = STR("Bertha");
    row.seq = commit.new_seq = 4;
    commit.expected_seq = 3;
    store_memory_release(w.store, store_memory_run(w.store, &commit));
    server_hint(w.server, w.team, w.now);
    server_world_settle(&w);
    assert_int_equal(peer_rows(peer, ENTITY_MEMBER), 3);
    /* And the next commit decides on it. */
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Roof"));
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_APPLIED);
    server_world_end(&w);
}

static void too_much_in_flight_stops_reading(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    w.hold = true;
    struct arena arena;
    arena_init(&arena, 16 << 20);
    for (uint64_t i = 1; i <= INFLIGHT_MUTATIONS_MAX; i++) {
        assert_true(server_wants_input(w.server, peer->connection));
        peer_push(&w, peer, i, server_world_deal(&w, &arena, "Roof"));
    }
    assert_false(server_wants_input(w.server, peer->connection));
    w.hold = false;
    server_world_answer(&w, w.held[0]);
    server_world_settle(&w);
    assert_true(server_wants_input(w.server, peer->connection));
    assert_int_equal(peer_rows(peer, ENTITY_DEAL), INFLIGHT_MUTATIONS_MAX);
    assert_int_equal(peer_outcome(peer, INFLIGHT_MUTATIONS_MAX).kind, OUTCOME_APPLIED);
    arena_finish(&arena);
    server_world_end(&w);
}

static void a_slow_reader_costs_little_and_misses_nothing(void **state)
{
    (void)state;
    static struct server_world w;
    static char bytes[60 * 1024]; /* unreadable: parked with its payload */
    enum { ITEMS = 100 };
    server_world_begin(&w);
    struct peer *writer = peer_enrolled(&w), *reader = &w.peers[1];
    memset(bytes, 0xff, sizeof bytes);
    for (uint64_t i = 1; i <= ITEMS; i++) {
        bytes[100] = (char)i;
        peer_push(&w, writer, i, (struct str){bytes, sizeof bytes});
    }
    assert_int_equal(peer_rows(writer, ENTITY_INBOX), ITEMS);
    peer_make(&w, reader);
    reader->key = writer->key;
    peer_connect(&w, reader);
    assert_int_equal(peer_rows(reader, ENTITY_INBOX), ITEMS + 1); /* and that it is a copy */
    peer_welcomed(reader);
    peer_leave(&w, reader);
    reader->hello.cursor_seq = 0;
    reader->hello.has_mark = false;
    peer_connect(&w, reader);
    w.stuck = reader->connection;
    for (uint64_t i = 1; i <= ITEMS; i++) {
        bytes[101] = (char)i;
        peer_push(&w, writer, ITEMS + i, (struct str){bytes, sizeof bytes});
    }
    size_t waiting = server_output(w.server, reader->connection).n;
    assert_true(waiting >= OUTPUT_HIGH && waiting < OUTPUT_HIGH + FRAME_TO_CLIENT_MAX);
    w.stuck = 0;
    server_world_carry(&w, reader->connection);
    server_world_settle(&w);
    assert_false(reader->closed);
    assert_int_equal(peer_rows(reader, ENTITY_INBOX), 2 * ITEMS + 1);
    assert_true(peer_find(reader, MESSAGE_PAGE)->page.to_seq == 3 + 2 * ITEMS);
    server_world_end(&w);
}

static void stopping_waits_for_what_is_in_flight(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w), *idle = peer_second(&w);
    w.hold = true;
    peer_push(&w, peer, 1, server_world_deal(&w, &peer->arena, "Roof"));
    server_stop(w.server, w.now);
    server_world_settle(&w);
    assert_int_equal(peer_bye(idle), BYE_SHUTDOWN);
    assert_false(peer->closed);
    assert_false(server_stopped(w.server));
    w.hold = false;
    server_world_answer(&w, w.held[0]);
    server_world_settle(&w);
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_bye(peer), BYE_SHUTDOWN);
    assert_true(server_stopped(w.server));
    server_world_end(&w);
}

static void one_source_cannot_take_all_handshakes(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    for (uint64_t i = 0; i <= HANDSHAKES_PER_SOURCE_MAX; i++) {
        server_accepted(w.server, 1000 + i, STR("198.51.100.1"), w.now);
    }
    /* The oldest had its chance. */
    assert_false(server_wants_input(w.server, 1000));
    for (uint64_t i = 1; i <= HANDSHAKES_PER_SOURCE_MAX; i++) {
        assert_true(server_wants_input(w.server, 1000 + i));
    }
    struct peer *peer = peer_enrolled(&w); /* from elsewhere */
    assert_true(peer->open);
    server_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invitation_leads_to_the_whole_team),
        cmocka_unit_test(who_may_not_in_is_told_why),
        cmocka_unit_test(a_mutation_reaches_everybody_who_listens),
        cmocka_unit_test(the_same_number_gets_the_same_answer),
        cmocka_unit_test(a_gap_starts_over),
        cmocka_unit_test(what_the_database_does_changes_no_answer),
        cmocka_unit_test(a_page_that_failed_is_asked_for_again),
        cmocka_unit_test(unreadable_bytes_are_an_outcome),
        cmocka_unit_test(garbage_closes),
        cmocka_unit_test(a_message_that_is_not_allowed_closes),
        cmocka_unit_test(a_silent_handshake_ends),
        cmocka_unit_test(a_silent_session_ends),
        cmocka_unit_test(a_copy_that_went_back_takes_a_new_id),
        cmocka_unit_test(a_cursor_of_another_history_gets_everything),
        cmocka_unit_test(the_newer_connection_of_a_copy_stays),
        cmocka_unit_test(another_process_is_noticed),
        cmocka_unit_test(too_much_in_flight_stops_reading),
        cmocka_unit_test(a_slow_reader_costs_little_and_misses_nothing),
        cmocka_unit_test(stopping_waits_for_what_is_in_flight),
        cmocka_unit_test(one_source_cannot_take_all_handshakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
