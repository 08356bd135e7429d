/* test_decide_use.c - nobody takes away what others use or have worked on, by taking back what made it. */
#include "tests/support/rule_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "common/domain/use.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* rep makes a deal for a firm and somebody there; the creations' mutations. */
struct made {
    struct uuid deal, organisation, person;
};

static struct uuid created(struct rule_world *w, enum entity_kind kind, const char *name,
                           const char *edits)
{
    struct mutation m = world_mutation(w, MUTATION_CREATE, kind, name, edits);
    assert_int_equal(world_do(w, "rep", &m).outcome, OUTCOME_APPLIED);
    return m.id;
}

static struct made make(struct rule_world *w)
{
    struct made made;
    made.organisation = created(w, ENTITY_ORGANISATION, "ups", "name:>Ups AG");
    made.person = created(w, ENTITY_PERSON, "uma", "name:>Uma;org:>ups");
    made.deal = created(w, ENTITY_DEAL, "omi",
                        "title:>Omi;org:>ups;contact:>uma;pipeline:>sales;stage:>contact;"
                        "status:>open");
    return made;
}

static struct mutation deletion(struct rule_world *w, enum entity_kind kind, const char *name,
                                struct uuid undoes)
{
    struct mutation m = world_mutation(w, MUTATION_DELETE, kind, name, "");
    m.undoes = undoes;
    return m;
}

static void edited(struct rule_world *w, const char *actor, const char *edits)
{
    struct mutation m = world_mutation(w, MUTATION_EDIT, ENTITY_DEAL, "omi", edits);
    assert_int_equal(world_do(w, actor, &m).outcome, OUTCOME_APPLIED);
}

static void logged(struct rule_world *w, const char *actor, const char *name)
{
    struct mutation m =
        world_mutation(w, MUTATION_CREATE, ENTITY_ACTIVITY, name, "type:>meeting;deal:>omi");
    assert_int_equal(world_do(w, actor, &m).outcome, OUTCOME_APPLIED);
}

static void refused(struct rule_world *w, const struct mutation *m, const char *reasons)
{
    struct change change = world_decide(w, "rep", m);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_string_equal(world_reasons(w, &change), reasons);
}

static void what_nobody_else_touched_is_taken_back(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct made made = make(&w);
    edited(&w, "rep", "tags+own");
    logged(&w, "rep", "own call");
    struct mutation m = deletion(&w, ENTITY_ORGANISATION, "ups", made.organisation);
    refused(&w, &m, "in_use value=organisation other=\"1 deal\"\n"
                    "in_use value=organisation other=\"1 person\"");
    m = deletion(&w, ENTITY_DEAL, "omi", made.deal);
    assert_int_equal(world_do(&w, "rep", &m).outcome, OUTCOME_APPLIED);
    m = deletion(&w, ENTITY_ORGANISATION, "ups", made.organisation);
    refused(&w, &m, "in_use value=organisation other=\"1 person\"");
    m = deletion(&w, ENTITY_PERSON, "uma", made.person);
    assert_int_equal(world_do(&w, "rep", &m).outcome, OUTCOME_APPLIED);
    m = deletion(&w, ENTITY_ORGANISATION, "ups", made.organisation);
    assert_int_equal(world_do(&w, "rep", &m).outcome, OUTCOME_APPLIED);
    assert_null(world_find(&w, ENTITY_ORGANISATION, "ups"));
    world_finish(&w);
}

static void what_another_did_since_keeps_the_deal(void **state)
{
    (void)state;
    static const struct {
        const char *claim, *edits, *reasons;
    } rows[] = {
        {"moved", "stage:contact>qualification;checks+interest",
         "worked_on field=checks|stage value=deal"},
        {"a next step", "next_step:>call;due:>2026-04-01",
         "worked_on field=due|next_step value=deal"},
        {"a tag", "tags+hot", "worked_on field=tags value=deal"},
        {"logged", NULL, "worked_on field=activity value=deal"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        struct made made = make(&w);
        print_message("%s\n", rows[i].claim);
        if (rows[i].edits) edited(&w, "lead", rows[i].edits);
        else logged(&w, "lead", "meeting");
        struct mutation m = deletion(&w, ENTITY_DEAL, "omi", made.deal);
        refused(&w, &m, rows[i].reasons);
        w.predicted = true; /* the verbs ask beforehand; the overlay asks nothing */
        assert_int_equal(world_decide(&w, "rep", &m).outcome, OUTCOME_APPLIED);
        w.predicted = false;
        m.undoes = (struct uuid){{0}}; /* said outright, by whose it is */
        assert_int_equal(world_do(&w, "rep", &m).outcome, OUTCOME_APPLIED);
        world_finish(&w);
    }
}

/* Whoever loaded counted what is not among the rows of the batch. */
static void what_was_counted_counts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct use use;
        const char *reasons;
    } rows[] = {
        {"ups", {.deals = 1, .people = 0}, "in_use value=organisation other=\"2 deals\""},
        {"ups", {.people = 2, .activities = 1},
         "in_use value=organisation other=\"1 deal\"\nin_use value=organisation other=\"2 people\"\n"
         "in_use value=organisation other=\"1 activity\""},
        {"ups", {.deals = USE_COUNT_MAX},
         "in_use value=organisation other=\"1000 or more deals\""},
        {"omi", {.activities = 3}, "worked_on field=activity value=deal"},
        {"omi", {.deals = 0}, NULL},
    };
    struct str names[] = {STR("tags"), STR("stage")};
    for (size_t i = 0; i <= COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        struct made made;
        made.organisation = created(&w, ENTITY_ORGANISATION, "ups", "name:>Ups AG");
        made.deal = created(&w, ENTITY_DEAL, "omi",
                            "title:>Omi;org:>ups;pipeline:>sales;stage:>contact;status:>open");
        bool more = i < COUNT_OF(rows);
        bool deal = !more || strcmp(rows[i].name, "omi") == 0;
        struct use use = more ? rows[i].use : (struct use){.deals = 0};
        struct mutation m = deletion(&w, deal ? ENTITY_DEAL : ENTITY_ORGANISATION,
                                     deal ? "omi" : "ups", deal ? made.deal : made.organisation);
        use.thing = m.target;
        use.actor = world_id("rep");
        use.undoes = m.undoes;
        if (!more) assert_int_equal(text_set_make(&w.arena, names, 2, &use.changed), FAULT_NONE);
        assert_int_equal(state_put_use(&w.state, &use), FAULT_NONE);
        const char *reasons = more ? rows[i].reasons : "worked_on field=stage|tags value=deal";
        if (reasons) refused(&w, &m, reasons);
        else assert_int_equal(world_decide(&w, "rep", &m).outcome, OUTCOME_APPLIED);
        world_finish(&w);
    }
}

static void a_plain_deletion_asks_only_who_names_it(void **state)
{
    (void)state;
    static const struct {
        enum mutation_kind kind;
        enum entity_kind entity;
        bool undoes, asked;
    } rows[] = {
        {MUTATION_DELETE, ENTITY_DEAL, true, true},
        {MUTATION_DELETE, ENTITY_DEAL, false, false},
        {MUTATION_DELETE, ENTITY_ACTIVITY, true, true},
        {MUTATION_DELETE, ENTITY_ACTIVITY, false, false},
        {MUTATION_DELETE, ENTITY_ORGANISATION, false, true},
        {MUTATION_DELETE, ENTITY_PERSON, true, true},
        {MUTATION_EDIT, ENTITY_PERSON, true, false},
        {MUTATION_RESTORE, ENTITY_ORGANISATION, true, false},
        {MUTATION_DELETE, ENTITY_MEMBER, true, false},
    };
    struct rule_world w;
    struct use use;
    world_init(&w);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct mutation m = world_mutation(&w, rows[i].kind, rows[i].entity, "x", "");
        if (rows[i].undoes) m.undoes = world_id("made");
        assert_int_equal(mutation_use(&m, world_id("rep"), &use), rows[i].asked);
        m.target = (struct uuid){{0}};
        assert_false(mutation_use(&m, world_id("rep"), &use));
    }
    world_finish(&w);
}

static void memory_that_runs_out_is_a_fault(void **state)
{
    (void)state;
    struct arena arena;
    struct event event = {.subject = {{1}}, .what = EVENT_FIELD, .field = STR("tags"),
                          .who = {{2}}};
    const struct event *events[] = {&event};
    for (size_t bytes = 1; bytes < 64; bytes += 8) {
        struct use use = {.thing = {{1}}, .actor = {{3}}, .undoes = {{4}}};
        arena_init(&arena, bytes);
        enum fault fault = use_history(&arena, &use, events, 1);
        assert_true(fault == FAULT_MEMORY || use.changed.count == 1);
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_else_touched_is_taken_back),
        cmocka_unit_test(what_another_did_since_keeps_the_deal),
        cmocka_unit_test(what_was_counted_counts),
        cmocka_unit_test(a_plain_deletion_asks_only_who_names_it),
        cmocka_unit_test(memory_that_runs_out_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
