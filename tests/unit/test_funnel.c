/* test_funnel.c - claims about cohorts, implied entries, failures and time in stage. */
#include "common/metrics/report.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/metrics_world.h"

/* Cells 1..7 of the row of Contact, Qualification, Proposal. */
static const struct {
    const char *claim, *past;
    int counts[3][7]; /* entered, advanced, lost, iced, elsewhere, discarded, open */
} rows[] = {
    {"a win advanced everywhere", "C0 Q1 P2 W3",
     {{1, 1, 0, 0, 0, 0, 0}, {1, 1, 0, 0, 0, 0, 0}, {1, 1, 0, 0, 0, 0, 0}}},
    {"skipping implies the stages before", "P2",
     {{1, 1, 0, 0, 0, 0, 0}, {1, 1, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 1}}},
    {"a loss stays in the cohort", "C0 Q1 X2",
     {{1, 1, 0, 0, 0, 0, 0}, {1, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}}},
    {"re-entry counts once, going back does not un-reach", "C0 Q1 C2 Q3 C4",
     {{1, 1, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 0, 0}}},
    {"ice is not lost", "C0 I2",
     {{1, 0, 0, 1, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}}},
    {"back to lead and discarded", "C0 L1 D2",
     {{1, 0, 0, 0, 0, 1, 0}, {0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}}},
    {"a reopened win implies nothing", "C0 W1 C2",
     {{1, 0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}}},
    {"entries outside of the period are not in the cohort", "C20 Q21",
     {{0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}}},
};

static struct report funnel_of(struct arena *arena, const char *text)
{
    struct question q = question_about(arena, REPORT_FUNNEL, 0, 10);
    struct metrics *m;
    struct report report;
    struct past_world past;
    past_write(&past, text, 100);
    assert_int_equal(metrics_create(arena, &q, &m), FAULT_NONE);
    assert_int_equal(metrics_feed_deal(m, &past.deal, past.rows, past.count), FAULT_NONE);
    assert_int_equal(metrics_finish(m, &report), FAULT_NONE);
    return report;
}

static void cohorts_add_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct report report = funnel_of(&arena, rows[i].past);
        assert_int_equal(report.row_count, 3);
        for (size_t s = 0; s < 3; s++) {
            for (size_t c = 0; c < 7; c++) {
                int got = (int)report.rows[s].cells[c + 1].number;
                if (got != rows[i].counts[s][c])
                    fail_msg("%s: stage %zu column %zu is %d", rows[i].claim, s, c, got);
            }
        }
        arena_finish(&arena);
    }
}

static void failures_and_times_have_their_stage(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct report report = funnel_of(&arena, "C0 Q2 I3 T6 X7");
    assert_int_equal(report.rows[0].cells[10].number, 0);
    assert_int_equal(report.rows[1].cells[10].number, 10000);
    assert_int_equal(report.rows[1].cells[11].number, 1);
    assert_int_equal(report.rows[1].cells[13].number, INT64_C(2) * 86400000);
    assert_int_equal(report.rows[2].cells[8].lack, LACK_NO_ENTERED);
    assert_int_equal(report.rows[2].cells[13].lack, LACK_NO_TIMES);
    report = funnel_of(&arena, "X4");
    assert_int_equal(report.row_count, 4);
    assert_true(str_equal(report.rows[3].key, STR("unknown")));
    assert_int_equal(report.rows[3].cells[11].number, 1);
    arena_finish(&arena);
}

/* Entries and losses of the period that were written down after it: each deal once. */
static void what_comes_late_is_told(void **state)
{
    static const struct {
        const char *past;
        int64_t recorded_day;
        int late;
    } late[] = {{"C0 Q2 X4", 9, 0}, {"C0 Q2 X4", 10, 1}, {"C0 Q2", 20, 1}, {"C20 X21", 30, 0},
                {"X4", 30, 1},      {"W4", 30, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof late / sizeof late[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct question q = question_about(&arena, REPORT_FUNNEL, 0, 10);
        struct metrics *m;
        struct report report;
        struct past_world past;
        past_write(&past, late[i].past, 100);
        for (size_t k = 0; k < past.count; k++) {
            past.events[k].recorded_at.v = late[i].recorded_day * INT64_C(86400000);
        }
        assert_int_equal(metrics_create(&arena, &q, &m), FAULT_NONE);
        assert_int_equal(metrics_feed_deal(m, &past.deal, past.rows, past.count), FAULT_NONE);
        assert_int_equal(metrics_finish(m, &report), FAULT_NONE);
        if (report.notes[NOTE_LATE] != late[i].late) {
            fail_msg("%s: %d late", late[i].past, (int)report.notes[NOTE_LATE]);
        }
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cohorts_add_up),
        cmocka_unit_test(failures_and_times_have_their_stage),
        cmocka_unit_test(what_comes_late_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
