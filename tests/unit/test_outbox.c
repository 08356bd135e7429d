/* test_outbox.c - own mutations: decided at once, kept, shown, answered, renumbered. */
#include "client/core/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

struct bench {
    struct rule_world world;
    struct replica *replica;
    struct now now;
};

static int bench_open(void **state)
{
    static struct bench bench;
    world_init(&bench.world);
    world_deal(&bench.world, "roof", "title=Roof");
    bench.now = (struct now){.boot_ms = 1000, .wall_ms = bench.world.recorded};
    bench.replica = replica_memory_open();
    world_fill(&bench.world, bench.replica, "rep");
    *state = &bench;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    assert_false(replica_memory_in_transaction(bench->replica));
    bench->replica->f->close(bench->replica);
    world_finish(&bench->world);
    return 0;
}

static void ok(enum fault fault)
{
    assert_string_equal(fault_name(fault), fault_name(FAULT_NONE));
}

static struct identity identity_of(struct bench *b)
{
    struct identity identity;
    ok(b->replica->f->identity_load(b->replica, &b->world.arena, &identity));
    return identity;
}

static struct change submit(struct bench *b, struct mutation mutation)
{
    struct change change;
    ok(outbox_submit(b->replica, &b->world.arena, &mutation, STR("did it"), b->now, &change));
    return change;
}

static struct change edit(struct bench *b, const char *edits)
{
    return submit(b, world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", edits));
}

static void assert_deal(struct bench *b, const char *fields)
{
    const struct deal *deal = replica_deal(&b->world, b->replica, "roof", false);
    assert_fields(&b->world, ENTITY_DEAL, deal, fields);
}

static size_t pending(struct bench *b)
{
    size_t count = 0;
    ok(b->replica->f->outbox_count(b->replica, &count));
    return count;
}

static void rebase(struct bench *b)
{
    ok(b->replica->f->begin(b->replica));
    ok(outbox_rebase(b->replica, &b->world.arena, b->now));
    ok(b->replica->f->commit(b->replica));
}

static void put_deal(struct bench *b, uint64_t seq, const char *fields)
{
    struct deal *deal = world_deal(&b->world, "roof", fields);
    struct packed_row row =
        world_row(&b->world, ENTITY_DEAL, world_id("roof"), seq, 0, deal);
    ok(b->replica->f->begin(b->replica));
    ok(b->replica->f->put_row(b->replica, 1, &row));
    ok(b->replica->f->commit(b->replica));
}

static struct packed_row outcome_row(struct bench *b, const char *replica, int64_t number,
                                     enum outcome_kind kind)
{
    struct outcome outcome = {.replica = world_id(replica),
                              .number = number,
                              .kind = kind,
                              .reasons = STR("gone")};
    return world_row(&b->world, ENTITY_OUTCOME, outcome.replica, 50, (uint32_t)number, &outcome);
}

static void answer(struct bench *b, const char *replica, int64_t number, enum outcome_kind kind)
{
    struct packed_row row = outcome_row(b, replica, number, kind);
    ok(b->replica->f->begin(b->replica));
    ok(outbox_answer(b->replica, &b->world.arena, &row, b->now));
    ok(b->replica->f->commit(b->replica));
}

/* --- submit --- */

static void a_mutation_is_queued_and_shown(void **state)
{
    struct bench *b = *state;
    struct change change = edit(b, "title=Roof and cellar");
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_deal(b, "title=Roof and cellar");
    assert_int_equal(pending(b), 1);
    assert_int_equal(identity_of(b).next_number, 2);
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, false, 5, &entries, &count));
    assert_int_equal(entries[0].number, 1);
    assert_true(str_equal(entries[0].summary, STR("did it")));
    assert_true(uuid_equal(identity_of(b).last_undoable, entries[0].mutation));
    struct mutation back;
    ok(codec_mutation_unpack(&b->world.arena, entries[0].payload, &back));
    assert_true(uuid_equal(back.id, entries[0].mutation));
    const struct deal *server = replica_deal(&b->world, b->replica, "roof", true);
    assert_fields(&b->world, ENTITY_DEAL, server, "title=Roof");
}

static void predicted_events_of_several_mutations_stay_apart(void **state)
{
    struct bench *b = *state;
    edit(b, "title:Roof>One");
    edit(b, "title:One>Two");
    const struct event **events = NULL;
    uint64_t *seqs = NULL;
    size_t count = 0;
    ok(b->replica->f->events(b->replica, &b->world.arena, world_id("roof"), &events, &seqs,
                             &count));
    assert_int_equal(count, 2);
    assert_true(str_equal(events[0]->to_value, STR("One")));
    assert_true(str_equal(events[1]->to_value, STR("Two")));
    assert_int_equal(seqs[0] + seqs[1], 0);
}

static void a_refused_mutation_leaves_nothing(void **state)
{
    struct bench *b = *state;
    struct change change = edit(b, "stage=nowhere");
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_int_equal(change.reasons.items[0].code, REASON_STAGE_UNKNOWN);
    assert_int_equal(pending(b), 0);
    assert_int_equal(identity_of(b).next_number, 1);
    assert_deal(b, "stage=contact");
}

static void what_stands_already_is_not_queued(void **state)
{
    struct bench *b = *state;
    struct change change = edit(b, "title:Roof>Roof");
    assert_int_equal(change.row_count, 0);
    assert_int_equal(pending(b), 0);
}

static void a_wish_against_what_stands_is_queued_to_become_a_conflict(void **state)
{
    struct bench *b = *state;
    struct change change = edit(b, "title:Seen before>Mine");
    assert_int_equal(change.outcome, OUTCOME_CONFLICT);
    assert_int_equal(pending(b), 1);
    assert_deal(b, "title=Roof");
}

static void many_see_the_earlier_ones_and_refused_ones_do_not_stop_them(void **state)
{
    struct bench *b = *state;
    struct mutation mutations[] = {
        world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", "title:Roof>One"),
        world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", "stage=nowhere"),
        world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", "title:One>Two"),
    };
    struct change changes[3];
    ok(outbox_submit_many(b->replica, &b->world.arena, mutations, 3, STR("import"), b->now,
                          changes));
    assert_int_equal(changes[0].outcome, OUTCOME_APPLIED);
    assert_int_equal(changes[1].outcome, OUTCOME_PARKED);
    assert_int_equal(changes[2].outcome, OUTCOME_APPLIED);
    assert_int_equal(pending(b), 2);
    assert_int_equal(identity_of(b).next_number, 3);
    assert_deal(b, "title=Two");
}

/* Each writing call fails in turn: nothing is half-done, and the same again goes through. */
static void a_fault_anywhere_changes_nothing(void **state)
{
    struct bench *b = *state;
    size_t before = replica_memory_writes(b->replica);
    edit(b, "title:Roof>One");
    size_t calls = replica_memory_writes(b->replica) - before;
    assert_true(calls >= 5);
    for (size_t i = 0; i < calls; i++) {
        struct mutation mutation =
            world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", "title:One>Two");
        struct change change;
        replica_memory_fail(b->replica, i, FAULT_FULL);
        assert_int_equal(outbox_submit(b->replica, &b->world.arena, &mutation, STR("x"), b->now,
                                       &change),
                         FAULT_FULL);
        assert_false(replica_memory_in_transaction(b->replica));
        assert_int_equal(pending(b), 1);
        assert_int_equal(identity_of(b).next_number, 2);
        assert_deal(b, "title=One");
    }
    edit(b, "title:One>Two");
    assert_deal(b, "title=Two");
}

/* --- rebase --- */

static void pending_mutations_are_decided_again_on_what_the_server_says(void **state)
{
    struct bench *b = *state;
    edit(b, "title=Mine");
    edit(b, "next_step:call>write");
    put_deal(b, 9, "title=Theirs;source=fair");
    rebase(b);
    assert_deal(b, "title=Theirs;next_step=write;source=fair"); /* the title is a conflict now */
    assert_int_equal(pending(b), 2);
}

static void what_the_server_removed_is_not_shown_by_a_pending_edit(void **state)
{
    struct bench *b = *state;
    edit(b, "title=Mine");
    struct packed_row gone = world_row(&b->world, ENTITY_DEAL, world_id("roof"), 9, 0, NULL);
    ok(b->replica->f->begin(b->replica));
    ok(b->replica->f->put_row(b->replica, 1, &gone));
    ok(outbox_rebase(b->replica, &b->world.arena, b->now));
    ok(b->replica->f->commit(b->replica));
    assert_null(replica_deal(&b->world, b->replica, "roof", false));
    assert_int_equal(pending(b), 1);
}

static void a_rebase_without_news_changes_nothing(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 150; i++) { /* more than one step of the list */
        edit(b, i % 2 == 0 ? "next_step:call>write" : "next_step:write>call");
    }
    edit(b, "title=Mine");
    rebase(b);
    assert_deal(b, "title=Mine;next_step=call");
    assert_int_equal(pending(b), 151);
}

/* --- answers --- */

static void an_answer_is_kept_and_no_longer_shown_as_pending(void **state)
{
    struct bench *b = *state;
    edit(b, "title=Mine");
    answer(b, "replica", 1, OUTCOME_PARKED);
    rebase(b);
    assert_int_equal(pending(b), 0);
    assert_deal(b, "title=Roof");
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, true, 5, &entries, &count));
    assert_int_equal(count, 1);
    assert_int_equal(entries[0].outcome, OUTCOME_PARKED);
    assert_int_equal(entries[0].seq, 50);
    assert_int_equal(entries[0].answered_at, b->now.wall_ms);
    assert_true(str_equal(entries[0].reasons, STR("gone")));
}

static void answers_to_others_are_not_ours(void **state)
{
    struct bench *b = *state;
    edit(b, "title=Mine");
    answer(b, "another replica", 1, OUTCOME_APPLIED);
    answer(b, "replica", 2, OUTCOME_APPLIED);
    assert_int_equal(pending(b), 1);
}

static void a_restored_server_is_offered_again_what_it_lost(void **state)
{
    struct bench *b = *state;
    edit(b, "title:Roof>One");
    edit(b, "title:One>Two");
    edit(b, "title:Two>Three");
    struct outbox_entry *before = NULL, *after = NULL;
    size_t count = 0, again = 0;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, true, 9, &before, &count));
    answer(b, "replica", 1, OUTCOME_APPLIED);
    answer(b, "replica", 2, OUTCOME_APPLIED);
    ok(b->replica->f->begin(b->replica));
    ok(outbox_reoffer(b->replica, 1, false, &again));
    ok(b->replica->f->commit(b->replica));
    assert_int_equal(again, 1); /* number 2; 3 was pending all along */
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, false, 9, &after, &count));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(after[i].number, before[i + 1].number);
        assert_true(str_equal(after[i].payload, before[i + 1].payload));
        assert_int_equal(after[i].outcome, OUTCOME_NONE);
    }
}

/* A history that does not know where the copy stood may have answered otherwise what it knows by
 * number: that is asked for again, but not counted as lost. */
static void another_history_is_asked_for_every_answer(void **state)
{
    struct bench *b = *state;
    edit(b, "title:Roof>One");
    edit(b, "title:One>Two");
    edit(b, "title:Two>Three");
    for (uint64_t number = 1; number <= 3; number++) answer(b, "replica", number, OUTCOME_APPLIED);
    struct outbox_entry *after = NULL;
    size_t count = 0, again = 0;
    ok(b->replica->f->begin(b->replica));
    ok(outbox_reoffer(b->replica, 2, true, &again));
    ok(b->replica->f->commit(b->replica));
    assert_int_equal(again, 1);
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, false, 9, &after, &count));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(after[i].number, i + 1);
}

static void renumber(struct bench *b, const char *name)
{
    ok(b->replica->f->begin(b->replica));
    ok(outbox_renumber(b->replica, &b->world.arena, world_id(name)));
    ok(b->replica->f->commit(b->replica));
}

static void a_cloned_copy_renumbers_what_is_unanswered(void **state)
{
    struct bench *b = *state;
    edit(b, "title:Roof>One");
    edit(b, "title:One>Two");
    edit(b, "title:Two>Three");
    answer(b, "replica", 1, OUTCOME_APPLIED);
    struct outbox_entry *before = NULL, *after = NULL;
    size_t count = 0;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, false, 9, &before, &count));
    uint64_t cursor = identity_of(b).cursor_seq;
    renumber(b, "new replica");
    struct identity identity = identity_of(b);
    assert_true(uuid_equal(identity.replica, world_id("new replica")));
    assert_int_equal(identity.next_number, 3);
    assert_int_equal(identity.cursor_seq, cursor); /* which history the answers are of */
    assert_true(identity.refill);
    assert_false(identity.has_token);
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, true, 9, &after, &count));
    assert_int_equal(count, 2); /* the answered one is of the old replica's numbers */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(after[i].number, i + 1);
        assert_true(uuid_equal(after[i].mutation, before[i].mutation));
        assert_true(str_equal(after[i].payload, before[i].payload));
    }
}

static size_t former_count(struct bench *b)
{
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, OUTBOX_FORMER, true, 99, &entries,
                                  &count));
    for (size_t i = 0; i < count; i++) {
        assert_true(entries[i].answered);
        assert_true(entries[i].number == OUTBOX_FORMER + i);
    }
    return count;
}

/* Answered twice under a former id, once under another, then a pending one and the database's loss of
 * all but number 1 of the last. */
static void what_was_answered_under_former_ids_is_offered_before_what_is_newer(void **state)
{
    struct bench *b = *state;
    edit(b, "title:Roof>1");
    edit(b, "title:1>2");
    answer(b, "replica", 1, OUTCOME_APPLIED);
    answer(b, "replica", 2, OUTCOME_APPLIED);
    renumber(b, "second");
    assert_int_equal(former_count(b), 2);
    edit(b, "title:2>3");
    answer(b, "second", 1, OUTCOME_APPLIED);
    renumber(b, "third");
    assert_int_equal(former_count(b), 3);
    edit(b, "title:3>4");
    edit(b, "title:4>5");
    edit(b, "title:5>6");
    answer(b, "third", 1, OUTCOME_APPLIED);
    struct outbox_entry *own = NULL, *former = NULL, *after = NULL;
    size_t count = 0, again = 0;
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, true, 99, &own, &count));
    assert_int_equal(count, 3); /* the former ones are not among them */
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, OUTBOX_FORMER, true, 99, &former,
                                  &count));
    ok(b->replica->f->begin(b->replica));
    ok(outbox_reoffer_former(b->replica, 1, &again));
    ok(b->replica->f->commit(b->replica));
    assert_int_equal(again, 3);
    assert_int_equal(former_count(b), 0);
    assert_int_equal(identity_of(b).next_number, 7);
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, 0, true, 99, &after, &count));
    assert_int_equal(count, 6);
    const struct outbox_entry *wanted[] = {&own[0],    &former[0], &former[1],
                                           &former[2], &own[1],    &own[2]};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(after[i].number, i + 1);
        assert_int_equal(after[i].answered, i == 0);
        assert_true(uuid_equal(after[i].mutation, wanted[i]->mutation));
        assert_true(str_equal(after[i].payload, wanted[i]->payload));
    }
    ok(b->replica->f->begin(b->replica));
    ok(outbox_reoffer_former(b->replica, 1, &again)); /* once: there are none any more */
    ok(b->replica->f->commit(b->replica));
    assert_int_equal(again, 0);
    assert_int_equal(identity_of(b).next_number, 7);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mutation_is_queued_and_shown),
        TEST(predicted_events_of_several_mutations_stay_apart),
        TEST(a_refused_mutation_leaves_nothing),
        TEST(what_stands_already_is_not_queued),
        TEST(a_wish_against_what_stands_is_queued_to_become_a_conflict),
        TEST(many_see_the_earlier_ones_and_refused_ones_do_not_stop_them),
        TEST(a_fault_anywhere_changes_nothing),
        TEST(pending_mutations_are_decided_again_on_what_the_server_says),
        TEST(what_the_server_removed_is_not_shown_by_a_pending_edit),
        TEST(a_rebase_without_news_changes_nothing),
        TEST(an_answer_is_kept_and_no_longer_shown_as_pending),
        TEST(answers_to_others_are_not_ours),
        TEST(a_restored_server_is_offered_again_what_it_lost),
        TEST(another_history_is_asked_for_every_answer),
        TEST(a_cloned_copy_renumbers_what_is_unanswered),
        TEST(what_was_answered_under_former_ids_is_offered_before_what_is_newer),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
