/* test_gate.c - what a stage asks for, for every way in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/gate.h"
#include "tests/support/rule_world.h"

#define EMPTY "org=;contact=;value=;expected_close=;next_step=;checks="

static void test_missing(void **state)
{
    static const struct {
        const char *claim, *deal, *pipeline, *from, *to, *missing, *skips;
    } rows[] = {
        {"a full deal lacks nothing anywhere", "lost_reason=price", "sales", "lead", "closing", "",
         ""},
        {"one step asks only the stage entered", EMPTY, "sales", "lead", "contact",
         "any_field_required field=org|contact stage=contact", ""},
        {"one of the alternatives is enough", EMPTY ";contact=ann", "sales", "lead", "contact", "",
         ""},
        {"skipped stages are asked too", EMPTY, "sales", "lead", "proposal",
         "any_field_required field=org|contact stage=contact\n"
         "check_required stage=qualification check=interest\n"
         "field_required field=value stage=proposal\n"
         "field_required field=expected_close stage=proposal",
         ""},
        {"stages passed earlier are not asked again", EMPTY, "sales", "qualification", "proposal",
         "field_required field=value stage=proposal\n"
         "field_required field=expected_close stage=proposal",
         ""},
        {"a removed stage is not asked", EMPTY ";next_step=sign", "sales", "proposal", "closing",
         "", ""},
        {"going back asks the stage entered only", EMPTY, "sales", "closing", "contact",
         "any_field_required field=org|contact stage=contact", ""},
        {"going back over stages does not ask those", EMPTY ";org=acme", "sales", "closing",
         "contact", "", ""},
        {"from nowhere everything before counts", EMPTY, "sales", NULL, "qualification",
         "any_field_required field=org|contact stage=contact\n"
         "check_required stage=qualification check=interest",
         ""},
        {"from a closed stage everything before counts", EMPTY, "sales", "won", "qualification",
         "any_field_required field=org|contact stage=contact\n"
         "check_required stage=qualification check=interest",
         ""},
        {"winning asks what is between", EMPTY, "sales", "proposal", "won",
         "field_required field=next_step stage=closing\n"
         "field_required field=value stage=won",
         ""},
        {"losing asks for the reason only", EMPTY, "sales", "lead", "lost",
         "field_required field=lost_reason stage=lost", ""},
        {"a value of nothing is a value", EMPTY ";value=0", "sales", "closing", "won", "", ""},
        {"another check does not count", EMPTY ";checks=budget", "sales", "contact",
         "qualification", "check_required stage=qualification check=interest", ""},
        {"lead asks nothing", EMPTY, "sales", "contact", "lead", "", ""},
        {"a stage that may not be skipped is named", EMPTY, "renewal", NULL, "sign",
         "field_required field=contact stage=talk", "skip_forbidden stage=talk"},
        {"entering it is no skip", EMPTY ";contact=ann", "renewal", NULL, "talk", "", ""},
        {"leaving it is no skip", EMPTY, "renewal", "talk", "signed", "", ""},
        {"losing skips nothing", EMPTY, "renewal", NULL, "dropped", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rule_world w;
        world_init(&w);
        const struct deal *deal = world_deal(&w, "deal", rows[i].deal);
        const struct pipeline *pipeline =
            definition_pipeline(&w.definition, str_from(rows[i].pipeline));
        const struct stage *from =
            rows[i].from ? pipeline_stage(pipeline, str_from(rows[i].from)) : NULL;
        const struct stage *to = pipeline_stage(pipeline, str_from(rows[i].to));
        struct change seen = {.outcome = OUTCOME_NONE};
        gate_missing(pipeline, deal, from, to, &seen.reasons);
        const char *missing = world_reasons(&w, &seen);
        if (strcmp(missing, rows[i].missing) != 0) fail_msg("%s:\n%s", rows[i].claim, missing);
        seen.reasons.count = 0;
        gate_skips(pipeline, from, to, &seen.reasons);
        const char *skips = world_reasons(&w, &seen);
        if (strcmp(skips, rows[i].skips) != 0) fail_msg("%s:\n%s", rows[i].claim, skips);
        world_finish(&w);
    }
}

static void test_requirement_unknown_here_is_never_satisfied(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    const struct deal *deal = world_deal(&w, "deal", "");
    const char *requirements[] = {"mood", "check:mood", "", "check:", "|"};
    for (size_t i = 0; i < sizeof requirements / sizeof requirements[0]; i++) {
        struct gate gate = {str_from(requirements[i])};
        assert_false(gate_satisfied(&gate, deal));
    }
    struct gate either = {STR("mood|value")};
    assert_true(gate_satisfied(&either, deal));
    world_finish(&w);
}

static void test_stage_of_another_pipeline_counts_as_nowhere(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    const struct deal *deal = world_deal(&w, "deal", EMPTY);
    const struct pipeline *sales = definition_pipeline(&w.definition, STR("sales"));
    const struct pipeline *renewal = definition_pipeline(&w.definition, STR("renewal"));
    struct reasons reasons = {.count = 0};
    gate_missing(sales, deal, pipeline_stage(renewal, STR("sign")),
                 pipeline_stage(sales, STR("qualification")), &reasons);
    assert_int_equal(reasons.count, 2);
    world_finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_requirement_unknown_here_is_never_satisfied),
        cmocka_unit_test(test_stage_of_another_pipeline_counts_as_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
