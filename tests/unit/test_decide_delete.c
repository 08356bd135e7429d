/* test_decide_delete.c - what was deleted comes back as it was, by who may, and not by itself. */
#include "tests/support/rule_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/domain/merge.h"

/* Deletes it; the deletion. */
static struct uuid deleted(struct rule_world *w, const char *actor, enum entity_kind kind,
                           const char *name, bool bulk)
{
    struct mutation mutation = world_mutation(w, MUTATION_DELETE, kind, name, "");
    mutation.bulk = bulk;
    struct change change = world_do(w, actor, &mutation);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_null(world_find(w, kind, name));
    return mutation.id;
}

static struct change restored(struct rule_world *w, const char *actor, enum entity_kind kind,
                              const char *name, struct uuid deletion)
{
    struct mutation mutation = world_mutation(w, MUTATION_RESTORE, kind, name, "");
    mutation.undoes = deletion;
    return world_do(w, actor, &mutation);
}

static void it_comes_back_as_it_was(void **state)
{
    (void)state;
    static const struct {
        enum entity_kind kind;
        const char *name;
    } rows[] = {{ENTITY_DEAL, "roof"}, {ENTITY_ORGANISATION, "zenith"}, {ENTITY_PERSON, "bea"}};
    struct rule_world w;
    world_init(&w);
    world_put(&w, ENTITY_PERSON, "bea", "name=Bea;created_by=rep");
    world_deal(&w, "roof",
               "stage=proposal;tags=a\\b,c=d,e;next_step=x=1\\y;value=1200;currency=EUR;"
               "stage_entered_at=-4;created_at=-9;push_count=2;external_id=7;attention=true");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const void *before = world_find(&w, rows[i].kind, rows[i].name);
        struct uuid deletion = deleted(&w, "boss", rows[i].kind, rows[i].name, false);
        struct change change = restored(&w, "boss", rows[i].kind, rows[i].name, deletion);
        assert_int_equal(change.outcome, OUTCOME_APPLIED);
        const void *after = world_find(&w, rows[i].kind, rows[i].name);
        assert_non_null(after);
        assert_true(entity_equal(rows[i].kind, before, after));
        const struct event *event = change_event(&change, 0);
        assert_true(event && event->what == EVENT_CREATED);
        assert_true(uuid_equal(event->undoes, deletion));
        change = restored(&w, "boss", rows[i].kind, rows[i].name, deletion); /* it is there */
        assert_true(change.outcome == OUTCOME_APPLIED && change.row_count == 0);
    }
    world_finish(&w);
}

static void who_may_bring_it_back(void **state)
{
    (void)state;
    static const struct {
        const char *claim, *deleted_by, *actor, *reasons;
    } rows[] = {
        {"who deleted it", "rep", "rep", NULL},
        {"a manager", "rep", "lead", NULL},
        {"another rep", "rep", "other", "right_missing value=rep"},
        {"whose it was, when a manager deleted it", "boss", "rep", "right_missing value=rep"},
        {"a viewer", "rep", "looker", "right_missing value=viewer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "roof", "");
        struct uuid deletion = deleted(&w, rows[i].deleted_by, ENTITY_DEAL, "roof", false);
        struct change change = restored(&w, rows[i].actor, ENTITY_DEAL, "roof", deletion);
        print_message("%s\n", rows[i].claim);
        if (rows[i].reasons) {
            assert_non_null(strstr(world_reasons(&w, &change), rows[i].reasons));
            assert_null(world_find(&w, ENTITY_DEAL, "roof"));
        } else {
            assert_non_null(world_find(&w, ENTITY_DEAL, "roof"));
        }
        world_finish(&w);
    }
}

static void what_cannot_come_back_is_refused(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "roof", "");
    world_deal(&w, "other roof", "");
    struct uuid bulk = deleted(&w, "boss", ENTITY_DEAL, "roof", true);
    struct change change = restored(&w, "boss", ENTITY_DEAL, "roof", bulk); /* kept nothing */
    assert_non_null(strstr(world_reasons(&w, &change), "gone value=deal"));
    struct uuid deletion = deleted(&w, "boss", ENTITY_DEAL, "other roof", false);
    change = restored(&w, "boss", ENTITY_DEAL, "roof", deletion); /* of something else */
    assert_non_null(strstr(world_reasons(&w, &change), "gone value=deal"));
    change = restored(&w, "boss", ENTITY_DEAL, "roof", world_id("nothing"));
    assert_non_null(strstr(world_reasons(&w, &change), "gone value=deal"));
    change = restored(&w, "boss", ENTITY_DEAL, "roof", (struct uuid){{0}});
    assert_non_null(strstr(world_reasons(&w, &change), "gone value=deal"));
    change = restored(&w, "boss", ENTITY_MEMBER, "rep", deletion);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    world_trace(&w, "mad", "boss", "roof", "what=deleted;from_value=title");
    change = restored(&w, "boss", ENTITY_DEAL, "roof", world_id("mad"));
    assert_true(change.outcome == OUTCOME_PARKED || world_find(&w, ENTITY_DEAL, "roof") != NULL);
    world_finish(&w);
}

/* An older deletion is nobody's to take back once the thing came back, was changed and went again: it
 * would put what stood then over what stood last. */
static void only_the_newest_deletion_is_taken_back(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "roof", "value=1200;currency=EUR");
    struct uuid first = deleted(&w, "boss", ENTITY_DEAL, "roof", false);
    assert_int_equal(restored(&w, "lead", ENTITY_DEAL, "roof", first).outcome, OUTCOME_APPLIED);
    struct mutation edit = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "roof", "value=900");
    world_do(&w, "lead", &edit);
    struct uuid second = deleted(&w, "lead", ENTITY_DEAL, "roof", false);
    struct change change = restored(&w, "boss", ENTITY_DEAL, "roof", first);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_non_null(strstr(world_reasons(&w, &change), "deleted_again value=deal"));
    assert_null(world_find(&w, ENTITY_DEAL, "roof"));
    assert_int_equal(restored(&w, "boss", ENTITY_DEAL, "roof", second).outcome, OUTCOME_APPLIED);
    assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "roof"), "value=900");
    /* Gone as a whole with its import, which keeps nothing: that is newer, too. */
    (void)deleted(&w, "boss", ENTITY_DEAL, "roof", true);
    change = restored(&w, "boss", ENTITY_DEAL, "roof", second);
    assert_non_null(strstr(world_reasons(&w, &change), "deleted_again"));
    world_finish(&w);
}

/* Texts nobody of ours has written. */
static void a_thing_as_text_is_read_with_care(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum fault fault;
    } rows[] = {
        {"", FAULT_NONE},
        {"title=Roof;colour=red", FAULT_NONE},
        {"title=Roof\\", FAULT_FORMAT},
        {"title\\", FAULT_FORMAT},
        {"value=many", FAULT_FORMAT},
    };
    struct arena arena;
    void *entity;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(entity_parse(&arena, ENTITY_DEAL, str_from(rows[i].text), &entity),
                         rows[i].fault);
    }
    assert_int_equal(entity_parse(&arena, ENTITY_DEFINITION, STR(""), &entity), FAULT_FORMAT);
    arena_finish(&arena);
    struct arena tiny;
    struct str text;
    struct deal deal = {.title = STR("Roof")};
    arena_init(&tiny, 16);
    assert_int_equal(entity_parse(&tiny, ENTITY_DEAL, STR(""), &entity), FAULT_MEMORY);
    assert_int_equal(entity_format(&tiny, ENTITY_DEAL, &deal, &text), FAULT_MEMORY);
    arena_finish(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_as_it_was),
        cmocka_unit_test(who_may_bring_it_back),
        cmocka_unit_test(what_cannot_come_back_is_refused),
        cmocka_unit_test(only_the_newest_deletion_is_taken_back),
        cmocka_unit_test(a_thing_as_text_is_read_with_care),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
