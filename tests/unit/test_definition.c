/* test_definition.c - claims about the default pipeline, look-ups and what counts as a mistake. */
#include "common/domain/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/bounds.h"
#include "tests/support/entity_sample.h"

struct fixture {
    struct arena arena;
    struct definition definition;
    struct pipeline *sales;
};

static int fixture_make(void **state)
{
    static struct fixture fixture;
    arena_init(&fixture.arena, 1 << 20);
    assert_int_equal(definition_default(&fixture.arena, uuid_sample(1), &fixture.definition), 0);
    fixture.sales = &fixture.definition.pipelines[0];
    *state = &fixture;
    return 0;
}

static int fixture_drop(void **state)
{
    struct fixture *fixture = *state;
    arena_finish(&fixture->arena);
    return 0;
}

static struct stage *stage_at(struct fixture *f, const char *key)
{
    for (size_t i = 0; i < f->sales->stage_count; i++) {
        if (str_equal(f->sales->stages[i].key, str_from(key))) return &f->sales->stages[i];
    }
    fail_msg("no stage %s", key);
    return NULL;
}

static void the_default_is_the_agreed_one(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *key, *name;
        enum stage_kind kind;
        int probability, expected_days;
        const char *gates;
    } rows[] = {
        {"lead", "Lead", STAGE_LEAD, 0, 7, ""},
        {"contact", "Contact", STAGE_OPEN, 10, 7, "org|contact "},
        {"qualification", "Qualification", STAGE_OPEN, 30, 14, "check:interest "},
        {"proposal", "Proposal", STAGE_OPEN, 60, 21,
         "check:market check:need check:budget check:timeline check:people check:cycle value "
         "expected_close "},
        {"won", "Won", STAGE_WON, 100, 0, "value "},
        {"lost", "Lost", STAGE_LOST, 0, 0, "lost_reason "},
    };
    assert_int_equal(f->sales->stage_count, sizeof rows / sizeof rows[0]);
    assert_int_equal(f->sales->check_count, 7);
    assert_true(uuid_equal(f->definition.id, uuid_sample(1)));
    assert_int_equal(f->definition.version, 1);
    for (size_t i = 0; i < f->sales->stage_count; i++) {
        const struct stage *stage = &f->sales->stages[i];
        assert_true(str_equal(stage->key, str_from(rows[i].key)));
        assert_true(str_equal(stage->name, str_from(rows[i].name)));
        assert_true(stage->text.n > 20);
        assert_int_equal(stage->kind, rows[i].kind);
        assert_int_equal(stage->probability, rows[i].probability);
        assert_int_equal(stage->expected_days, rows[i].expected_days);
        struct str gates = STR("");
        for (size_t g = 0; g < stage->gate_count; g++) {
            gates = arena_format(&f->arena, "%.*s%.*s ", STR_ARGS(gates),
                                 STR_ARGS(stage->gates[g].requirement));
        }
        if (!str_equal(gates, str_from(rows[i].gates))) fail_msg("%.*s", STR_ARGS(gates));
        assert_int_equal(pipeline_position(f->sales, stage), i);
    }
    struct str mistake = definition_mistake(&f->arena, &f->definition);
    if (mistake.p) fail_msg("%.*s", STR_ARGS(mistake));
}

static void names_are_matched_as_people_type_them(void **state)
{
    struct fixture *f = *state;
    struct stage *removed = stage_at(f, "contact");
    removed->removed = true;
    removed->successor = STR("qualification");
    stage_at(f, "proposal")->name = STR("Żółta oferta");
    static const struct {
        const char *typed, *want;
    } rows[] = {
        {"lead", "lead"},        {"LEAD", "lead"},     {" Lead ", "lead"},
        {"qual", "qualification"}, {"zolta", "proposal"}, {"żółta OFERTA", "proposal"},
        {"prop", "proposal"},    {"wo", "won"},        {"l", NULL},
        {"nothing", NULL},       {"", NULL},           {"contact", "contact"},
        {"cont", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct stage *stage =
            pipeline_stage_named(&f->arena, f->sales, str_from(rows[i].typed));
        struct str got = stage ? stage->key : STR_NONE;
        if (!str_equal(got, str_from(rows[i].want))) {
            fail_msg("%s gives %.*s", rows[i].typed, STR_ARGS(got));
        }
    }
    assert_ptr_equal(definition_pipeline_named(&f->arena, &f->definition, STR("sa")), f->sales);
    assert_null(definition_pipeline_named(&f->arena, &f->definition, STR("renewals")));
}

static void removed_stages_lead_on(void **state)
{
    struct fixture *f = *state;
    struct stage *lead = stage_at(f, "lead"), *contact = stage_at(f, "contact");
    assert_ptr_equal(pipeline_stage_today(f->sales, STR("lead")), lead);
    lead->removed = contact->removed = true;
    lead->successor = STR("contact");
    contact->successor = STR("proposal");
    assert_ptr_equal(pipeline_stage_today(f->sales, STR("lead")), stage_at(f, "proposal"));
    assert_null(pipeline_stage_of_kind(f->sales, STAGE_LEAD));
    contact->successor = STR("lead"); /* a ring */
    assert_null(pipeline_stage_today(f->sales, STR("lead")));
    contact->successor = STR("nowhere");
    assert_null(pipeline_stage_today(f->sales, STR("contact")));
    assert_null(pipeline_stage_today(f->sales, STR("unheard")));
}

static void break_gate(struct fixture *f)
{
    stage_at(f, "won")->gates[0].requirement = STR("price");
}
static void break_gate_check(struct fixture *f)
{
    stage_at(f, "won")->gates[0].requirement = STR("value|check:luck");
}
static void break_gate_empty(struct fixture *f)
{
    stage_at(f, "won")->gates[0].requirement = STR_NONE;
}
static void break_double(struct fixture *f)
{
    stage_at(f, "contact")->key = STR("lead");
}
static void break_key(struct fixture *f)
{
    stage_at(f, "contact")->key = STR("First Contact");
}
static void break_name(struct fixture *f)
{
    stage_at(f, "contact")->name = STR_NONE;
}
static void break_successor(struct fixture *f)
{
    stage_at(f, "contact")->removed = true;
}
static void break_kind(struct fixture *f)
{
    stage_at(f, "contact")->kind = 9;
}
static void break_probability(struct fixture *f)
{
    stage_at(f, "contact")->probability = 101;
}
static void break_days(struct fixture *f)
{
    stage_at(f, "contact")->quiet_days = -1;
}
static void break_back(struct fixture *f)
{
    stage_at(f, "contact")->back = 3;
}
static void break_order(struct fixture *f)
{
    stage_at(f, "lead")->kind = STAGE_OPEN;
    stage_at(f, "contact")->kind = STAGE_LEAD;
}
static void break_won(struct fixture *f)
{
    stage_at(f, "won")->kind = STAGE_OPEN;
}
static void break_proper(struct fixture *f)
{
    f->sales->stages[1] = f->sales->stages[4];
    f->sales->stages[2] = f->sales->stages[5];
    f->sales->stage_count = 3;
}
static void break_check(struct fixture *f)
{
    f->sales->checks[1].key = STR("interest");
}
static void break_check_name(struct fixture *f)
{
    f->sales->checks[1].name = STR_NONE;
}
static void break_pipeline(struct fixture *f)
{
    f->sales->key = STR("s/x");
}
static void break_text(struct fixture *f)
{
    stage_at(f, "contact")->text = STR("Who?\x1b[2J");
}
static void break_text_length(struct fixture *f)
{
    struct str *text = &stage_at(f, "contact")->text;
    while (text->n <= TEXT_BYTES_MAX) {
        *text = arena_format(&f->arena, "%.*sand so on and so forth; ", STR_ARGS(*text));
    }
}
static void break_gate_count(struct fixture *f)
{
    stage_at(f, "contact")->gate_count = GATES_MAX + 1;
}
static void break_slow_days(struct fixture *f)
{
    stage_at(f, "contact")->slow_days = -1;
}
static void break_expected_days(struct fixture *f)
{
    stage_at(f, "contact")->expected_days = -1;
}
static void break_back_below(struct fixture *f)
{
    stage_at(f, "contact")->back = -1;
}
static void break_kind_none(struct fixture *f)
{
    stage_at(f, "contact")->kind = STAGE_NONE;
}
static void break_probability_below(struct fixture *f)
{
    stage_at(f, "contact")->probability = -1;
}
static void break_two_won(struct fixture *f)
{
    stage_at(f, "proposal")->kind = STAGE_WON;
}
static void break_check_key(struct fixture *f)
{
    f->sales->checks[1].key = STR("Budget!");
}
static void break_check_count(struct fixture *f)
{
    f->sales->check_count = CHECKS_MAX + 1;
}
static void break_stage_count(struct fixture *f)
{
    f->sales->stage_count = STAGES_MAX + 1;
}
static void break_pipeline_name(struct fixture *f)
{
    f->sales->name = STR("  \n");
}
static void break_pipeline_count(struct fixture *f)
{
    f->definition.pipeline_count = PIPELINES_MAX + 1;
}
static void break_pipeline_double(struct fixture *f)
{
    struct pipeline *two = arena_array(&f->arena, 2, sizeof *two);
    assert_non_null(two);
    two[0] = two[1] = f->definition.pipelines[0];
    f->definition.pipelines = two;
    f->definition.pipeline_count = 2;
}
static void break_all(struct fixture *f)
{
    f->definition.pipeline_count = 0;
}

static void mistakes_are_found(void **state)
{
    static const struct {
        void (*make)(struct fixture *f);
        const char *want;
    } rows[] = {
        {break_gate, "price"},        {break_gate_check, "check:luck"},
        {break_gate_empty, "empty"},  {break_double, "twice"},
        {break_key, "key"},           {break_name, "name"},
        {break_successor, "follows"}, {break_kind, "kind"},
        {break_probability, "100"},   {break_days, "negative"},
        {break_back, "back"},         {break_order, "first"},
        {break_won, "won"},           {break_proper, "proper"},
        {break_check, "twice"},       {break_check_name, "name"},
        {break_pipeline, "key"},      {break_all, "no pipeline"},
        {break_text, "not plain"},    {break_text_length, "too long"},
        {break_gate_count, "gates"},  {break_slow_days, "negative"},
        {break_expected_days, "negative"}, {break_back_below, "back"},
        {break_kind_none, "kind"},    {break_probability_below, "100"},
        {break_two_won, ""},          {break_check_key, "key"},
        {break_check_count, "more than"}, {break_stage_count, "more than"},
        {break_pipeline_name, "name"}, {break_pipeline_count, "pipelines"},
        {break_pipeline_double, "twice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *fresh;
        fixture_make(&fresh);
        struct fixture *f = fresh;
        rows[i].make(f);
        struct str mistake = definition_mistake(&f->arena, &f->definition);
        if (!mistake.p || !strstr(arena_str(&f->arena, mistake).p, rows[i].want)) {
            fail_msg("%s: %.*s", rows[i].want, STR_ARGS(mistake));
        }
        fixture_drop(&fresh);
    }
}

static void a_copy_owes_nothing_to_the_original(void **state)
{
    struct fixture *f = *state;
    struct arena kept;
    arena_init(&kept, 1 << 20);
    struct definition copy;
    assert_int_equal(definition_copy(&kept, &f->definition, &copy), FAULT_NONE);
    arena_reset(&f->arena);
    assert_null(definition_mistake(&kept, &copy).p);
    assert_true(str_equal(copy.pipelines[0].stages[3].gates[7].requirement, STR("expected_close")));
    struct arena tiny;
    arena_init(&tiny, 256);
    struct definition none;
    assert_int_equal(definition_copy(&tiny, &copy, &none), FAULT_MEMORY);
    arena_finish(&tiny);
    arena_finish(&kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_make, fixture_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_default_is_the_agreed_one),
        TEST(names_are_matched_as_people_type_them),
        TEST(removed_stages_lead_on),
        cmocka_unit_test(mistakes_are_found),
        TEST(a_copy_owes_nothing_to_the_original),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
