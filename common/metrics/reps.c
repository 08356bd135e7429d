/* reps.c - the table of salespeople, best won value first; equal ones share a rank.
 *
 * Called by report.c. Won and lost are the owner's at close, open deals the owner's now, activities
 * theirs who did them. */
#include "common/metrics/winrate.h"

#include <stdlib.h>

#include "common/base/banned.h"

static const struct report_column columns[] = {
    {"rank", "Rank", COLUMN_COUNT},
    {"owner", "Owner", COLUMN_TEXT},
    {"won", "Won", COLUMN_COUNT},
    {"lost", "Lost", COLUMN_COUNT},
    {"win_rate", "Win rate", COLUMN_PERCENT},
    {"won_value", "Won value", COLUMN_MONEY},
    {"open", "Open deals", COLUMN_COUNT},
    {"open_value", "Open value", COLUMN_MONEY},
    {"cycle_mean", "Mean cycle", COLUMN_DAYS},
    {"cycle_median", "Median cycle", COLUMN_DAYS},
    {"calls", "Calls", COLUMN_COUNT},
    {"mails_out", "Mails out", COLUMN_COUNT},
    {"mails_in", "Mails in", COLUMN_COUNT},
    {"meetings", "Meetings", COLUMN_COUNT},
    {"notes", "Notes", COLUMN_COUNT},
};
enum { COLUMNS = sizeof columns / sizeof columns[0], COLUMN_ACTIVITIES = 10 };

static int group_compare(const void *left, const void *right)
{
    const struct group *a = *(struct group *const *)left, *b = *(struct group *const *)right;
    if (a->won_value != b->won_value) return a->won_value > b->won_value ? -1 : 1;
    int names = str_compare(a->name, b->name);
    return names ? names : str_compare(a->key, b->key);
}

static struct report_row reps_row(struct metrics *m, struct group *group, struct str key,
                                  struct report_cell rank)
{
    struct report_row row = report_row_make(m->arena, key, COLUMNS);
    if (!row.cells) return row;
    durations_sort(&group->cycles);
    row.cells[0] = rank;
    row.cells[1] = report_cell_text(group->name);
    row.cells[2] = report_cell_count(group->won);
    row.cells[3] = report_cell_count(group->lost);
    row.cells[4] = group_rate(group);
    row.cells[5] = report_cell_wide(group->won_value);
    row.cells[6] = report_cell_count(group->open);
    row.cells[7] = report_cell_wide(group->open_value);
    row.cells[8] = durations_mean(&group->cycles);
    row.cells[9] = durations_percentile(&group->cycles, 50);
    for (size_t i = ACTIVITY_CALL; i <= ACTIVITY_NOTE; i++) {
        row.cells[COLUMN_ACTIVITIES + i - ACTIVITY_CALL] = report_cell_count(group->activities[i]);
    }
    return row;
}

enum fault reps_finish(struct metrics *m, struct report *out)
{
    struct winrate *w = m->winrate;
    size_t count = w->groups.count;
    out->columns = columns;
    out->column_count = COLUMNS;
    out->row_count = count;
    out->rows = arena_array(m->arena, count + 1, sizeof *out->rows);
    struct group **sorted = arena_array(m->arena, count + 1, sizeof(struct group *));
    out->totals = reps_row(m, &w->total, STR("total"), report_cell_lack(LACK_NO_MEANING));
    if (!out->rows || !sorted) return arena_fault(m->arena);
    for (size_t i = 0; i < count; i++) sorted[i] = w->groups.entries[i].value;
    qsort(sorted, count, sizeof(struct group *), group_compare);
    uint64_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || sorted[i]->won_value != sorted[i - 1]->won_value) rank = i + 1;
        out->rows[i] = reps_row(m, sorted[i], sorted[i]->key, report_cell_count(rank));
    }
    uint64_t closed = w->total.won + w->total.lost;
    if (closed < REPORT_THIN_BELOW) m->notes[NOTE_THIN] = (int64_t)closed;
    return arena_fault(m->arena);
}
