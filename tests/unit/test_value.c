/* test_value.c - claims about values, their canonical text, and sets. */
#include "common/domain/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static struct value with_bytes(const char *bytes, size_t n)
{
    return (struct value){.type = VALUE_BYTES, .present = true, .text = {bytes, n}};
}

static struct value set_of(struct arena *arena, const struct str *items, size_t n)
{
    struct text_set set;
    assert_int_equal(text_set_make(arena, items, n, &set), FAULT_NONE);
    return value_set(set);
}

static void canonical_text_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    const struct str tags[] = {STR("vip"), STR("b,c"), STR("a\\"), STR("vip"), STR("ż")};
    struct uuid id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    const struct {
        const char *claim;
        struct value value;
        const char *text;
    } rows[] = {
        {"text is itself", value_text(STR("Roof, north")), "Roof, north"},
        {"bytes are hexadecimal", with_bytes("\0\xff\x10", 3), "00ff10"},
        {"numbers are decimal", value_number(VALUE_NUMBER, -1250000), "-1250000"},
        {"zero is a number", value_number(VALUE_NUMBER, 0), "0"},
        {"dates are ISO", value_number(VALUE_DATE, 20878), "2027-03-01"},
        {"times are ISO UTC", value_number(VALUE_TIME, 1000), "1970-01-01T00:00:01.000Z"},
        {"times before 1970 too", value_number(VALUE_TIME, -1), "1969-12-31T23:59:59.999Z"},
        {"flags are words", value_number(VALUE_FLAG, 1), "true"},
        {"choices are numbers", value_number(VALUE_CHOICE, 4), "4"},
        {"references are whole", value_reference(id), "01020304-0506-0708-090a-0b0c0d0e0f10"},
        {"sets are sorted, single, and their commas escaped", set_of(&arena, tags, 5),
         "a\\\\,b\\,c,vip,ż"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str text;
        struct value back;
        assert_int_equal(value_format(&arena, rows[i].value, &text), FAULT_NONE);
        if (!str_equal(text, str_from(rows[i].text))) {
            fail_msg("%s: %.*s", rows[i].claim, STR_ARGS(text));
        }
        assert_int_equal(value_parse(&arena, rows[i].value.type, text, &back), FAULT_NONE);
        if (!value_equal(rows[i].value, back)) fail_msg("%s: reads back", rows[i].claim);
    }
    arena_finish(&arena);
}

static void absent_has_one_face(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct value absents[] = {
        value_text(STR("")),
        value_number(VALUE_FLAG, 0),
        value_number(VALUE_CHOICE, 0),
        value_reference((struct uuid){{0}}),
        value_set((struct text_set){NULL, 0}),
    };
    for (size_t i = 0; i < sizeof absents / sizeof absents[0]; i++) {
        assert_true(value_equal(absents[i], value_absent(absents[i].type)));
    }
    for (int type = VALUE_TEXT; type <= VALUE_SET; type++) {
        struct str text = STR("x");
        struct value back;
        assert_int_equal(value_format(&arena, value_absent((enum value_type)type), &text), 0);
        assert_null(text.p);
        assert_int_equal(value_parse(&arena, (enum value_type)type, STR_NONE, &back), FAULT_NONE);
        assert_false(back.present);
        assert_int_equal(back.type, type);
    }
    assert_false(value_equal(value_number(VALUE_NUMBER, 0), value_absent(VALUE_NUMBER)));
    assert_false(value_equal(value_number(VALUE_NUMBER, 1), value_number(VALUE_DATE, 1)));
    arena_finish(&arena);
}

static void senseless_text_is_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct {
        enum value_type type;
        struct str text;
    } rows[] = {
        {VALUE_BYTES, STR("0")},       {VALUE_BYTES, STR("zz")},
        {VALUE_NUMBER, STR("12x")},    {VALUE_NUMBER, STR("99999999999999999999")},
        {VALUE_DATE, STR("2027-02-30")}, {VALUE_TIME, STR("2027-02-01")},
        {VALUE_FLAG, STR("perhaps")},  {VALUE_CHOICE, STR("-1")},
        {VALUE_REFERENCE, STR("12")},  {VALUE_SET, STR("a\\")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value value;
        if (value_parse(&arena, rows[i].type, rows[i].text, &value) != FAULT_FORMAT) {
            fail_msg("%.*s was accepted", STR_ARGS(rows[i].text));
        }
        assert_false(value.present);
    }
    arena_finish(&arena);
}

static void sets_merge_by_element(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    const struct {
        const char *claim, *set, *add, *remove, *want;
    } rows[] = {
        {"adding keeps the order", "b,d", "c,a", "", "a,b,c,d"},
        {"adding what is there changes nothing", "a,b", "b", "", "a,b"},
        {"removing what is not there changes nothing", "a", "", "z", "a"},
        {"removing wins over adding", "a", "b", "b", "a"},
        {"the last one out leaves it empty", "a", "", "a", ""},
        {"nothing and nothing", "", "", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *texts[4] = {rows[i].set, rows[i].add, rows[i].remove, rows[i].want};
        struct value values[4];
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(value_parse(&arena, VALUE_SET, str_from(texts[k]), &values[k]), 0);
        }
        struct text_set got;
        assert_int_equal(text_set_merge(&arena, values[0].set, values[1].set, values[2].set, &got),
                         FAULT_NONE);
        if (!value_equal(value_set(got), values[3])) fail_msg("%s", rows[i].claim);
    }
    arena_finish(&arena);
}

static void a_set_knows_its_items(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct str items[101];
    for (int i = 0; i < 101; i++) items[i] = arena_format(&arena, "%d", (i * 37) % 101 * 2);
    struct text_set set;
    assert_int_equal(text_set_make(&arena, items, 101, &set), FAULT_NONE);
    assert_int_equal(set.count, 101);
    for (int i = 0; i < 202; i++) {
        assert_int_equal(text_set_has(set, arena_format(&arena, "%d", i)), i % 2 == 0);
    }
    arena_finish(&arena);
}

static void too_little_memory_is_a_fault(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4);
    struct str text;
    assert_int_equal(value_format(&arena, value_number(VALUE_NUMBER, 12345678), &text),
                     FAULT_MEMORY);
    struct str item = STR("a");
    struct text_set set;
    assert_int_equal(text_set_make(&arena, &item, 1, &set), FAULT_MEMORY);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text_reads_back), cmocka_unit_test(absent_has_one_face),
        cmocka_unit_test(senseless_text_is_refused), cmocka_unit_test(sets_merge_by_element),
        cmocka_unit_test(a_set_knows_its_items),     cmocka_unit_test(too_little_memory_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
