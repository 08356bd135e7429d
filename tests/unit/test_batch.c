/* test_batch.c - claims about batches: what each number and id comes to, and what is written. */
#include "server/core/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/codec/row.h"
#include "tests/support/store_memory.h"

static const int64_t NOW = INT64_C(1800000000000);

struct batch_world {
    struct arena arena;
    struct random random;
    struct store_memory *store;
    struct uuid team, owner, rep, replica;
};

static void world_begin(struct batch_world *w)
{
    *w = (struct batch_world){.store = store_memory_create()};
    arena_init(&w->arena, 64 << 20);
    random_init_number(&w->random, 3);
    w->team = uuid_v7((uint64_t)NOW, &w->random);
    w->owner = uuid_v7((uint64_t)NOW, &w->random);
    w->rep = uuid_v7((uint64_t)NOW, &w->random);
    w->replica = uuid_v7((uint64_t)NOW, &w->random);
    struct team team = {.id = w->team, .name = STR("Roofers"), .currency = STR("EUR")};
    struct member owner = {.id = w->owner, .name = STR("Anna"), .role = ROLE_OWNER};
    struct member rep = {.id = w->rep, .name = STR("Bert"), .role = ROLE_REP};
    struct definition definition;
    assert_int_equal(definition_default(&w->arena, w->team, &definition), FAULT_NONE);
    struct row rows[] = {
        {.kind = ENTITY_TEAM, .id = w->team, .seq = 1, .entity = &team},
        {.kind = ENTITY_MEMBER, .id = w->owner, .seq = 1, .entity = &owner},
        {.kind = ENTITY_MEMBER, .id = w->rep, .seq = 1, .entity = &rep},
        {.kind = ENTITY_DEFINITION, .id = w->team, .seq = 1, .entity = &definition},
    };
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = w->team,
                                   .new_seq = 1,
                                   .recorded_at = NOW,
                                   .rows = rows,
                                   .row_count = 4};
    struct store_request token = {.kind = STORE_TOKEN, .team = w->team, .replica = w->replica};
    const struct store_result *result = store_memory_run(w->store, &commit);
    assert_int_equal(result->status, STORE_OK);
    store_memory_release(w->store, result);
    result = store_memory_run(w->store, &token);
    assert_int_equal(result->status, STORE_OK);
    store_memory_release(w->store, result);
}

static void world_end(struct batch_world *w)
{
    store_memory_destroy(w->store);
    arena_finish(&w->arena);
}

static struct str mutation_of(struct batch_world *w, enum mutation_kind kind, struct uuid target,
                              const char *seen, const char *title)
{
    struct edit edits[] = {
        {.field = field_by_name(ENTITY_DEAL, STR("title")), .want = value_text(str_from(title))},
        {.field = field_by_name(ENTITY_DEAL, STR("owner")), .want = value_reference(w->owner)},
    };
    edits[0].base = seen ? value_text(str_from(seen)) : value_absent(VALUE_TEXT);
    for (size_t i = 0; i < 2; i++) edits[i].tag = edits[i].field->tag;
    struct mutation mutation = {.id = uuid_v7((uint64_t)NOW, &w->random),
                                .kind = kind,
                                .entity = ENTITY_DEAL,
                                .target = target,
                                .edits = edits,
                                .edit_count = kind == MUTATION_CREATE ? 2 : 1,
                                .acted_at = {true, NOW}};
    struct buffer out;
    buffer_init(&out, MUTATION_BYTES_MAX);
    assert_int_equal(codec_mutation_pack(&mutation, &out), FAULT_NONE);
    struct str packed = arena_str(&w->arena, buffer_str(&out));
    buffer_finish(&out);
    return packed;
}

static struct str creation_of(struct batch_world *w, const char *title)
{
    return mutation_of(w, MUTATION_CREATE, uuid_v7((uint64_t)NOW, &w->random), NULL, title);
}

static struct batch_mutation item_of(const struct batch_world *w, uint64_t number,
                                     struct str payload)
{
    return (struct batch_mutation){
        .actor = w->owner, .replica = w->replica, .number = number, .payload = payload};
}

/* Plans, loads, decides and, if there is anything to write, commits. */
static struct store_request batch_run(struct batch_world *w, struct batch_mutation *items,
                                      size_t count, int64_t now_ms)
{
    struct store_request load, commit;
    assert_int_equal(batch_plan(&w->arena, w->team, items, count, &load), FAULT_NONE);
    const struct store_result *loaded = store_memory_run(w->store, &load);
    assert_int_equal(loaded->status, STORE_OK);
    assert_int_equal(batch_decide(&w->arena, loaded, items, count, now_ms, &w->random, &commit),
                     FAULT_NONE);
    store_memory_release(w->store, loaded);
    if (commit.row_count > 0) {
        assert_true(uuid_equal(commit.team, w->team));
        const struct store_result *result = store_memory_run(w->store, &commit);
        if (result->status != STORE_OK) fail_msg("%.*s", STR_ARGS(result->trouble));
        store_memory_release(w->store, result);
    }
    return commit;
}

static size_t rows_of(const struct store_request *commit, enum entity_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < commit->row_count; i++) count += commit->rows[i].kind == kind;
    return count;
}

static void each_mutation_takes_one_seq(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct batch_mutation items[] = {
        item_of(&w, 1, creation_of(&w, "Roof")),
        item_of(&w, 2, STR("\xff\xff")), /* parked ones too */
        item_of(&w, 3, creation_of(&w, "Shed")),
    };
    struct store_request commit = batch_run(&w, items, 3, NOW + 5);
    assert_int_equal(items[0].outcome, OUTCOME_APPLIED);
    assert_int_equal(items[1].outcome, OUTCOME_PARKED);
    assert_int_equal(items[2].outcome, OUTCOME_APPLIED);
    assert_true(commit.expected_seq == 1 && commit.new_seq == 4);
    assert_true(commit.recorded_at == NOW + 5 && commit.inbox_last == 1);
    assert_int_equal(rows_of(&commit, ENTITY_DEAL), 2);
    assert_int_equal(rows_of(&commit, ENTITY_EVENT), 2);
    assert_int_equal(rows_of(&commit, ENTITY_INBOX), 1);
    assert_int_equal(rows_of(&commit, ENTITY_OUTCOME), 3);
    assert_int_equal(commit.replica_number_count, 1);
    assert_true(commit.replica_numbers[0].last_number == 3);
    for (size_t i = 1; i < commit.row_count; i++) {
        assert_true(commit.rows[i].seq >= commit.rows[i - 1].seq);
    }
    world_end(&w);
}

static void numbers_are_judged_before_content(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint64_t number;
        bool other_bytes;
        bool answered_before, forked, gap;
    } rows[] = {
        {"the same number with the same bytes was answered", 1, false, true, false, false},
        {"the same number with other bytes is a fork", 1, true, false, true, false},
        {"the next number is decided", 2, true, false, false, false},
        {"a number left out is a gap", 3, true, false, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct batch_world w;
        world_begin(&w);
        struct str first = creation_of(&w, "Roof");
        struct batch_mutation item = item_of(&w, 1, first);
        batch_run(&w, &item, 1, NOW);
        item = item_of(&w, rows[i].number,
                       rows[i].other_bytes ? creation_of(&w, "Shed") : first);
        struct store_request commit = batch_run(&w, &item, 1, NOW);
        if (item.answered_before != rows[i].answered_before || item.forked != rows[i].forked ||
            item.gap != rows[i].gap) {
            fail_msg("%s", rows[i].sentence);
        }
        bool writes = !(item.answered_before || item.forked || item.gap);
        if ((commit.row_count > 0) != writes) fail_msg("%s: rows", rows[i].sentence);
        if (item.answered_before) assert_int_equal(item.outcome, OUTCOME_APPLIED);
        world_end(&w);
    }
}

static void after_a_fork_nothing_more_of_that_copy_is_taken(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct batch_mutation first = item_of(&w, 1, creation_of(&w, "Roof"));
    batch_run(&w, &first, 1, NOW);
    struct batch_mutation items[] = {
        item_of(&w, 1, creation_of(&w, "Other")),
        item_of(&w, 2, creation_of(&w, "Next")),
    };
    struct store_request commit = batch_run(&w, items, 2, NOW);
    assert_true(items[0].forked && items[1].gap);
    assert_int_equal(commit.row_count, 0);
    world_end(&w);
}

static void a_resend_within_a_batch_is_answered_once(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct str payload = creation_of(&w, "Roof");
    struct batch_mutation items[] = {item_of(&w, 1, payload), item_of(&w, 1, payload)};
    struct store_request commit = batch_run(&w, items, 2, NOW);
    assert_true(!items[0].answered_before && items[1].answered_before);
    assert_int_equal(rows_of(&commit, ENTITY_OUTCOME), 1);
    assert_true(commit.new_seq == 2);
    world_end(&w);
}

static void a_renumbered_copy_gets_the_same_answer(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct str payload = creation_of(&w, "Roof");
    struct batch_mutation item = item_of(&w, 1, payload);
    batch_run(&w, &item, 1, NOW);
    struct uuid copy = uuid_v7((uint64_t)NOW, &w.random);
    struct store_request token = {.kind = STORE_TOKEN, .team = w.team, .replica = copy};
    store_memory_release(w.store, store_memory_run(w.store, &token));
    item = item_of(&w, 1, payload);
    item.replica = copy;
    struct store_request commit = batch_run(&w, &item, 1, NOW);
    assert_int_equal(item.outcome, OUTCOME_APPLIED);
    assert_false(item.answered_before);
    assert_int_equal(commit.row_count, 1);
    assert_int_equal(commit.rows[0].kind, ENTITY_OUTCOME);
    assert_true(uuid_equal(commit.rows[0].id, copy) && commit.rows[0].seq == 3);
    world_end(&w);
}

static void an_id_used_by_somebody_else_is_parked(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct str payload = creation_of(&w, "Roof");
    struct batch_mutation item = item_of(&w, 1, payload);
    batch_run(&w, &item, 1, NOW);
    item = item_of(&w, 2, payload);
    item.actor = w.rep;
    struct store_request commit = batch_run(&w, &item, 1, NOW);
    assert_int_equal(item.outcome, OUTCOME_PARKED);
    assert_int_equal(rows_of(&commit, ENTITY_DEAL), 0);
    world_end(&w);
}

static void later_ones_see_earlier_ones_and_rows_are_unique(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct uuid deal = uuid_v7((uint64_t)NOW, &w.random);
    struct batch_mutation items[] = {
        item_of(&w, 1, mutation_of(&w, MUTATION_CREATE, deal, NULL, "Roof")),
        item_of(&w, 2, mutation_of(&w, MUTATION_EDIT, deal, "Roof", "Walls")),
    };
    struct store_request commit = batch_run(&w, items, 2, NOW);
    assert_int_equal(items[1].outcome, OUTCOME_APPLIED);
    assert_int_equal(rows_of(&commit, ENTITY_DEAL), 1);
    assert_int_equal(rows_of(&commit, ENTITY_EVENT), 2);
    for (size_t i = 0; i < commit.row_count; i++) {
        if (commit.rows[i].kind != ENTITY_DEAL) continue;
        const struct deal *written = commit.rows[i].entity;
        assert_true(str_equal(written->title, STR("Walls")));
        assert_true(commit.rows[i].seq == 3);
    }
    world_end(&w);
}

static void strangers_are_refused_by_right(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct batch_mutation item = item_of(&w, 1, creation_of(&w, "Roof"));
    item.actor = uuid_v7((uint64_t)NOW, &w.random);
    struct store_request commit = batch_run(&w, &item, 1, NOW);
    assert_int_equal(item.outcome, OUTCOME_PARKED);
    assert_int_equal(rows_of(&commit, ENTITY_DEAL), 0);
    assert_int_equal(rows_of(&commit, ENTITY_INBOX), 1);
    world_end(&w);
}

static void recorded_time_never_goes_back(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct batch_mutation item = item_of(&w, 1, creation_of(&w, "Roof"));
    struct store_request commit = batch_run(&w, &item, 1, NOW - 5000);
    assert_true(commit.recorded_at == NOW);
    world_end(&w);
}

static void administration_needs_no_replica(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct batch_mutation item = {.actor = w.owner, .payload = creation_of(&w, "Roof")};
    struct store_request commit = batch_run(&w, &item, 1, NOW);
    assert_int_equal(item.outcome, OUTCOME_APPLIED);
    assert_int_equal(rows_of(&commit, ENTITY_OUTCOME), 0);
    assert_int_equal(commit.replica_number_count, 0);
    assert_int_equal(rows_of(&commit, ENTITY_DEAL), 1);
    world_end(&w);
}

/* Twice in one batch, as by two sessions of one copy: the second time there is nothing to say. */
static void what_the_server_has_said_takes_no_seq(void **state)
{
    (void)state;
    struct batch_world w;
    world_begin(&w);
    struct mutation notice = {.id = uuid_v7((uint64_t)NOW, &w.random),
                              .kind = MUTATION_NOTICE,
                              .entity = ENTITY_DEVICE,
                              .target = uuid_v7((uint64_t)NOW, &w.random),
                              .first_number = 2,
                              .last_number = 5};
    struct buffer out;
    buffer_init(&out, MUTATION_BYTES_MAX);
    assert_int_equal(codec_mutation_pack(&notice, &out), FAULT_NONE);
    struct batch_mutation items[] = {{.payload = buffer_str(&out)},
                                     {.payload = buffer_str(&out)},
                                     item_of(&w, 1, creation_of(&w, "Roof"))};
    struct store_request commit = batch_run(&w, items, 3, NOW);
    assert_true(commit.new_seq == commit.expected_seq + 2);
    assert_int_equal(rows_of(&commit, ENTITY_INBOX), 1);
    assert_int_equal(items[2].outcome, OUTCOME_APPLIED);
    struct batch_mutation again = {.payload = buffer_str(&out)};
    commit = batch_run(&w, &again, 1, NOW);
    assert_int_equal(commit.row_count, 0);
    struct batch_mutation from_a_copy = item_of(&w, 2, buffer_str(&out));
    (void)batch_run(&w, &from_a_copy, 1, NOW);
    assert_int_equal(from_a_copy.outcome, OUTCOME_PARKED); /* nobody but the server says such things */
    buffer_finish(&out);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mutation_takes_one_seq),
        cmocka_unit_test(numbers_are_judged_before_content),
        cmocka_unit_test(after_a_fork_nothing_more_of_that_copy_is_taken),
        cmocka_unit_test(a_resend_within_a_batch_is_answered_once),
        cmocka_unit_test(a_renumbered_copy_gets_the_same_answer),
        cmocka_unit_test(an_id_used_by_somebody_else_is_parked),
        cmocka_unit_test(later_ones_see_earlier_ones_and_rows_are_unique),
        cmocka_unit_test(strangers_are_refused_by_right),
        cmocka_unit_test(recorded_time_never_goes_back),
        cmocka_unit_test(administration_needs_no_replica),
        cmocka_unit_test(what_the_server_has_said_takes_no_seq),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
