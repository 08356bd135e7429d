/* test_decide_inbox_undo.c - what settled an item of the inbox is taken back: when the choice stands
 * open again, and what becomes of who was told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/inbox_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Who takes back what they settled stands before the choice again; only then. */
static void test_taking_back_opens_it_again(void **state)
{
    static const struct {
        const char *claim, *actor, *between; /* between: by the manager, after it was settled */
        bool moved;                          /* it was settled once more since */
        int64_t resolution;
        enum outcome_kind outcome;
        const char *item;
    } rows[] = {
        {"the item is open again", "rep", NULL, false, INBOX_OPEN, OUTCOME_APPLIED,
         "state=open;closed_at=;closed_by=;number=42;mine=Floor"},
        {"by somebody else nothing opens", "lead", NULL, false, INBOX_OPEN, OUTCOME_APPLIED,
         "state=mine"},
        {"the world moved on: it stays settled", "rep", "title=Shed", false, INBOX_OPEN,
         OUTCOME_PARKED, "state=mine"},
        {"nobody asked for it", "rep", NULL, false, INBOX_STATE_NONE, OUTCOME_PARKED, "state=mine"},
        {"another settling than that", "rep", NULL, true, INBOX_OPEN, OUTCOME_APPLIED,
         "state=mine"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        deal_edit(&w, "rep", "title:Hut>Floor");
        struct mutation settle =
            world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Floor");
        settle.resolves = conflict_id("title", "rep");
        settle.resolution = INBOX_MINE;
        world_do(&w, "rep", &settle);
        if (rows[i].between) deal_edit(&w, "lead", rows[i].between);
        if (rows[i].moved) { /* the place was used anew: what is closed now is another conflict */
            struct inbox_item *item = entity_copy(&w.arena, ENTITY_INBOX,
                                                  world_item(&w, settle.resolves));
            item->closed_at.v += 1000;
            assert_int_equal(state_put(&w.state, ENTITY_INBOX, item->id, item), FAULT_NONE);
        }
        struct mutation undo =
            world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title:Floor>Roof");
        undo.undoes = settle.id;
        undo.resolves = settle.resolves;
        undo.resolution = rows[i].resolution;
        struct change change = world_do(&w, rows[i].actor, &undo);
        if (change.outcome != rows[i].outcome) {
            fail_msg("%s: %s\n%s", rows[i].claim, outcome_name(change.outcome),
                     world_reasons(&w, &change));
        }
        print_message("%s\n", rows[i].claim);
        assert_fields(&w, ENTITY_INBOX, world_item(&w, settle.resolves), rows[i].item);
        world_finish(&w);
    }
}

/* A third value that was the one that stood changed nothing; taking that back opens the choice. */
static void test_taking_back_a_choice_that_changed_nothing(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    deal_edit(&w, "rep", "title:Hut>Floor");
    struct mutation settle = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Roof");
    settle.resolves = conflict_id("title", "rep");
    settle.resolution = INBOX_VALUE;
    world_do(&w, "rep", &settle);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, settle.resolves), "state=value");
    struct mutation undo = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "");
    undo.undoes = settle.id;
    undo.resolves = settle.resolves;
    undo.resolution = INBOX_OPEN;
    struct change change = world_do(&w, "rep", &undo);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, settle.resolves), "state=open;closed_by=");
    world_finish(&w);
}

/* What was refused, sent again and taken back waits in the inbox as before: of a field, of a move. */
static void test_taking_back_what_was_sent_again(void **state)
{
    static const struct {
        const char *claim, *actor, *refused, *again, *back;
        const char *item;
    } rows[] = {
        {"a move", "rep", "stage:lead>proposal", "stage=proposal", "stage:proposal>contact",
         "state=open;closed_at=;closed_by=;kind=parked"},
        {"a value", "rep", "value=5;stage:lead>proposal", "value=7", "value:7>10000",
         "state=open"},
        {"by somebody else nothing opens", "lead", "value=5;stage:lead>proposal", "value=7",
         "value:7>10000", "state=resent"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        struct mutation refused =
            world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].refused);
        assert_int_equal(world_do(&w, "rep", &refused).outcome, OUTCOME_PARKED);
        struct mutation again =
            world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].again);
        again.resolves = inbox_parked_id(refused.id);
        again.resolution = INBOX_RESENT;
        struct change change = world_do(&w, "rep", &again);
        if (change.outcome != OUTCOME_APPLIED) fail_msg("%s", world_reasons(&w, &change));
        assert_fields(&w, ENTITY_INBOX, world_item(&w, again.resolves), "state=resent");
        struct mutation undo = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].back);
        undo.undoes = again.id;
        undo.resolves = again.resolves;
        undo.resolution = INBOX_OPEN;
        change = world_do(&w, rows[i].actor, &undo);
        print_message("%s\n", rows[i].claim);
        if (change.outcome != OUTCOME_APPLIED) fail_msg("%s", world_reasons(&w, &change));
        assert_fields(&w, ENTITY_INBOX, world_item(&w, again.resolves), rows[i].item);
        world_finish(&w);
    }
}

/* Settled, taken back, settled again: who had the value is told of what stands, once. */
static void test_a_notice_goes_with_what_it_told(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation theirs = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Hall");
    theirs.id = world_id("theirs");
    world_do(&w, "lead", &theirs);
    deal_edit(&w, "rep", "title:Roof>Floor");
    struct mutation settle = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Floor");
    settle.resolves = conflict_id("title", "rep");
    settle.resolution = INBOX_MINE;
    settle.replaces = theirs.id;
    world_do(&w, "rep", &settle);
    const struct inbox_item *notice = world_item(&w, inbox_replaced_id(settle.id));
    assert_fields(&w, ENTITY_INBOX, notice, "kind=notice;state=open;concerned=lead");
    struct mutation undo = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title:Floor>Hall");
    undo.undoes = settle.id;
    undo.resolves = settle.resolves;
    undo.resolution = INBOX_OPEN;
    world_do(&w, "rep", &undo);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, settle.resolves), "state=open");
    notice = world_item(&w, inbox_replaced_id(settle.id));
    assert_fields(&w, ENTITY_INBOX, notice, "state=discarded;closed_by=rep");
    world_finish(&w);
}

/* Who closed an item may open it again; nobody else's closing is theirs to take back. */
static void test_taking_back_a_closing(void **state)
{
    static const struct {
        const char *claim, *actor;
        int64_t closed_as;
        bool undoes;
        enum outcome_kind outcome;
        const char *item;
    } rows[] = {
        {"theirs, after all not", "rep", INBOX_THEIRS, true, OUTCOME_APPLIED,
         "state=open;closed_at=;closed_by=;mine=Floor"},
        {"discarded by mistake", "rep", INBOX_DISCARDED, true, OUTCOME_APPLIED, "state=open"},
        {"what another closed", "lead", INBOX_THEIRS, true, OUTCOME_APPLIED,
         "state=theirs;closed_by=rep"},
        {"not as a closing of its own", "rep", INBOX_THEIRS, false, OUTCOME_PARKED, "state=theirs"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        deal_edit(&w, "rep", "title:Hut>Floor");
        struct mutation m = {.id = world_id("close"),
                             .kind = MUTATION_CLOSE,
                             .resolves = conflict_id("title", "rep"),
                             .resolution = rows[i].closed_as};
        world_do(&w, "rep", &m);
        struct mutation undo = m;
        undo.id = world_id("undo");
        undo.resolution = INBOX_OPEN;
        if (rows[i].undoes) undo.undoes = m.id;
        print_message("%s\n", rows[i].claim);
        assert_int_equal(world_do(&w, rows[i].actor, &undo).outcome, rows[i].outcome);
        assert_fields(&w, ENTITY_INBOX, world_item(&w, m.resolves), rows[i].item);
        world_finish(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taking_back_opens_it_again),
        cmocka_unit_test(test_taking_back_a_choice_that_changed_nothing),
        cmocka_unit_test(test_taking_back_what_was_sent_again),
        cmocka_unit_test(test_a_notice_goes_with_what_it_told),
        cmocka_unit_test(test_taking_back_a_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
