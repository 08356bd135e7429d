/* test_decide.c - creating, editing, merging, deleting: a sentence a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/rule_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define APPLIED         OUTCOME_APPLIED
#define MERGED          OUTCOME_MERGED
#define CONFLICT        OUTCOME_CONFLICT
#define PARKED          OUTCOME_PARKED

struct decide_row {
    const char *claim, *actor, *edits;
    enum outcome_kind outcome;
    const char *reasons;
    const char *after; /* what stands afterwards; NULL: not looked at */
    size_t events;
};

static void row_fail(struct rule_world *w, const struct decide_row *row,
                     const struct change *change)
{
    fail_msg("%s: %s with %zu events\n%s", row->claim, outcome_name(change->outcome),
             change->event_count, world_reasons(w, change));
}

static void row_decide(struct rule_world *w, const struct decide_row *row, const char *target,
                       const struct mutation *mutation)
{
    print_message("%s\n", row->claim);
    struct change change = world_do(w, row->actor, mutation);
    if (change.outcome != row->outcome) row_fail(w, row, &change);
    if (strcmp(world_reasons(w, &change), row->reasons) != 0) row_fail(w, row, &change);
    if (change.event_count != row->events) row_fail(w, row, &change);
    if (!row->after) return;
    enum entity_kind kind = (enum entity_kind)mutation->entity;
    assert_fields(w, kind, world_find(w, kind, target), row->after);
}

/* --- creating --- */

static const struct decide_row deals_created[] = {
    {"a title is enough", "rep", "title=Roof", APPLIED, "",
     "title=Roof;pipeline=sales;stage=lead;status=open;owner=rep;created_by=rep;closed_at=;value=;"
     "currency=;attention=false",
     1},
    {"no title", "rep", "source=web", PARKED, "required field=title", NULL, 0},
    {"a blank title is none", "rep", "title=  ", PARKED, "required field=title", NULL, 0},
    {"texts are trimmed", "rep", "title=  Roof   north ", APPLIED, "", "title=Roof north", 1},
    {"a value gets the team's currency", "rep", "title=Roof;value=5", APPLIED, "",
     "value=5;currency=EUR", 1},
    {"a currency of its own, in any case", "rep", "title=Roof;value=5;currency=usd", APPLIED, "",
     "currency=USD", 1},
    {"no such currency", "rep", "title=Roof;value=5;currency=XQX", PARKED,
     "currency_unknown value=XQX", NULL, 0},
    {"straight into a stage, gates satisfied", "rep", "title=Roof;org=acme;stage=contact", APPLIED,
     "", "stage=contact;status=open", 1},
    {"straight into a stage, everything before counts", "rep", "title=Roof;stage=proposal", PARKED,
     "any_field_required field=org|contact stage=contact\n"
     "check_required stage=qualification check=interest\n"
     "field_required field=value stage=proposal\n"
     "field_required field=expected_close stage=proposal",
     NULL, 0},
    {"over a stage that may not be skipped", "rep",
     "title=Roof;contact=ann;pipeline=renewal;stage=sign", PARKED, "skip_forbidden stage=talk",
     NULL, 0},
    {"a pipeline without leads begins in its first stage", "rep",
     "title=Roof;contact=ann;pipeline=renewal", APPLIED, "", "stage=talk;status=open", 1},
    {"won at once", "rep",
     "title=Roof;org=acme;checks+interest;value=5;expected_close=2026-03-02;next_step=x;stage=won",
     APPLIED, "", "stage=won;status=won;currency=EUR;closed_at=0", 1},
    {"lost at once", "rep", "title=Roof;status=lost;lost_reason=price", APPLIED, "",
     "stage=lost;status=lost;lost_reason=price", 1},
    {"not on ice at once", "rep", "title=Roof;status=iced", PARKED,
     "status_misfit stage=lead value=iced", NULL, 0},
    {"for a colleague", "rep", "title=Roof;owner=other", APPLIED, "", "owner=other;created_by=rep",
     1},
    {"for nobody", "rep", "title=Roof;owner=", APPLIED, "", "owner=", 1},
    {"for somebody who left", "rep", "title=Roof;owner=leaver", PARKED, NULL, NULL, 0},
    {"for an organisation that does not exist", "rep", "title=Roof;org=nowhere", PARKED,
     "reference_unknown field=org value=organisation", NULL, 0},
    {"with a stamp", "rep", "title=Roof;created_at=-5", PARKED, "field_fixed field=created_at",
     NULL, 0},
    {"with an external id, which only an import gives", "boss", "title=Roof;external_id=7", PARKED,
     "field_fixed field=external_id", NULL, 0},
    {"with a check of the pipeline", "rep", "title=Roof;checks+budget", APPLIED, "",
     "checks=budget", 1},
    {"with a check it does not have", "rep", "title=Roof;checks+mood", PARKED,
     "check_unknown value=mood other=\"interest, budget\"", NULL, 0},
    {"a forecast category by any spelling", "rep", "title=Roof;category=Best_Case", APPLIED, "",
     "category=best-case", 1},
    {"no such category", "rep", "title=Roof;category=sure", PARKED,
     "choice_unknown field=category value=sure other=\"commit, best-case, pipeline, omitted\"",
     NULL, 0},
    {"a probability is by hand", "rep", "title=Roof;probability=30", APPLIED, "",
     "probability=30;probability_by_hand=true", 1},
    {"more than certain", "rep", "title=Roof;probability=101", PARKED,
     "number_range field=probability value=0 other=100", NULL, 0},
    {"a negative value", "rep", "title=Roof;value=-1", PARKED,
     "number_range field=value value=0 other=1000000000000000", NULL, 0},
    {"the largest value", "rep", "title=Roof;value=1000000000000000", APPLIED, "", NULL, 1},
    {"above the largest value", "rep", "title=Roof;value=1000000000000001", PARKED,
     "number_range field=value value=0 other=1000000000000000", NULL, 0},
    {"a date before the calendar", "rep", "title=Roof;due=1899-12-31", PARKED,
     "number_range field=due value=1900-01-01 other=9999-12-31", NULL, 0},
    {"all mistakes at once", "rep", "source=web;value=-1;currency=XQX;org=nowhere", PARKED,
     "number_range field=value value=0 other=1000000000000000\ncurrency_unknown value=XQX\n"
     "reference_unknown field=org value=organisation\nrequired field=title",
     NULL, 0},
    {"a viewer creates nothing", "looker", "title=Roof", PARKED,
     "right_missing value=viewer other=edit", NULL, 0},
    {"who left creates nothing", "leaver", "title=Roof", PARKED,
     "right_missing value=rep other=edit", NULL, 0},
};

static void test_deals_created(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(deals_created); i++) {
        struct rule_world w;
        world_init(&w);
        struct decide_row row = deals_created[i];
        struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", row.edits);
        m.acted_at.v = w.recorded;
        if (!row.reasons) { /* names a member by id */
            struct change change = world_decide(&w, row.actor, &m);
            assert_int_equal(change.outcome, PARKED);
            assert_int_equal(change.reasons.items[0].code, REASON_MEMBER_LEFT);
        } else {
            row_decide(&w, &row, "new", &m);
        }
        world_finish(&w);
    }
}

static void test_creation_is_told(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new",
                                       "title=Roof;value=5;org=acme;stage=contact");
    struct change change = world_do(&w, "rep", &m);
    assert_fields(&w, ENTITY_EVENT, change_event(&change, 0),
                  "subject=new;subject_kind=deal;what=created;pipeline=sales;from_stage=;"
                  "to_stage=contact;from_status=0;to_status=open;owner=rep;value=5;currency=EUR;"
                  "who=rep");
    const struct deal *deal = world_find(&w, ENTITY_DEAL, "new");
    assert_int_equal(deal->created_at.v, m.acted_at.v);
    assert_int_equal(deal->stage_entered_at.v, m.acted_at.v);
    assert_int_equal(deal->stage_changed_at.v, m.acted_at.v);
    assert_true(uuid_equal(deal->id, m.target));
    world_finish(&w);
}

static void test_others_created(void **state)
{
    static const struct {
        enum entity_kind kind;
        struct decide_row row;
    } rows[] = {
        {ENTITY_ORGANISATION,
         {"an organisation", "rep", "name=Acme;country=PL", APPLIED, "", "name=Acme;created_by=rep",
          1}},
        {ENTITY_ORGANISATION,
         {"without a name", "rep", "country=PL", PARKED, "required field=name", NULL, 0}},
        {ENTITY_ORGANISATION,
         {"lines in a note", "rep", "name=A;note=one\ntwo", APPLIED, "", "note=one\ntwo", 1}},
        {ENTITY_ORGANISATION,
         {"no lines in a name", "rep", "name=one\ntwo", PARKED, "text_invalid field=name", NULL,
          0}},
        {ENTITY_ORGANISATION,
         {"text that reads as something else", "rep",
          "name=a\u202e"
          "b",
          PARKED, "text_invalid field=name", NULL, 0}},
        {ENTITY_ORGANISATION,
         {"bytes that are no text", "rep", "name=a\xff", PARKED, "text_invalid field=name", NULL,
          0}},
        {ENTITY_ORGANISATION,
         {"an external id by a rep", "rep", "name=A;external_id=7", PARKED,
          "right_missing value=rep other=\"import deals\"", NULL, 0}},
        {ENTITY_ORGANISATION,
         {"an external id by a manager", "lead", "name=A;external_id=7", APPLIED, "",
          "external_id=7", 1}},
        {ENTITY_PERSON,
         {"a person of an organisation", "rep", "name=Bo;org=acme", APPLIED, "",
          "org=acme;created_by=rep", 1}},
        {ENTITY_ACTIVITY,
         {"a call", "rep", "type=call;person=ann;text=hello", APPLIED, "", "member=rep;type=call",
          1}},
        {ENTITY_ACTIVITY,
         {"about nothing", "rep", "type=call", PARKED, "required field=deal|org|person", NULL, 0}},
        {ENTITY_ACTIVITY,
         {"of no type", "rep", "person=ann", PARKED, "required field=type", NULL, 0}},
        {ENTITY_ACTIVITY,
         {"of an unknown type", "rep", "type=77;person=ann", PARKED,
          "choice_unknown field=type value=77 "
          "other=\"call, mail-out, mail-in, meeting, note\"",
          NULL, 0}},
        {ENTITY_ACTIVITY,
         {"credited to another by a rep", "rep", "type=call;person=ann;member=other", PARKED,
          "right_missing value=rep other=\"assign deals of others\"", NULL, 0}},
        {ENTITY_ACTIVITY,
         {"credited to another by a manager", "lead", "type=call;person=ann;member=other", APPLIED,
          "", "member=other", 1}},
        {ENTITY_ACTIVITY,
         {"in the future", "rep", "type=call;person=ann;happened_at=3", PARKED,
          "in_future field=happened_at", NULL, 0}},
        {ENTITY_ACTIVITY,
         {"days ago", "rep", "type=call;person=ann;happened_at=-3", APPLIED, "", "happened_at=-3",
          1}},
        {ENTITY_MEMBER,
         {"a member by import", "lead", "name=Old Hand", APPLIED, "",
          "name=Old Hand;role=rep;imported=true", 0}},
        {ENTITY_MEMBER,
         {"a member by a rep", "rep", "name=Old Hand", PARKED,
          "right_missing value=rep other=\"import deals\"", NULL, 0}},
        {ENTITY_MEMBER,
         {"a manager by import", "boss", "name=Old Hand;role=manager", PARKED,
          "field_fixed field=role", NULL, 0}},
        {ENTITY_TEAM, {"a team", "boss", "name=T", PARKED, "kind_unknown", NULL, 0}},
        {ENTITY_EVENT,
         {"history cannot be made up", "boss", "what=stage", PARKED, "kind_unknown", NULL, 0}},
        {ENTITY_INBOX,
         {"nor inbox items", "boss", "kind=conflict", PARKED, "kind_unknown", NULL, 0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        struct mutation m =
            world_mutation(&w, MUTATION_CREATE, rows[i].kind, "new", rows[i].row.edits);
        row_decide(&w, &rows[i].row, "new", &m);
        world_finish(&w);
    }
}

static void test_creating_what_exists(void **state)
{
    static const struct decide_row rows[] = {
        {"the same again: nothing to do", "rep", "title=Roof;org=acme;tags+vip", APPLIED, "", NULL,
         0},
        {"only a part of it: nothing to do", "rep", "title=Roof", APPLIED, "", NULL, 0},
        {"something else under its id", "rep", "title=Floor", PARKED, "exists value=deal",
         "title=Roof", 0},
        {"a tag it does not have", "rep", "title=Roof;tags+new", PARKED, "exists value=deal", NULL,
         0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", "tags=vip");
        struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "deal", rows[i].edits);
        struct change change = world_decide(&w, "rep", &m);
        if (change.outcome == APPLIED) assert_int_equal(change.row_count, 0);
        row_decide(&w, &rows[i], "deal", &m);
        world_finish(&w);
    }
}

/* --- editing --- */

static const struct decide_row edits[] = {
    {"a field", "rep", "title=Floor", APPLIED, "", "title=Floor", 1},
    {"a field of others' deals", "other", "title=Floor", APPLIED, "", "title=Floor", 1},
    {"several fields, an event each", "rep", "title=Floor;source=web;tags+new", APPLIED, "",
     "title=Floor;source=web;tags=new,vip", 3},
    {"to what it is: nothing to do", "rep", "title:Roof>Roof", APPLIED, "", "title=Roof", 0},
    {"to what somebody made it: nothing to do", "rep", "title:Hut>Roof", APPLIED, "", "title=Roof",
     0},
    {"compared after normalising", "rep", "title:  Roof >Floor", APPLIED, "", "title=Floor", 1},
    {"one field was there already, another is new", "rep", "title:Hut>Roof;source=web", MERGED, "",
     "source=web", 1},
    {"a field named for completeness is no merge", "rep", "title:Roof>Roof;source=web", APPLIED, "",
     "source=web", 1},
    {"a conflict keeps what stands", "rep", "title:Hut>Floor", CONFLICT,
     "changed_meanwhile field=title value=Roof", "title=Roof", 0},
    {"a conflict beside what applies", "rep", "title:Hut>Floor;source=web", CONFLICT,
     "changed_meanwhile field=title value=Roof", "title=Roof;source=web", 1},
    {"money changes together", "rep", "value:1>2;currency:EUR>EUR", CONFLICT,
     "changed_meanwhile field=value value=10000 other=EUR", "value=10000", 0},
    {"the other half of the money changed", "rep", "value:10000>2;currency:PLN>PLN", CONFLICT,
     "changed_meanwhile field=currency value=EUR", "value=10000;currency=EUR", 0},
    {"a set never conflicts", "rep", "tags+vip;tags-old", APPLIED, "", "tags=vip", 0},
    {"a set merges with what others did", "rep", "tags+vip;tags+new", MERGED, "", "tags=new,vip",
     1},
    {"the required title cannot be taken away", "rep", "title=", PARKED, "required field=title",
     "title=Roof", 0},
    {"nothing at all", "rep", "", PARKED, "empty", NULL, 0},
    {"a stamp", "boss", "created_by=boss", PARKED, "field_fixed field=created_by", "created_by=rep",
     0},
    {"the attention mark", "boss", "attention=true", PARKED, "field_fixed field=attention", NULL,
     0},
    {"a currency taken away from a value", "rep", "currency=", PARKED, "value_without_currency",
     "currency=EUR", 0},
    {"value and currency taken away", "rep", "value=;currency=", APPLIED, "",
     "value=;currency=", 2},
    {"an owner gives the deal away", "rep", "owner=other", APPLIED, "", "owner=other", 1},
    {"another rep does not take it", "other", "owner=other", PARKED,
     "right_missing value=rep other=\"assign deals of others\"", "owner=rep", 0},
    {"a manager does", "lead", "owner=other", APPLIED, "", "owner=other", 1},
    {"the owner changed meanwhile: parked, not a conflict", "boss", "owner:other>boss;title=X",
     PARKED, NULL, "owner=rep;title=Roof", 0},
    {"a later month is a push", "rep", "expected_close=2026-05-01", APPLIED, "", "push_count=1", 1},
    {"the same month is none", "rep", "expected_close=2026-04-01", APPLIED, "", "push_count=", 1},
    {"an earlier month is none", "rep", "expected_close=2026-03-01", APPLIED, "", "push_count=", 1},
    {"taking the date away is none", "rep", "expected_close=", APPLIED, "", "push_count=", 1},
    {"a probability by hand", "rep", "probability=40", APPLIED, "",
     "probability=40;probability_by_hand=true", 2},
    {"an organisation that does not exist", "rep", "org=nowhere", PARKED,
     "reference_unknown field=org value=organisation", "org=acme", 0},
    {"in conflict, it must exist too", "rep", "org:zenith>nowhere", PARKED,
     "reference_unknown field=org value=organisation", "org=acme", 0},
    {"too long a title", "rep",
     "title="
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
     "890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
     "1234567890123456789012345678901234567890",
     PARKED, "too_long field=title value=200", NULL, 0},
    {"a viewer", "looker", "title=X", PARKED, "right_missing value=viewer other=edit", "title=Roof",
     0},
};

static void test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", "tags=vip");
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", edits[i].edits);
        if (!edits[i].reasons) {
            struct change change = world_decide(&w, edits[i].actor, &m);
            assert_int_equal(change.outcome, PARKED);
            assert_int_equal(change.reasons.items[0].code, REASON_CHANGED_MEANWHILE);
        } else {
            row_decide(&w, &edits[i], "deal", &m);
        }
        world_finish(&w);
    }
}

static void test_unowned_deals(void **state)
{
    static const struct decide_row rows[] = {
        {"a rep takes an unowned deal", "other", "owner=other", APPLIED, "", "owner=other", 1},
        {"a rep hands an unowned deal to a colleague", "other", "owner=rep", APPLIED, "",
         "owner=rep", 1},
        {"but not to who left", "boss", "owner=leaver", PARKED, NULL, NULL, 0},
        {"nor to who never was", "boss", "owner=nobody", PARKED,
         "reference_unknown field=owner value=member", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", "owner=");
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].edits);
        if (!rows[i].reasons) {
            struct change change = world_decide(&w, rows[i].actor, &m);
            assert_int_equal(change.reasons.items[0].code, REASON_MEMBER_LEFT);
        } else {
            row_decide(&w, &rows[i], "deal", &m);
        }
        world_finish(&w);
    }
}

static void test_pushes_add_up_and_are_taken_back(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "push_count=1;expected_close=2026-04-30");
    struct mutation m =
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "expected_close=2027-01-01");
    world_do(&w, "rep", &m);
    assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "deal"), "push_count=2");
    struct uuid pushed = m.id;
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "expected_close=2026-04-30");
    m.undoes = pushed;
    world_do(&w, "rep", &m);
    assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "deal"), "push_count=1");
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "expected_close=2026-03-30");
    world_do(&w, "rep", &m);
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "expected_close=2026-04-30");
    m.undoes = pushed;
    world_do(&w, "rep", &m);
    assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "deal"), "push_count=1");
    world_finish(&w);
}

static void test_a_push_taken_back_was_none(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "push_count=1");
    struct mutation m =
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "expected_close=2026-01-01");
    m.undoes = world_id("push");
    world_trace(&w, "push", "rep", "deal", "what=field;field=expected_close");
    world_do(&w, "rep", &m);
    assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "deal"), "push_count=");
    world_finish(&w);
}

static void test_a_probability_and_its_hand(void **state)
{
    static const struct decide_row rows[] = {
        {"another percentage", "rep", "probability=40", APPLIED, "",
         "probability=40;probability_by_hand=true", 1},
        {"no percentage", "rep", "probability=", APPLIED, "",
         "probability=;probability_by_hand=false", 2},
        {"no hand: the stage's again", "rep", "probability_by_hand=false", APPLIED, "",
         "probability=;probability_by_hand=false", 2},
        {"a percentage without a hand is by hand", "rep",
         "probability=40;probability_by_hand=false", APPLIED, "",
         "probability=40;probability_by_hand=true", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", "probability=30;probability_by_hand=true");
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].edits);
        row_decide(&w, &rows[i], "deal", &m);
        world_finish(&w);
    }
}

static void test_clocks_are_brought_into_the_calendar(void **state)
{
    static const struct {
        const char *claim;
        int64_t acted, created, claimed; /* days after recording */
    } rows[] = {
        {"an hour ahead", 1, 0, 1},
        {"as far ahead as numbers go", INT64_MAX, 0, INT64_MAX},
        {"as far back as numbers go", INT64_MIN, INT64_MIN, INT64_MIN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        const int64_t day = INT64_C(86400000), low = DATE_MIN * day;
        struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "title=R");
        m.acted_at.v = rows[i].acted == 1 ? w.recorded + day : rows[i].acted;
        struct change change = world_do(&w, "rep", &m);
        assert_int_equal(change.outcome, APPLIED);
        const struct deal *deal = world_find(&w, ENTITY_DEAL, "new");
        int64_t created = rows[i].created == INT64_MIN ? low : w.recorded;
        if (deal->created_at.v != created) fail_msg("%s", rows[i].claim);
        int64_t claimed = change_event(&change, 0)->claimed_at.v;
        assert_true(claimed >= low && claimed < (DATE_MAX + 1) * day);
        world_finish(&w);
    }
}

static void test_undo_is_refused_where_the_world_moved_on(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "source=fair");
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "source:web>");
    m.undoes = world_id("earlier");
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.outcome, PARKED);
    assert_string_equal(world_reasons(&w, &change), "changed_meanwhile field=source value=fair");
    world_finish(&w);
}

/* --- correcting, deleting --- */

static void test_corrections(void **state)
{
    static const struct {
        const char *deal;
        struct decide_row row;
    } rows[] = {
        {"stage=won;status=won;closed_at=-5",
         {"the value of a won deal", "lead", "value=7", APPLIED, "", "value=7;status=won", 1}},
        {"stage=won;status=won;closed_at=-5",
         {"the closing date", "lead", "closed_at=-9", APPLIED, "", "closed_at=-9", 1}},
        {"stage=won;status=won;closed_at=-5",
         {"a little ahead is now", "lead", "closed_at=1", APPLIED, "", "closed_at=0", 1}},
        {"stage=won;status=won;closed_at=-5",
         {"not into the future", "lead", "closed_at=9", PARKED, "in_future field=closed_at",
          "closed_at=-5", 0}},
        {"stage=won;status=won;closed_at=-5",
         {"not away", "lead", "closed_at=", PARKED, "required field=closed_at", NULL, 0}},
        {"stage=won;status=won;closed_at=-5",
         {"nothing else", "boss", "title=X", PARKED, "field_fixed field=title", NULL, 0}},
        {"stage=won;status=won;closed_at=-5",
         {"not by a rep", "rep", "value=7", PARKED,
          "right_missing value=rep other=\"correct closed deals\"", "value=10000", 0}},
        {"stage=won;status=won;closed_at=-5",
         {"a conflict like any other", "lead", "value:1>7", CONFLICT,
          "changed_meanwhile field=value value=10000 other=EUR", "value=10000", 0}},
        {"stage=won;status=won;closed_at=-5",
         {"above all bounds", "lead", "value=-7", PARKED,
          "number_range field=value value=0 other=1000000000000000", NULL, 0}},
        {"",
         {"an open deal needs none", "lead", "value=7", PARKED, "deal_not_closed", "value=10000",
          0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", rows[i].deal);
        struct mutation m =
            world_mutation(&w, MUTATION_CORRECT, ENTITY_DEAL, "deal", rows[i].row.edits);
        row_decide(&w, &rows[i].row, "deal", &m);
        world_finish(&w);
    }
}

static void test_deletions(void **state)
{
    static const struct {
        enum entity_kind kind;
        const char *target;
        bool gone, undoes;
        struct decide_row row;
    } rows[] = {
        {ENTITY_DEAL, "mine", true, false, {"one's own deal", "rep", "", APPLIED, "", NULL, 1}},
        {ENTITY_DEAL,
         "mine",
         false,
         false,
         {"a colleague's", "other", "", PARKED,
          "right_missing value=rep other=\"delete what belongs to others\"", NULL, 0}},
        {ENTITY_DEAL,
         "mine",
         true,
         false,
         {"a manager deletes any", "lead", "", APPLIED, "", NULL, 1}},
        {ENTITY_DEAL,
         "given",
         true,
         true,
         {"taking back one made for a colleague", "rep", "", APPLIED, "", NULL, 1}},
        {ENTITY_DEAL,
         "given",
         false,
         false,
         {"but not deleting it later", "rep", "", PARKED,
          "right_missing value=rep other=\"delete what belongs to others\"", NULL, 0}},
        {ENTITY_DEAL,
         "mine",
         false,
         true,
         {"not if it changed since it was seen", "rep", "title:Hut>", PARKED,
          "changed_meanwhile field=title value=Roof", NULL, 0}},
        {ENTITY_DEAL,
         "mine",
         true,
         true,
         {"if it is as it was seen", "rep", "title:Roof>", APPLIED, "", NULL, 1}},
        {ENTITY_DEAL,
         "never",
         true,
         false,
         {"what is gone: nothing to do", "rep", "", APPLIED, "", NULL, 0}},
        {ENTITY_ORGANISATION,
         "acme",
         false,
         false,
         {"an organisation that others name", "rep", "", PARKED,
          "in_use value=organisation other=\"2 deals\"\nin_use value=organisation other=\"1 person\"",
          NULL, 0}},
        {ENTITY_ORGANISATION,
         "unused",
         true,
         false,
         {"an organisation one created", "rep", "", APPLIED, "", NULL, 1}},
        {ENTITY_ORGANISATION,
         "zenith",
         false,
         false,
         {"an organisation of others", "rep", "", PARKED,
          "right_missing value=rep other=\"delete what belongs to others\"", NULL, 0}},
        {ENTITY_PERSON, "unknown", true, false, {"a person", "rep", "", APPLIED, "", NULL, 1}},
        {ENTITY_MEMBER,
         "rep",
         false,
         false,
         {"nobody deletes people of the team", "boss", "", PARKED, "kind_unknown", NULL, 0}},
        {ENTITY_DEAL,
         "mine",
         false,
         false,
         {"a viewer deletes nothing", "looker", "", PARKED,
          "right_missing value=viewer other=\"delete what belongs to others\"", NULL, 0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "mine", "");
        world_deal(&w, "given", "owner=other");
        world_put(&w, ENTITY_ORGANISATION, "unused", "name=Unused;created_by=rep");
        world_put(&w, ENTITY_PERSON, "unknown", "name=Nemo;created_by=rep");
        struct mutation m =
            world_mutation(&w, MUTATION_DELETE, rows[i].kind, rows[i].target, rows[i].row.edits);
        if (rows[i].undoes) m.undoes = world_id("earlier");
        row_decide(&w, &rows[i].row, rows[i].target, &m);
        bool gone = world_find(&w, rows[i].kind, rows[i].target) == NULL;
        if (gone != rows[i].gone) fail_msg("%s", rows[i].row.claim);
        world_finish(&w);
    }
}

/* --- form --- */

static void test_malformed(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "");
    struct mutation good = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=X;tags+a");
    struct edit two[2], many[MUTATION_CHANGES_MAX + 1];
    memcpy(two, good.edits, sizeof two);
    for (size_t i = 0; i < COUNT_OF(many); i++) many[i] = good.edits[0];
    struct mutation m = good;

    m.edits = many;
    m.edit_count = COUNT_OF(many);
    struct change change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "too_many field=changes value=64");
    m.edit_count = 2;
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "undecodable");

    m = good;
    m.edits = two;
    two[0].field = NULL;
    two[0].tag = 999;
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "field_unknown value=999");
    two[0] = good.edits[0];
    two[0].want = value_number(VALUE_NUMBER, 3);
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "undecodable");
    two[0] = good.edits[0];
    two[0].field = field_by_name(ENTITY_PERSON, STR("name"));
    two[0].tag = two[0].field->tag;
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "undecodable");
    two[0] = good.edits[0];
    two[0].add = good.edits[1].add;
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "undecodable");
    two[0] = good.edits[0];
    two[1].want = value_text(STR("a"));
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "undecodable");

    static const int64_t kinds[] = {0, 8, 99, -1};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        m = good;
        m.kind = kinds[i];
        change = world_decide(&w, "boss", &m);
        assert_string_equal(world_reasons(&w, &change), "kind_unknown");
        m = (struct mutation){
            .id = good.id, .target = good.target, .kind = MUTATION_EDIT, .entity = kinds[i] + 100};
        change = world_decide(&w, "boss", &m);
        assert_string_equal(world_reasons(&w, &change), "kind_unknown");
    }
    m = good;
    m.target = (struct uuid){{0}};
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "undecodable");
    m = good;
    m.happened_at = (struct optional){true, w.recorded + 25 * 3600 * 1000};
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "in_future field=happened_at");
    world_finish(&w);
}

static void test_sets_are_bounded(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct deal *deal = world_deal(&w, "deal", "");
    struct str items[SET_ITEMS_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(items); i++) items[i] = arena_format(&w.arena, "t%02zu", i);
    deal->tags = (struct text_set){items, SET_ITEMS_MAX};
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "tags+zz");
    struct change change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "too_many field=tags value=50");
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "tags+zz;tags-t00");
    change = world_decide(&w, "rep", &m);
    assert_int_equal(change.outcome, APPLIED);
    m.edits[0].add = (struct text_set){items, COUNT_OF(items)};
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "too_many field=tags value=50");
    m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal",
                       "tags+0123456789012345678901234567890123456789012345678901234567890");
    change = world_decide(&w, "rep", &m);
    assert_string_equal(world_reasons(&w, &change), "too_long field=tags value=60");
    world_finish(&w);
}

static void test_a_change_owes_nothing_to_its_mutation(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct arena own;
    arena_init(&own, 1024 * 1024);
    struct mutation m = world_mutation(&w, MUTATION_CREATE, ENTITY_DEAL, "new", "title=R");
    char title[] = "Roof", payload[] = "bytes";
    m.edits[0].want.text = (struct str){title, 4};
    struct decision_context context = {.actor = world_find(&w, ENTITY_MEMBER, "rep"),
                                       .recorded_at = w.recorded};
    struct change change;
    assert_int_equal(decide(&own, &w.state, &context, &m, (struct str){payload, 5}, &change), 0);
    memset(title, 'x', 4);
    const struct deal *deal = change.rows[0].entity;
    assert_true(str_equal(deal->title, STR("Roof")));
    m.target = (struct uuid){{0}};
    assert_int_equal(decide(&own, &w.state, &context, &m, (struct str){payload, 5}, &change), 0);
    memset(payload, 'x', 5);
    assert_true(str_equal(change_item(&change, 0)->payload, STR("bytes")));
    arena_finish(&own);
    world_finish(&w);
}

static void test_memory_that_runs_out_is_a_fault(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "");
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal",
                                       "stage=proposal;title:Hut>X;tags+a;owner=other");
    struct decision_context context = {.actor = world_find(&w, ENTITY_MEMBER, "rep"),
                                       .recorded_at = w.recorded};
    bool went_through = false;
    for (size_t budget = 0; budget < 100 * 1024 && !went_through; budget += 16) {
        struct arena own;
        struct change change;
        arena_init(&own, budget);
        enum fault fault = decide(&own, &w.state, &context, &m, STR("payload"), &change);
        went_through = fault == FAULT_NONE;
        assert_true(fault == FAULT_NONE || fault == FAULT_MEMORY);
        if (went_through) assert_int_equal(change.outcome, CONFLICT);
        arena_finish(&own);
    }
    assert_true(went_through);
    world_finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deals_created),
        cmocka_unit_test(test_creation_is_told),
        cmocka_unit_test(test_others_created),
        cmocka_unit_test(test_creating_what_exists),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_unowned_deals),
        cmocka_unit_test(test_pushes_add_up_and_are_taken_back),
        cmocka_unit_test(test_a_push_taken_back_was_none),
        cmocka_unit_test(test_a_probability_and_its_hand),
        cmocka_unit_test(test_clocks_are_brought_into_the_calendar),
        cmocka_unit_test(test_undo_is_refused_where_the_world_moved_on),
        cmocka_unit_test(test_corrections),
        cmocka_unit_test(test_deletions),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_sets_are_bounded),
        cmocka_unit_test(test_a_change_owes_nothing_to_its_mutation),
        cmocka_unit_test(test_memory_that_runs_out_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
