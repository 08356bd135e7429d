/* test_decide_stage.c - changes of the shared stages: who may, what two people's come to, what would
 * not fit together. */
#include "tests/support/rule_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/domain/stage_edit.h"

static struct mutation stage_mutation(struct rule_world *w, const struct stage_edit *edit)
{
    struct mutation mutation = world_mutation(w, MUTATION_EDIT, ENTITY_DEFINITION, "team", "");
    mutation.stage = edit;
    return mutation;
}

static const struct pipeline *sales(struct rule_world *w)
{
    return &w->state.definition->pipelines[0];
}

static struct stage_edit begin(struct rule_world *w, const char *key)
{
    struct stage_edit edit;
    assert_true(stage_edit_begin(sales(w), str_from(key), &edit));
    return edit;
}

/* What was made of it; NULL reasons: it goes through. */
static struct change assert_done(struct rule_world *w, const char *actor,
                                 const struct stage_edit *edit, const char *reasons)
{
    struct mutation mutation = stage_mutation(w, edit);
    struct change change = world_do(w, actor, &mutation);
    const char *said = world_reasons(w, &change);
    if (reasons ? strstr(said, reasons) == NULL : change.outcome != OUTCOME_APPLIED) {
        fail_msg("wanted %s, but: %s", reasons ? reasons : "to go through", said);
    }
    return change;
}

static void who_leads_may_change_the_stages(void **state)
{
    (void)state;
    static const struct {
        const char *actor, *reasons;
    } rows[] = {{"boss", NULL}, {"lead", NULL}, {"rep", "right_missing value=rep"},
                {"looker", "right_missing value=viewer"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rule_world w;
        world_init(&w);
        struct stage_edit edit = begin(&w, "contact");
        edit.want.name = STR("Talks");
        struct change change = assert_done(&w, rows[i].actor, &edit, rows[i].reasons);
        uint64_t version = w.state.definition->version;
        assert_int_equal(version, rows[i].reasons ? 1 : 2);
        const char *name = rows[i].reasons ? "Contact" : "Talks";
        assert_true(str_equal(pipeline_stage(sales(&w), STR("contact"))->name, str_from(name)));
        if (!rows[i].reasons) {
            const struct event *event = change_event(&change, 0);
            assert_true(event && str_equal(event->to_stage, STR("contact")));
            assert_true(str_equal(event->from_value, STR("Contact")));
            assert_int_equal(event->subject_kind, ENTITY_DEFINITION);
        }
        world_finish(&w);
    }
}

/* Every field by itself, and what stood beside it stays. */
static void fields_of_a_stage_merge(void **state)
{
    (void)state;
    static struct gate gates[] = {{STR_INIT("source")}, {STR_INIT("check:budget|value")}};
    for (enum stage_field field = 0; field < STAGE_FIELD_COUNT; field++) {
        struct rule_world w;
        world_init(&w);
        struct stage_edit mine = begin(&w, "qualification"), theirs = mine, other = mine;
        const struct stage full = {
            .name = STR("Sounding"), .text = STR("they talk"), .probability = 44,
            .expected_days = 3, .quiet_days = 4, .slow_days = 5, .skip_forbidden = true,
            .back = BACK_NEVER, .gates = gates, .gate_count = 2, .removed = true,
            .successor = STR("contact")};
        stage_field_take(field, &full, &mine.want);
        assert_false(stage_field_equal(field, &mine.base, &mine.want));
        /* Somebody else changed everything but that. */
        for (enum stage_field f = 0; f < STAGE_FIELD_COUNT; f++) {
            if (f != field) stage_field_take(f, &full, &theirs.want);
        }
        assert_done(&w, "boss", &theirs, NULL);
        assert_done(&w, "lead", &mine, NULL);
        const struct stage *stands = pipeline_stage(sales(&w), STR("qualification"));
        for (enum stage_field f = 0; f < STAGE_FIELD_COUNT; f++) {
            assert_true(stage_field_equal(f, stands, &full));
            assert_true(stage_field_text(&w.arena, f, stands).n > 0);
        }
        /* As it is already: nothing is written. */
        struct change change = assert_done(&w, "lead", &mine, NULL);
        assert_int_equal(change.row_count, 0);
        /* Otherwise than it was seen: refused, with what stands. */
        other.want.name = STR("Else");
        char wanted[64] = "changed_meanwhile field=name stage=qualification value=Sounding";
        assert_done(&w, "lead", &other, wanted);
        world_finish(&w);
    }
}

static void stages_are_added_moved_and_never_taken_out(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct stage_edit add = {
        .pipeline = STR("sales"), .created = true, .behind = STR("contact"),
        .want = {.key = STR("trial"), .name = STR("Trial"), .kind = STAGE_OPEN}};
    assert_done(&w, "boss", &add, NULL);
    assert_true(str_equal(pipeline_before(sales(&w), STR("trial")), STR("contact")));
    assert_true(str_equal(pipeline_before(sales(&w), STR("qualification")), STR("trial")));
    assert_done(&w, "boss", &add, "exists value=stage");

    struct stage_edit move = begin(&w, "trial");
    move.moved = true;
    move.behind = STR("proposal");
    struct stage_edit late = move;
    assert_done(&w, "boss", &move, NULL);
    assert_true(str_equal(pipeline_before(sales(&w), STR("trial")), STR("proposal")));
    struct change change = assert_done(&w, "lead", &late, NULL); /* it stands there */
    assert_int_equal(change.row_count, 0);
    late.behind = STR("qualification");
    assert_done(&w, "lead", &late, "changed_meanwhile field=position stage=trial value=proposal");
    late.behind = STR("moon");
    assert_done(&w, "lead", &late, "stage_unknown value=moon");

    struct stage_edit back;
    stage_edit_inverse(sales(&w), &move, &back);
    assert_done(&w, "boss", &back, NULL);
    assert_true(str_equal(pipeline_before(sales(&w), STR("trial")), STR("contact")));
    stage_edit_inverse(sales(&w), &add, &back);
    assert_done(&w, "boss", &back, NULL);
    const struct stage *trial = pipeline_stage(sales(&w), STR("trial"));
    assert_true(trial->removed && str_equal(trial->successor, STR("contact")));
    stage_edit_inverse(sales(&w), &back, &back);
    assert_done(&w, "boss", &back, NULL);
    assert_false(pipeline_stage(sales(&w), STR("trial"))->removed);
    world_finish(&w);
}

/* What was refused, made again on what stands now. */
static void a_change_is_made_again(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct stage_edit old = begin(&w, "contact"), first = old, again;
    first.want.name = STR("Talks");
    first.want.probability = 20;
    assert_done(&w, "boss", &first, NULL);
    old.want.probability = 30;
    old.moved = true;
    old.behind = STR("qualification");
    assert_done(&w, "lead", &old, "changed_meanwhile field=probability stage=contact value=20");
    assert_true(stage_edit_again(sales(&w), &old, &again));
    assert_done(&w, "lead", &again, NULL);
    const struct stage *stands = pipeline_stage(sales(&w), STR("contact"));
    assert_true(stands->probability == 30 && str_equal(stands->name, STR("Talks")));
    assert_true(str_equal(pipeline_before(sales(&w), STR("contact")), STR("qualification")));
    old.want.key = STR("moon");
    assert_false(stage_edit_again(sales(&w), &old, &again));
    old.created = true;
    assert_true(stage_edit_again(sales(&w), &old, &again) && again.created);
    world_finish(&w);
}

static void what_would_not_fit_is_refused(void **state)
{
    (void)state;
    static struct gate unknown[] = {{STR_INIT("colour")}};
    static const struct {
        const char *claim, *key, *pipeline, *reasons;
        struct stage want;
    } rows[] = {
        {"the won stage stays", "won", "sales", "stages_unsound",
         {.removed = true, .successor = STR_INIT("proposal")}},
        {"what it is removed for is there", "contact", "sales", "stages_unsound",
         {.removed = true, .successor = STR_INIT("moon")}},
        {"a gate nobody knows", "contact", "sales", "stages_unsound",
         {.gates = unknown, .gate_count = 1}},
        {"more than a hundred percent", "contact", "sales", "stages_unsound",
         {.probability = 101}},
        {"a name with a line in it", "contact", "sales", "stages_unsound",
         {.name = STR_INIT("two\nlines")}},
        {"a name that another has", "contact", "sales", "stages_unsound",
         {.name = STR_INIT("PROPOSAL ")}},
        {"a stage nobody knows", "moon", "sales", "stage_unknown value=moon", {.probability = 1}},
        {"a pipeline nobody knows", "contact", "moon", "pipeline_unknown value=moon",
         {.probability = 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rule_world w;
        world_init(&w);
        struct stage_edit edit = {.pipeline = str_from(rows[i].pipeline)};
        if (!stage_edit_begin(sales(&w), str_from(rows[i].key), &edit)) {
            edit.want.key = str_from(rows[i].key);
        }
        edit.pipeline = str_from(rows[i].pipeline);
        const struct stage *want = &rows[i].want;
        static const struct stage nothing;
        for (enum stage_field field = 0; field < STAGE_FIELD_COUNT; field++) {
            if (!stage_field_equal(field, want, &nothing)) {
                stage_field_take(field, want, &edit.want);
            }
        }
        print_message("%s\n", rows[i].claim);
        assert_done(&w, "boss", &edit, rows[i].reasons);
        assert_int_equal(w.state.definition->version, 1);
        world_finish(&w);
    }
}

static void what_is_not_a_change_of_a_stage_is_refused(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct stage_edit edit = begin(&w, "contact");
    edit.want.probability = 20;
    struct mutation mutation = stage_mutation(&w, &edit);
    mutation.target = world_id("acme");
    struct change change = world_decide(&w, "boss", &mutation);
    assert_non_null(strstr(world_reasons(&w, &change), "gone value=definition"));
    mutation = stage_mutation(&w, NULL);
    change = world_decide(&w, "boss", &mutation);
    assert_non_null(strstr(world_reasons(&w, &change), "kind_unknown"));
    mutation = stage_mutation(&w, &edit);
    mutation.kind = MUTATION_DELETE;
    change = world_decide(&w, "boss", &mutation);
    assert_non_null(strstr(world_reasons(&w, &change), "kind_unknown"));
    struct stage_edit add = {.pipeline = STR("sales"), .created = true, .behind = STR("moon"),
                             .want = {.key = STR("x"), .name = STR("X"), .kind = STAGE_OPEN}};
    assert_done(&w, "boss", &add, "stage_unknown value=moon");
    world_finish(&w);
}

static void policies_have_names(void **state)
{
    (void)state;
    assert_string_equal(back_policy_name(BACK_MANAGER), "manager");
    assert_null(back_policy_name(3));
    assert_null(back_policy_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_leads_may_change_the_stages),
        cmocka_unit_test(fields_of_a_stage_merge),
        cmocka_unit_test(stages_are_added_moved_and_never_taken_out),
        cmocka_unit_test(a_change_is_made_again),
        cmocka_unit_test(what_would_not_fit_is_refused),
        cmocka_unit_test(what_is_not_a_change_of_a_stage_is_refused),
        cmocka_unit_test(policies_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
