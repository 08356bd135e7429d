/* test_merge.c - what was seen, what is wanted, what stands; and a unit as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/merge.h"
#include "tests/support/rule_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct field *deal_field(const char *name)
{
    return field_by_name(ENTITY_DEAL, str_from(name));
}

static void test_unit_verdicts(void **state)
{
    static const struct {
        const char *claim, *stands, *edits, *unit;
        enum unit_verdict verdict;
        const char *changed;
    } rows[] = {
        {"what was seen stands", "title=A", "title:A>B", "title", UNIT_TAKE, NULL},
        {"what is wanted stands, somebody did it", "title=B", "title:A>B", "title", UNIT_SAME,
         "title"},
        {"nothing was changed at all", "title=A", "title:A>A", "title", UNIT_SAME, NULL},
        {"something else stands", "title=C", "title:A>B", "title", UNIT_CHANGED, "title"},
        {"absent was seen and stands", "source=", "source:>web", "source", UNIT_TAKE, NULL},
        {"absent was seen, something stands", "source=fair", "source:>web", "source", UNIT_CHANGED,
         "source"},
        {"clearing what was cleared", "source=", "source:web>", "source", UNIT_SAME, "source"},
        {"clearing what was changed", "source=fair", "source:web>", "source", UNIT_CHANGED,
         "source"},
        {"zero is not absent", "value=0;currency=EUR", "value:>5", "value", UNIT_CHANGED, "value"},
        {"a whole unit as seen", "value=1;currency=EUR", "value:1>2;currency:EUR>USD", "value",
         UNIT_TAKE, NULL},
        {"the other half of the unit changed", "value=1;currency=USD", "value:1>2;currency:EUR>EUR",
         "value", UNIT_CHANGED, "currency"},
        {"one half as wanted, the other as seen is a change all the same", "value=2;currency=EUR",
         "value:1>2;currency:EUR>USD", "value", UNIT_CHANGED, "value"},
        {"a half not named counts as unchanged", "value=1;currency=USD", "value:1>2", "value",
         UNIT_TAKE, NULL},
        {"the whole unit as wanted", "value=2;currency=USD", "value:1>2;currency:EUR>USD", "value",
         UNIT_SAME, "value"},
        {"other units do not matter", "title=C;value=1", "title:A>B;value:1>2", "value", UNIT_TAKE,
         NULL},
        {"a reference", "owner=rep", "owner:rep>other", "owner", UNIT_TAKE, NULL},
        {"a reference given away meanwhile", "owner=boss", "owner:rep>other", "owner", UNIT_CHANGED,
         "owner"},
        {"a flag", "probability_by_hand=true", "probability_by_hand:true>false", "probability",
         UNIT_TAKE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        const void *stands = world_put(&w, ENTITY_DEAL, "deal", rows[i].stands);
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].edits);
        const struct field *changed;
        enum unit_verdict verdict =
            merge_unit(deal_field(rows[i].unit), m.edits, m.edit_count, stands, &changed);
        const char *name = changed ? changed->name : "nothing";
        const char *expected = rows[i].changed ? rows[i].changed : "nothing";
        if (verdict != rows[i].verdict || strcmp(name, expected) != 0) {
            fail_msg("%s: verdict %d, changed %s", rows[i].claim, (int)verdict, name);
        }
        world_finish(&w);
    }
}

static void test_sets(void **state)
{
    static const struct {
        const char *claim, *stands, *edits, *result;
        bool taken, already;
    } rows[] = {
        {"an element is added", "tags=a", "tags+b", "tags=a,b", true, false},
        {"an element is removed", "tags=a,b", "tags-b", "tags=a", true, false},
        {"the last one is removed", "tags=a", "tags-a", "tags=", true, false},
        {"added by somebody already", "tags=a", "tags+a", "tags=a", false, true},
        {"removed by somebody already", "tags=a", "tags-b", "tags=a", false, true},
        {"one new beside one that is there", "tags=a", "tags+a;tags+b", "tags=a,b", true, true},
        {"others' elements stay", "tags=x,y,z", "tags+b;tags-y", "tags=b,x,z", true, false},
        {"added and removed at once is removed", "tags=a", "tags+b;tags-b", "tags=a", false, true},
        {"nothing", "tags=a", "tags=", "tags=a", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        struct deal *deal = world_put(&w, ENTITY_DEAL, "deal", rows[i].stands);
        struct mutation m = world_mutation(&w, MUTATION_EDIT, ENTITY_DEAL, "deal", rows[i].edits);
        bool taken, already;
        assert_int_equal(
            merge_set(&w.arena, deal->tags, &m.edits[0], &deal->tags, &taken, &already),
            FAULT_NONE);
        if (taken != rows[i].taken || already != rows[i].already) {
            fail_msg("%s: taken %d, already %d", rows[i].claim, taken, already);
        }
        assert_fields(&w, ENTITY_DEAL, deal, rows[i].result);
        world_finish(&w);
    }
}

static void test_unit_text(void **state)
{
    static const struct {
        const char *unit, *stands, *text;
    } rows[] = {
        {"value", "value=12500;currency=EUR", "value=12500;currency=EUR"},
        {"value", "value=;currency=EUR", "value=;currency=EUR"},
        {"title", "title=Roof = 1", "Roof = 1"},
        {"source", "source=", ""},
        {"next_step", "next_step=call;due=2026-03-05", "next_step=call;due=2026-03-05"},
        {"probability", "probability=30;probability_by_hand=true",
         "probability=30;probability_by_hand=true"},
        {"pipeline", "pipeline=sales;stage=lost;status=lost;lost_reason=price",
         "pipeline=sales;stage=lost;status=3;lost_reason=price;wake_date="},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rule_world w;
        world_init(&w);
        const struct deal *deal = world_put(&w, ENTITY_DEAL, "deal", rows[i].stands);
        struct str text;
        const struct field *unit = deal_field(rows[i].unit);
        assert_int_equal(unit_format(&w.arena, unit, deal, &text), FAULT_NONE);
        if (!str_equal(text, str_from(rows[i].text)) && (text.n || rows[i].text[0])) {
            fail_msg("\"%.*s\" is not \"%s\"", STR_ARGS(text), rows[i].text);
        }
        struct unit_value values[UNIT_FIELDS_MAX];
        size_t count;
        assert_int_equal(unit_parse(&w.arena, unit, text, values, &count), FAULT_NONE);
        const struct field *fields[UNIT_FIELDS_MAX];
        assert_int_equal(count, unit_fields(unit, fields));
        for (size_t k = 0; k < count; k++) {
            assert_ptr_equal(values[k].field, fields[k]);
            assert_true(value_equal(values[k].value, field_get(fields[k], deal)));
        }
        world_finish(&w);
    }
}

static void test_unit_text_escapes(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    struct deal *deal = world_put(&w, ENTITY_DEAL, "deal", "due=2026-03-05");
    deal->next_step = STR("a=b;c\\;due=2020-01-01");
    struct str text;
    const struct field *unit = deal_field("due");
    unit = field_unit_leader(unit);
    assert_int_equal(unit_format(&w.arena, unit, deal, &text), FAULT_NONE);
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count;
    assert_int_equal(unit_parse(&w.arena, unit, text, values, &count), FAULT_NONE);
    assert_int_equal(count, 2);
    assert_true(str_equal(values[0].value.text, deal->next_step));
    assert_int_equal(values[1].value.number, deal->due.v);
    world_finish(&w);
}

static void test_unit_text_refused(void **state)
{
    static const struct {
        const char *unit, *text;
    } rows[] = {
        {"value", "title=x"},           {"value", "value=x"},
        {"value", "value=1;value=2"},   {"value", "nonsense"},
        {"value", "value=1;mood=2"},    {"expected_close", "soon"},
        {"next_step", "next_step=a\\"}, {"value", ";"},
    };
    (void)state;
    struct rule_world w;
    world_init(&w);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct unit_value values[UNIT_FIELDS_MAX];
        size_t count;
        enum fault fault =
            unit_parse(&w.arena, deal_field(rows[i].unit), str_from(rows[i].text), values, &count);
        if (fault != FAULT_FORMAT) fail_msg("%s: %s", rows[i].text, fault_name(fault));
    }
    world_finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_verdicts),     cmocka_unit_test(test_sets),
        cmocka_unit_test(test_unit_text),         cmocka_unit_test(test_unit_text_escapes),
        cmocka_unit_test(test_unit_text_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
