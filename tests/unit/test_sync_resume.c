/* test_sync_resume.c - a snapshot that breaks off goes on where it broke, against a scripted server. */
#include "tests/support/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/bounds.h"

/* A page of one organisation. */
static void page(struct bench *b, uint64_t from, uint64_t to, uint64_t head)
{
    char name[32];
    snprintf(name, sizeof name, "organisation %u", (unsigned)to);
    struct organisation organisation = {.id = world_id(name), .name = str_from(name)};
    struct packed_row row =
        world_row(&b->world, ENTITY_ORGANISATION, organisation.id, to, 0, &organisation);
    struct message message = {.kind = MESSAGE_PAGE,
                              .page = {.from_seq = from, .to_seq = to, .head_seq = head,
                                       .has_mark = to == head, .to_mark = {(uint8_t)to},
                                       .head_mark = {(uint8_t)head}, .rows = &row, .count = 1}};
    server_says(b, &message);
}

static void line_breaks(struct bench *b)
{
    sync_lost(b->sync, b->now);
    bench_drive(b);
    bench_sync(b, false); /* another process, perhaps */
    bench_start(b);
}

/* What the copy says: all up to there is in, read at heads up to that one. */
static void assert_goes_on(struct bench *b, uint64_t seq, uint64_t top)
{
    assert_true(b->hello.has_fill);
    assert_int_equal(b->hello.fill_seq, seq);
    assert_int_equal(b->hello.top_seq, top);
    assert_int_equal(b->hello.top_mark[0], top);
    assert_true(b->hello.cursor_seq == 1 && b->hello.cursor_mark[0] == 1); /* what it shows */
}

static bool has(struct bench *b, uint64_t seq)
{
    char name[32];
    const void *found;
    snprintf(name, sizeof name, "organisation %u", (unsigned)seq);
    return b->replica->f->entity(b->replica, &b->world.arena, ENTITY_ORGANISATION, world_id(name),
                                 true, &found) == FAULT_NONE;
}

static void it_goes_on_where_it_broke(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 3, 9);
    page(b, 3, 5, 9);
    line_breaks(b);
    assert_goes_on(b, 5, 9);
    assert_false(b->hello.refill);
    assert_false(has(b, 3)); /* nobody sees it before it is whole */
    assert_deal(b, "roof", "title=Roof");
    server_welcomes(b, PLAN_DELTA, 0, 10);
    page(b, 5, 8, 10);
    line_breaks(b);
    assert_goes_on(b, 8, 10);
    server_welcomes(b, PLAN_DELTA, 0, 10);
    page(b, 8, 10, 10);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_true(has(b, 3) && has(b, 5) && has(b, 8) && has(b, 10));
    assert_null(replica_deal(&b->world, b->replica, "roof", true)); /* the snapshot replaces */
    struct identity identity = identity_of(b);
    assert_true(identity.cursor_seq == 10 && identity.cursor_mark[0] == 10);
    assert_true(identity.generation == 2 && identity.fill_generation == 0);
    bench_sync(b, false);
    bench_start(b);
    assert_false(b->hello.has_fill);
}

/* All of it had come, only the end was not shown. */
static void it_had_come_already(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 3, 5);
    struct organisation last = {.id = world_id("organisation 5"), .name = STR("organisation 5")};
    struct packed_row row =
        world_row(&b->world, ENTITY_ORGANISATION, last.id, 5, 0, &last);
    replica_memory_fail(b->replica, 2, FAULT_FULL); /* it is put, but cannot be shown */
    server_pages(b, 3, 5, 5, &row, 1);
    assert_int_equal(bench_report(b).state, SYNC_OFFLINE);
    replica_memory_fail(b->replica, 0, FAULT_NONE);
    bench_sync(b, false);
    bench_start(b);
    assert_goes_on(b, 5, 5);
    server_welcomes(b, PLAN_DELTA, 0, 5);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_true(has(b, 5));
    struct identity identity = identity_of(b);
    assert_true(identity.cursor_seq == 5 && identity.has_mark && identity.cursor_mark[0] == 5);
    assert_true(identity.generation == 2 && identity.fill_generation == 0);
}

/* The server cannot go on from there: its history is another, or the member's sight. */
static void it_begins_anew_when_it_must(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 5, 9);
    line_breaks(b);
    assert_goes_on(b, 5, 9);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 4);
    page(b, 0, 4, 4);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_true(has(b, 4) && !has(b, 5));
}

/* A history that is behind what is there already cannot be ours. */
static void a_shorter_history_is_not_gone_on_with(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 5, 9);
    line_breaks(b);
    size_t hellos = b->hellos;
    server_welcomes(b, PLAN_DELTA, 0, 7); /* all that is in is below it, but was read at 9 */
    assert_int_equal(b->hellos, hellos + 1);
    assert_true(b->hello.refill && !b->hello.has_fill && b->hello.cursor_seq == 1);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 3);
    page(b, 0, 3, 3);
    assert_true(has(b, 3) && !has(b, 5));
}

/* An answer that is awaited is shown with the whole: it is asked for again. */
static void no_answer_is_passed_over(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 1, 9);
    page(b, 0, 3, 9);
    struct packed_row answer = bench_outcome_row(b, 1, 4, OUTCOME_APPLIED);
    server_pages(b, 3, 4, 9, &answer, 1);
    page(b, 4, 6, 12);
    assert_int_equal(bench_pending(b), 1);
    line_breaks(b);
    assert_goes_on(b, 3, 12); /* what is above 3 is there too, and was read at 12 */
    server_welcomes(b, PLAN_DELTA, 1, 12);
    server_pages(b, 3, 4, 12, &answer, 1);
    page(b, 4, 12, 12);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_int_equal(bench_pending(b), 0);
    assert_int_equal(bench_report(b).answered, 1);
}

/* A crash between two slices: what of the second part is in was read at its head, which is said,
 * though the second part is not what it goes on behind. */
static void the_head_is_noted_before_what_was_read_there(void **state)
{
    enum { ROWS = SLICE_ROWS_MAX + 10 };
    struct bench *b = *state;
    struct packed_row *rows = calloc(ROWS, sizeof *rows);
    assert_non_null(rows);
    b->fill_bytes = 1; /* each part is put when the next comes */
    bench_sync(b, false);
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 3, 9);
    page(b, 3, 5, 20);
    sync_tick(b->sync, b->now);
    for (size_t i = 0; i < ROWS; i++) {
        char name[32];
        snprintf(name, sizeof name, "row %zu", i);
        rows[i] = (struct packed_row){.kind = 77, .id = world_id(name), .seq = 6, .body = STR("x")};
    }
    for (size_t i = 0; i < ROWS; i += PAGE_ROWS_MAX) {
        size_t count = ROWS - i < PAGE_ROWS_MAX ? ROWS - i : PAGE_ROWS_MAX;
        for (size_t k = 0; k < count; k++) rows[i + k].seq = 6 + i / PAGE_ROWS_MAX;
        server_pages(b, 5 + i / PAGE_ROWS_MAX, 6 + i / PAGE_ROWS_MAX, 30, rows + i, count);
    }
    struct identity identity = identity_of(b);
    assert_true(identity.fill_seq > 0 && identity.fill_top_seq >= 20);
    assert_true(identity.fill_top_seq == identity.fill_top_mark[0]);
    free(rows);
}

/* The lost history is told by what is shown, whatever goes on: what was answered in it, under former
 * ids too, is offered again. */
static void what_a_lost_history_answered_is_offered_again(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 5, 9);
    bench_edit(b, "title=Mine");
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 1, false, 1, &entries, &count));
    assert_int_equal(count, 1);
    struct outbox_entry former = entries[0];
    former.number = OUTBOX_FORMER;
    former.mutation = world_id("former");
    former.answered = true;
    former.outcome = OUTCOME_APPLIED;
    ok(b->replica->f->begin(b->replica));
    ok(b->replica->f->outbox_add(b->replica, &former));
    ok(b->replica->f->commit(b->replica));
    line_breaks(b);
    assert_goes_on(b, 5, 9);
    struct message welcome = {.kind = MESSAGE_WELCOME,
                              .welcome = {.team = world_id("team"),
                                          .member = world_id("rep"),
                                          .device = world_id("device"),
                                          .head_seq = 9,
                                          .plan = PLAN_DELTA,
                                          .went_back = true,
                                          .server_time = b->now.wall_ms}};
    server_says(b, &welcome);
    assert_int_equal(bench_pending(b), 2);
    assert_true(bench_report(b).was_restored);
    page(b, 5, 9, 9); /* and the rest comes from where it broke off */
    assert_true(has(b, 5) && has(b, 9));
    assert_int_equal(identity_of(b).cursor_seq, 9);
}

/* A copy that cannot be written to keeps what it has. */
static void a_full_disk_loses_no_more_than_the_last_pages(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 3, 9);
    line_breaks(b);
    server_welcomes(b, PLAN_DELTA, 0, 9);
    page(b, 3, 5, 9);
    replica_memory_fail(b->replica, 1, FAULT_FULL);
    sync_lost(b->sync, b->now);
    bench_drive(b);
    replica_memory_fail(b->replica, 0, FAULT_NONE);
    assert_false(replica_memory_in_transaction(b->replica));
    assert_int_equal(identity_of(b).fill_seq, 3);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_goes_on_where_it_broke),
        TEST(it_had_come_already),
        TEST(it_begins_anew_when_it_must),
        TEST(a_shorter_history_is_not_gone_on_with),
        TEST(no_answer_is_passed_over),
        TEST(the_head_is_noted_before_what_was_read_there),
        TEST(what_a_lost_history_answered_is_offered_again),
        TEST(a_full_disk_loses_no_more_than_the_last_pages),
    };
    return cmocka_run_group_tests_name("sync resume", tests, NULL, NULL);
}
