/* test_text.c - claims about borrowed text, Unicode cleanliness, normal form, folding and width. */
#include "common/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/arena.h"
#include "common/base/bounds.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void strings_compare_by_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str a, b;
        int order;
    } rows[] = {
        {"the same bytes are equal", STR_INIT("abc"), STR_INIT("abc"), 0},
        {"absent equals empty", {NULL, 0}, STR_INIT(""), 0},
        {"a prefix comes first", STR_INIT("ab"), STR_INIT("abc"), -1},
        {"bytes above 127 come after ASCII", STR_INIT("z"), STR_INIT("\xc3\xa9"), -1},
        {"a NUL inside is a byte like others", STR_INIT("a\0b"), STR_INIT("a\0a"), 1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (str_compare(rows[i].a, rows[i].b) != rows[i].order ||
            str_compare(rows[i].b, rows[i].a) != -rows[i].order ||
            str_equal(rows[i].a, rows[i].b) != (rows[i].order == 0)) {
            fail_msg("%s", rows[i].claim);
        }
    }
    assert_true(str_starts_with(STR("abc"), STR("ab")));
    assert_true(str_starts_with(STR_NONE, STR_NONE));
    assert_false(str_starts_with(STR("a"), STR("ab")));
    assert_true(str_from(NULL).p == NULL);
}

static void slices_stay_inside(void **state)
{
    (void)state;
    assert_true(str_equal(str_slice(STR("abcdef"), 1, 3), STR("bc")));
    assert_true(str_equal(str_slice(STR("abc"), 1, SIZE_MAX), STR("bc")));
    assert_true(str_equal(str_slice(STR("abc"), 1, 4), STR("bc")));
    assert_int_equal(str_slice(STR("abc"), 5, 2).n, 0);
    assert_true(str_slice(STR_NONE, 0, 4).p == NULL);
    assert_true(str_equal(str_trim(STR(" \t a b\r\n")), STR("a b")));
    assert_int_equal(str_trim(STR("  \n")).n, 0);
    assert_int_equal(str_find(STR("a=b=c"), '='), 1);
    assert_int_equal(str_find(STR("abc"), 'x'), 3);
    assert_int_equal(str_find(STR_NONE, 'x'), 0);
}

static void splitting_keeps_empty_parts(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *parts; /* joined by | */
    } rows[] = {
        {STR_INIT("a,b"), "a|b|"},   {STR_INIT("a,"), "a||"}, {STR_INIT(","), "||"},
        {STR_INIT("a"), "a|"},       {STR_INIT(""), "|"},     {{NULL, 0}, ""},
        {STR_INIT("a,,b"), "a||b|"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char joined[32] = "";
        size_t n = 0;
        struct str rest = rows[i].text;
        struct str part;
        while (str_split(&rest, ',', &part)) {
            if (part.n) memcpy(joined + n, part.p, part.n);
            n += part.n;
            joined[n++] = '|';
        }
        joined[n] = '\0';
        assert_string_equal(joined, rows[i].parts);
    }
}

static void numbers_are_whole_and_in_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum fault fault;
        int64_t value;
    } rows[] = {
        {"0", FAULT_NONE, 0},
        {"-17", FAULT_NONE, -17},
        {"+5", FAULT_NONE, 5},
        {"9223372036854775807", FAULT_NONE, INT64_MAX},
        {"-9223372036854775808", FAULT_NONE, INT64_MIN},
        {"9223372036854775808", FAULT_LIMIT, 0},
        {"-9223372036854775809", FAULT_LIMIT, 0},
        {"99999999999999999999999999", FAULT_LIMIT, 0},
        {"99999999999999999999999999x", FAULT_FORMAT, 0},
        {"", FAULT_FORMAT, 0},
        {"-", FAULT_FORMAT, 0},
        {"+-1", FAULT_FORMAT, 0},
        {"1 ", FAULT_FORMAT, 0},
        {"0x10", FAULT_FORMAT, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t value = 0;
        enum fault fault = str_to_int64(str_from(rows[i].text), &value);
        if (fault != rows[i].fault || value != rows[i].value) fail_msg("\"%s\"", rows[i].text);
    }
}

static void only_valid_utf8_passes(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str text;
        bool valid;
    } rows[] = {
        {"ASCII", STR_INIT("plain"), true},
        {"absent", {NULL, 0}, true},
        {"two, three and four bytes", STR_INIT("é€😀"), true},
        {"the last code point", STR_INIT("\xf4\x8f\xbf\xbf"), true},
        {"a NUL", STR_INIT("a\0b"), false},
        {"an overlong slash", STR_INIT("\xc0\xaf"), false},
        {"an overlong euro sign", STR_INIT("\xf0\x82\x82\xac"), false},
        {"a surrogate", STR_INIT("\xed\xa0\x80"), false},
        {"above the last code point", STR_INIT("\xf4\x90\x80\x80"), false},
        {"a lone continuation byte", STR_INIT("a\x80"), false},
        {"cut in the middle", STR_INIT("\xe2\x82"), false},
        {"five bytes", STR_INIT("\xf8\x88\x80\x80\x80"), false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (text_is_utf8(rows[i].text) != rows[i].valid) fail_msg("%s", rows[i].claim);
    }
}

static void clean_text_has_no_controls(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str text;
        bool title, note;
    } rows[] = {
        {"a sentence", STR_INIT("Dach, północ — 12 m²"), true, true},
        {"line ends and tabs belong in notes", STR_INIT("a\n\tb"), false, true},
        {"a carriage return belongs nowhere", STR_INIT("a\r\n"), false, false},
        {"an escape sequence", STR_INIT("\x1b[31m"), false, false},
        {"DEL", STR_INIT("a\x7f"), false, false},
        {"a C1 control", STR_INIT("a\xc2\x9b"), false, false},
        {"the last C1 control", STR_INIT("a\xc2\x9f"), false, false},
        {"the first character after C1", STR_INIT("a\xc2\xa0"), true, true},
        {"a bidirectional override", STR_INIT("a\xe2\x80\xae"), false, false},
        {"a bidirectional isolate", STR_INIT("a\xe2\x81\xa6"), false, false},
        {"a right-to-left mark is ordinary", STR_INIT("a\xe2\x80\x8f"), true, true},
        {"invalid bytes", STR_INIT("a\xff"), false, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (text_is_clean(rows[i].text, false) != rows[i].title) fail_msg("%s", rows[i].claim);
        if (text_is_clean(rows[i].text, true) != rows[i].note) fail_msg("%s", rows[i].claim);
    }
    char marks[1 + 2 * (MARKS_MAX + 1)] = "a";
    for (size_t i = 0; i <= MARKS_MAX; i++) memcpy(marks + 1 + 2 * i, "\xcc\x81", 2);
    assert_true(text_is_clean((struct str){marks, sizeof marks - 2}, false));
    assert_false(text_is_clean((struct str){marks, sizeof marks}, false));
}

static void normal_form_is_one_and_stays(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str text;
        bool lines;
        struct str want;
    } rows[] = {
        {"plain text stays", STR_INIT("Roof"), false, STR_INIT("Roof")},
        {"blanks at the ends go, runs become one", STR_INIT("  a \t  b "), false, STR_INIT("a b")},
        {"only blanks is absent", STR_INIT("  \t "), false, {NULL, 0}},
        {"absent stays absent", {NULL, 0}, false, {NULL, 0}},
        {"a decomposed letter is composed", STR_INIT("Lo\xcc\x81"), false, STR_INIT("Ló")},
        {"marks are put in order", STR_INIT("q\xcc\x87\xcc\xa3"), false,
         STR_INIT("q\xcc\xa3\xcc\x87")},
        {"Hangul is composed", STR_INIT("\xe1\x84\x92\xe1\x85\xa1"), false, STR_INIT("하")},
        {"the Angstrom sign becomes a letter", STR_INIT("\xe2\x84\xab"), false, STR_INIT("Å")},
        {"compatibility forms are left alone", STR_INIT("ﬁ"), false, STR_INIT("ﬁ")},
        {"no-break and wide spaces are blanks", STR_INIT("\xe3\x80\x80\x61\xc2\xa0 b"), false,
         STR_INIT("a b")},
        {"lines stay in notes", STR_INIT("\n a  b \n\n  c \n"), true, STR_INIT("a b\n\n c")},
        {"a tab in a run of blanks stays", STR_INIT("a \t b"), true, STR_INIT("a\tb")},
        {"a line separator becomes a line end", STR_INIT("a\xe2\x80\xa8\x62"), true,
         STR_INIT("a\nb")},
        {"a line end in a title is a blank", STR_INIT("a\n b"), false, STR_INIT("a b")},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str once;
        struct str twice;
        assert_int_equal(text_normalise(&arena, rows[i].text, rows[i].lines, &once), FAULT_NONE);
        if (!str_equal(once, rows[i].want)) fail_msg("%s: %.*s", rows[i].claim, STR_ARGS(once));
        if ((once.p == NULL) != (rows[i].want.p == NULL)) fail_msg("%s: absent", rows[i].claim);
        assert_int_equal(text_normalise(&arena, once, rows[i].lines, &twice), FAULT_NONE);
        if (!str_equal(once, twice)) fail_msg("%s: not stable", rows[i].claim);
    }
    struct str out;
    assert_int_equal(text_normalise(&arena, STR("a\xff"), false, &out), FAULT_FORMAT);
    arena_finish(&arena);
}

static void want_of_memory_is_a_fault(void **state)
{
    (void)state;
    for (size_t max = 0; max < 400; max += 16) {
        struct arena arena;
        struct str normal;
        struct str folded;
        arena_init(&arena, max);
        enum fault fault =
            text_normalise(&arena, STR("Zaz\xcc\x87o\xcc\x81lc\xcc\x81"), false, &normal);
        if (!fault) fault = text_fold(&arena, STR("Zażółć gęślą jaźń"), &folded);
        if (fault) {
            assert_int_equal(fault, FAULT_MEMORY);
            assert_true(arena.failed);
            assert_true(max < 384);
        }
        arena_finish(&arena);
    }
}

static void folding_removes_case_and_accents(void **state)
{
    (void)state;
    static const struct {
        struct str text, want;
    } rows[] = {
        {STR_INIT("Łódź"), STR_INIT("lodz")},
        {STR_INIT("ZAŻÓŁĆ GĘŚLĄ JAŹŃ"), STR_INIT("zazolc gesla jazn")},
        {STR_INIT("Straße"), STR_INIT("strasse")},
        {STR_INIT("STRAẞE"), STR_INIT("strasse")},
        {STR_INIT("Søren Ærø"), STR_INIT("soren aero")},
        {STR_INIT("Œuvre"), STR_INIT("oeuvre")},
        {STR_INIT("Đorđe"), STR_INIT("dorde")},
        {STR_INIT("Þór Eiður"), STR_INIT("thor eidur")},
        {STR_INIT("İstanbul Işık"), STR_INIT("istanbul isik")},
        {STR_INIT("Ǿ"), STR_INIT("o")},
        {STR_INIT("Μάης"), STR_INIT("μαησ")},
        {STR_INIT("O’Brien–Smith"), STR_INIT("o'brien-smith")},
        {STR_INIT("株式会社"), STR_INIT("株式会社")},
        {{NULL, 0}, {NULL, 0}},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str out;
        assert_int_equal(text_fold(&arena, rows[i].text, &out), FAULT_NONE);
        if (!str_equal(out, rows[i].want)) {
            fail_msg("%.*s -> %.*s", STR_ARGS(rows[i].text), STR_ARGS(out));
        }
    }
    struct str out;
    assert_int_equal(text_fold(&arena, STR("\xc3"), &out), FAULT_FORMAT);
    arena_finish(&arena);
}

/* Every letter of the table is found: it must be sorted for the search. */
static void folding_leaves_no_latin_stroke(void **state)
{
    (void)state;
    static const char letters[] = "æðøþđħıĸłŋœŧƀƈƒƙƚƥƭƴƶǥȥȼɇɉɍɏɓɔɖɗəɛɠɣɨɲʉⱡⱥⱦ";
    struct arena arena;
    struct str out;
    arena_init(&arena, 1 << 16);
    assert_int_equal(text_fold(&arena, str_from(letters), &out), FAULT_NONE);
    for (size_t i = 0; i < out.n; i++) assert_in_range((uint8_t)out.p[i], 'a', 'z');
    arena_finish(&arena);
}

static void width_counts_cells(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        size_t width;
    } rows[] = {
        {{NULL, 0}, 0},
        {STR_INIT("Łódź"), 4},
        {STR_INIT("e\xcc\x81"), 1},
        {STR_INIT("株式"), 4},
        {STR_INIT("😀"), 2},
        {STR_INIT("\xf0\x9f\xab\xa9"), 2}, /* newer than the tables of the library */
        {STR_INIT("a\xff"
                  "b"),
         3},
        {STR_INIT("x\xe2\x80\x8dy"), 2},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (text_width(rows[i].text) != rows[i].width) {
            fail_msg("%.*s: %zu", STR_ARGS(rows[i].text), text_width(rows[i].text));
        }
    }
}

static void clipping_keeps_characters_whole(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str text;
        size_t cells;
        struct str want;
    } rows[] = {
        {"what fits stays", STR_INIT("abc"), 3, STR_INIT("abc")},
        {"ASCII is cut at the cell", STR_INIT("abc"), 2, STR_INIT("ab")},
        {"a wide character does not go in half", STR_INIT("a株b"), 2, STR_INIT("a")},
        {"marks go with their letter", STR_INIT("ae\xcc\x81z"), 2, STR_INIT("ae\xcc\x81")},
        {"a letter beyond takes its mark along", STR_INIT("ae\xcc\x81"), 1, STR_INIT("a")},
        {"a joined family is one", STR_INIT("a👩\xe2\x80\x8d👧"), 4, STR_INIT("a")},
        {"nothing fits into nothing", STR_INIT("abc"), 0, {NULL, 0}},
        {"invalid bytes take a cell each", STR_INIT("\xff\xfe\xfd"), 2, STR_INIT("\xff\xfe")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct str out = text_clip(rows[i].text, rows[i].cells);
        if (!str_equal(out, rows[i].want)) fail_msg("%s: %.*s", rows[i].claim, STR_ARGS(out));
    }
}

static void distance_is_levenshtein_up_to_a_limit(void **state)
{
    (void)state;
    static const struct {
        struct str a, b;
        size_t limit, want;
    } rows[] = {
        {STR_INIT("stage"), STR_INIT("STAGE"), 3, 0},
        {STR_INIT("stage"), STR_INIT("stgae"), 3, 2},
        {STR_INIT("kitten"), STR_INIT("sitting"), 3, 3},
        {STR_INIT("kitten"), STR_INIT("sitting"), 2, 3},
        {STR_INIT("abc"), {NULL, 0}, 3, 3},
        {STR_INIT("abcdefgh"), STR_INIT("a"), 3, 4},
        {STR_INIT("due"), STR_INIT("deal"), 5, 3},
        {STR_INIT("abc"), STR_INIT("xyz"), 0, 1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t there = text_distance(rows[i].a, rows[i].b, rows[i].limit);
        size_t back = text_distance(rows[i].b, rows[i].a, rows[i].limit);
        if (there != rows[i].want || back != rows[i].want) {
            fail_msg("%.*s %.*s: %zu %zu", STR_ARGS(rows[i].a), STR_ARGS(rows[i].b), there, back);
        }
    }
    char a[400];
    char b[400];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    assert_int_equal(text_distance((struct str){a, 400}, (struct str){b, 400}, 500), 501);
    assert_int_equal(text_distance((struct str){a, 255}, (struct str){b, 255}, 500), 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_compare_by_bytes),
        cmocka_unit_test(slices_stay_inside),
        cmocka_unit_test(splitting_keeps_empty_parts),
        cmocka_unit_test(numbers_are_whole_and_in_range),
        cmocka_unit_test(only_valid_utf8_passes),
        cmocka_unit_test(clean_text_has_no_controls),
        cmocka_unit_test(normal_form_is_one_and_stays),
        cmocka_unit_test(want_of_memory_is_a_fault),
        cmocka_unit_test(folding_removes_case_and_accents),
        cmocka_unit_test(folding_leaves_no_latin_stroke),
        cmocka_unit_test(width_counts_cells),
        cmocka_unit_test(clipping_keeps_characters_whole),
        cmocka_unit_test(distance_is_levenshtein_up_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
