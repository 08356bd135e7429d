/* test_sync_resume.c - a snapshot that breaks off goes on where it broke, against a scripted server. */
#include "tests/support/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A page that ends with a commit, of one organisation. */
static void page(struct bench *b, uint64_t from, uint64_t to, uint64_t head)
{
    char name[32];
    snprintf(name, sizeof name, "organisation %u", (unsigned)to);
    struct organisation organisation = {.id = world_id(name), .name = str_from(name)};
    struct packed_row row =
        world_row(&b->world, ENTITY_ORGANISATION, organisation.id, to, 0, &organisation);
    struct message message = {.kind = MESSAGE_PAGE,
                              .page = {.from_seq = from, .to_seq = to, .head_seq = head,
                                       .has_mark = true, .to_mark = {(uint8_t)to}, .rows = &row,
                                       .count = 1}};
    server_says(b, &message);
}

static void line_breaks(struct bench *b)
{
    sync_lost(b->sync, b->now);
    bench_drive(b);
    bench_sync(b, false); /* another process, perhaps */
    bench_start(b);
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
    assert_true(b->hello.cursor_seq == 5 && b->hello.has_mark && b->hello.cursor_mark[0] == 5);
    assert_false(b->hello.refill);
    assert_false(has(b, 3)); /* nobody sees it before it is whole */
    assert_deal(b, "roof", "title=Roof");
    server_welcomes(b, PLAN_DELTA, 0, 10);
    page(b, 5, 8, 10);
    line_breaks(b);
    assert_int_equal(b->hello.cursor_seq, 8);
    server_welcomes(b, PLAN_DELTA, 0, 10);
    page(b, 8, 10, 10);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_true(has(b, 3) && has(b, 5) && has(b, 8) && has(b, 10));
    assert_null(replica_deal(&b->world, b->replica, "roof", true)); /* the snapshot replaces */
    struct identity identity = identity_of(b);
    assert_true(identity.cursor_seq == 10 && identity.cursor_mark[0] == 10);
    assert_true(identity.generation == 2 && identity.fill_generation == 0);
}

/* All of it had come, only the end was not shown. */
static void it_had_come_already(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    page(b, 0, 5, 9);
    line_breaks(b);
    server_welcomes(b, PLAN_DELTA, 0, 5); /* other servers lag, or the rest was nobody's business */
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
    assert_int_equal(b->hello.cursor_seq, 5);
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
    server_welcomes(b, PLAN_DELTA, 0, 3);
    assert_int_equal(b->hellos, hellos + 1);
    assert_true(b->hello.refill && b->hello.cursor_seq == 1);
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
    page(b, 4, 6, 9);
    assert_int_equal(bench_pending(b), 1);
    line_breaks(b);
    assert_int_equal(b->hello.cursor_seq, 3);
    server_welcomes(b, PLAN_DELTA, 1, 6);
    server_pages(b, 3, 4, 6, &answer, 1);
    page(b, 4, 6, 6);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_int_equal(bench_pending(b), 0);
    assert_int_equal(bench_report(b).answered, 1);
}

/* Where no commit ends there is nothing to go on from. */
static void without_a_mark_it_begins_anew(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 9);
    struct packed_row row = bench_deal_row(b, "cellar", 4, "title=Cellar");
    server_pages(b, 0, 4, 9, &row, 1);
    line_breaks(b);
    assert_int_equal(b->hello.cursor_seq, 1);
    server_welcomes(b, PLAN_SNAPSHOT, 0, 6);
    page(b, 0, 6, 6);
    assert_null(replica_deal(&b->world, b->replica, "cellar", true));
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
        TEST(without_a_mark_it_begins_anew),
        TEST(a_full_disk_loses_no_more_than_the_last_pages),
    };
    return cmocka_run_group_tests_name("sync resume", tests, NULL, NULL);
}
