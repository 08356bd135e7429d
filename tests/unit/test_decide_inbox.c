/* test_decide_inbox.c - conflict and parked items: what they hold, who closes them, what hangs on
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/inbox_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static void test_a_conflict_keeps_both(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation m =
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "value:5>7;title:Hut>Floor");
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_CONFLICT);
    assert_int_equal(change.row_count, 2);
    const struct inbox_item *item = world_item(&w, conflict_id("value", "rep"));
    assert_fields(&w, ENTITY_INBOX, item,
                  "kind=conflict;state=open;number=42;subject=deal;subject_kind=deal;field=value;"
                  "author=rep;concerned=other");
    assert_true(str_equal(item->base, STR("value=5;currency=EUR")));
    assert_true(str_equal(item->mine, STR("value=7;currency=EUR")));
    assert_true(str_equal(item->theirs, STR("value=10000;currency=EUR")));
    assert_true(str_equal(item->reasons, STR("changed_meanwhile field=value value=10000 other=EUR")));
    assert_true(str_equal(item->payload, STR("payload")));
    assert_true(uuid_equal(item->mutation, m.id));
    assert_int_equal(item->recorded_at.v, w.recorded);
    assert_int_equal(item->acted_at.v, m.acted_at.v);
    item = world_item(&w, conflict_id("title", "rep"));
    assert_int_equal(item->number, 43);
    assert_true(str_equal(item->mine, STR("Floor")));
    assert_int_equal(w.state.inbox_last, 43);
    world_finish(&w);
}

static void test_a_later_own_edit_updates_the_conflict(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    deal_edit(&w, "rep", "value:5>7;currency:EUR>USD");
    deal_edit(&w, "other", "value=20000");
    /* The rep saw their own 7 and makes it 8; the currency they do not touch stays their USD. */
    struct change change = deal_edit(&w, "rep", "value:7>8");
    assert_int_equal(change.outcome, OUTCOME_CONFLICT);
    assert_int_equal(change.row_count, 1);
    const struct inbox_item *item = change_item(&change, 0);
    assert_int_equal(item->number, 42);
    assert_true(uuid_equal(item->id, conflict_id("value", "rep")));
    assert_true(str_equal(item->base, STR("value=5;currency=EUR")));
    assert_true(str_equal(item->mine, STR("value=8;currency=USD")));
    assert_true(str_equal(item->theirs, STR("value=20000;currency=EUR")));
    assert_int_equal(w.state.inbox_last, 42);
    world_finish(&w);
}

static void test_wishes_that_do_not_build_on_one_another_are_both_kept(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    deal_edit(&w, "rep", "title:Hut>Floor");
    struct change change = deal_edit(&w, "rep", "title:Shed>Wall");
    assert_int_equal(change.outcome, OUTCOME_CONFLICT);
    const struct inbox_item *second = change_item(&change, 0);
    const struct inbox_item *first = world_item(&w, conflict_id("title", "rep"));
    assert_int_equal(first->number, 42);
    assert_true(str_equal(first->mine, STR("Floor")));
    assert_int_equal(second->number, 43);
    assert_true(str_equal(second->mine, STR("Wall")));
    world_finish(&w);
}

static void test_others_conflicts_are_their_own(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    deal_edit(&w, "rep", "title:Hut>Floor");
    deal_edit(&w, "lead", "title:Hut>Wall");
    assert_true(str_equal(world_item(&w, conflict_id("title", "rep"))->mine, STR("Floor")));
    assert_true(str_equal(world_item(&w, conflict_id("title", "lead"))->mine, STR("Wall")));
    world_finish(&w);
}

static void test_a_closed_conflict_makes_room(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    deal_edit(&w, "rep", "title:Hut>Floor");
    struct mutation m = {.id = world_id("close"),
                         .kind = MUTATION_CLOSE,
                         .target = world_id("deal"),
                         .entity = ENTITY_DEAL,
                         .resolves = conflict_id("title", "rep"),
                         .resolution = INBOX_THEIRS};
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_fields(&w, ENTITY_INBOX, change_item(&change, 0),
                  "state=theirs;closed_by=rep;closed_at=0");
    /* Even what builds on the value of the closed one is a new conflict. */
    change = deal_edit(&w, "rep", "title:Floor>Wall");
    assert_fields(&w, ENTITY_INBOX, change_item(&change, 0),
                  "state=open;number=43;closed_at=;base=Floor;mine=Wall");
    assert_true(uuid_equal(change_item(&change, 0)->id, conflict_id("title", "rep")));
    world_finish(&w);
}

static void test_resolving(void **state)
{
    static const struct {
        const char *claim, *actor, *edits;
        int64_t resolution;
        enum outcome_kind outcome;
        const char *reasons, *deal, *item;
    } rows[] = {
        {"mine", "rep", "title=Floor", INBOX_MINE, OUTCOME_APPLIED, "", "title=Floor",
         "state=mine;closed_by=rep;number=42"},
        {"a third value, by the one concerned", "other", "title=Wall", INBOX_VALUE, OUTCOME_APPLIED,
         "", "title=Wall", "state=value;closed_by=other"},
        {"by a manager", "lead", "title=Wall", INBOX_VALUE, OUTCOME_APPLIED, "", "title=Wall",
         "state=value;closed_by=lead"},
        {"what stands already: closed all the same", "rep", "title:Hut>Roof", INBOX_MINE,
         OUTCOME_APPLIED, "", "title=Roof", "state=mine"},
        {"not with theirs", "rep", "title=Floor", INBOX_THEIRS, OUTCOME_PARKED,
         "choice_unknown field=resolution value=3 other=\"mine, value, resent\"", "title=Roof",
         "state=open"},
        {"not by a stranger: to them there is no such item", "stranger", "title=Floor", INBOX_MINE,
         OUTCOME_PARKED, "gone value=item", "title=Roof", "state=open"},
        {"a refused one resolves nothing", "rep", "title=", INBOX_MINE, OUTCOME_PARKED,
         "required field=title", "title=Roof", "state=open"},
        {"sent again is for parked ones: refused, the conflict stays", "rep", "title=",
         INBOX_RESENT, OUTCOME_PARKED, "required field=title", "title=Roof", "state=open"},
        {"the world moved on: the conflict goes on, with what is wanted now", "rep",
         "title:Shed>Wall", INBOX_MINE, OUTCOME_CONFLICT,
         "changed_meanwhile field=title value=Roof", "title=Roof",
         "state=open;number=42;mine=Wall;theirs=Roof"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        world_put(&w, ENTITY_MEMBER, "stranger", "name=Stranger;role=rep");
        deal_edit(&w, "rep", "title:Hut>Floor");
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].edits);
        m.resolves = conflict_id("title", "rep");
        m.resolution = rows[i].resolution;
        struct change change = world_do(&w, rows[i].actor, &m);
        const char *reasons = world_reasons(&w, &change);
        if (change.outcome != rows[i].outcome || strcmp(reasons, rows[i].reasons) != 0) {
            fail_msg("%s: %s\n%s", rows[i].claim, outcome_name(change.outcome), reasons);
        }
        print_message("%s\n", rows[i].claim);
        assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "deal"), rows[i].deal);
        assert_fields(&w, ENTITY_INBOX, world_item(&w, m.resolves), rows[i].item);
        world_finish(&w);
    }
}

/* Settled with another value than the one that stood: whose that was is told, once. */
static void test_whose_value_goes_is_told(void **state)
{
    static const struct {
        const char *claim, *actor, *replaces;
        enum inbox_state resolution;
        const char *edits, *notice; /* NULL: nobody is told */
    } rows[] = {
        {"mine after all", "rep", "theirs", INBOX_MINE, "title=Floor",
         "kind=notice;state=open;number=43;subject=deal;subject_kind=deal;field=title;mine=Hall;"
         "theirs=Floor;author=rep;concerned=lead"},
        {"a third value", "other", "theirs", INBOX_VALUE, "title=Wall",
         "mine=Hall;theirs=Wall;author=other;concerned=lead"},
        {"who had it settles it", "lead", "theirs", INBOX_MINE, "title=Floor", NULL},
        {"it stays as it is", "rep", "theirs", INBOX_VALUE, "title=Hall", NULL},
        {"whose it was is not known", "rep", "nothing", INBOX_MINE, "title=Floor", NULL},
        {"a change of something else", "rep", "elsewhere", INBOX_MINE, "title=Floor", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        struct mutation theirs =
            world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Hall");
        theirs.id = world_id("theirs");
        world_do(&w, "lead", &theirs);
        world_deal(&w, "second", "owner=other");
        struct mutation elsewhere =
            world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "second", "title=Hall");
        elsewhere.id = world_id("elsewhere");
        world_do(&w, "lead", &elsewhere);
        deal_edit(&w, "rep", "title:Roof>Floor");
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].edits);
        m.resolves = conflict_id("title", "rep");
        m.resolution = rows[i].resolution;
        m.replaces = world_id(rows[i].replaces);
        struct change change = world_do(&w, rows[i].actor, &m);
        const struct inbox_item *notice =
            state_find(&w.state, ENTITY_INBOX, inbox_replaced_id(m.id));
        assert_int_equal(change.outcome, OUTCOME_APPLIED);
        if ((notice != NULL) != (rows[i].notice != NULL)) fail_msg("%s", rows[i].claim);
        if (notice) assert_fields(&w, ENTITY_INBOX, notice, rows[i].notice);
        world_finish(&w);
    }
}

/* A deal that a device made after it was shut out, what was done to it and logged for it: one group. */
static void test_what_came_from_a_device_shut_out_hangs_together(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct decision_context context = {.actor = world_find(&w, ENTITY_MEMBER, "rep"),
                                       .recorded_at = w.recorded, .revoked = true};
    struct mutation all[] = {
        world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "fresh",
                       "title=Shed;pipeline=sales;stage=lead"),
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "fresh", "value:>5;currency:>EUR"),
        world_mutation(&w, MUTATION_CREATE, ENTITY_ACTIVITY, "call", "deal=fresh;type=call"),
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "value:10000>5"),
    };
    struct uuid creation = inbox_creation_id(world_id("fresh"));
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct change change;
        assert_int_equal(decide(&w.arena, &w.state, &context, &all[i], STR("payload"), &change),
                         FAULT_NONE);
        assert_int_equal(change.outcome, OUTCOME_PARKED);
        const struct inbox_item *item = change_item(&change, 0);
        assert_true(str_starts_with(item->reasons, STR("device_revoked")));
        bool hangs = i == 1 || i == 2;
        assert_true(hangs ? uuid_equal(item->group, creation) : uuid_is_zero(item->group));
        world_apply(&w, &change);
    }
    world_finish(&w);
}

/* Whoever holds a stolen invitation or folder does not put away what warns of it. */
static void test_no_device_settles_the_notice_about_itself(void **state)
{
    static const struct {
        const char *claim, *field, *device; /* that it is sent from */
        int64_t days;
        bool administration, refused;
    } rows[] = {
        {"the one that joined does not", "name", "phone", 0, false, true},
        {"nor does a copied one, nor its original", "copy", "phone", 0, false, true},
        {"nor after weeks", "copy", "phone", 29, false, true},
        {"after a month there is nobody else", "copy", "phone", 30, false, false},
        {"another device does", "copy", "laptop", 0, false, false},
        {"of what is missing it may", "missing", "phone", 0, false, false},
        {"the server itself does", "copy", "phone", 0, true, false},
        {"one that is not known is no device", "copy", NULL, 0, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        struct inbox_item *item = world_put(&w, ENTITY_INBOX, "alarm",
                                            "number=3;kind=notice;state=open;subject_kind=device;"
                                            "subject=phone;concerned=rep;mine=phone;recorded_at=0");
        item->field = str_from(rows[i].field);
        struct decision_context context = {
            .actor = world_find(&w, ENTITY_MEMBER, "rep"),
            .recorded_at = item->recorded_at.v + rows[i].days * 24 * 3600 * 1000,
            .administration = rows[i].administration};
        if (rows[i].device) context.device = world_id(rows[i].device);
        struct mutation m = world_mutation(&w, MUTATION_CLOSE, ENTITY_INBOX, "alarm", "");
        m.resolves = item->id;
        m.resolution = INBOX_DISCARDED;
        struct change change;
        assert_int_equal(decide(&w.arena, &w.state, &context, &m, STR("payload"), &change),
                         FAULT_NONE);
        bool refused = change.outcome == OUTCOME_PARKED;
        if (refused != rows[i].refused) fail_msg("%s", rows[i].claim);
        if (refused) assert_int_equal(change.reasons.items[0].code, REASON_DEVICE_ITSELF);
        world_finish(&w);
    }
}

static void test_resolving_twice(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    deal_edit(&w, "rep", "title:Hut>Floor");
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Floor");
    m.resolves = conflict_id("title", "rep");
    m.resolution = INBOX_MINE;
    world_do(&w, "rep", &m);
    m.id = world_id("again");
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_int_equal(change.row_count, 0);
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Wall");
    m.resolves = conflict_id("title", "rep");
    m.resolution = INBOX_VALUE;
    change = world_do(&w, "other", &m);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_string_equal(world_reasons(&w, &change), "item_closed");
    assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "deal"), "title=Floor");
    world_finish(&w);
}

/* Of two decisions of one person on two devices the later one is told, whichever it is. */
static void test_closing_what_was_decided_otherwise(void **state)
{
    static const struct {
        const char *claim, *actor;
        int64_t first, second;
        enum outcome_kind outcome;
    } rows[] = {
        {"mine, then theirs", "rep", INBOX_MINE, INBOX_THEIRS, OUTCOME_PARKED},
        {"a value, then theirs", "rep", INBOX_VALUE, INBOX_THEIRS, OUTCOME_PARKED},
        {"mine, then another discards", "lead", INBOX_MINE, INBOX_DISCARDED, OUTCOME_PARKED},
        {"theirs twice", "rep", INBOX_THEIRS, INBOX_THEIRS, OUTCOME_APPLIED},
        {"theirs is discarding", "rep", INBOX_THEIRS, INBOX_DISCARDED, OUTCOME_APPLIED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        deal_edit(&w, "rep", "title:Hut>Floor");
        bool edit = rows[i].first == INBOX_MINE || rows[i].first == INBOX_VALUE;
        struct mutation m = world_mutation(&w, edit ? MUTATION_EDIT : MUTATION_CLOSE, ENTITY_DEAL,
                                           "deal", edit ? "title=Floor" : "");
        m.resolves = conflict_id("title", "rep");
        m.resolution = rows[i].first;
        assert_int_equal(world_do(&w, "rep", &m).outcome, OUTCOME_APPLIED);
        struct mutation second = {.id = world_id("second"),
                                  .kind = MUTATION_CLOSE,
                                  .entity = ENTITY_INBOX,
                                  .target = m.resolves,
                                  .resolves = m.resolves,
                                  .resolution = rows[i].second};
        struct change change = world_do(&w, rows[i].actor, &second);
        if (change.outcome != rows[i].outcome) fail_msg("%s", rows[i].claim);
        const char *reasons = rows[i].outcome == OUTCOME_PARKED ? "item_closed" : "";
        assert_string_equal(world_reasons(&w, &change), reasons);
        assert_int_equal(world_item(&w, m.resolves)->state, rows[i].first);
        world_finish(&w);
    }
}

static void test_closing(void **state)
{
    static const struct {
        const char *claim, *actor;
        int64_t resolution;
        enum outcome_kind outcome;
        const char *reasons, *item;
    } rows[] = {
        {"theirs", "rep", INBOX_THEIRS, OUTCOME_APPLIED, "", "state=theirs;closed_by=rep"},
        {"discarded", "rep", INBOX_DISCARDED, OUTCOME_APPLIED, "", "state=discarded"},
        {"a viewer who is not concerned", "looker", INBOX_THEIRS, OUTCOME_PARKED, "gone value=item",
         "state=open"},
        {"mine is an edit, not a closing", "rep", INBOX_MINE, OUTCOME_PARKED,
         "choice_unknown field=resolution value=2 other=\"theirs, discarded\"", "state=open"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        deal_edit(&w, "rep", "title:Hut>Floor");
        struct mutation m = {.id = world_id("close"),
                             .kind = MUTATION_CLOSE,
                             .resolves = conflict_id("title", "rep"),
                             .resolution = rows[i].resolution};
        struct change change = world_do(&w, rows[i].actor, &m);
        const char *reasons = world_reasons(&w, &change);
        if (change.outcome != rows[i].outcome || strcmp(reasons, rows[i].reasons) != 0) {
            fail_msg("%s: %s\n%s", rows[i].claim, outcome_name(change.outcome), reasons);
        }
        assert_fields(&w, ENTITY_INBOX, world_item(&w, m.resolves), rows[i].item);
        if (rows[i].outcome == OUTCOME_APPLIED) { /* closing what is closed: nothing to do */
            m.id = world_id("again");
            change = world_do(&w, rows[i].actor, &m);
            assert_int_equal(change.outcome, OUTCOME_APPLIED);
            assert_int_equal(change.row_count, 0);
        }
        world_finish(&w);
    }
}

static void test_a_refused_one_is_kept_whole(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation m =
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "stage=closing;value=;source=web");
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_int_equal(change.row_count, 1);
    assert_int_equal(change.event_count, 0);
    const struct inbox_item *item = world_item(&w, inbox_parked_id(m.id));
    assert_fields(&w, ENTITY_INBOX, item,
                  "kind=parked;state=open;number=42;subject=deal;subject_kind=deal;author=rep");
    assert_true(str_equal(item->payload, STR("payload")));
    assert_true(uuid_equal(item->mutation, m.id));
    assert_true(str_equal(item->reasons, STR("field_required field=value stage=proposal")));
    assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "deal"), "source=;stage=contact");
    world_finish(&w);
}

/* A deal with a mistake, and what was done with it afterwards. */
static struct mutation refused_creation(struct rule_world *w)
{
    struct mutation m = world_mutation(w, MUTATION_CREATE, ENTITY_DEAL, "new", "source=web");
    struct change change = world_do(w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_non_null(world_item(w, inbox_creation_id(m.target)));
    return m;
}

static void do_revoked(struct rule_world *w, const struct mutation *m)
{
    const struct decision_context context = {
        .actor = state_find(&w->state, ENTITY_MEMBER, world_id("rep")),
        .recorded_at = w->recorded,
        .revoked = true,
    };
    struct change change;
    assert_int_equal(decide(&w->arena, &w->state, &context, m, STR("payload"), &change),
                     FAULT_NONE);
    assert_string_equal(world_reasons(w, &change), "device_revoked");
    world_apply(w, &change);
}

/* Nothing of a revoked device's is looked at; yet what belongs together stays so. */
static void test_what_a_revoked_device_made_stays_together(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation creation = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "title=Roof");
    do_revoked(&w, &creation);
    struct uuid group = inbox_creation_id(creation.target);
    assert_true(uuid_is_zero(world_item(&w, group)->group));

    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "new", "source=web");
    do_revoked(&w, &m);
    assert_true(uuid_equal(world_item(&w, inbox_parked_id(m.id))->group, group));

    m = world_mutation(&w, MUTATION_CREATE, ENTITY_ACTIVITY, "call", "text=Hm;type=call;deal=new");
    do_revoked(&w, &m);
    assert_true(uuid_equal(world_item(&w, inbox_creation_id(m.target))->group, group));

    m = world_mutation(&w, MUTATION_DELETE, ENTITY_DEAL, "new", "");
    do_revoked(&w, &m);
    assert_true(uuid_equal(world_item(&w, inbox_parked_id(m.id))->group, group));

    /* What hangs on nothing refused stands alone; so does a field that nobody knows. */
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "source=web");
    struct edit edits[2] = {m.edits[0], {.tag = 4711}};
    m.edits = edits;
    m.edit_count = 2;
    do_revoked(&w, &m);
    assert_true(uuid_is_zero(world_item(&w, inbox_parked_id(m.id))->group));
    world_finish(&w);
}

static void test_only_what_hangs_on_a_refused_creation_is_parked_with_it(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation creation = refused_creation(&w);
    struct uuid group = inbox_creation_id(creation.target);

    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "new", "title=Roof");
    struct change change = world_do(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "parent_refused value=deal");
    assert_true(uuid_equal(world_item(&w, inbox_parked_id(m.id))->group, group));

    m = world_mutation(&w, MUTATION_CREATE, ENTITY_ACTIVITY, "call", "type=call;deal=new");
    change = world_do(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "parent_refused value=deal");
    assert_true(uuid_equal(world_item(&w, inbox_creation_id(m.target))->group, group));

    m = world_mutation(&w, MUTATION_DELETE, ENTITY_DEAL, "new", "");
    change = world_do(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "parent_refused value=deal");

    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "source=web");
    change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    world_finish(&w);
}

static void test_a_resent_creation_takes_the_place_of_the_old(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation creation = refused_creation(&w);
    struct uuid slot = inbox_creation_id(creation.target);

    /* Still wrong: the same item, the same number, the newer bytes and reasons. */
    struct mutation m =
        world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "stage=contact;title=R");
    m.resolves = slot;
    m.resolution = INBOX_RESENT;
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_int_equal(change.row_count, 1);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, slot), "state=open;number=42");
    assert_true(uuid_equal(world_item(&w, slot)->mutation, m.id));

    m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "title=R");
    m.resolves = slot;
    m.resolution = INBOX_RESENT;
    change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, slot), "state=resent;number=42;closed_by=rep");
    assert_non_null(world_find(&w, ENTITY_DEAL, "new"));
    world_finish(&w);
}

static void test_two_refused_creations_of_one_thing_are_both_kept(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation first = refused_creation(&w);
    struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "source=fair");
    world_do(&w, "other", &m);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, inbox_creation_id(first.target)),
                  "author=rep;number=42");
    assert_fields(&w, ENTITY_INBOX, world_item(&w, inbox_parked_id(m.id)),
                  "author=other;number=43");
    world_finish(&w);
}

static void test_a_creation_refused_again_to_another_is_another(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation first = refused_creation(&w);
    struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "source=fair");
    m.resolves = inbox_creation_id(first.target);
    m.resolution = INBOX_RESENT;
    world_do(&w, "lead", &m);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, m.resolves), "author=rep;number=42;state=open");
    assert_fields(&w, ENTITY_INBOX, world_item(&w, inbox_parked_id(m.id)), "author=lead;number=43");
    world_finish(&w);
}

static void test_a_settled_record_stays_whose_it_was(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation first = refused_creation(&w);
    struct uuid slot = inbox_creation_id(first.target);
    struct mutation close = {.id = world_id("close"),
                             .kind = MUTATION_CLOSE,
                             .resolves = slot,
                             .resolution = INBOX_DISCARDED};
    world_do(&w, "rep", &close);
    struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "source=fair");
    world_do(&w, "lead", &m);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, slot), "author=rep;number=42;state=discarded");
    assert_fields(&w, ENTITY_INBOX, world_item(&w, inbox_parked_id(m.id)), "author=lead;number=43");
    world_finish(&w);
}

static void test_a_creation_that_goes_through_settles_the_refused_one(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation first = refused_creation(&w);
    struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "title=R");
    world_do(&w, "rep", &m);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, inbox_creation_id(first.target)),
                  "state=resent");
    world_finish(&w);
}

static void test_what_hangs_on_a_discarded_creation_is_gone(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation first = refused_creation(&w);
    struct mutation m = {.id = world_id("close"),
                         .kind = MUTATION_CLOSE,
                         .resolves = inbox_creation_id(first.target),
                         .resolution = INBOX_DISCARDED};
    world_do(&w, "rep", &m);
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "new", "title=Roof");
    struct change change = world_do(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "gone value=deal");
    world_finish(&w);
}

static void test_a_predicted_refusal_leaves_the_resent_item_open(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=");
    world_do(&w, "rep", &m);
    struct uuid old = inbox_parked_id(m.id);
    w.predicted = true;
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=");
    m.resolves = old;
    m.resolution = INBOX_RESENT;
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, old), "state=open");
    world_finish(&w);
}

static void test_a_resent_edit_closes_the_old_item(void **state)
{
    (void)state;
    static const struct {
        const char *claim, *edits;
        enum outcome_kind outcome;
        size_t rows;
    } rows[] = {
        {"applied", "title=Wall", OUTCOME_APPLIED, 3},
        {"in conflict: the conflict holds it now", "title:Hut>Wall", OUTCOME_CONFLICT, 2},
        {"refused again: the new item holds it now", "title=", OUTCOME_PARKED, 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_start(&w);
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=");
        world_do(&w, "rep", &m);
        struct uuid old = inbox_parked_id(m.id);
        m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].edits);
        m.resolves = old;
        m.resolution = INBOX_RESENT;
        struct change change = world_do(&w, "rep", &m);
        if (change.outcome != rows[i].outcome) fail_msg("%s", rows[i].claim);
        assert_fields(&w, ENTITY_INBOX, world_item(&w, old), "state=resent;closed_by=rep");
        assert_int_equal(change.row_count, rows[i].rows);
        world_finish(&w);
    }
}

static void test_a_prediction_makes_no_items(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    w.predicted = true;
    struct change change = deal_edit(&w, "rep", "title:Hut>Floor;source=web");
    assert_int_equal(change.outcome, OUTCOME_CONFLICT);
    assert_int_equal(change.reasons.count, 1);
    assert_int_equal(change.row_count, 2); /* the deal and the event of the source */
    change = deal_edit(&w, "rep", "title=");
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    assert_int_equal(change.row_count, 0);
    assert_int_equal(w.state.inbox_last, 41);
    /* But what it closes is seen closed at once. */
    w.predicted = false;
    deal_edit(&w, "rep", "title:Hut>Floor");
    w.predicted = true;
    struct mutation m = {.id = world_id("close"),
                         .kind = MUTATION_CLOSE,
                         .resolves = conflict_id("title", "rep"),
                         .resolution = INBOX_THEIRS};
    world_do(&w, "rep", &m);
    assert_fields(&w, ENTITY_INBOX, world_item(&w, m.resolves), "state=theirs;number=42");
    world_finish(&w);
}

static void test_what_could_not_be_read_is_kept(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct decision_context context = {.actor = world_find(&w, ENTITY_MEMBER, "rep"),
                                       .recorded_at = w.recorded};
    struct uuid ids[2];
    for (size_t i = 0; i < 2; i++) {
        struct change change;
        assert_int_equal(decide_undecodable(&w.arena, &w.state, &context, (struct uuid){{0}},
                                            STR("\xff\x00garbage"), &change),
                         FAULT_NONE);
        assert_int_equal(change.outcome, OUTCOME_PARKED);
        assert_string_equal(world_reasons(&w, &change), "undecodable");
        const struct inbox_item *item = change_item(&change, 0);
        assert_fields(&w, ENTITY_INBOX, item, "kind=parked;state=open;author=rep");
        assert_true(str_equal(item->payload, STR("\xff\x00garbage")));
        assert_int_equal(item->number, 42 + (int64_t)i);
        ids[i] = item->id;
        world_apply(&w, &change);
    }
    assert_false(uuid_equal(ids[0], ids[1]));
    struct change known;
    assert_int_equal(decide_undecodable(&w.arena, &w.state, &context, world_id("poison"),
                                        STR("\xff\x00garbage"), &known),
                     FAULT_NONE);
    assert_true(uuid_equal(change_item(&known, 0)->mutation, world_id("poison")));
    world_finish(&w);
}

static void test_reasons_never_carry_what_cannot_be_shown(void **state)
{
    (void)state;
    struct rule_world w;
    world_start(&w);
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "stage=x");
    m.edits[0].want.text = STR("\xff\xfe");
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, OUTCOME_PARKED);
    for (size_t i = 0; i < change.reasons.count; i++) {
        assert_true(text_is_utf8(change.reasons.items[i].value));
    }
    assert_int_equal(change.reasons.items[0].code, REASON_TEXT_INVALID);
    world_finish(&w);
}

/* With the payload in each, the rows of one change could outgrow a page, which is never cut in it. */
static void the_payload_is_kept_once_for_several_conflicts(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "source=fair;category=commit;next_step=visit");
    struct mutation m =
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal",
                       "source:web>mail;category:omitted>pipeline;next_step:call>write");
    struct change change = world_do(&w, "rep", &m);
    size_t items = 0, payloads = 0;
    for (size_t i = 0; i < change.row_count; i++) {
        if (change.rows[i].kind != ENTITY_INBOX) continue;
        const struct inbox_item *item = change.rows[i].entity;
        items++;
        payloads += item->payload.n > 0;
    }
    assert_int_equal(items, 3);
    assert_int_equal(payloads, 1);
    world_finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_payload_is_kept_once_for_several_conflicts),
        cmocka_unit_test(test_a_conflict_keeps_both),
        cmocka_unit_test(test_a_later_own_edit_updates_the_conflict),
        cmocka_unit_test(test_wishes_that_do_not_build_on_one_another_are_both_kept),
        cmocka_unit_test(test_others_conflicts_are_their_own),
        cmocka_unit_test(test_a_closed_conflict_makes_room),
        cmocka_unit_test(test_resolving),
        cmocka_unit_test(test_whose_value_goes_is_told),
        cmocka_unit_test(test_what_came_from_a_device_shut_out_hangs_together),
        cmocka_unit_test(test_no_device_settles_the_notice_about_itself),
        cmocka_unit_test(test_resolving_twice),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_closing_what_was_decided_otherwise),
        cmocka_unit_test(test_a_refused_one_is_kept_whole),
        cmocka_unit_test(test_what_a_revoked_device_made_stays_together),
        cmocka_unit_test(test_only_what_hangs_on_a_refused_creation_is_parked_with_it),
        cmocka_unit_test(test_a_resent_creation_takes_the_place_of_the_old),
        cmocka_unit_test(test_two_refused_creations_of_one_thing_are_both_kept),
        cmocka_unit_test(test_a_creation_refused_again_to_another_is_another),
        cmocka_unit_test(test_a_settled_record_stays_whose_it_was),
        cmocka_unit_test(test_a_creation_that_goes_through_settles_the_refused_one),
        cmocka_unit_test(test_what_hangs_on_a_discarded_creation_is_gone),
        cmocka_unit_test(test_a_predicted_refusal_leaves_the_resent_item_open),
        cmocka_unit_test(test_a_resent_edit_closes_the_old_item),
        cmocka_unit_test(test_a_prediction_makes_no_items),
        cmocka_unit_test(test_what_could_not_be_read_is_kept),
        cmocka_unit_test(test_reasons_never_carry_what_cannot_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
