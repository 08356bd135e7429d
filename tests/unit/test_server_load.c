/* test_server_load.c - claims about those who read slowly, ask for too much, or stay for nothing. */
#include "tests/support/server_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "server/core/internal.h"

enum { ITEM_BYTES = 60 * 1024, ITEMS_HIGH = OUTPUT_HIGH / ITEM_BYTES + 2 };

/* Bulky rows for everybody: unreadable, so parked with their payload. */
static void bulk_push(struct server_world *w, struct peer *writer, uint64_t number)
{
    static char bytes[ITEM_BYTES];
    memset(bytes, 0xff, sizeof bytes);
    memcpy(bytes, &number, sizeof number);
    peer_push(w, writer, number, (struct str){bytes, sizeof bytes});
}

/* A reader that takes nothing, with that many bulky rows made for it. */
static struct peer *reader_stuck(struct server_world *w, uint64_t rows)
{
    struct peer *writer = peer_enrolled(w), *reader = peer_second(w);
    w->stuck = reader->connection;
    for (uint64_t i = 1; i <= rows; i++) bulk_push(w, writer, i);
    return reader;
}

static size_t waiting(const struct server_world *w, const struct peer *peer)
{
    return server_output(w->server, peer->connection).n;
}

/* It takes that much of what waits for it. */
static void peer_takes(struct server_world *w, struct peer *peer, size_t n)
{
    struct str out = server_output(w->server, peer->connection);
    assert_true(n <= out.n);
    channel_feed(&peer->channel, str_slice(out, 0, n));
    server_sent(w->server, peer->connection, n, w->now);
}

/* What the writer has, who reads. */
static void all_is_there(struct server_world *w, const struct peer *reader)
{
    size_t rows = peer_rows(&w->peers[0], ENTITY_INBOX);
    assert_true(rows >= ITEMS_HIGH);
    assert_int_equal(peer_rows(reader, ENTITY_INBOX), rows);
}

static void who_does_not_read_is_not_read(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *reader = reader_stuck(&w, ITEMS_HIGH);
    assert_true(waiting(&w, reader) >= OUTPUT_HIGH);
    assert_false(server_wants_input(w.server, reader->connection));
    size_t before = waiting(&w, reader);
    bulk_push(&w, reader, 1); /* it sends all the same: that waits with it */
    assert_int_equal(waiting(&w, reader), before);
    w.stuck = 0;
    server_world_carry(&w, reader->connection);
    server_world_settle(&w);
    assert_true(server_wants_input(w.server, reader->connection));
    assert_int_equal(peer_outcome(reader, 1).kind, OUTCOME_PARKED);
    all_is_there(&w, reader);
    server_world_end(&w);
}

static void who_takes_nothing_is_cut_and_comes_back_to_its_cursor(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *reader = reader_stuck(&w, ITEMS_HIGH);
    w.listens = "session_slow";
    server_world_pass(&w, SLOW_MS - 1);
    assert_false(reader->closed);
    server_world_pass(&w, 2 * TICK_MS);
    assert_true(reader->closed);
    assert_int_equal(w.lines, 1);
    w.stuck = 0;
    peer_connect(&w, reader); /* with the cursor it had */
    assert_int_equal(peer_welcomed(reader)->plan, PLAN_DELTA);
    assert_int_equal(peer_rows(reader, ENTITY_INBOX), ITEMS_HIGH);
    assert_int_equal(peer_rows(reader, ENTITY_MEMBER), 0); /* that it had already */
    server_world_end(&w);
}

static void who_reads_slowly_is_served_slowly(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *reader = reader_stuck(&w, ITEMS_HIGH);
    for (int i = 0; i < 10; i++) { /* a thin line: 2 KB/s */
        server_world_pass(&w, SLOW_MS / 2);
        assert_false(reader->closed);
        peer_takes(&w, reader, SLOW_BYTES);
    }
    w.stuck = 0;
    server_world_carry(&w, reader->connection);
    server_world_settle(&w);
    all_is_there(&w, reader);
    server_world_pass(&w, SLOW_MS + TICK_MS); /* and is judged no more */
    assert_false(reader->closed);
    server_world_end(&w);
}

static void all_together_stay_within_their_share(void **state)
{
    (void)state;
    static const struct {
        size_t sessions, mark;
    } rows[] = {
        {0, OUTPUT_HIGH},
        {1, OUTPUT_HIGH},
        {OUTPUT_ALL / OUTPUT_HIGH, OUTPUT_HIGH},
        {2 * (OUTPUT_ALL / OUTPUT_HIGH), OUTPUT_HIGH / 2},
        {OUTPUT_ALL / OUTPUT_LEAST, OUTPUT_LEAST},
        {SESSIONS_MAX, OUTPUT_LEAST},
    };
    static struct server server;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server.session_count = rows[i].sessions;
        assert_int_equal(server_output_mark(&server), rows[i].mark);
    }
}

static void a_page_that_fails_is_told_and_tried_less_and_less_often(void **state)
{
    (void)state;
    static struct server_world w;
    enum { FAILURES = 6, WAITS_MS = 100 + 200 + 400 + 800 + 1600 + 3200 };
    server_world_begin(&w);
    w.listens = "page_failed";
    store_memory_fail(w.store, STORE_PAGE, STORE_FAILED, false, FAILURES);
    struct peer *peer = peer_enrolled(&w);
    uint64_t began = w.now.boot_ms;
    while (peer_rows(peer, ENTITY_TEAM) == 0) server_world_pass(&w, 50);
    assert_int_equal(w.lines, FAILURES);
    assert_in_range(w.now.boot_ms - began, WAITS_MS, WAITS_MS + FAILURES * 2 * TICK_MS);
    server_world_end(&w);
}

static void a_mutation_that_needs_too_much_is_parked_and_others_go_on(void **state)
{
    (void)state;
    static struct server_world w;
    enum { EDITS = 60, BATCH_BYTES = 24 * 1024 };
    server_world_begin(&w);
    server_world_small(&w, BATCH_BYTES);
    struct peer *peer = peer_enrolled(&w);
    struct edit edits[EDITS];
    static char text[TITLE_BYTES_MAX];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < EDITS; i++) {
        edits[i] = (struct edit){.field = field_by_name(ENTITY_DEAL, STR("title")),
                                 .want = value_text((struct str){text, sizeof text})};
        edits[i].tag = edits[i].field->tag;
    }
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random),
                                .kind = MUTATION_CREATE,
                                .entity = ENTITY_DEAL,
                                .target = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w.random),
                                .edits = edits,
                                .edit_count = EDITS,
                                .acted_at = {true, SERVER_WORLD_WALL}};
    w.listens = "commit_memory";
    w.hold = true; /* both are in one batch */
    peer_push(&w, peer, 1, server_world_pack(&mutation, &peer->arena));
    peer_push(&w, peer, 2, server_world_deal(&w, &peer->arena, "Roof"));
    w.hold = false;
    for (int i = 0; i < 400 && peer_outcome(peer, 2).kind == OUTCOME_NONE; i++) {
        server_world_pass(&w, 100);
    }
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_PARKED);
    assert_int_equal(peer_outcome(peer, 2).kind, OUTCOME_APPLIED);
    assert_true(w.lines >= MEMORY_TRIES);
    server_world_end(&w);
}

/* HELLO without live: to exchange, not to stay. */
static void who_came_to_exchange_does_not_stay_for_ever(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *stays = peer_enrolled(&w), *visitor = &w.peers[1];
    peer_make(&w, visitor);
    visitor->key = stays->key;
    visitor->hello.live = false;
    peer_connect(&w, visitor);
    peer_welcomed(visitor);
    uint64_t passed = 0;
    for (; passed + PING_MS < EXCHANGE_MS; passed += PING_MS) {
        server_world_pass(&w, PING_MS);
        for (size_t i = 0; i < 2; i++) { /* a sign of life */
            struct buffer out;
            buffer_init(&out, 64);
            assert_int_equal(
                codec_message_pack(&(struct message){.kind = MESSAGE_PONG, .nonce = 1}, &out),
                FAULT_NONE);
            assert_int_equal(channel_send(&w.peers[i].channel, buffer_str(&out)), FAULT_NONE);
            buffer_finish(&out);
        }
        server_world_settle(&w);
    }
    assert_false(visitor->closed);
    server_world_pass(&w, EXCHANGE_MS - passed + 1);
    assert_int_equal(peer_bye(visitor), BYE_DONE);
    assert_false(stays->closed);
    server_world_end(&w);
}

static void says(struct server_world *w, struct peer *peer, const struct message *message)
{
    struct buffer out;
    buffer_init(&out, 1024);
    assert_int_equal(codec_message_pack(message, &out), FAULT_NONE);
    assert_int_equal(channel_send(&peer->channel, buffer_str(&out)), FAULT_NONE);
    buffer_finish(&out);
    server_world_settle(w);
}

/* A comparison of a large copy takes as long as it takes: who asks has not had enough. */
static void who_compares_may_stay(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *visitor = &w.peers[1];
    visitor->key = peer_enrolled(&w)->key;
    struct key_pair key = visitor->key;
    peer_make(&w, visitor);
    visitor->key = key;
    visitor->hello.live = false;
    peer_connect(&w, visitor);
    peer_welcomed(visitor);
    const struct message check = {.kind = MESSAGE_CHECK}, pong = {.kind = MESSAGE_PONG};
    for (uint64_t passed = 0; passed < 2 * (uint64_t)EXCHANGE_MS; passed += PING_MS) {
        server_world_pass(&w, PING_MS);
        says(&w, visitor, passed / PING_MS % 4 == 0 ? &check : &pong);
        assert_false(visitor->closed);
    }
    assert_non_null(peer_find(visitor, MESSAGE_CHECKED));
    server_world_end(&w);
}

/* Nowhere in what the server keeps of a session. */
static void the_code_of_an_invitation_is_forgotten_once_used(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    const struct session *session = server_session(w.server, peer->connection);
    static const uint8_t nothing[CODE_BYTES];
    assert_true(session->hello.has_code);
    assert_memory_equal(session->hello.code, nothing, CODE_BYTES);
    assert_true(str_equal(session->hello.device_name, STR("laptop")));
    server_world_end(&w);
}

/* Each sign-in of a device that the database has forgotten to shut out asks for it again; while commits
 * fail that must not pile up, for one device nor for many. */
static void who_is_to_be_shut_out_waits_once(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct peer *peer = peer_enrolled(&w);
    struct uuid device = peer_welcomed(peer)->device;
    uint64_t before = server_counters(w.server).mutations;
    store_memory_fail(w.store, STORE_COMMIT, STORE_FAILED, false, 3);
    for (size_t i = 0; i < 500; i++) {
        server_shut_out(w.server, w.team, ENTITY_DEVICE, device, w.now);
        if (i % 100 == 0) server_world_pass(&w, 50);
    }
    for (int k = 0; k < 50; k++) server_world_pass(&w, 200);
    assert_int_equal(server_counters(w.server).mutations, before + 1);
    assert_int_equal(peer_bye(peer), BYE_REHANDSHAKE); /* it is out */
    store_memory_fail(w.store, STORE_COMMIT, STORE_FAILED, false, 3);
    before = server_counters(w.server).mutations;
    for (size_t i = 0; i < SERVER_CHANGES_MAX + 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", i);
        server_shut_out(w.server, w.team, ENTITY_DEVICE, uuid_derive(device, str_from(name)), w.now);
    }
    for (int k = 0; k < 100; k++) server_world_pass(&w, 200);
    assert_int_equal(server_counters(w.server).mutations, before + SERVER_CHANGES_MAX);
    /* What did not fit is made when it comes again. */
    server_shut_out(w.server, w.team, ENTITY_DEVICE, uuid_derive(device, STR("later")), w.now);
    for (int k = 0; k < 5; k++) server_world_pass(&w, 200);
    assert_int_equal(server_counters(w.server).mutations, before + SERVER_CHANGES_MAX + 1);
    server_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_does_not_read_is_not_read),
        cmocka_unit_test(who_takes_nothing_is_cut_and_comes_back_to_its_cursor),
        cmocka_unit_test(who_reads_slowly_is_served_slowly),
        cmocka_unit_test(all_together_stay_within_their_share),
        cmocka_unit_test(a_page_that_fails_is_told_and_tried_less_and_less_often),
        cmocka_unit_test(a_mutation_that_needs_too_much_is_parked_and_others_go_on),
        cmocka_unit_test(who_came_to_exchange_does_not_stay_for_ever),
        cmocka_unit_test(who_compares_may_stay),
        cmocka_unit_test(the_code_of_an_invitation_is_forgotten_once_used),
        cmocka_unit_test(who_is_to_be_shut_out_waits_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
