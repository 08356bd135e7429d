/* tally.h - the sums and lists reports are made of: exact, in 128 bits, without floating point. */
#ifndef SLUICE_COMMON_METRICS_TALLY_H
#define SLUICE_COMMON_METRICS_TALLY_H

#include "common/base/arena.h"
#include "common/metrics/report.h"

__extension__ typedef __int128 wide; /* not in ISO C; gcc and clang have it */

/* Durations, in no order until asked. */
struct durations {
    int64_t *items;
    size_t count, cap;
};

MUST_USE enum fault durations_add(struct durations *d, struct arena *arena, int64_t ms);
void durations_sort(struct durations *d);
/* Rounded half to even. lack LACK_NO_TIMES when there are none. */
struct report_cell durations_mean(const struct durations *d);
/* Nearest rank: the smallest item with at least `percent` % of all at or below it. Sorted first. */
struct report_cell durations_percentile(const struct durations *d, unsigned percent);
/* n / d rounded half to even; both not negative, d > 0. */
wide wide_divide(wide n, wide d);
/* In hundredths of a percent; `lack` when whole is 0. */
struct report_cell report_cell_percent(wide part, wide whole, enum report_lack lack);
struct report_cell report_cell_wide(wide sum); /* LACK_TOO_LARGE outside int64 */
struct report_cell report_cell_count(uint64_t count);
struct report_cell report_cell_text(struct str text);
struct report_cell report_cell_lack(enum report_lack lack);

#endif
