/* test_history.c - claims about visits, ice, undone events and cycles. */
#include "common/metrics/history.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/metrics_world.h"

static const int64_t DAY_MS = INT64_C(86400000);

static const struct {
    const char *claim, *past;
    size_t visits, undone;
    int64_t first_days, cycle_days; /* -1: not known */
    bool proper;
} rows[] = {
    {"a straight win", "C0 Q3 P7 W10", 3, 0, 3, 10, true},
    {"a lead's time is no part of the cycle", "L0 C4 W10", 2, 0, 4, 6, true},
    {"ice stops the clock and thawing resumes the visit", "C0 I2 T8 Q9 W10", 2, 0, 3, 4, true},
    {"an undone move never happened", "C0 Q3 U4 W10", 1, 2, 10, 10, true},
    {"an undone undo takes nothing back", "C0 Q3 U4 U5 W10", 2, 2, 3, 10, true},
    {"ice of unknown length leaves the cycle unknown", "C0 I? T? Q9 W10", 2, 0, -1, -1, true},
    {"closed time does not count", "C0 W2 Q6 W10", 2, 0, 2, 6, true},
    {"an unknown time stays unknown", "C? Q3 W10", 2, 0, -1, -1, true},
    {"what was deleted and is there again starts anew", "C0 Q3 W10 Z12 C0 P5 W10", 2, 3, 5, 10, true},
    {"a deletion taken back never happened", "C0 Q3 Z5 U6 W10", 2, 1, 3, 10, true},
    {"going back makes a second visit", "C0 Q3 C5 W10", 3, 0, 3, 10, true},
    {"a lead that was lost was no opportunity", "L0 X4", 1, 0, 4, -1, false},
    {"a loss without a past may have been one", "X4", 0, 0, -1, -1, true},
};

static void history_reads_visits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct past_world past;
        struct history h = {.count = 0};
        past_write(&past, rows[i].past, 100);
        struct question q = question_about(&arena, REPORT_WINRATE, 0, 100);
        assert_int_equal(
            history_build(&h, &arena, q.definition, &past.deal, past.rows, past.count), FAULT_NONE);
        int64_t first = -1, cycle = -1;
        if (h.count == 0 || !visit_elapsed(&h.visits[0], 100 * DAY_MS, &first)) first = -DAY_MS;
        if (!history_cycle(&h, past.deal.closed_at.v, &cycle)) cycle = -DAY_MS;
        if (h.count != rows[i].visits || h.undone_count != rows[i].undone ||
            first != rows[i].first_days * DAY_MS || cycle != rows[i].cycle_days * DAY_MS ||
            history_is_proper(&h, &past.deal) != rows[i].proper) {
            fail_msg("%s: visits %zu undone %zu first %d cycle %d", rows[i].claim, h.count,
                     h.undone_count, (int)(first / DAY_MS), (int)(cycle / DAY_MS));
        }
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(history_reads_visits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
