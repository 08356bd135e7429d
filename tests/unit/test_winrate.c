/* test_winrate.c - claims about win rates, by count and by value, and what has none. */
#include "common/metrics/report.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/metrics_world.h"

static const struct {
    const char *claim, *pasts[4];
    int64_t values[4];
    int won, lost, rate, rate_value; /* hundredths; -1 not available */
    enum report_lack lack_value;
    enum report_note note;
    int noted;
} rows[] = {
    {"two of three", {"C0 W2", "C0 W3", "C0 X4"}, {100, 200, 300}, 2, 1, 6667, 5000, LACK_NONE,
     NOTE_THIN, 3},
    {"nothing closed is not 0", {"C0 Q2", "C0 I3"}, {1, 1}, 0, 0, -1, -1, LACK_NO_CLOSED,
     NOTE_UNDONE, 0},
    {"worthless losses are no 100 %", {"C0 W2", "C0 X2"}, {100, 0}, 1, 1, 5000, -1,
     LACK_LOST_WORTHLESS, NOTE_NO_VALUE, 0},
    {"a lost lead does not count", {"C0 W2", "L0 X2"}, {100, 50}, 1, 0, 10000, 10000, LACK_NONE,
     NOTE_NEVER_PROPER, 1},
    {"the period is half open", {"C0 W9", "C0 W10"}, {100, 100}, 1, 0, 10000, 10000, LACK_NONE,
     NOTE_LATE, 0},
    {"an undone win is none", {"C0 W2 U3", "C0 X4"}, {100, 100}, 0, 1, 0, 0, LACK_NONE, NOTE_UNDONE,
     2},
    {"a reopened win is none", {"C0 W2 Q4", "C0 X4"}, {100, 100}, 0, 1, 0, 0, LACK_NONE,
     NOTE_UNDONE, 0},
    {"an unknown closing is counted apart", {"C0 W?", "C0 X4"}, {100, 100}, 0, 1, 0, 0, LACK_NONE,
     NOTE_UNKNOWN_CLOSING, 1},
};

static void deals_give_a_win_rate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct question q = question_about(&arena, REPORT_WINRATE, 0, 10);
        struct metrics *m;
        struct report report;
        assert_int_equal(metrics_create(&arena, &q, &m), FAULT_NONE);
        for (size_t j = 0; j < 4 && rows[i].pasts[j]; j++) {
            struct past_world past;
            past_write(&past, rows[i].pasts[j], rows[i].values[j]);
            assert_int_equal(metrics_feed_deal(m, &past.deal, past.rows, past.count), FAULT_NONE);
        }
        assert_int_equal(metrics_finish(m, &report), FAULT_NONE);
        const struct report_cell *c = report.totals.cells;
        int rate = c[3].lack ? -1 : (int)c[3].number, value = c[6].lack ? -1 : (int)c[6].number;
        if (c[1].number != rows[i].won || c[2].number != rows[i].lost || rate != rows[i].rate ||
            value != rows[i].rate_value || c[6].lack != rows[i].lack_value ||
            report.notes[rows[i].note] != rows[i].noted) {
            fail_msg("%s: %d/%d rate %d value %d", rows[i].claim, (int)c[1].number,
                     (int)c[2].number, rate, value);
        }
        arena_finish(&arena);
    }
}

static void other_currencies_are_left_out_and_counted(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct question q = question_about(&arena, REPORT_REPS, 0, 10);
    struct metrics *m;
    struct report report;
    struct past_world past;
    assert_int_equal(metrics_create(&arena, &q, &m), FAULT_NONE);
    for (int i = 0; i < 2; i++) {
        past_write(&past, "C0 W2", 500);
        if (i == 1) past.deal.currency = STR("PLN");
        assert_int_equal(metrics_feed_deal(m, &past.deal, past.rows, past.count), FAULT_NONE);
    }
    assert_int_equal(metrics_finish(m, &report), FAULT_NONE);
    assert_int_equal(report.row_count, 1);
    assert_int_equal(report.rows[0].cells[2].number, 2);
    assert_int_equal(report.rows[0].cells[5].number, 500);
    assert_int_equal(report.notes[NOTE_OTHER_CURRENCY], 1);
    struct str text = report_cell_format(&arena, &report, 9, &report.rows[0].cells[9]);
    assert_true(str_equal(text, STR("2.0")));
    arena_finish(&arena);
}

static void losses_of_another_currency_are_not_worthless(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int lost = 0; lost < 3; lost++) { /* none in EUR, one worth something, one worth nothing */
        struct question q = question_about(&arena, REPORT_WINRATE, 0, 10);
        struct metrics *m;
        struct report report;
        struct past_world past;
        assert_int_equal(metrics_create(&arena, &q, &m), FAULT_NONE);
        past_write(&past, "C0 W2", 500);
        assert_int_equal(metrics_feed_deal(m, &past.deal, past.rows, past.count), FAULT_NONE);
        past_write(&past, "C0 X2", 500);
        past.deal.currency = STR("PLN");
        assert_int_equal(metrics_feed_deal(m, &past.deal, past.rows, past.count), FAULT_NONE);
        past_write(&past, "C0 X2", lost == 1 ? 500 : 0);
        if (lost > 0) {
            assert_int_equal(metrics_feed_deal(m, &past.deal, past.rows, past.count), FAULT_NONE);
        }
        assert_int_equal(metrics_finish(m, &report), FAULT_NONE);
        const struct report_cell *rate = &report.totals.cells[6];
        assert_int_equal(rate->lack, lost == 0   ? LACK_LOST_ELSEWHERE
                                     : lost == 1 ? LACK_NONE
                                                 : LACK_LOST_WORTHLESS);
        if (lost == 1) assert_int_equal(rate->number, 5000);
        assert_int_equal(report.notes[NOTE_OTHER_CURRENCY], 1);
    }
    arena_finish(&arena);
}

static void everything_is_explained(void **state)
{
    (void)state;
    for (int i = REPORT_NONE + 1; i < REPORT_COUNT; i++) {
        struct str name = str_from(report_name((enum report_kind)i));
        assert_int_equal(report_named(name), i);
        assert_non_null(report_explain(name));
    }
    for (int i = 0; i < LACK_COUNT; i++) assert_non_null(report_lack_sentence((enum report_lack)i));
    for (int i = 0; i < NOTE_COUNT; i++) {
        const char *one = report_note_sentence((enum report_note)i, 1);
        const char *many = report_note_sentence((enum report_note)i, 2);
        assert_non_null(one);
        assert_string_not_equal(one, many);
    }
    assert_string_equal(report_note_sentence(NOTE_COUNT, 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deals_give_a_win_rate),
        cmocka_unit_test(other_currencies_are_left_out_and_counted),
        cmocka_unit_test(losses_of_another_currency_are_not_worthless),
        cmocka_unit_test(everything_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
