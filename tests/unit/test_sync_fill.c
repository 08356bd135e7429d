/* test_sync_fill.c - claims about a snapshot that is put a slice at a time, while more of it comes. */
#include "tests/support/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"

enum {
    PAGES = 2 * SLICE_ROWS_MAX / PAGE_ROWS_MAX + 1, /* of small rows: more than two slices */
    LARGE = 100 * 1024,                         /* bytes of one large row */
    LARGE_PAGE = 7,
    FILL = 4 * 1024 * 1024, /* so much is held before it is put */
    LARGE_PAGES = 8         /* and that is more */
};

static struct uuid id_of(uint64_t seq)
{
    struct uuid id = {{1}};
    /* Not in the order they come in. */
    uint64_t mixed = seq * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < 8; i++) id.b[8 + i] = (uint8_t)(mixed >> 8 * i);
    return id;
}

/* Rows (from, from + count] of a kind that nobody knows yet. */
static void page_says(struct bench *b, uint64_t from, size_t count, uint64_t head, struct str body)
{
    struct packed_row *rows = calloc(count, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct packed_row){
            .kind = 77, .id = id_of(from + 1 + i), .seq = from + 1 + i, .body = body};
    }
    server_pages(b, from, from + count, head, rows, count);
    free(rows);
}

static void world_says(struct bench *b, uint64_t from, uint64_t head)
{
    size_t count = 0;
    world_deal(&b->world, "roof", "title=Snapshot");
    struct packed_row *all = world_rows(&b->world, head, &count);
    server_pages(b, from, head, head, all, count);
}

static size_t marks_of(struct bench *b)
{
    struct arena arena;
    struct row_mark *marks;
    size_t count;
    arena_init(&arena, 64 << 20);
    ok(b->replica->f->marks(b->replica, &arena, &marks, &count));
    arena_finish(&arena);
    return count;
}

/* Ticks as long as there is something to do at once. */
static size_t ticks(struct bench *b)
{
    size_t n = 0;
    for (; sync_deadline(b->sync) <= b->now.boot_ms; n++) {
        assert_true(n < 1000);
        sync_tick(b->sync, b->now);
        bench_drive(b);
    }
    return n;
}

static void small_pages_say(struct bench *b, uint64_t head)
{
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, head);
    for (uint64_t i = 0; i < PAGES; i++) {
        page_says(b, i * PAGE_ROWS_MAX, PAGE_ROWS_MAX, head, STR("x"));
    }
}

static void more_than_a_slice_is_put_in_several_steps(void **state)
{
    struct bench *b = *state;
    const uint64_t head = PAGES * PAGE_ROWS_MAX + 1;
    small_pages_say(b, head);
    world_says(b, head - 1, head);
    assert_deal(b, "roof", "title=Roof"); /* not yet: it is not all there */
    assert_int_equal(bench_report(b).state, SYNC_CATCHING_UP);
    assert_int_equal(identity_of(b).generation, 1);
    assert_true(ticks(b) > 0);
    assert_deal(b, "roof", "title=Snapshot");
    assert_int_equal(identity_of(b).generation, 2);
    assert_int_equal(identity_of(b).cursor_seq, head);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_true(marks_of(b) > PAGES * PAGE_ROWS_MAX);
}

static void what_comes_while_the_rest_is_put_is_shown_with_it(void **state)
{
    struct bench *b = *state;
    const uint64_t head = PAGES * PAGE_ROWS_MAX + 1;
    bench_sync(b, true);
    small_pages_say(b, head);
    world_says(b, head - 1, head);
    assert_deal(b, "roof", "title=Roof");
    struct packed_row later = bench_deal_row(b, "roof", head + 1, "title=Later");
    server_pages(b, head, head + 1, head + 2, &later, 1);
    struct packed_row last = bench_deal_row(b, "cellar", head + 2, "title=Cellar");
    server_pages(b, head + 1, head + 2, head + 2, &last, 1);
    ticks(b);
    assert_deal(b, "roof", "title=Later");
    assert_deal(b, "cellar", "title=Cellar");
    assert_int_equal(identity_of(b).cursor_seq, head + 2);
    assert_int_equal(bench_report(b).state, SYNC_LIVE);
}

static struct str large_body(struct bench *b)
{
    struct str body = {arena_array(&b->world.arena, LARGE, 1), LARGE};
    assert_non_null(body.p);
    return body;
}

static void large_pages_say(struct bench *b, uint64_t pages, uint64_t head)
{
    struct str body = large_body(b);
    b->fill_bytes = FILL;
    bench_sync(b, false);
    bench_start(b);
    server_welcomes(b, PLAN_SNAPSHOT, 0, head);
    for (uint64_t i = 0; i < pages; i++) page_says(b, i * LARGE_PAGE, LARGE_PAGE, head, body);
}

static void what_was_gathered_is_put_before_the_last_page(void **state)
{
    struct bench *b = *state;
    const uint64_t head = LARGE_PAGES * LARGE_PAGE + 1;
    large_pages_say(b, LARGE_PAGES - 1, head);
    assert_int_equal(sync_deadline(b->sync), 0); /* there is enough to put */
    assert_int_equal(ticks(b), 1);
    assert_int_equal(bench_report(b).state, SYNC_CATCHING_UP);
    assert_deal(b, "roof", "title=Roof");
    page_says(b, (LARGE_PAGES - 1) * LARGE_PAGE, LARGE_PAGE, head, STR("x"));
    world_says(b, head - 1, head);
    assert_deal(b, "roof", "title=Snapshot");
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_true(marks_of(b) > LARGE_PAGES * LARGE_PAGE);
}

static void who_cannot_keep_up_puts_before_he_takes_more(void **state)
{
    struct bench *b = *state;
    const uint64_t head = 2 * LARGE_PAGES * LARGE_PAGE + 1;
    large_pages_say(b, 2 * LARGE_PAGES, head); /* never a tick */
    world_says(b, head - 1, head);
    ticks(b);
    assert_deal(b, "roof", "title=Snapshot");
    assert_true(marks_of(b) > 2 * LARGE_PAGES * LARGE_PAGE);
}

static void what_is_half_put_is_not_shown(void **state)
{
    struct bench *b = *state;
    const uint64_t head = LARGE_PAGES * LARGE_PAGE + 1;
    size_t before = marks_of(b);
    large_pages_say(b, LARGE_PAGES - 1, head);
    ticks(b);
    sync_lost(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_LOST);
    assert_deal(b, "roof", "title=Roof");
    assert_int_equal(marks_of(b), before);
}

static void a_fault_while_it_is_put_ends_the_session(void **state)
{
    struct bench *b = *state;
    const uint64_t head = LARGE_PAGES * LARGE_PAGE + 1;
    large_pages_say(b, LARGE_PAGES - 1, head);
    replica_memory_fail(b->replica, 0, FAULT_FULL);
    ticks(b);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_LOCAL);
    assert_int_equal(bench_report(b).local_fault, FAULT_FULL);
    assert_false(replica_memory_in_transaction(b->replica));
    assert_deal(b, "roof", "title=Roof");
}

static void who_is_stopped_does_not_wait_for_the_rest(void **state)
{
    struct bench *b = *state;
    const uint64_t head = 2 * PAGES * PAGE_ROWS_MAX + 1;
    small_pages_say(b, head);
    for (uint64_t i = PAGES; i < 2 * PAGES; i++) {
        page_says(b, i * PAGE_ROWS_MAX, PAGE_ROWS_MAX, head, STR("x"));
    }
    world_says(b, head - 1, head);
    sync_stop(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->byes, 0);
    b->now.boot_ms += 60 * 1000 / 2; /* long past */
    sync_tick(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->closes, 1);
    assert_deal(b, "roof", "title=Roof");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(more_than_a_slice_is_put_in_several_steps),
        TEST(what_comes_while_the_rest_is_put_is_shown_with_it),
        TEST(what_was_gathered_is_put_before_the_last_page),
        TEST(who_cannot_keep_up_puts_before_he_takes_more),
        TEST(what_is_half_put_is_not_shown),
        TEST(a_fault_while_it_is_put_ends_the_session),
        TEST(who_is_stopped_does_not_wait_for_the_rest),
    };
    return cmocka_run_group_tests_name("sync_fill", tests, NULL, NULL);
}
