/* test_decide_transition.c - where a deal may go: a sentence a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/rule_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define CHANGED         "changed_meanwhile "

struct transition_row {
    const char *claim;
    const char *deal;  /* over the deal of world_deal: in contact, all gates' wishes fulfilled */
    const char *edits; /* by `actor` */
    const char *actor;
    enum outcome_kind outcome;
    const char *expected; /* reasons when parked, else what stands afterwards */
    size_t stage_events;
    bool undoes;
};

#define APPLIED OUTCOME_APPLIED
#define PARKED  OUTCOME_PARKED
#define ICED    "status=iced;wake_date=2026-05-01"
#define WON     "stage=won;status=won;closed_at=-2"
#define LOST    "stage=lost;status=lost;lost_reason=price;closed_at=-2"

static const struct transition_row moves[] = {
    {"one stage forward", "", "stage=qualification", "rep", APPLIED,
     "stage=qualification;status=open;closed_at=", 1, false},
    {"over several stages, all gates satisfied", "", "stage=closing", "rep", APPLIED,
     "stage=closing", 1, false},
    {"over several stages, what the skipped ones ask is missing", "value=;checks=", "stage=closing",
     "rep", PARKED,
     "check_required stage=qualification check=interest\nfield_required field=value stage=proposal",
     0, false},
    {"the same mutation may bring what the gate asks for", "value=;checks=",
     "stage=proposal;value=5;checks+interest", "rep", APPLIED, "stage=proposal;value=5", 1, false},
    {"the same mutation may take away what the gate asks for", "", "stage=proposal;value=", "rep",
     PARKED, "field_required field=value stage=proposal", 0, false},
    {"to where it is: nothing to do", "", "stage:contact>contact", "rep", APPLIED, "stage=contact",
     0, false},
    {"moved there by somebody meanwhile: nothing to do", "stage=proposal", "stage:contact>proposal",
     "rep", APPLIED, "stage=proposal", 0, false},
    {"moved elsewhere by somebody meanwhile", "stage=qualification", "stage:contact>proposal",
     "rep", PARKED, CHANGED "field=stage value=qualification", 0, false},
    {"closed by somebody meanwhile, status named", WON, "stage:contact>proposal;status:open>open",
     "rep", PARKED, CHANGED "field=stage value=won", 0, false},
    {"to a stage nobody knows", "", "stage=moon", "rep", PARKED,
     "stage_unknown value=moon other=\"lead, contact, qualification, proposal, closing, won, "
     "lost\"",
     0, false},
    {"to a removed stage", "", "stage=negotiation", "rep", PARKED,
     "stage_removed stage=negotiation value=\"lead, contact, qualification, proposal, closing, won, "
     "lost\" other=Proposal",
     0, false},
    {"out of a removed stage, forward from its successor", "stage=negotiation", "stage=closing",
     "rep", APPLIED, "stage=closing", 1, false},
    {"from a removed stage to its successor: it is shown there already", "stage=negotiation",
     "stage=proposal", "rep", APPLIED, "stage=negotiation", 0, false},
    {"to no stage", "", "stage=", "rep", PARKED, "required field=stage", 0, false},
    {"a deal that came by import goes onward through gates",
     "attention=true;checks=", "stage=qualification", "rep", PARKED,
     "check_required stage=qualification check=interest", 0, false},
    {"and passing one takes the mark off", "attention=true", "stage=qualification", "rep", APPLIED,
     "attention=false", 1, false},
    {"a viewer moves nothing", "", "stage=qualification", "looker", PARKED,
     "right_missing value=viewer other=edit", 0, false},
};

static const struct transition_row backward[] = {
    {"back where the stage left allows it", "stage=proposal", "stage=contact", "rep", APPLIED,
     "stage=contact", 1, false},
    {"back out of qualification needs a manager", "stage=qualification", "stage=contact", "rep",
     PARKED, "right_missing value=rep other=\"move a deal back from this stage\"", 0, false},
    {"a manager may", "stage=qualification", "stage=lead", "lead", APPLIED, "stage=lead", 1, false},
    {"back out of closing nobody may", "stage=closing", "stage=proposal", "boss", PARKED,
     "back_forbidden stage=closing", 0, false},
    {"an undo may", "stage=closing", "stage=proposal", "rep", APPLIED, "stage=proposal", 1, true},
    {"the policy of the stage left counts, not of those between", "stage=proposal", "stage=lead",
     "rep", APPLIED, "stage=lead", 1, false},
    {"a removed stage has its successor's policy", "stage=negotiation", "stage=contact", "rep",
     APPLIED, "stage=contact", 1, false},
    {"the stage entered is asked when going back too",
     "stage=proposal;org=;contact=", "stage=contact", "rep", PARKED,
     "any_field_required field=org|contact stage=contact", 0, false},
    {"an undo is asked it as well", "stage=closing;value=", "stage=proposal", "rep", PARKED,
     "field_required field=value stage=proposal", 0, true},
    {"losing is no way back", "stage=closing", "status=lost;lost_reason=price", "rep", APPLIED,
     "stage=lost;status=lost", 1, false},
};

static const struct transition_row pipelines[] = {
    {"to another pipeline", "", "pipeline=renewal;stage=talk", "rep", APPLIED,
     "pipeline=renewal;stage=talk;status=open", 1, false},
    {"the stage must be one of it", "", "pipeline=renewal", "rep", PARKED,
     "stage_unknown value=contact other=\"talk, sign, signed, dropped\"", 0, false},
    {"its earlier stages count as skipped", "contact=", "pipeline=renewal;stage=sign", "rep",
     PARKED, "skip_forbidden stage=talk\nfield_required field=contact stage=talk", 0, false},
    {"to one that does not exist", "", "pipeline=moon;stage=talk", "rep", PARKED,
     "pipeline_unknown value=moon other=\"sales, renewal\"", 0, false},
    {"jumping a stage that may not be skipped", "pipeline=renewal;stage=talk", "stage=signed",
     "rep", APPLIED, "stage=signed;status=won", 1, false},
};

static const struct transition_row endings[] = {
    {"won by the stage", "stage=closing", "stage=won", "rep", APPLIED,
     "stage=won;status=won;closed_at=0;lost_reason=", 1, false},
    {"won by the status", "stage=closing", "status=won", "rep", APPLIED, "stage=won;status=won", 1,
     false},
    {"won asks for skipped gates", "stage=proposal;next_step=;value=", "status=won", "rep", PARKED,
     "field_required field=next_step stage=closing\nfield_required field=value stage=won", 0,
     false},
    {"lost by the status, with the reason", "", "status=lost;lost_reason=price", "rep", APPLIED,
     "stage=lost;status=lost;lost_reason=price;closed_at=0", 1, false},
    {"lost without a reason", "", "stage=lost", "rep", PARKED,
     "field_required field=lost_reason stage=lost", 0, false},
    {"a lead can be lost", "stage=lead", "status=lost;lost_reason=price", "rep", APPLIED,
     "status=lost", 1, false},
    {"status and stage that contradict one another", "stage=closing", "status=lost;stage=won",
     "rep", PARKED, "status_misfit stage=won value=lost", 0, false},
    {"an open deal in the won stage there is not", "stage=closing", "stage=won;status=iced", "rep",
     PARKED, "status_misfit stage=won value=iced", 0, false},
    {"a lead is discarded", "stage=lead", "status=discarded", "rep", APPLIED,
     "stage=lead;status=discarded;closed_at=", 1, false},
    {"and may say why", "stage=lead", "status=discarded;lost_reason=wrong number", "rep", APPLIED,
     "status=discarded;lost_reason=wrong number", 1, false},
    {"only a lead is discarded", "", "status=discarded", "rep", PARKED,
     "status_misfit stage=contact value=discarded", 0, false},
    {"a reason without losing", "", "lost_reason=price", "rep", PARKED, "deal_not_closed", 0,
     false},
    {"a status nobody knows", "", "status=9", "rep", PARKED,
     "choice_unknown field=status value=9 other=\"open, won, lost, iced, discarded\"", 0, false},
    {"no status", "", "status=", "rep", PARKED, "required field=status", 0, false},
};

static const struct transition_row closed[] = {
    {"a won deal does not move", WON, "stage=contact", "rep", PARKED, "deal_closed value=won", 0,
     false},
    {"a lost deal is not won", LOST, "status=won", "rep", PARKED, "deal_closed value=lost", 0,
     false},
    {"a discarded lead does not move", "stage=lead;status=discarded", "stage=contact", "rep",
     PARKED, "deal_closed value=discarded", 0, false},
    {"it is not put on ice", WON, "stage=contact;status=iced", "rep", PARKED,
     "deal_closed value=won", 0, false},
    {"reopened in a named stage", LOST, "status=open;stage=contact", "rep", APPLIED,
     "stage=contact;status=open;lost_reason=;closed_at=;stage_entered_at=0", 1, false},
    {"reopening asks the gates, skipped ones too", LOST ";checks=", "status=open;stage=proposal",
     "rep", PARKED, "check_required stage=qualification check=interest", 0, false},
    {"reopening needs a stage", WON, "status=open", "rep", PARKED,
     "status_misfit stage=won value=open", 0, false},
    {"a rep does not reopen others' deals", LOST ";owner=other", "status=open;stage=contact", "rep",
     PARKED, "right_missing value=rep other=\"reopen deals of others\"", 0, false},
    {"a manager does", LOST ";owner=other", "status=open;stage=contact", "lead", APPLIED,
     "status=open", 1, false},
    {"an undo needs no such right", LOST ";owner=other", "status=open;stage=contact", "rep",
     APPLIED, "status=open", 1, true},
    {"an undo asks the stage's own gates only", LOST ";checks=", "status=open;stage=proposal",
     "rep", APPLIED, "stage=proposal", 1, true},
    {"an undo may put it back on ice", LOST,
     "status=iced;stage=contact;wake_date=2026-05-01;"
     "lost_reason=",
     "rep", APPLIED, "status=iced;stage=contact;wake_date=2026-05-01", 1, true},
    {"a discarded lead is taken up again", "stage=lead;status=discarded", "status=open", "rep",
     APPLIED, "stage=lead;status=open", 1, false},
    {"also straight into the pipeline", "stage=lead;status=discarded", "status=open;stage=contact",
     "rep", APPLIED, "stage=contact;status=open", 1, false},
    {"the value of a closed deal is fixed", WON, "value=5", "rep", PARKED,
     "closing_fixed field=value", 0, false},
    {"the currency too", LOST, "currency=USD", "boss", PARKED, "closing_fixed field=currency", 0,
     false},
    {"the reason too", LOST, "lost_reason=mood", "rep", PARKED, "closing_fixed field=lost_reason",
     0, false},
    {"all else is not", WON, "title=Roofs;source=web", "rep", APPLIED, "title=Roofs;status=won", 0,
     false},
    {"reopening and changing the value at once", WON, "status=open;stage=proposal;value=7", "rep",
     APPLIED, "status=open;value=7", 1, false},
    {"winning and changing the value at once", "stage=closing", "status=won;value=7", "rep",
     APPLIED, "status=won;value=7", 1, false},
    {"a discarded lead may still get a value", "stage=lead;status=discarded", "value=7", "rep",
     APPLIED, "value=7", 0, false},
};

static const struct transition_row ice[] = {
    {"put on ice", "", "status=iced;wake_date=2026-05-01", "rep", APPLIED,
     "stage=contact;status=iced;wake_date=2026-05-01;stage_entered_at=-10", 1, false},
    {"without a date", "", "status=iced", "rep", APPLIED, "status=iced;wake_date=", 1, false},
    {"no gate is asked for ice", "org=;contact=;checks=;value=", "status=iced", "rep", APPLIED,
     "status=iced", 1, false},
    {"thawed: the same visit goes on", ICED, "status=open", "rep", APPLIED,
     "stage=contact;status=open;wake_date=;stage_entered_at=-10", 1, false},
    {"nobody moves it on ice", ICED, "stage=qualification", "rep", PARKED, "deal_iced", 0, false},
    {"thawed and moved at once", ICED, "status=open;stage=qualification", "rep", APPLIED,
     "stage=qualification;status=open;wake_date=;stage_entered_at=0", 1, false},
    {"thawed and moved back at once asks the policy", ICED ";stage=closing",
     "status=open;stage=contact", "rep", PARKED, "back_forbidden stage=closing", 0, false},
    {"not won on ice", ICED ";stage=closing", "status=won", "rep", PARKED, "deal_iced", 0, false},
    {"not won on ice by the stage either", ICED ";stage=closing", "stage=won", "rep", PARKED,
     "deal_iced", 0, false},
    {"lost on ice", ICED, "status=lost;lost_reason=price", "rep", APPLIED,
     "stage=lost;status=lost;wake_date=", 1, false},
    {"an iced lead is discarded", ICED ";stage=lead", "status=discarded", "rep", APPLIED,
     "status=discarded;wake_date=", 1, false},
    {"another date", ICED, "wake_date=2026-06-01", "rep", APPLIED,
     "status=iced;wake_date=2026-06-01;stage_changed_at=-10", 0, false},
    {"a date without ice", "", "wake_date=2026-06-01", "rep", PARKED, "deal_not_iced", 0, false},
    {"thawed by somebody meanwhile", "", "status:iced>lost;lost_reason:>price", "rep", PARKED,
     CHANGED "field=status value=1", 0, false},
    {"moved and put on ice at once", "", "stage=qualification;status=iced", "rep", APPLIED,
     "stage=qualification;status=iced;stage_entered_at=0", 1, false},
};

static size_t stage_events(const struct change *change)
{
    size_t count = 0;
    for (size_t i = 0; i < change->event_count; i++) {
        count += change_event(change, i)->what == EVENT_STAGE;
    }
    return count;
}

/* The way there that the mutation takes back: it ended where the deal is. */
static struct event trace_of(const struct mutation *m, const struct deal *deal)
{
    struct event event = {.what = EVENT_STAGE, .pipeline = deal->pipeline,
                          .from_stage = deal->stage, .from_status = deal->status,
                          .to_stage = deal->stage, .to_status = deal->status};
    for (size_t i = 0; i < m->edit_count; i++) {
        const struct edit *edit = &m->edits[i];
        if (strcmp(edit->field->name, "stage") == 0) event.from_stage = edit->want.text;
        if (strcmp(edit->field->name, "status") == 0) event.from_status = edit->want.number;
    }
    return event;
}

static void trace_put(struct rule_world *w, const char *actor, const struct mutation *m,
                      const struct deal *deal)
{
    struct event *event = arena_alloc(&w->arena, sizeof *event);
    assert_non_null(event);
    *event = trace_of(m, deal);
    event->subject = deal->id;
    event->who = world_id(actor);
    event->mutation = m->undoes;
    assert_int_equal(state_put_trace(&w->state, event), FAULT_NONE);
}

/* "It takes something back" is said easily: only one's own change, exactly, on that deal. */
static void an_undo_that_is_none_is_judged_like_any_move(void **state)
{
    (void)state;
    static const struct {
        const char *claim, *who, *target, *trace;
        enum outcome_kind outcome;
    } rows[] = {
        {"one's own way back", "rep", "deal",
         "what=stage;pipeline=sales;from_stage=contact;from_status=open;to_stage=closing;"
         "to_status=open",
         APPLIED},
        {"somebody else's", "other", "deal",
         "what=stage;pipeline=sales;from_stage=contact;from_status=open;to_stage=closing;"
         "to_status=open",
         PARKED},
        {"of another deal", "rep", "another",
         "what=stage;pipeline=sales;from_stage=contact;from_status=open;to_stage=closing;"
         "to_status=open",
         PARKED},
        {"from another stage", "rep", "deal",
         "what=stage;pipeline=sales;from_stage=qualification;from_status=open;to_stage=closing;"
         "to_status=open",
         PARKED},
        {"an edit of a field", "rep", "deal", "what=field;field=source", PARKED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", "stage=closing");
        world_deal(&w, "another", "stage=closing");
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "stage=contact");
        m.undoes = world_id("before");
        world_trace(&w, "before", rows[i].who, rows[i].target, rows[i].trace);
        struct change change = world_do(&w, "rep", &m);
        if (change.outcome != rows[i].outcome) fail_msg("%s", rows[i].claim);
        world_finish(&w);
    }
}

static void row_check(const struct transition_row *row)
{
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", row->deal);
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", row->edits);
    m.acted_at = (struct optional){true, w.recorded};
    struct deal before = *(const struct deal *)world_find(&w, ENTITY_DEAL, "deal");
    if (row->undoes) {
        m.undoes = world_id("before");
        trace_put(&w, row->actor, &m, &before);
    }
    struct change change = world_do(&w, row->actor, &m);
    const char *reasons = world_reasons(&w, &change);
    if (change.outcome != row->outcome) {
        fail_msg("%s: %s\n%s", row->claim, outcome_name(change.outcome), reasons);
    }
    const struct deal *after = world_find(&w, ENTITY_DEAL, "deal");
    if (row->outcome == PARKED) {
        if (strcmp(reasons, row->expected) != 0) fail_msg("%s:\n%s", row->claim, reasons);
        if (!entity_equal(ENTITY_DEAL, &before, after)) fail_msg("%s: it changed", row->claim);
    } else {
        print_message("%s\n", row->claim);
        assert_fields(&w, ENTITY_DEAL, after, row->expected);
    }
    if (stage_events(&change) != row->stage_events) fail_msg("%s: events", row->claim);
    world_finish(&w);
}

static void rows_check(const struct transition_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) row_check(&rows[i]);
}

static void test_moves(void **state)
{
    (void)state;
    rows_check(moves, COUNT_OF(moves));
}

static void test_backward(void **state)
{
    (void)state;
    rows_check(backward, COUNT_OF(backward));
}

static void test_pipelines(void **state)
{
    (void)state;
    rows_check(pipelines, COUNT_OF(pipelines));
}

static void test_endings(void **state)
{
    (void)state;
    rows_check(endings, COUNT_OF(endings));
}

static void test_closed(void **state)
{
    (void)state;
    rows_check(closed, COUNT_OF(closed));
}

static void test_ice(void **state)
{
    (void)state;
    rows_check(ice, COUNT_OF(ice));
}

static void test_times(void **state)
{
    static const struct {
        const char *claim;
        int64_t acted, stated; /* hours after recording; INT64_MIN: not given */
        const char *deal;
        int64_t happened; /* hours */
    } rows[] = {
        {"a plain act happened when it was done", -1, INT64_MIN, "", -1},
        {"an unknown clock: when it was recorded", INT64_MIN, INT64_MIN, "", 0},
        {"a clock ahead is believed up to the recording", 5000, INT64_MIN, "", 0},
        {"a stated time counts before the clock", -1, -48, "", -48},
        {"a stated time a little ahead is taken as now", -1, 5, "", 0},
        {"nothing happened before the previous stage event", -1, -24 * 20, "", -240},
        {"nothing is known of a previous one", -1, -24 * 20, "stage_changed_at=", -480},
        {"nor before there was the deal", -1, -24 * 400, "stage_changed_at=", -720},
        {"a previous one in the future does not pull", -1, INT64_MIN, "stage_changed_at=5", 0},
    };
    (void)state;
    const int64_t hour = 3600 * 1000;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", rows[i].deal);
        struct mutation m =
            world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "stage=qualification");
        m.acted_at = (struct optional){rows[i].acted != INT64_MIN, 0};
        if (m.acted_at.has) m.acted_at.v = w.recorded + rows[i].acted * hour;
        m.happened_at = (struct optional){rows[i].stated != INT64_MIN, 0};
        if (m.happened_at.has) m.happened_at.v = w.recorded + rows[i].stated * hour;
        struct change change = world_do(&w, "rep", &m);
        assert_int_equal(change.outcome, OUTCOME_APPLIED);
        const struct event *event = change_event(&change, 0);
        int64_t happened = w.recorded + rows[i].happened * hour;
        if (event->happened_at.v != happened) fail_msg("%s", rows[i].claim);
        assert_int_equal(event->recorded_at.v, w.recorded);
        struct optional claim = m.happened_at.has ? m.happened_at : m.acted_at;
        assert_int_equal(event->claimed_at.has, claim.has);
        assert_int_equal(event->claimed_at.v, claim.v);
        const struct deal *deal = world_find(&w, ENTITY_DEAL, "deal");
        assert_int_equal(deal->stage_changed_at.v, happened);
        assert_int_equal(deal->stage_entered_at.v, happened);
        world_finish(&w);
    }
}

/* Whatever it is that changes, and however wrong the clock. */
static void test_nothing_happens_before_the_creation(void **state)
{
    static const struct {
        const char *created;
        int64_t acted, happened; /* days */
    } rows[] = {{"", -400, -30}, {"", -3, -3}, {"created_at=", -400, -400}, {"created_at=2", -1, 0}};
    (void)state;
    const int64_t day = 24 * 3600 * 1000;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_deal(&w, "deal", rows[i].created);
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "title=Floor");
        m.acted_at = (struct optional){true, w.recorded + rows[i].acted * day};
        struct change change = world_do(&w, "rep", &m);
        const struct event *event = change_event(&change, 0);
        assert_non_null(event);
        assert_int_equal(event->happened_at.v, w.recorded + rows[i].happened * day);
        assert_int_equal(event->claimed_at.v, m.acted_at.v);
        world_finish(&w);
    }
}

static void test_a_stage_event_tells_it_all(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "owner=other");
    struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal",
                                       "pipeline=renewal;stage=talk;value=77;owner=rep");
    m.undoes = world_id("earlier");
    m.batch = world_id("batch");
    struct change change = world_do(&w, "lead", &m);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_int_equal(change.event_count, 3);
    const struct event *event = change_event(&change, 0);
    assert_int_equal(event->what, EVENT_STAGE);
    struct value id = value_reference(event->subject);
    assert_true(value_equal(id, value_reference(world_id("deal"))));
    assert_fields(&w, ENTITY_EVENT, event,
                  "subject=deal;subject_kind=deal;what=stage;pipeline=renewal;from_stage=contact;"
                  "to_stage=talk;from_status=open;to_status=open;field=pipeline;from_value=sales;"
                  "to_value=renewal;owner=rep;value=77;currency=EUR;who=lead;undoes=earlier;"
                  "batch=batch");
    assert_true(uuid_equal(event->mutation, m.id));
    assert_fields(&w, ENTITY_EVENT, change_event(&change, 1),
                  "what=field;field=value;from_value=10000;to_value=77;owner=rep;value=77");
    assert_fields(&w, ENTITY_EVENT, change_event(&change, 2), "what=field;field=owner");
    for (uint32_t n = 0; n < 3; n++) {
        assert_int_equal(change.rows[1 + n].kind, ENTITY_EVENT);
        assert_int_equal(change.rows[1 + n].n, n);
    }
    world_finish(&w);
}

static void test_closing_tells_what_was_said_and_no_more(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_deal(&w, "deal", "");
    struct mutation m =
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", "status=lost;lost_reason=price");
    struct change change = world_do(&w, "rep", &m);
    assert_int_equal(change.event_count, 2);
    assert_fields(&w, ENTITY_EVENT, change_event(&change, 0),
                  "what=stage;from_stage=contact;to_stage=lost;to_status=lost;field=");
    assert_fields(&w, ENTITY_EVENT, change_event(&change, 1),
                  "what=field;field=lost_reason;to_value=price;from_value=");
    world_finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_undo_that_is_none_is_judged_like_any_move),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_backward),
        cmocka_unit_test(test_pipelines),
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_ice),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_nothing_happens_before_the_creation),
        cmocka_unit_test(test_a_stage_event_tells_it_all),
        cmocka_unit_test(test_closing_tells_what_was_said_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
