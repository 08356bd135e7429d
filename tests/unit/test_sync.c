/* test_sync.c - the sync machine against a scripted server, sync_bench.h. */
#include "tests/support/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"

/* --- the good way --- */

static void a_new_device_joins_and_gets_everything(void **state)
{
    struct bench *b = *state;
    b->replica->f->close(b->replica);
    b->replica = replica_memory_open();
    struct identity identity = {.addresses = {STR("server:1")},
                                .address_count = 1,
                                .has_code = true,
                                .code = {5, 6},
                                .device_name = STR("phone"),
                                .replica = world_id("replica"),
                                .next_number = 1};
    memcpy(identity.server_key, b->link.keys[0].public.b, 32);
    identity_set(b, &identity);
    bench_sync(b, false);
    bench_start(b);
    assert_true(b->hello.has_code);
    assert_int_equal(b->hello.code[0], 5);
    assert_true(str_equal(b->hello.device_name, STR("phone")));
    assert_false(b->hello.live);
    size_t count = 0;
    struct packed_row *rows = world_rows(&b->world, 3, &count);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 4);
    assert_true(identity_of(b).joined); /* durable before anything else */
    assert_false(identity_of(b).has_code);
    server_pages(b, 0, 3, 4, rows, count);
    assert_null(replica_deal(&b->world, b->replica, "roof", false)); /* not before the head */
    struct packed_row last = bench_deal_row(b, "cellar", 4, "title=Cellar");
    server_pages(b, 3, 4, 4, &last, 1);
    assert_deal(b, "roof", "title=Roof");
    assert_deal(b, "cellar", "title=Cellar");
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_int_equal(b->byes, 1);
    assert_int_equal(b->closes, 1);
    assert_int_equal(b->changed, 1);
    identity = identity_of(b);
    assert_int_equal(identity.generation, 1);
    assert_int_equal(identity.cursor_seq, 4);
    assert_true(identity.has_mark && identity.cursor_mark[0] == 4);
    assert_true(identity.has_token && identity.token[0] == 9);
    assert_true(uuid_equal(identity.member, world_id("rep")));
    assert_int_equal(identity.server_clock_offset, 5000);
    assert_int_equal(identity.last_sync_at, b->now.wall_ms);
}

static void a_delta_is_shown_when_it_is_complete(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    assert_int_equal(b->hello.cursor_seq, 1);
    assert_true(b->hello.has_mark);
    server_welcomes(b, PLAN_DELTA, 0, 3);
    struct packed_row one = bench_deal_row(b, "roof", 2, "title=Two");
    struct packed_row two = bench_deal_row(b, "cellar", 3, "title=Cellar");
    server_pages(b, 1, 2, 3, &one, 1);
    assert_deal(b, "roof", "title=Roof");
    assert_int_equal(identity_of(b).cursor_seq, 1);
    server_pages(b, 2, 3, 3, &two, 1);
    assert_deal(b, "roof", "title=Two");
    assert_deal(b, "cellar", "title=Cellar");
    assert_int_equal(bench_report(b).state, SYNC_DONE);
}

static void a_mutation_is_answered_by_its_outcome_row_only(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    assert_int_equal(b->pushes, 1);
    assert_int_equal(b->pushed_first[0], 1);
    assert_int_equal(bench_report(b).state, SYNC_CATCHING_UP);
    assert_int_equal(bench_pending(b), 1);
    struct packed_row rows[] = {bench_deal_row(b, "roof", 2, "title=Mine"),
                                bench_outcome_row(b, 1, 2, OUTCOME_APPLIED)};
    server_pages(b, 1, 2, 2, rows, 2);
    assert_int_equal(bench_pending(b), 0);
    assert_deal(b, "roof", "title=Mine");
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_int_equal(bench_report(b).sent, 1);
    assert_int_equal(bench_report(b).answered, 1);
}

static void conflicts_and_parked_ones_are_counted(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_edit(b, "next_step:call>write");
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    struct packed_row rows[] = {bench_outcome_row(b, 1, 2, OUTCOME_CONFLICT),
                                bench_outcome_row(b, 2, 3, OUTCOME_PARKED)};
    server_pages(b, 1, 3, 3, rows, 2);
    assert_int_equal(bench_report(b).conflicts, 1);
    assert_int_equal(bench_report(b).parked, 1);
    assert_deal(b, "roof", "title=Roof;next_step=call"); /* the server's say stands */
    assert_int_equal(bench_report(b).state, SYNC_DONE);
}

static void a_live_session_stays_and_sends_what_is_poked(void **state)
{
    struct bench *b = *state;
    bench_sync(b, true);
    bench_start(b);
    assert_true(b->hello.live);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    assert_int_equal(bench_report(b).state, SYNC_LIVE);
    bench_edit(b, "title=Mine");
    sync_poke(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->pushes, 1);
    sync_poke(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->pushes, 1); /* not twice */
    sync_stop(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(bench_report(b).state, SYNC_LIVE); /* an answer is on its way */
    struct packed_row rows[] = {bench_deal_row(b, "roof", 2, "title=Mine"),
                                bench_outcome_row(b, 1, 2, OUTCOME_APPLIED)};
    server_pages(b, 1, 2, 2, rows, 2);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_int_equal(b->byes, 1);
}

static void what_is_in_flight_is_bounded(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 600; i++)
        bench_edit(b, i % 2 == 0 ? "next_step:call>write" : "next_step:write>call");
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    size_t sent = 0;
    for (size_t i = 0; i < b->pushes; i++) {
        assert_true(b->pushed[i] <= PUSH_MUTATIONS_MAX);
        assert_int_equal(b->pushed_first[i], sent + 1);
        sent += b->pushed[i];
    }
    assert_int_equal(sent, INFLIGHT_MUTATIONS_MAX);
    struct packed_row rows[100];
    for (uint64_t i = 0; i < 100; i++) rows[i] = bench_outcome_row(b, i + 1, i + 2, OUTCOME_APPLIED);
    server_pages(b, 1, 101, 101, rows, 100);
    assert_int_equal(bench_report(b).sent, 600);
}

/* A reveal costs much, whether of one answer or of hundreds. */
static void answers_to_what_is_in_flight_are_shown_together(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title:Roof>One");
    bench_edit(b, "title:One>Two");
    bench_edit(b, "title:Two>Three");
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    struct packed_row first = bench_outcome_row(b, 1, 2, OUTCOME_APPLIED);
    server_pages(b, 1, 2, 2, &first, 1);
    assert_int_equal(bench_report(b).answered, 0); /* two more are on their way */
    uint64_t at = sync_deadline(b->sync);
    assert_true(at > b->now.boot_ms && at <= b->now.boot_ms + 500);
    struct packed_row second = bench_outcome_row(b, 2, 3, OUTCOME_APPLIED);
    server_pages(b, 2, 3, 3, &second, 1);
    assert_int_equal(bench_report(b).answered, 0);
    b->now.boot_ms = at; /* they take too long */
    sync_tick(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(bench_report(b).answered, 2);
    struct packed_row third = bench_outcome_row(b, 3, 4, OUTCOME_APPLIED);
    server_pages(b, 3, 4, 4, &third, 1);
    assert_int_equal(bench_report(b).answered, 3); /* nothing to wait for */
    assert_int_equal(bench_report(b).state, SYNC_DONE);
}

static void what_waits_to_be_shown_is_shown_before_a_long_delta_and_at_the_end(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title:Roof>One");
    bench_edit(b, "title:One>Two");
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    struct packed_row first = bench_outcome_row(b, 1, 2, OUTCOME_APPLIED);
    server_pages(b, 1, 2, 2, &first, 1);
    assert_int_equal(bench_report(b).answered, 0);
    struct packed_row row = bench_deal_row(b, "roof", 3, "title=One");
    server_pages(b, 2, 3, 9, &row, 1);
    assert_int_equal(bench_report(b).answered, 1);
    row = bench_deal_row(b, "roof", 8, "title=One");
    server_pages(b, 3, 9, 9, &row, 1);
    sync_stop(b->sync, b->now);
    bench_drive(b);
    struct identity identity = identity_of(b);
    assert_int_equal(identity.cursor_seq, 9);
}

/* --- time travel --- */

static void a_restored_server_is_offered_again(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title:Roof>One");
    bench_edit(b, "title:One>Two");
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    struct packed_row rows[] = {bench_deal_row(b, "roof", 3, "title=Two"),
                                bench_outcome_row(b, 1, 2, OUTCOME_APPLIED),
                                bench_outcome_row(b, 2, 3, OUTCOME_APPLIED)};
    struct packed_row in_order[] = {rows[1], rows[0], rows[2]};
    server_pages(b, 1, 3, 3, in_order, 3);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    b->pushes = 0;
    bench_sync(b, false); /* the server comes back from a backup that knows number 1 only */
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 1, 2);
    assert_true(bench_report(b).was_restored);
    assert_int_equal(b->pushed_first[0], 2);
    assert_int_equal(b->pushed[0], 1);
    size_t count = 0;
    world_deal(&b->world, "roof", "title=One");
    struct packed_row *all = world_rows(&b->world, 2, &count);
    server_pages(b, 0, 2, 2, all, count);
    assert_deal(b, "roof", "title=Two"); /* pending again, shown on top */
    assert_int_equal(bench_pending(b), 1);
    assert_int_equal(identity_of(b).generation, 2);
}

static void assert_forked(struct bench *b, struct uuid old)
{
    assert_true(bench_report(b).was_forked);
    assert_int_equal(b->hellos, 2);
    assert_false(uuid_equal(b->hello.replica, old));
    assert_int_equal(b->hello.next_number, 2);
    assert_true(b->hello.refill && b->hello.has_mark); /* where its answers are of */
    assert_false(b->hello.has_token);
    assert_int_equal(bench_pending(b), 1);
    assert_deal(b, "roof", "title=Mine");
}

static void a_cloned_copy_takes_a_new_replica_id(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_start(b);
    struct uuid old = b->hello.replica;
    server_welcomes(b, PLAN_NEW_REPLICA, 4, 9);
    assert_forked(b, old);
}

static void a_fork_seen_by_the_payload_does_the_same(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_start(b);
    struct uuid old = b->hello.replica;
    server_welcomes(b, PLAN_DELTA, 0, 1);
    server_bye(b, BYE_FORKED);
    assert_forked(b, old);
}

static void a_fork_seen_by_the_answer_does_the_same(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_start(b);
    struct uuid old = b->hello.replica;
    server_welcomes(b, PLAN_DELTA, 1, 2); /* the twin has used number 1, under the same token */
    assert_int_equal(b->pushes, 0);
    struct outcome outcome = {.replica = old,
                              .number = 1,
                              .kind = OUTCOME_APPLIED,
                              .payload_hash = STR("hash of what the twin has sent..")};
    struct packed_row rows[] = {bench_deal_row(b, "roof", 2, "title=Of the twin"),
                                world_row(&b->world, ENTITY_OUTCOME, old, 2, 1, &outcome)};
    server_pages(b, 1, 2, 2, rows, 2);
    assert_forked(b, old);
}

static void numbers_we_never_gave_out_mean_a_restored_copy(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_start(b);
    struct uuid old = b->hello.replica;
    server_welcomes(b, PLAN_DELTA, 7, 1);
    assert_forked(b, old);
}

static void too_big_a_delta_becomes_a_snapshot(void **state)
{
    struct bench *b = *state;
    const uint64_t head = REVEAL_ROWS_MAX + 5 * PAGE_ROWS_MAX;
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, head);
    struct packed_row rows[PAGE_ROWS_MAX];
    uint64_t seq = 1;
    while (b->hellos == 1) {
        assert_true(seq < head);
        for (size_t i = 0; i < PAGE_ROWS_MAX; i++)
            rows[i] = (struct packed_row){.kind = ENTITY_ORGANISATION,
                                          .id = {{1, (uint8_t)(seq >> 8), (uint8_t)i}},
                                          .seq = seq + 1 + i,
                                          .removed = true};
        server_pages(b, seq, seq + PAGE_ROWS_MAX, head, rows, PAGE_ROWS_MAX);
        seq += PAGE_ROWS_MAX;
    }
    assert_true(seq > REVEAL_ROWS_MAX);
    assert_true(b->hello.refill);
    assert_deal(b, "roof", "title=Roof");
    size_t count = 0;
    world_deal(&b->world, "roof", "title=Snapshot");
    struct packed_row *all = world_rows(&b->world, 5, &count);
    server_welcomes(b, PLAN_SNAPSHOT, 0, head + 1);
    server_pages(b, 0, head + 1, head + 1, all, count);
    assert_deal(b, "roof", "title=Snapshot");
    assert_int_equal(identity_of(b).generation, 2);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
}

static void an_unfinished_snapshot_leaves_no_trace(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    struct packed_row stale = bench_deal_row(b, "stale", 8, "title=Stale");
    server_pages(b, 0, 8, 9, &stale, 1);
    sync_lost(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_LOST);
    assert_deal(b, "roof", "title=Roof");
    bench_sync(b, false);
    bench_start(b);
    size_t count = 0;
    struct rule_world fresh;
    world_init(&fresh);
    struct packed_row *all = world_rows(&fresh, 2, &count);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 2);
    server_pages(b, 0, 2, 2, all, count);
    assert_null(replica_deal(&b->world, b->replica, "stale", false));
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    world_finish(&fresh);
}

/* --- trouble --- */

static void a_refused_device_stops(void **state)
{
    struct bench *b = *state;
    struct message message = {.kind = MESSAGE_REFUSAL, .refusal = {.code = REFUSAL_REVOKED,
                                          .revoked_by = STR("Ada"),
                                          .revoked_at = 1234,
                                          .last_number = 5}};
    bench_sync(b, true);
    bench_start(b);
    server_says(b, &message);
    assert_int_equal(bench_report(b).state, SYNC_REFUSED);
    assert_int_equal(bench_report(b).refusal, REFUSAL_REVOKED);
    assert_int_equal(identity_of(b).refusal, REFUSAL_REVOKED);
    assert_string_equal(bench_report(b).revoked_by, "Ada");
    assert_int_equal(bench_report(b).revoked_at, 1234);
    assert_int_equal(bench_report(b).settled, 5);
    assert_true(str_equal(identity_of(b).last_failure, STR("revoked")));
    assert_true(sync_deadline(b->sync) == UINT64_MAX);
    /* A name that is none of ours is no name; what is not told leaves it untold. */
    char name[NAME_BYTES_MAX + 2];
    for (size_t i = 0; i < sizeof name; i++) name[i] = 'x';
    message.refusal.revoked_by = (struct str){name, NAME_BYTES_MAX + 1};
    bench_sync(b, true);
    b->connected = false;
    bench_start(b);
    server_says(b, &message);
    assert_string_equal(bench_report(b).revoked_by, "");
    assert_int_equal(bench_report(b).revoked_at, 1234);
}

static void every_address_is_tried_once(void **state)
{
    struct bench *b = *state;
    struct identity identity = identity_of(b);
    identity.address_count = 2;
    identity_set(b, &identity);
    b->unreachable = true;
    bench_start(b);
    assert_int_equal(b->connects, 2);
    assert_string_equal(b->address, "second:2");
    assert_int_equal(bench_report(b).state, SYNC_OFFLINE);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_UNREACHABLE);
    assert_true(sync_deadline(b->sync) == UINT64_MAX);
    assert_true(str_equal(identity_of(b).last_failure, STR("unreachable")));
}

static void a_live_one_comes_back_later_and_later(void **state)
{
    struct bench *b = *state;
    bench_sync(b, true);
    b->unreachable = true;
    bench_start(b);
    uint64_t longest = 0;
    for (int i = 0; i < 12; i++) {
        uint64_t at = sync_deadline(b->sync);
        assert_true(at > b->now.boot_ms && at <= b->now.boot_ms + 60000);
        if (i == 0) assert_true(at <= b->now.boot_ms + 500);
        if (at - b->now.boot_ms > longest) longest = at - b->now.boot_ms;
        b->now.boot_ms = at;
        sync_tick(b->sync, b->now);
        bench_drive(b);
        assert_int_equal(b->connects, i + 2);
    }
    assert_true(longest >= 30000);
    b->unreachable = false;
    b->now.boot_ms = sync_deadline(b->sync);
    sync_tick(b->sync, b->now);
    bench_drive(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    assert_int_equal(bench_report(b).state, SYNC_LIVE);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_NONE);
    server_bye(b, BYE_SHUTDOWN);
    assert_true(sync_deadline(b->sync) <= b->now.boot_ms + 500); /* patience is new again */
}

/* Another process wrote, and nobody told this one. */
static void what_no_poke_told_of_is_pushed_soon(void **state)
{
    struct bench *b = *state;
    bench_sync(b, true);
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    assert_int_equal(bench_report(b).state, SYNC_LIVE);
    bench_edit(b, "title=Mine");
    const uint64_t until = b->now.boot_ms + 6000;
    while (b->pushes == 0 && sync_deadline(b->sync) <= until) {
        b->now.boot_ms = sync_deadline(b->sync);
        sync_tick(b->sync, b->now);
        bench_drive(b);
    }
    assert_true(b->pushes == 1 && b->pushed[0] == 1);
    b->now.boot_ms += 6000; /* and not again */
    sync_tick(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->pushes, 1);
}

static void a_silent_server_is_pinged_and_then_left(void **state)
{
    struct bench *b = *state;
    bench_sync(b, true);
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    uint64_t begin = b->now.boot_ms;
    while (bench_report(b).state == SYNC_LIVE) {
        assert_true(sync_deadline(b->sync) > b->now.boot_ms);
        b->now.boot_ms = sync_deadline(b->sync);
        sync_tick(b->sync, b->now);
        bench_drive(b);
    }
    assert_int_equal(b->now.boot_ms, begin + DEAD_MS);
    assert_int_equal(b->pings, 2);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_SILENT);
    assert_int_equal(b->closes, 1);
}

static void what_does_not_speak_sluice_is_named(void **state)
{
    struct bench *b = *state;
    sync_start(b->sync, b->now);
    assert_int_equal(sync_next(b->sync).kind, SYNC_EFFECT_CONNECT);
    sync_connected(b->sync, b->now);
    sync_received(b->sync, STR("HTTP/1.1 400 Bad Request\r\n\r\n.......................... "),
                  b->now);
    enum sync_trouble trouble = bench_report(b).trouble;
    assert_true(trouble == SYNC_TROUBLE_NOT_SLUICE || trouble == SYNC_TROUBLE_SERVER_KEY);
    assert_int_equal(bench_report(b).state, SYNC_OFFLINE);
}

static void pages_that_do_not_fit_end_the_session(void **state)
{
    struct bench *b = *state;
    const struct {
        const char *sentence;
        uint64_t from, to, head, seq;
    } rows[] = {
        {"a gap before the page", 2, 3, 3, 3},
        {"a page of before", 0, 1, 3, 1},
        {"a row behind the page's end", 1, 2, 3, 3},
        {"a row of before the page", 1, 2, 3, 1},
        {"a head that lies before the page", 1, 3, 2, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct packed_row row = bench_deal_row(b, "roof", rows[i].seq, "title=Wrong");
        bench_sync(b, false);
        b->connected = false;
        bench_start(b);
        server_welcomes(b, PLAN_DELTA, 0, 3);
        server_pages(b, rows[i].from, rows[i].to, rows[i].head, &row, 1);
        if (bench_report(b).trouble != SYNC_TROUBLE_PROTOCOL) fail_msg("%s", rows[i].sentence);
        assert_deal(b, "roof", "title=Roof");
        assert_int_equal(identity_of(b).cursor_seq, 1);
    }
}

/* One whole exchange, a writing call of the copy failing: nothing half-done; without the failure
 * the next exchange completes. */
static void a_fault_of_the_copy_leaves_nothing_half_done(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    size_t failing = 0;
    for (;; failing++) {
        bench_sync(b, false);
        b->connected = false;
        replica_memory_fail(b->replica, failing, FAULT_FULL);
        bench_start(b);
        if (bench_report(b).state == SYNC_HANDSHAKE) server_welcomes(b, PLAN_DELTA, 0, 2);
        if (bench_report(b).state == SYNC_CATCHING_UP) {
            struct packed_row rows[] = {bench_deal_row(b, "roof", 2, "title=Mine;source=fair"),
                                        bench_outcome_row(b, 1, 2, OUTCOME_APPLIED)};
            server_pages(b, 1, 2, 2, rows, 2);
        }
        if (bench_report(b).state == SYNC_DONE) break;
        assert_int_equal(bench_report(b).state, SYNC_OFFLINE);
        assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_LOCAL);
        assert_int_equal(bench_report(b).local_fault, FAULT_FULL);
        assert_false(replica_memory_in_transaction(b->replica));
        assert_int_equal(bench_pending(b), 1);
        assert_int_equal(identity_of(b).cursor_seq, 1);
        assert_deal(b, "roof", "title=Mine;source=");
        assert_true(failing < 100);
    }
    assert_true(failing > 6);
    replica_memory_fail(b->replica, 0, FAULT_NONE);
    assert_int_equal(bench_pending(b), 0);
    assert_deal(b, "roof", "title=Mine;source=fair");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_device_joins_and_gets_everything),
        TEST(a_delta_is_shown_when_it_is_complete),
        TEST(a_mutation_is_answered_by_its_outcome_row_only),
        TEST(conflicts_and_parked_ones_are_counted),
        TEST(a_live_session_stays_and_sends_what_is_poked),
        TEST(what_is_in_flight_is_bounded),
        TEST(answers_to_what_is_in_flight_are_shown_together),
        TEST(what_waits_to_be_shown_is_shown_before_a_long_delta_and_at_the_end),
        TEST(a_restored_server_is_offered_again),
        TEST(a_cloned_copy_takes_a_new_replica_id),
        TEST(a_fork_seen_by_the_payload_does_the_same),
        TEST(a_fork_seen_by_the_answer_does_the_same),
        TEST(numbers_we_never_gave_out_mean_a_restored_copy),
        TEST(too_big_a_delta_becomes_a_snapshot),
        TEST(an_unfinished_snapshot_leaves_no_trace),
        TEST(a_refused_device_stops),
        TEST(every_address_is_tried_once),
        TEST(a_live_one_comes_back_later_and_later),
        TEST(what_no_poke_told_of_is_pushed_soon),
        TEST(a_silent_server_is_pinged_and_then_left),
        TEST(what_does_not_speak_sluice_is_named),
        TEST(pages_that_do_not_fit_end_the_session),
        TEST(a_fault_of_the_copy_leaves_nothing_half_done),
    };
    return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
