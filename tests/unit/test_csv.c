/* test_csv.c - claims about reading delimited text and single cells of foreign tables. */
#include "client/exchange/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    for (size_t i = 0; i < 7; i++) csv_cell(&out, str_from(cells[i]), i == 0);
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

static void dates_are_never_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *cell;
        enum date_order order;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"2017-03-01", DATE_ORDER_ISO, "2017-03-01"},
        {"2017-03-01T10:00:00Z", DATE_ORDER_ISO, "2017-03-01"},
        {"2017-03-01 10:00", DATE_ORDER_DMY, "2017-03-01"},
        {"42795", DATE_ORDER_ISO, "2017-03-01"}, /* a spreadsheet's serial day */
        {"03/04/2017", DATE_ORDER_ISO, NULL},
        {"03/04/2017", DATE_ORDER_DMY, "2017-04-03"},
        {"03/04/2017", DATE_ORDER_MDY, "2017-03-04"},
        {"31.02.2017", DATE_ORDER_DMY, NULL},
        {"13/13/2017", DATE_ORDER_MDY, NULL},
        {"3.4.17", DATE_ORDER_DMY, NULL},
        {"soon", DATE_ORDER_DMY, NULL},
        {"7", DATE_ORDER_ISO, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t days = 0;
        char text[11] = "";
        enum fault fault = import_date(str_from(rows[i].cell), rows[i].order, &days);
        if (!fault) date_format(days, text);
        if (rows[i].want ? fault || !str_equal(str_from(text), str_from(rows[i].want)) : !fault) {
            fail_msg("%s: fault %d, %s", rows[i].cell, fault, text);
        }
    }
}

static void amounts_are_never_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *cell;
        bool comma;
        int64_t want; /* -1: refused */
    } rows[] = {
        {"1054", false, 105400},      {"12,500.50", false, 1250050}, {"12.500,50", true, 1250050},
        {"12 500", false, 1250000},   {"1,12", false, -1},           {"1,12", true, 112},
        {"1.12", true, -1},           {"1,2345", false, -1},         {"12,500", false, 1250000},
        {"1,234,567", false, 123456700}, {"EUR 5", false, -1},       {"0", false, 0},
        {"1234,567", false, -1},      {"", false, -1},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    const struct currency *euro = currency_find(STR("EUR"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t minor = 0;
        enum fault fault =
            import_money(&arena, str_from(rows[i].cell), rows[i].comma, euro, &minor);
        if (rows[i].want < 0 ? !fault : fault || minor != rows[i].want) {
            fail_msg("%s: fault %d, %lld", rows[i].cell, fault, (long long)minor);
        }
    }
    arena_finish(&arena);
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
        cmocka_unit_test(headers_match_without_decoration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
