/* test_decide_import.c - deals from elsewhere with their past; invitations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/rule_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const int64_t DAY_MS = INT64_C(86400000);

/* "lead@-30,contact:iced@-20,won:won@?": stage, status (none given: 0), days; ? is unknown. */
static void stands_set(struct rule_world *w, struct mutation *m, const char *text)
{
    m->stands = arena_array(&w->arena, 16, sizeof *m->stands);
    m->stand_count = 0;
    struct str rest = str_from(text), part;
    const struct field *status = field_by_name(ENTITY_DEAL, STR("status"));
    while (text[0] && str_split(&rest, ',', &part)) {
        size_t at = str_find(part, '@');
        struct str place = str_slice(part, 0, at), days = str_slice(part, at + 1, part.n);
        size_t colon = str_find(place, ':');
        struct stand *stand = &m->stands[m->stand_count++];
        stand->stage = str_slice(place, 0, colon);
        if (colon < place.n) {
            struct str name = str_slice(place, colon + 1, place.n);
            stand->status = field_choice_value(status, name);
            if (stand->status == 0) stand->status = 9;
        }
        int64_t number;
        if (str_to_int64(days, &number)) continue;
        stand->since = (struct optional){true, w->recorded + number * DAY_MS};
    }
}

static void test_stands(void **state)
{
    static const struct {
        const char *claim, *fields, *stands, *reasons, *after;
        size_t events;
    } rows[] = {
        {"a deal and its way", "title=R;org=acme;checks+interest;owner=ghost",
         "lead@-30,contact@-20,qualification@-10", "",
         "stage=qualification;status=open;owner=ghost;attention=false;created_at=-30;"
         "stage_entered_at=-10;stage_changed_at=-10;created_by=lead;closed_at=",
         3},
        {"where gates would not have let it in", "title=R", "lead@-30,qualification@-10", "",
         "attention=true;stage=qualification", 2},
        {"nothing known but the stage", "title=R;org=acme", "contact@?", "",
         "stage=contact;created_at=;stage_entered_at=;stage_changed_at=;owner=", 1},
        {"a stage named without any stand", "title=R;stage=contact;org=acme", "", "",
         "stage=contact;status=open;created_at=", 1},
        {"no stage at all", "title=R", "", "required field=stage", NULL, 0},
        {"won, with the day",
         "title=R;value=5;org=acme;checks+interest;expected_close=2026-01-01;"
         "next_step=x",
         "contact@-30,won:won@-10", "",
         "status=won;stage=won;closed_at=-10;currency=EUR;attention=false", 2},
        {"won without a value", "title=R", "won:won@-10", "", "status=won;attention=true", 1},
        {"won without a value where no gate asks for one is marked too",
         "title=R;pipeline=renewal;contact=ann", "signed@-10", "", "status=won;attention=true", 1},
        {"the stage says won", "title=R", "won@-10", "", "status=won;closed_at=-10", 1},
        {"won where it stood: closed from there", "title=R", "qualification:won@-10", "",
         "status=won;stage=won;closed_at=-10", 2},
        {"lost where it stood, known before", "title=R;lost_reason=price",
         "contact@-20,contact:lost@-10", "", "status=lost;stage=lost;lost_reason=price", 2},
        {"lost without a reason is marked", "title=R", "contact@-20,lost@-10", "",
         "status=lost;attention=true", 2},
        {"a reason without losing is dropped", "title=R;lost_reason=price", "contact@-20", "",
         "lost_reason=;status=open", 1},
        {"on ice: the same visit", "title=R;wake_date=2026-05-01", "contact@-20,contact:iced@-10",
         "", "status=iced;stage_entered_at=-20;stage_changed_at=-10;wake_date=2026-05-01", 2},
        {"a discarded lead", "title=R", "lead:discarded@-10", "",
         "status=discarded;attention=false", 1},
        {"only leads are discarded", "title=R", "contact:discarded@-10",
         "status_misfit stage=contact value=discarded", NULL, 0},
        {"a status nobody knows", "title=R", "contact:mad@-10",
         "status_misfit stage=contact value=9", NULL, 0},
        {"a stage nobody knows", "title=R", "moon@-10",
         "stage_unknown value=moon other=\"lead, contact, qualification, proposal, closing, won, "
         "lost\"",
         NULL, 0},
        {"through a stage that was removed", "title=R", "negotiation@-20,contact@-10", "",
         "stage=contact", 2},
        {"into a stage that was removed", "title=R", "negotiation@-10",
         "stage_removed stage=negotiation value=\"lead, contact, qualification, proposal, closing, "
         "won, lost\" other=Proposal",
         NULL, 0},
        {"tomorrow a little is now", "title=R", "contact@1", "", "stage_entered_at=0", 1},
        {"in the future", "title=R", "contact@3", "in_future field=since", NULL, 0},
        {"before the calendar", "title=R", "contact@-99999",
         "number_range field=since value=1900-01-01 other=9999-12-31", NULL, 0},
        {"times that run backwards do not", "title=R", "lead@-10,contact@-20", "",
         "created_at=-10;stage_entered_at=-10;stage_changed_at=-10", 2},
        {"an unknown time at the end", "title=R", "lead@-10,contact@?", "",
         "stage_entered_at=;stage_changed_at=-10", 2},
        {"credited to who left", "title=R;owner=leaver", "contact@-10", "", "owner=leaver", 1},
        {"no title", "source=x", "contact@-10", "required field=title", NULL, 0},
        {"a probability is by hand", "title=R;probability=20", "contact@-10", "",
         "probability=20;probability_by_hand=true", 1},
        {"an external id", "title=R;external_id=D-1", "contact@-10", "", "external_id=D-1", 1},
        {"another pipeline", "title=R;pipeline=renewal", "sign@-10", "",
         "pipeline=renewal;stage=sign;attention=true", 1},
        {"a pipeline nobody knows", "title=R;pipeline=moon", "sign@-10",
         "pipeline_unknown value=moon other=\"sales, renewal\"", NULL, 0},
        {"a stage beside the stands that contradicts them", "title=R;stage=lead", "contact@-10",
         "field_fixed field=stage", NULL, 0},
        {"a stage beside the stands that agrees", "title=R;stage=contact", "contact@-10", "",
         "stage=contact", 1},
        {"what is wrong with any deal is wrong with this", "title=R;value=-1;org=nowhere",
         "contact@-1",
         "number_range field=value value=0 other=1000000000000000\n"
         "reference_unknown field=org value=organisation",
         NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        struct mutation m = world_mutation(&w, MUTATION_IMPORT, ENTITY_DEAL, "new", rows[i].fields);
        stands_set(&w, &m, rows[i].stands);
        struct change change = world_do(&w, "lead", &m);
        const char *reasons = world_reasons(&w, &change);
        enum outcome_kind outcome = rows[i].after ? OUTCOME_APPLIED : OUTCOME_PARKED;
        if (change.outcome != outcome || strcmp(reasons, rows[i].reasons) != 0) {
            fail_msg("%s: %s\n%s", rows[i].claim, outcome_name(change.outcome), reasons);
        }
        if (change.event_count != rows[i].events) fail_msg("%s: events", rows[i].claim);
        print_message("%s\n", rows[i].claim);
        if (rows[i].after) {
            assert_fields(&w, ENTITY_DEAL, world_find(&w, ENTITY_DEAL, "new"), rows[i].after);
        }
        world_finish(&w);
    }
}

static void test_the_past_is_told(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct mutation m =
        world_mutation(&w, MUTATION_IMPORT, ENTITY_DEAL, "new", "title=R;owner=other;value=5");
    stands_set(&w, &m, "lead@?,contact@-20,qualification:won@-30");
    struct change change = world_do(&w, "boss", &m);
    assert_int_equal(change.event_count, 4);
    static const char *const told[] = {
        "what=imported;from_stage=;from_status=0;to_stage=lead;to_status=open;happened_at=;"
        "claimed_at=;owner=other;value=5;currency=EUR;who=boss;recorded_at=0",
        "from_stage=lead;from_status=open;to_stage=contact;happened_at=-20;claimed_at=-20",
        "from_stage=contact;to_stage=qualification;to_status=open;happened_at=;claimed_at=",
        "from_stage=qualification;to_stage=won;from_status=open;to_status=won;happened_at=-20;"
        "claimed_at=-30",
    };
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        assert_fields(&w, ENTITY_EVENT, change_event(&change, i), told[i]);
    }
    world_finish(&w);
}

static void test_importing_again(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct mutation m = world_mutation(&w, MUTATION_IMPORT, ENTITY_DEAL, "new", "title=R;value=5");
    stands_set(&w, &m, "lead@-30,contact@-20");
    world_do(&w, "lead", &m);
    m.id = world_id("again");
    struct change change = world_do(&w, "lead", &m);
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
    assert_int_equal(change.row_count, 0);
    stands_set(&w, &m, "lead@-30");
    change = world_do(&w, "lead", &m);
    assert_string_equal(world_reasons(&w, &change), "exists value=deal");
    world_finish(&w);
}

static void test_only_managers_import(void **state)
{
    (void)state;
    static const struct {
        const char *actor;
        enum outcome_kind outcome;
    } rows[] = {{"boss", OUTCOME_APPLIED},
                {"lead", OUTCOME_APPLIED},
                {"rep", OUTCOME_PARKED},
                {"looker", OUTCOME_PARKED}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        struct mutation m = world_mutation(&w, MUTATION_IMPORT, ENTITY_DEAL, "new", "title=R");
        stands_set(&w, &m, "contact@-20");
        assert_int_equal(world_decide(&w, rows[i].actor, &m).outcome, rows[i].outcome);
        m.entity = ENTITY_PERSON;
        m.edit_count = 0;
        assert_int_equal(world_decide(&w, rows[i].actor, &m).outcome, OUTCOME_PARKED);
        m.stand_count = MUTATION_HISTORY_MAX + 1;
        assert_int_equal(world_decide(&w, rows[i].actor, &m).reasons.items[0].code,
                         REASON_TOO_MANY);
        world_finish(&w);
    }
}

static void test_invitations(void **state)
{
    static const struct {
        const char *claim, *actor, *target, *edits;
        const char *reasons, *after;
        size_t rows;
    } rows[] = {
        {"a new rep", "lead", "newbie", "name=New;role=rep", "", "name=New;role=rep;imported=false",
         2},
        {"without a role: a rep", "lead", "newbie", "name=New", "", "role=rep", 2},
        {"without a name", "lead", "newbie", "role=rep", "required field=name", NULL, 0},
        {"a viewer by a manager", "lead", "newbie", "name=New;role=viewer", "", "role=viewer", 2},
        {"a manager by a manager", "lead", "newbie", "name=New;role=manager",
         "right_missing value=manager other=\"invite owners and managers\"", NULL, 0},
        {"an owner by an owner", "boss", "newbie", "name=New;role=owner", "", "role=owner", 2},
        {"anybody by a rep", "rep", "newbie", "name=New",
         "right_missing value=rep other=\"invite people\"", NULL, 0},
        {"another device of a rep", "lead", "rep", "", "", "name=Rep;role=rep", 1},
        {"another device of an owner by a manager", "lead", "boss", "",
         "right_missing value=manager other=\"invite owners and managers\"", "role=owner", 0},
        {"another device, the role named as it is", "lead", "rep", "role=rep", "", "role=rep", 1},
        {"a rep's new role by a manager", "lead", "rep", "role=viewer",
         "role_kept value=Rep other=rep", "role=rep", 0},
        {"a rep made manager by an owner", "boss", "rep", "role=manager",
         "role_kept value=Rep other=rep", "role=rep", 0},
        {"an owner made viewer by a manager", "lead", "boss", "role=viewer",
         "role_kept value=Boss other=owner\n"
         "right_missing value=manager other=\"invite owners and managers\"", "role=owner", 0},
        {"a role changed meanwhile", "boss", "rep", "role:viewer>manager",
         "role_kept value=Rep other=rep", "role=rep", 0},
        {"one who came with an import", "lead", "ghost", "role=viewer", "",
         "name=Ghost;imported=false;role=viewer", 2},
        {"one who left", "boss", "leaver", "", NULL, NULL, 0},
        {"an unknown role", "boss", "newbie", "name=New;role=9",
         "choice_unknown field=role value=9 other=\"owner, manager, rep, viewer\"", NULL, 0},
        {"other fields", "boss", "newbie", "name=New;removed=true", "field_fixed field=removed",
         NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        struct mutation m =
            world_mutation(&w, MUTATION_INVITE, ENTITY_MEMBER, rows[i].target, rows[i].edits);
        m.code_hash = STR("0123456789abcdef0123456789abcdef");
        struct change change = world_do(&w, rows[i].actor, &m);
        const char *reasons = world_reasons(&w, &change);
        bool refused = change.outcome == OUTCOME_PARKED;
        if (!rows[i].reasons) {
            assert_int_equal(change.reasons.items[0].code, REASON_MEMBER_LEFT);
        } else if (strcmp(reasons, rows[i].reasons) != 0) {
            fail_msg("%s:\n%s", rows[i].claim, reasons);
        }
        if (!refused && change.row_count != rows[i].rows) fail_msg("%s: rows", rows[i].claim);
        print_message("%s\n", rows[i].claim);
        if (rows[i].after) {
            assert_fields(&w, ENTITY_MEMBER, world_find(&w, ENTITY_MEMBER, rows[i].target),
                          rows[i].after);
        }
        if (!refused) {
            const struct invitation *invitation = change.rows[change.row_count - 1].entity;
            assert_int_equal(change.rows[change.row_count - 1].kind, ENTITY_INVITATION);
            assert_true(uuid_equal(invitation->id, m.id));
            assert_true(uuid_equal(invitation->member, m.target));
            assert_true(str_equal(invitation->code_hash, m.code_hash));
            assert_int_equal(invitation->expires_at.v,
                             w.recorded + INVITATION_HOURS * INT64_C(3600000));
        }
        world_finish(&w);
    }
}

static void test_an_invitation_needs_its_hash(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct mutation m = world_mutation(&w, MUTATION_INVITE, ENTITY_MEMBER, "newbie", "name=New");
    struct change change = world_decide(&w, "boss", &m);
    assert_string_equal(world_reasons(&w, &change), "required field=code_hash");
    m.code_hash = STR("0123456789abcdef0123456789abcdef");
    m.expires_at = (struct optional){true, w.recorded + 60000};
    change = world_decide(&w, "boss", &m);
    const struct invitation *invitation = change.rows[1].entity;
    assert_int_equal(invitation->expires_at.v, w.recorded + 60000);
    m.expires_at.v = w.recorded + 3 * INVITATION_HOURS * INT64_C(3600000);
    change = world_decide(&w, "boss", &m);
    invitation = change.rows[1].entity;
    assert_int_equal(invitation->expires_at.v, w.recorded + INVITATION_HOURS * INT64_C(3600000));
    w.predicted = true;
    change = world_decide(&w, "boss", &m);
    assert_int_equal(change.row_count, 1);
    world_finish(&w);
}

/* Nobody's but who may invite; once is enough; nothing else of it can be changed. */
static void test_an_invitation_is_taken_back(void **state)
{
    static const struct {
        const char *claim, *actor, *target, *edits, *reasons;
        size_t rows;
    } rows[] = {
        {"by a manager", "lead", "open", "revoked=true;member=rep", "", 1},
        {"by a manager who does not say whose", "lead", "open", "revoked=true",
         "right_missing value=manager other=\"invite owners and managers\"", 0},
        {"a manager's, by a manager", "lead", "peers", "revoked=true;member=lead",
         "right_missing value=manager other=\"invite owners and managers\"", 0},
        {"an owner's, by a manager", "lead", "boss's", "revoked=true;member=boss",
         "right_missing value=manager other=\"invite owners and managers\"", 0},
        {"an owner's, told to be a rep's", "lead", "boss's", "revoked=true;member=rep",
         "field_fixed field=member", 0},
        {"a manager's, by an owner", "boss", "peers", "revoked=true", "", 1},
        {"by an owner", "boss", "open", "revoked=true", "", 1},
        {"by a rep", "rep", "open", "revoked=true",
         "right_missing value=rep other=\"invite people\"", 0},
        {"one that is none, by a rep", "rep", "none", "revoked=true",
         "right_missing value=rep other=\"invite people\"", 0},
        {"one that is none", "boss", "none", "revoked=true", "gone value=invitation", 0},
        {"once more", "lead", "back", "revoked:true>true", "", 0},
        {"it does not come back", "lead", "back", "revoked:true>false", "field_fixed field=revoked",
         0},
        {"for another member", "lead", "open", "member=other", "field_fixed field=member", 0},
        {"for the same member", "lead", "open", "member=rep", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        world_put(&w, ENTITY_INVITATION, "open", "member=rep;invited_by=lead");
        world_put(&w, ENTITY_INVITATION, "back", "member=rep;invited_by=lead;revoked=true");
        world_put(&w, ENTITY_INVITATION, "peers", "member=lead;invited_by=boss");
        world_put(&w, ENTITY_INVITATION, "boss's", "member=boss;invited_by=boss");
        struct mutation m =
            world_mutation(&w, MUTATION_EDIT, ENTITY_INVITATION, rows[i].target, rows[i].edits);
        struct change change = world_do(&w, rows[i].actor, &m);
        const char *reasons = world_reasons(&w, &change);
        if (strcmp(reasons, rows[i].reasons) != 0) fail_msg("%s:\n%s", rows[i].claim, reasons);
        bool refused = change.outcome == OUTCOME_PARKED;
        if (!refused && change.row_count != rows[i].rows) fail_msg("%s: rows", rows[i].claim);
        if (rows[i].rows > 0) {
            const struct invitation *after =
                world_find(&w, ENTITY_INVITATION, rows[i].target);
            assert_true(after->revoked);
            assert_true(uuid_equal(after->revoked_by, world_id(rows[i].actor)));
            assert_int_equal(after->revoked_at.v, w.recorded);
        }
        world_finish(&w);
    }
    struct rule_world w;
    world_init(&w);
    world_put(&w, ENTITY_INVITATION, "open", "member=rep;invited_by=lead");
    struct mutation m =
        world_mutation(&w, MUTATION_DELETE, ENTITY_INVITATION, "open", "revoked=true");
    struct change change = world_decide(&w, "boss", &m);
    assert_string_equal(world_reasons(&w, &change), "kind_unknown");
    world_finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stands),          cmocka_unit_test(test_the_past_is_told),
        cmocka_unit_test(test_importing_again), cmocka_unit_test(test_only_managers_import),
        cmocka_unit_test(test_invitations),     cmocka_unit_test(test_an_invitation_is_taken_back),
        cmocka_unit_test(test_an_invitation_needs_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
