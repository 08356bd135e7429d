/* test_older_client.c - a client older than the server: what it does not know it keeps, byte for byte,
 * and never blanks when it edits something else. */
#include "tests/support/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"

/* The row with a field of a newer schema behind what we know: number 900, text "lilac". */
static struct packed_row newer(struct bench *b, struct packed_row row)
{
    static const char field[] = {(char)0xa2, 0x38, 5, 'l', 'i', 'l', 'a', 'c'};
    char *body = arena_alloc(&b->world.arena, row.body.n + sizeof field);
    assert_non_null(body);
    memcpy(body, row.body.p, row.body.n);
    memcpy(body + row.body.n, field, sizeof field);
    row.body = (struct str){body, row.body.n + sizeof field};
    return row;
}

static uint64_t hash_on_copy(struct bench *b, const struct packed_row *row)
{
    struct row_mark *marks;
    size_t count;
    ok(b->replica->f->marks(b->replica, &b->world.arena, &marks, &count));
    for (size_t i = 0; i < count; i++) {
        if (marks[i].kind == row->kind && uuid_equal(marks[i].id, row->id)) return marks[i].hash;
    }
    return 0;
}

static void what_is_not_known_is_kept_to_the_byte(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 4);
    struct packed_row deal = newer(b, bench_deal_row(b, "roof", 2, "title=Roof;source=fair"));
    struct packed_row plain = bench_deal_row(b, "roof", 2, "title=Roof;source=fair");
    struct packed_row odd = {.kind = 77, .id = world_id("odd"), .seq = 3, .body = STR("\x08\x01")};
    struct packed_row rows[] = {deal, odd};
    server_pages(b, 1, 4, 4, rows, 2);
    assert_int_equal(bench_report(b).state, SYNC_DONE);
    assert_deal(b, "roof", "title=Roof;source=fair");
    assert_true(hash_on_copy(b, &deal) == codec_row_hash(&deal));
    assert_true(codec_row_hash(&deal) != codec_row_hash(&plain)); /* it counts */
    assert_true(hash_on_copy(b, &odd) == codec_row_hash(&odd));
}

/* An edit names what it changes and nothing else: the server has nothing to blank. */
static void an_edit_of_something_else_names_only_that(void **state)
{
    struct bench *b = *state;
    struct outbox_entry *entries;
    struct mutation mutation;
    size_t count;
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 2);
    struct packed_row deal = newer(b, bench_deal_row(b, "roof", 2, "title=Roof"));
    server_pages(b, 1, 2, 2, &deal, 1);
    bench_edit(b, "title=Mine");
    assert_deal(b, "roof", "title=Mine"); /* shown at once... */
    assert_true(hash_on_copy(b, &deal) == codec_row_hash(&deal)); /* ...over what the server said */
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 1, false, 8, &entries, &count));
    assert_int_equal(count, 1);
    ok(codec_mutation_unpack(&b->world.arena, entries[0].payload, &mutation));
    assert_int_equal(mutation.edit_count, 1);
    assert_string_equal(mutation.edits[0].field->name, "title");
    /* The server merged it, and its newer field is as it was. */
    bench_sync(b, false);
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 2);
    struct packed_row merged = newer(b, bench_deal_row(b, "roof", 3, "title=Mine"));
    struct packed_row rows[] = {merged, bench_outcome_row(b, 1, 3, OUTCOME_APPLIED)};
    server_pages(b, 2, 3, 3, rows, 2);
    assert_int_equal(bench_pending(b), 0);
    assert_deal(b, "roof", "title=Mine");
    assert_true(hash_on_copy(b, &merged) == codec_row_hash(&merged));
}

/* A refusal for a field that only a newer program knows is told, and nothing is lost. */
static void a_refusal_of_a_newer_kind_is_kept(void **state)
{
    struct bench *b = *state;
    bench_edit(b, "title=Mine");
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    struct packed_row answer = bench_outcome_row(b, 1, 2, OUTCOME_PARKED);
    struct inbox_item item = {.id = world_id("item"), .number = 1, .kind = INBOX_PARKED,
                              .state = INBOX_OPEN, .subject_kind = ENTITY_DEAL,
                              .subject = world_id("roof"), .author = world_id("rep"),
                              .reasons = STR("field_required stage=lead field=colour"),
                              .payload = STR("as it was sent")};
    struct packed_row rows[] = {
        world_row(&b->world, ENTITY_INBOX, item.id, 2, 0, &item), answer};
    server_pages(b, 1, 2, 2, rows, 2);
    assert_int_equal(bench_report(b).parked, 1);
    assert_deal(b, "roof", "title=Roof");
    const void *found;
    ok(b->replica->f->entity(b->replica, &b->world.arena, ENTITY_INBOX, item.id, false, &found));
    const struct inbox_item *kept = found;
    assert_true(str_equal(kept->reasons, item.reasons) && str_equal(kept->payload, item.payload));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_known_is_kept_to_the_byte),
        TEST(an_edit_of_something_else_names_only_that),
        TEST(a_refusal_of_a_newer_kind_is_kept),
    };
    return cmocka_run_group_tests_name("older client", tests, NULL, NULL);
}
