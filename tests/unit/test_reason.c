/* test_reason.c - claims about reasons and their lines. */
#include "common/domain/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum reason_code code;
    const char *name;
} every_code[] = {
#define REASON(name, number, sentence) {REASON_##name, #name},
    REASON_TABLE(REASON)
#undef REASON
};
enum { EVERY_CODE = sizeof every_code / sizeof every_code[0] };

static void every_code_has_its_own_name_and_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVERY_CODE; i++) {
        char want[64] = "";
        for (size_t k = 0; every_code[i].name[k]; k++) {
            want[k] = (char)tolower((unsigned char)every_code[i].name[k]);
        }
        assert_string_equal(reason_code_name(every_code[i].code), want);
        assert_true(strlen(reason_sentence(every_code[i].code)) > 5);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(every_code[i].code, every_code[k].code);
            assert_string_not_equal(reason_sentence(every_code[i].code),
                                    reason_sentence(every_code[k].code));
        }
    }
}

/* Every {name} in a sentence is one `say` can fill in. */
static void sentences_use_known_places(void **state)
{
    (void)state;
    static const char *const places[] = {"{field}", "{stage}", "{check}", "{value}", "{other}"};
    for (size_t i = 0; i < EVERY_CODE; i++) {
        const char *at = reason_sentence(every_code[i].code);
        while ((at = strchr(at, '{')) != NULL) {
            bool known = false;
            for (size_t p = 0; p < 5; p++) {
                known = known || strncmp(at, places[p], strlen(places[p])) == 0;
            }
            if (!known) fail_msg("%s", reason_sentence(every_code[i].code));
            at++;
        }
    }
}

static void lines_are_stable(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct reasons reasons = {.count = 0};
    reasons_add(&reasons, (struct reason){.code = REASON_FIELD_REQUIRED, .stage = STR("proposal"),
                                          .field = STR("value")});
    reasons_add(&reasons, (struct reason){.code = REASON_ITEM_CLOSED});
    reasons_add(&reasons, (struct reason){.code = REASON_ITEM_CLOSED});
    reasons_add(&reasons, (struct reason){.code = REASON_STAGE_UNKNOWN, .value = STR("a\"b\n\\"),
                                          .other = STR("lead, won")});
    struct str text;
    assert_int_equal(reasons_format(&arena, &reasons, &text), FAULT_NONE);
    struct str want = STR("field_required field=value stage=proposal\n"
                          "item_closed\n"
                          "stage_unknown value=\"a\\\"b\\n\\\\\" other=\"lead, won\"");
    if (!str_equal(text, want)) fail_msg("%.*s", STR_ARGS(text));
    reasons.count = 0;
    assert_int_equal(reasons_format(&arena, &reasons, &text), FAULT_NONE);
    assert_null(text.p);
    arena_finish(&arena);
}

static void assert_same(const struct reasons *a, const struct reasons *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].code, b->items[i].code);
        assert_true(str_equal(a->items[i].field, b->items[i].field));
        assert_true(str_equal(a->items[i].stage, b->items[i].stage));
        assert_true(str_equal(a->items[i].check, b->items[i].check));
        assert_true(str_equal(a->items[i].value, b->items[i].value));
        assert_true(str_equal(a->items[i].other, b->items[i].other));
    }
}

static void any_parameter_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    char every_byte[255];
    for (size_t i = 0; i < 255; i++) every_byte[i] = (char)(unsigned char)(i + 1);
    const struct str texts[] = {STR("plain"), STR("two words"), STR("\""), STR("\\"), STR("\n"),
                                STR("a=b"), STR("\\n"), STR("ż ó"), STR("value=\"x\" other=y"),
                                {every_byte, 255}, STR("\x01\x7f\r\t"), {"nul\0inside", 10}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct reasons reasons = {.count = 0}, back;
        reasons_add(&reasons, (struct reason){.code = REASON_GONE, .field = texts[i],
                                              .value = texts[i], .other = STR("end")});
        reasons_add(&reasons, (struct reason){.code = REASON_EXISTS, .check = texts[i],
                                              .stage = texts[i]});
        struct str text;
        assert_int_equal(reasons_format(&arena, &reasons, &text), FAULT_NONE);
        size_t lines = 1;
        for (size_t k = 0; k < text.n; k++) lines += text.p[k] == '\n';
        assert_int_equal(lines, 2);
        assert_int_equal(reasons_parse(&arena, text, &back), FAULT_NONE);
        assert_same(&reasons, &back);
    }
    arena_finish(&arena);
}

static void lines_of_a_newer_version_survive(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct reasons reasons;
    struct str text = STR("too_purple field=hat\ngone value=deal tint=\"a b\"");
    assert_int_equal(reasons_parse(&arena, text, &reasons), FAULT_NONE);
    assert_int_equal(reasons.count, 2);
    assert_int_equal(reasons.items[0].code, REASON_UNDECODABLE);
    assert_true(str_equal(reasons.items[0].value, STR("too_purple field=hat")));
    assert_int_equal(reasons.items[1].code, REASON_GONE);
    assert_true(str_equal(reasons.items[1].value, STR("deal")));
    arena_finish(&arena);
}

static void broken_lines_are_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    const char *lines[] = {"gone value=\"open",  "gone value",        "gone value=",
                           "gone value=\"\\q\"", "gone value=\"\\x1\"", "gone value=\"a\"b",
                           "gone value=\"\\",    "gone "};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct reasons reasons;
        if (reasons_parse(&arena, str_from(lines[i]), &reasons) != FAULT_FORMAT) {
            fail_msg("accepted: %s", lines[i]);
        }
    }
    arena_finish(&arena);
}

static void a_full_list_keeps_the_first_ones(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct reasons reasons = {.count = 0};
    for (int i = 0; i < REASONS_MAX + 5; i++) {
        reasons_add(&reasons, (struct reason){.code = REASON_CHECK_REQUIRED,
                                              .check = arena_format(&arena, "c%d", i)});
    }
    assert_int_equal(reasons.count, REASONS_MAX);
    assert_true(str_equal(reasons.items[0].check, STR("c0")));
    assert_true(str_equal(reasons.items[REASONS_MAX - 1].check,
                          arena_format(&arena, "c%d", REASONS_MAX - 1)));
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_name_and_sentence),
        cmocka_unit_test(sentences_use_known_places),
        cmocka_unit_test(lines_are_stable),
        cmocka_unit_test(any_parameter_reads_back),
        cmocka_unit_test(lines_of_a_newer_version_survive),
        cmocka_unit_test(broken_lines_are_refused),
        cmocka_unit_test(a_full_list_keeps_the_first_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
