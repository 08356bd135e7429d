/* tally.c - exact sums, means and nearest ranks. Called by every report. */
#include "common/metrics/tally.h"

#include <stdlib.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum fault durations_add(struct durations *d, struct arena *arena, int64_t ms)
{
    void *items = d->items;
    int64_t *item = arena_push(arena, &items, &d->count, &d->cap, sizeof *item);
    d->items = items;
    if (!item) return arena_fault(arena);
    *item = ms;
    return FAULT_NONE;
}

static int number_compare(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void durations_sort(struct durations *d)
{
    if (d->count > 1) qsort(d->items, d->count, sizeof *d->items, number_compare);
}

wide wide_divide(wide n, wide d)
{
    check(n >= 0);
    check(d > 0);
    wide quotient = n / d, twice = 2 * (n % d);
    if (twice > d || (twice == d && quotient % 2 == 1)) quotient++;
    return quotient;
}

struct report_cell report_cell_lack(enum report_lack lack)
{
    return (struct report_cell){.lack = lack};
}

struct report_cell report_cell_wide(wide sum)
{
    if (sum > INT64_MAX || sum < INT64_MIN) return report_cell_lack(LACK_TOO_LARGE);
    return (struct report_cell){.number = (int64_t)sum};
}

struct report_cell report_cell_count(uint64_t count)
{
    return report_cell_wide(count);
}

struct report_cell report_cell_text(struct str text)
{
    return (struct report_cell){.text = text};
}

struct report_cell report_cell_percent(wide part, wide whole, enum report_lack lack)
{
    if (whole <= 0) return report_cell_lack(lack);
    return report_cell_wide(wide_divide(part * 10000, whole));
}

struct report_cell durations_mean(const struct durations *d)
{
    wide sum = 0;
    if (d->count == 0) return report_cell_lack(LACK_NO_TIMES);
    for (size_t i = 0; i < d->count; i++) sum += d->items[i];
    return report_cell_wide(wide_divide(sum, (wide)d->count));
}

struct report_cell durations_percentile(const struct durations *d, unsigned percent)
{
    check(percent <= 100);
    if (d->count == 0) return report_cell_lack(LACK_NO_TIMES);
    size_t rank = (d->count * percent + 99) / 100;
    return report_cell_wide(d->items[rank > 0 ? rank - 1 : 0]);
}
