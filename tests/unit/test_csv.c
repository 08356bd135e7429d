/* test_csv.c - claims about reading delimited text and single cells of foreign tables. */
#include "client/exchange/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/exchange/encoding.h"
#include "client/exchange/import_cell.h"

static void records_read_as_people_export_them(void **state)
{
    (void)state;
    static const struct {
        const char *claim, *text, *cells; /* cells of all records: '|' between, '/' behind each */
        enum fault end;
    } rows[] = {
        {"commas", "a,b\n1,2\n", "a|b/1|2/", FAULT_NOT_FOUND},
        {"semicolons are sniffed from the header", "a;b;c\n1,5;2;3\n", "a|b|c/1,5|2|3/",
         FAULT_NOT_FOUND},
        {"tabs too", "a\tb\n1\t2", "a|b/1|2/", FAULT_NOT_FOUND},
        {"a byte order mark is no part of the first header", "\xEF\xBB\xBF" "a,b\n", "a|b/",
         FAULT_NOT_FOUND},
        {"a delimiter inside quotes is text", "\"a;b;c\",d\n\"x,y\",z\n", "a;b;c|d/x,y|z/",
         FAULT_NOT_FOUND},
        {"doubled quotes are one", "a\n\"say \"\"hi\"\"\"\n", "a/say \"hi\"/", FAULT_NOT_FOUND},
        {"a line end inside quotes stays", "a,b\n\"1\n2\",3\n", "a|b/1\n2|3/", FAULT_NOT_FOUND},
        {"carriage returns end lines", "a,b\r\n1,2\r\n", "a|b/1|2/", FAULT_NOT_FOUND},
        {"empty lines are passed over", "a\n\n\n1\n", "a/1/", FAULT_NOT_FOUND},
        {"an empty last cell counts", "a,b\n1,\n", "a|b/1|/", FAULT_NOT_FOUND},
        {"a quote that never closes is an error", "a\n\"1\n2\n", "a/", FAULT_FORMAT},
        {"an empty file has no records", "", "", FAULT_NOT_FOUND},
        {"text behind a closing quote is part of the cell", "a,b\n\"x\" y,2\n", "a|b/\"x\" y|2/",
         FAULT_NOT_FOUND},
        {"a spreadsheet's own hint tells the delimiter", "sep=;\na,x;b\n1;2\n", "a,x|b/1|2/",
         FAULT_NOT_FOUND},
        {"a header with a line end in it", "\"a\nb\";c\n1;2\n", "a\nb|c/1|2/", FAULT_NOT_FOUND},
    };
    struct csv_record *record = test_malloc(sizeof *record);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 16);
        struct csv_reader reader;
        csv_open(&reader, str_from(rows[i].text));
        struct buffer seen;
        buffer_init(&seen, 1024);
        enum fault fault;
        while ((fault = csv_next(&reader, &arena, record)) == FAULT_NONE) {
            for (size_t k = 0; k < record->count; k++) {
                if (k) buffer_append_byte(&seen, '|');
                buffer_append_str(&seen, record->cells[k]);
            }
            buffer_append_byte(&seen, '/');
        }
        if (fault != rows[i].end || !str_equal(buffer_str(&seen), str_from(rows[i].cells))) {
            fail_msg("%s: got %.*s", rows[i].claim, STR_ARGS(buffer_str(&seen)));
        }
        buffer_finish(&seen);
        arena_finish(&arena);
    }
    test_free(record);
}

static void lines_are_counted_through_quotes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct csv_record *record = test_malloc(sizeof *record);
    struct csv_reader reader;
    csv_open(&reader, STR("a,b\n\"1\n2\",3\n4,5\n"));
    const size_t lines[] = {1, 2, 4};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(csv_next(&reader, &arena, record), FAULT_NONE);
        assert_int_equal(record->line, lines[i]);
    }
    test_free(record);
    arena_finish(&arena);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    static const char *cells[] = {"plain", "a,b", "say \"hi\"", "two\nlines", "", "=1+1", "a;b"};
    struct buffer out;
    buffer_init(&out, 1024);
    for (size_t i = 0; i < 7; i++) csv_cell(&out, str_from(cells[i]), ',', i == 0);
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct csv_record *record = test_malloc(sizeof *record);
    struct csv_reader reader = {.text = buffer_str(&out), .delimiter = ',', .next_line = 1};
    assert_int_equal(csv_next(&reader, &arena, record), FAULT_NONE);
    assert_int_equal(record->count, 7);
    for (size_t i = 0; i < 7; i++) assert_true(str_equal(record->cells[i], str_from(cells[i])));
    test_free(record);
    arena_finish(&arena);
    buffer_finish(&out);
}

static void formulas_are_told_and_their_guard_is_undone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool formula;
    } rows[] = {
        {"=cmd|' /C calc'!A0", true}, {"+48 22 1", true}, {"-1", true}, {"@SUM(A1)", true},
        {"\tx", true},                {"'=x", true},      {"''=x", true}, {"'tis", false},
        {"'", false},                 {"", false},        {"a=b", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str text = str_from(rows[i].text);
        assert_int_equal(csv_is_formula(text), rows[i].formula);
        char guarded[64] = "'";
        memcpy(guarded + 1, text.p, text.n);
        if (rows[i].formula) {
            assert_true(str_equal(csv_unguard((struct str){guarded, text.n + 1}), text));
        } else {
            assert_true(str_equal(csv_unguard(text), text));
        }
    }
}

static void dates_are_never_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *cell;
        enum date_order order;
        const char *day; /* NULL: refused */
    } rows[] = {
        {"2016-10-20", DATE_ORDER_AUTO, "2016-10-20"},
        {"2016-10-20T10:00:00Z", DATE_ORDER_AUTO, "2016-10-20"},
        {"2016-10-20 10:00", DATE_ORDER_DMY, "2016-10-20"},
        {"2016/1/5", DATE_ORDER_MDY, "2016-01-05"},
        {"42663", DATE_ORDER_AUTO, "2016-10-20"},
        {"42663.5", DATE_ORDER_AUTO, "2016-10-20"},
        {"7", DATE_ORDER_AUTO, NULL},
        {"20.10.2016", DATE_ORDER_DMY, "2016-10-20"},
        {"10/20/2016", DATE_ORDER_MDY, "2016-10-20"},
        {"10/20/2016", DATE_ORDER_DMY, NULL},
        {"03/04/2016", DATE_ORDER_AUTO, NULL},
        {"03/04/2016", DATE_ORDER_DMY, "2016-04-03"},
        {"03/04/2016", DATE_ORDER_MDY, "2016-03-04"},
        {"03/04/16", DATE_ORDER_DMY, NULL},
        {"31.02.2016", DATE_ORDER_DMY, NULL},
        {"20 Oct 2016", DATE_ORDER_AUTO, "2016-10-20"},
        {"Oct 20, 2016", DATE_ORDER_AUTO, "2016-10-20"},
        {"20-October-2016", DATE_ORDER_AUTO, "2016-10-20"},
        {"soon", DATE_ORDER_DMY, NULL},
        {"", DATE_ORDER_DMY, NULL},
        {"99999999999999999999", DATE_ORDER_AUTO, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t days = 0;
        char text[11] = "";
        enum fault fault = import_date(str_from(rows[i].cell), rows[i].order, &days);
        if (!fault) date_format(days, text);
        if (rows[i].day ? fault || strcmp(text, rows[i].day) != 0 : !fault) {
            fail_msg("%s: fault %d, %s", rows[i].cell, fault, text);
        }
    }
}

static void the_order_of_a_date_is_known_only_when_it_can_be(void **state)
{
    (void)state;
    const unsigned dmy = 1u << DATE_ORDER_DMY, mdy = 1u << DATE_ORDER_MDY;
    assert_int_equal(import_date_orders(STR("03/04/2016")), dmy | mdy);
    assert_int_equal(import_date_orders(STR("03.04.2016")), dmy);
    assert_int_equal(import_date_orders(STR("13/04/2016")), dmy);
    assert_int_equal(import_date_orders(STR("04/13/2016 08:30")), mdy);
    assert_int_equal(import_date_orders(STR("2016-04-13")), 0);
    assert_int_equal(import_date_orders(STR("99/99/2016")), 0);
}

static void amounts_are_never_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *cell;
        enum decimal_sign decimal;
        int64_t want; /* -1: refused */
        unsigned told; /* by the cell itself */
        const char *token;
    } rows[] = {
        {"1234.56", DECIMAL_POINT, 123456, 1u << DECIMAL_POINT, ""},
        {"1,234.56", DECIMAL_POINT, 123456, 1u << DECIMAL_POINT, ""},
        {"1.234,56", DECIMAL_COMMA, 123456, 1u << DECIMAL_COMMA, ""},
        {"1 234,56", DECIMAL_COMMA, 123456, 1u << DECIMAL_COMMA, ""},
        {"1\xC2\xA0" "234,56 z\xC5\x82", DECIMAL_COMMA, 123456, 1u << DECIMAL_COMMA, "z\xC5\x82"},
        {"1'234.50", DECIMAL_POINT, 123450, 1u << DECIMAL_POINT, ""},
        {"1,12", DECIMAL_POINT, -1, 1u << DECIMAL_COMMA, ""},
        {"1,12", DECIMAL_COMMA, 112, 1u << DECIMAL_COMMA, ""},
        {"12,500", DECIMAL_POINT, 1250000, 6, ""},
        {"1.234", DECIMAL_COMMA, 123400, 6, ""},
        {"1,234,567", DECIMAL_POINT, 123456700, 1u << DECIMAL_POINT, ""},
        {"1234,567", DECIMAL_POINT, -1, 1u << DECIMAL_COMMA, ""},
        {"EUR 5", DECIMAL_POINT, 500, 0, "EUR"},
        {"$1,054.00", DECIMAL_POINT, 105400, 1u << DECIMAL_POINT, "$"},
        {"5 \xE2\x82\xAC", DECIMAL_POINT, 500, 0, "\xE2\x82\xAC"},
        {"12.5k", DECIMAL_POINT, 1250000, 1u << DECIMAL_POINT, ""},
        {"-5", DECIMAL_POINT, -500, 0, ""},
        {"(5.00)", DECIMAL_POINT, -500, 1u << DECIMAL_POINT, ""},
        {"0", DECIMAL_POINT, 0, 0, ""},
        {"", DECIMAL_POINT, -1, 0, ""},
        {"abc", DECIMAL_POINT, -1, 0, ""},
        {"1-2", DECIMAL_POINT, 100, 0, "-2"},
        {"9999999999999999999999", DECIMAL_POINT, -1, 0, ""},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct currency *euro = currency_find(STR("EUR"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amount amount;
        int64_t minor = 0;
        enum fault fault = import_amount(&arena, str_from(rows[i].cell), &amount);
        if (!fault) assert_int_equal(import_amount_decimals(&amount), rows[i].told);
        if (!fault) assert_true(str_equal(amount.token, str_from(rows[i].token)));
        if (!fault) fault = import_amount_value(&arena, &amount, rows[i].decimal, euro, &minor);
        if (rows[i].want == -1 ? !fault : fault || minor != rows[i].want) {
            fail_msg("%s: fault %d, %lld", rows[i].cell, fault, (long long)minor);
        }
    }
    arena_finish(&arena);
}

static void a_token_names_a_currency_or_fits_one(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct currency *euro = currency_find(STR("EUR")), *dollar = currency_find(STR("USD"));
    bool fits;
    assert_ptr_equal(import_amount_currency(&arena, STR("\xE2\x82\xAC"), dollar, &fits), euro);
    assert_false(fits);
    assert_null(import_amount_currency(&arena, STR("$"), dollar, &fits));
    assert_true(fits);
    assert_null(import_amount_currency(&arena, STR("$"), euro, &fits));
    assert_false(fits);
    assert_null(import_amount_currency(&arena, STR("apples"), euro, &fits));
    assert_false(fits);
    assert_ptr_equal(import_amount_currency(&arena, STR("usd"), dollar, &fits), dollar);
    arena_finish(&arena);
}

static void encodings_are_told_by_their_bytes(void **state)
{
    (void)state;
    static const struct {
        struct str bytes;
        enum encoding want;
    } rows[] = {
        {STR_INIT("deal\nRoof\n"), ENCODING_UTF8},
        {STR_INIT("deal\n\xC5\x81\xC3\xB3" "d\xC5\xBA\n"), ENCODING_UTF8},
        {STR_INIT("deal\n\xA3\xF3" "d\x9F wie\xBF" "a\n"), ENCODING_WINDOWS1250},
        {STR_INIT("deal\nM\xFCller\n"), ENCODING_WINDOWS1252},
        {STR_INIT("deal\nNo\xEBl, se\xF1or\n"), ENCODING_UNTOLD},
        {STR_INIT("\xFF\xFE" "d\0"), ENCODING_UTF16},
        {STR_INIT("d\0e\0a\0l\0\n\0"), ENCODING_UTF16LE},
        {STR_INIT("\0d\0e\0a\0l\0\n"), ENCODING_UTF16BE},
        {STR_INIT("PK\x03\x04 and so on"), ENCODING_WORKBOOK},
        {STR_INIT("\x7F" "ELF\x02\x01\x01\0\0\0\0\0"), ENCODING_BINARY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (encoding_guess(rows[i].bytes) != rows[i].want) {
            fail_msg("row %zu: %d", i, (int)encoding_guess(rows[i].bytes));
        }
    }
}

static void headers_match_without_decoration(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct str a, b;
    assert_int_equal(import_header_fold(&arena, STR(" Wartość  *"), &a), FAULT_NONE);
    assert_int_equal(import_header_fold(&arena, STR("wartosc"), &b), FAULT_NONE);
    assert_true(str_equal(a, b));
    assert_int_equal(import_header_fold(&arena, STR("Close   Date"), &a), FAULT_NONE);
    assert_int_equal(import_header_fold(&arena, STR("close_date"), &b), FAULT_NONE);
    assert_true(str_equal(a, b));
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_read_as_people_export_them),
        cmocka_unit_test(lines_are_counted_through_quotes),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(dates_are_never_guessed),
        cmocka_unit_test(amounts_are_never_guessed),
        cmocka_unit_test(formulas_are_told_and_their_guard_is_undone),
        cmocka_unit_test(the_order_of_a_date_is_known_only_when_it_can_be),
        cmocka_unit_test(a_token_names_a_currency_or_fits_one),
        cmocka_unit_test(encodings_are_told_by_their_bytes),
        cmocka_unit_test(headers_match_without_decoration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
