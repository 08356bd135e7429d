/* replica_contract_outbox.c - own mutations: kept in order, answered, forgotten, and what they are about. */
#include "tests/contract/replica_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/row.h"

static void entries_add(struct bench *b)
{
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    const uint64_t numbers[] = {3, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        char name[] = {'m', (char)('0' + numbers[i]), '\0'};
        struct outbox_entry entry = {.number = numbers[i],
                                     .mutation = world_id(name),
                                     .payload = {"a\0b", 3},
                                     .made_at = 5,
                                     .summary = STR("deal move Łódź roof")};
        ok(b->replica->f->outbox_add(b->replica, &entry));
    }
    struct outbox_entry answered = {.number = 2,
                                    .mutation = world_id("m2"),
                                    .payload = {"a\0b", 3},
                                    .answered = true,
                                    .outcome = OUTCOME_PARKED,
                                    .seq = 12,
                                    .reasons = STR("gone"),
                                    .made_at = 5,
                                    .answered_at = 100,
                                    .summary = STR("deal move Łódź roof")};
    ok(b->replica->f->outbox_update(b->replica, &answered));
    answered.number = OUTBOX_FORMER; /* of a former replica id: lies apart */
    answered.mutation = world_id("former");
    ok(b->replica->f->outbox_add(b->replica, &answered));
    bench_commit(b);
}

static size_t entries_count(struct bench *b, uint64_t from, bool answered_too, size_t limit)
{
    struct outbox_entry *entries = NULL;
    size_t count = 99;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, from, answered_too, limit, &entries,
                                  &count));
    for (size_t i = 1; i < count; i++) assert_true(entries[i - 1].number < entries[i].number);
    return count;
}

void the_outbox_lists_in_order_of_number(void **state)
{
    struct bench *b = *state;
    entries_add(b);
    bench_reopen(b);
    assert_int_equal(entries_count(b, 0, false, 10), 2);
    assert_int_equal(entries_count(b, 0, true, 10), 3);
    assert_int_equal(entries_count(b, 2, true, 10), 2);
    assert_int_equal(entries_count(b, 2, false, 10), 1);
    assert_int_equal(entries_count(b, 0, false, 1), 1);
    assert_int_equal(entries_count(b, 4, true, 10), 0);
    assert_int_equal(entries_count(b, OUTBOX_FORMER, true, 10), 1);
    size_t pending = 0;
    ok(b->replica->f->outbox_count(b->replica, &pending));
    assert_int_equal(pending, 2);
}

void an_entry_keeps_all_it_was_given(void **state)
{
    struct bench *b = *state;
    struct outbox_entry entry;
    entries_add(b);
    bench_reopen(b);
    ok(b->replica->f->outbox_find(b->replica, &b->world.arena, world_id("m2"), &entry));
    assert_int_equal(entry.number, 2);
    assert_true(str_equal(entry.payload, (struct str){"a\0b", 3}));
    assert_true(entry.answered);
    assert_int_equal(entry.outcome, OUTCOME_PARKED);
    assert_int_equal(entry.seq, 12);
    assert_true(str_equal(entry.reasons, STR("gone")));
    assert_int_equal(entry.made_at, 5);
    assert_int_equal(entry.answered_at, 100);
    assert_true(str_equal(entry.summary, STR("deal move Łódź roof")));
    assert_int_equal(
        b->replica->f->outbox_find(b->replica, &b->world.arena, world_id("none"), &entry),
        FAULT_NOT_FOUND);
}

void entries_are_removed_and_pruned(void **state)
{
    struct bench *b = *state;
    entries_add(b);
    bench_begin(b);
    ok(b->replica->f->outbox_prune(b->replica, 100)); /* not older than that */
    assert_int_equal(entries_count(b, 0, true, 10), 3);
    ok(b->replica->f->outbox_prune(b->replica, 101));
    assert_int_equal(entries_count(b, 0, true, 10) + entries_count(b, OUTBOX_FORMER, true, 10), 2);
    ok(b->replica->f->outbox_remove(b->replica, 1));
    assert_int_equal(entries_count(b, 0, true, 10), 1);
    struct outbox_entry entry = {.number = 1, .payload = STR("x")};
    assert_int_equal(b->replica->f->outbox_update(b->replica, &entry), FAULT_NOT_FOUND);
    bench_commit(b);
}

static void entry_add(struct bench *b, uint64_t number, const char *target)
{
    struct mutation mutation = {.id = world_id("m"), .kind = MUTATION_DELETE,
                                .entity = ENTITY_DEAL, .target = world_id(target)};
    struct buffer payload;
    buffer_init(&payload, 1 << 16);
    ok(codec_mutation_pack(&mutation, &payload));
    struct outbox_entry entry = {.number = number, .mutation = world_id(target),
                                 .payload = buffer_str(&payload)};
    ok(b->replica->f->outbox_add(b->replica, &entry));
    buffer_finish(&payload);
}

/* Which of the three, as digits; asked together, and one by one. */
static int waiting(struct bench *b)
{
    const struct uuid ids[] = {world_id("roof"), world_id("barn"), world_id("mill")};
    bool all[3], one;
    int digits = 0;
    ok(b->replica->f->outbox_waiting(b->replica, &b->world.arena, ids, 3, all));
    for (size_t i = 0; i < 3; i++) {
        ok(b->replica->f->outbox_waiting(b->replica, &b->world.arena, &ids[i], 1, &one));
        assert_int_equal(one, all[i]);
        digits = digits * 10 + one;
    }
    return digits;
}

void what_waits_is_known_by_what_it_is_about(void **state)
{
    struct bench *b = *state;
    struct outbox_entry entry;
    entries_add(b); /* of payloads that cannot be read */
    assert_int_equal(waiting(b), 0);
    bench_begin(b);
    entry_add(b, 11, "mill");
    entry_add(b, 12, "roof");
    entry_add(b, 13, "mill");
    bench_commit(b);
    bench_reopen(b);
    assert_int_equal(waiting(b), 101);
    bench_begin(b);
    ok(b->replica->f->outbox_remove(b->replica, 13));
    ok(b->replica->f->outbox_find(b->replica, &b->world.arena, world_id("roof"), &entry));
    entry.answered = true;
    ok(b->replica->f->outbox_update(b->replica, &entry));
    bench_commit(b);
    assert_int_equal(waiting(b), 1);
    bench_begin(b);
    entry.answered = false; /* offered again */
    ok(b->replica->f->outbox_update(b->replica, &entry));
    ok(b->replica->f->outbox_remove(b->replica, 11));
    bench_commit(b);
    assert_int_equal(waiting(b), 100);
    bench_begin(b);
    ok(b->replica->f->outbox_remove(b->replica, 12));
    b->replica->f->rollback(b->replica);
    assert_int_equal(waiting(b), 100);
}
