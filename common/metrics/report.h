/* report.h - reports as tables of numbers, and the engine that fills them deal by deal.
 *
 * Any store feeds it: each deal with its events in order, activities one by one, in any order; the
 * client and the server then have the same figures, for it is all integers. Money is minor units of
 * the report's currency, a percentage is in hundredths of a percent, days are milliseconds elapsed;
 * only report_cell_format makes text of them. Labels and sentences are for translation. */
#ifndef SLUICE_COMMON_METRICS_REPORT_H
#define SLUICE_COMMON_METRICS_REPORT_H

#include "common/base/calendar.h"
#include "common/domain/definition.h"

enum report_kind { REPORT_NONE = 0, REPORT_WINRATE, REPORT_REPS, REPORT_FUNNEL, REPORT_COUNT };
enum column_type {
    COLUMN_TEXT = 1, COLUMN_COUNT, COLUMN_MONEY, COLUMN_PERCENT, COLUMN_DAYS, COLUMN_DATE
};
/* Why a cell has no number. */
enum report_lack {
    LACK_NONE = 0,
    LACK_NO_CLOSED,      /* nothing won or lost */
    LACK_NO_VALUE,       /* what was won and lost is worth nothing */
    LACK_LOST_WORTHLESS, /* every lost deal has value 0, so the rate would be 100 % */
    LACK_LOST_ELSEWHERE, /* every lost deal is valued in another currency */
    LACK_NO_TIMES,       /* no duration is known */
    LACK_NO_ENTERED,     /* no deal entered the stage */
    LACK_NO_OUTCOME,     /* none advanced or was lost */
    LACK_TOO_LARGE,      /* the sum does not fit */
    LACK_NO_MEANING,     /* this row has no such figure */
    LACK_COUNT
};
enum report_note {
    NOTE_UNDONE,           /* events left out because they were undone, and what undid them */
    NOTE_OTHER_CURRENCY,   /* deals whose value is in another currency */
    NOTE_NO_VALUE,         /* closed deals without a value, counted as 0 */
    NOTE_UNKNOWN_CLOSING,  /* closed deals whose closing date is not known */
    NOTE_UNKNOWN_ENTRY,    /* deals whose entry into a stage has no known time */
    NOTE_UNKNOWN_DURATION, /* durations that are not known */
    NOTE_NEVER_PROPER,     /* lost deals that never were more than a lead */
    NOTE_LATE,             /* deals of which it was recorded after the period had ended */
    NOTE_UNKNOWN_ACTIVITY, /* activities without a date */
    NOTE_THIN,             /* closed deals (or entries), when they are too few to say much */
    NOTE_COUNT
};
enum { REPORT_THIN_BELOW = 20 };
enum winrate_by { WINRATE_BY_NONE = 0, WINRATE_BY_OWNER, WINRATE_BY_SOURCE, WINRATE_BY_MONTH };

struct report_column {
    const char *key, *label;
    enum column_type type;
};
struct report_cell {
    enum report_lack lack; /* other than none: no number */
    bool so_far;           /* may still change: deals of it are running */
    int64_t number;
    struct str text; /* COLUMN_TEXT */
};
struct report_row {
    struct str key; /* a stage's key, a member's id, "2027-03"; stable for programs */
    struct report_cell *cells;
};
/* One deal behind one count of one row; row absent: behind a note. */
struct report_behind {
    struct str row;     /* its key */
    const char *figure; /* "won", or the name of a note */
    struct uuid deal;
};
struct report {
    enum report_kind kind;
    const char *name, *explain;
    int64_t from, to; /* local dates [from, to) */
    struct str pipeline, currency;
    int64_t as_of_ms;
    const struct report_column *columns;
    size_t column_count;
    struct report_row *rows;
    size_t row_count;
    struct report_row totals; /* cells NULL: this report has none */
    int64_t notes[NOTE_COUNT]; /* 0: nothing to say */
    const struct report_behind *behind; /* when it was asked for */
    size_t behind_count;
};

/* What is asked. All borrowed until the report is finished. */
struct question {
    enum report_kind kind;
    enum winrate_by by;
    const struct definition *definition;
    struct zone zone;
    int64_t from, to;    /* local dates [from, to) */
    int64_t as_of_ms;
    struct str pipeline; /* absent: all of them; for the funnel the first */
    struct str currency;
    const struct uuid *owners; /* none: everybody */
    size_t owner_count;
    const struct member *const *members; /* names */
    size_t member_count;
    bool behind; /* remember the deals behind each figure */
};

struct metrics;

/* FAULT_NOT_FOUND for a pipeline the definition does not have. */
MUST_USE enum fault metrics_create(struct arena *arena, const struct question *question,
                                   struct metrics **out);
/* One deal with all its events. Deals are kept nowhere: what is borrowed ends with the call. */
MUST_USE enum fault metrics_feed_deal(struct metrics *m, const struct deal *deal,
                                      const struct row *events, size_t count);
MUST_USE enum fault metrics_feed_activity(struct metrics *m, const struct activity *activity);
/* Once, at the end. The report lives in the arena. */
MUST_USE enum fault metrics_finish(struct metrics *m, struct report *out);

const char *report_name(enum report_kind kind); /* "winrate"; NULL when there is none */
enum report_kind report_named(struct str name);
/* One sentence for a metric's key ("win_rate"), or NULL. Where a report means something of its own
 * by a key, it is "funnel.lost": ask for that first. */
const char *report_explain(struct str metric);
const char *report_lack_sentence(enum report_lack lack);
/* With {count} {currency} {which}; of so many. */
const char *report_note_sentence(enum report_note note, int64_t count);
/* The name of what a note counts, for those that count deals; else NULL. */
const char *report_note_name(enum report_note note);
/* Is that deal behind the figure of a column, or the note, of that name ('-' is as good as '_')? */
bool report_behind_is(const struct report_behind *behind, struct str figure);
/* The n-th figure of the report that has deals behind it; NULL: there are no more. */
const char *report_figure(const struct report *report, size_t n);
bool report_figure_known(const struct report *report, struct str figure);
/* "63.15", "57.0", "12500.00", "2027-03-01"; a cell without a number gives absent text. */
struct str report_cell_format(struct arena *arena, const struct report *report, size_t column,
                              const struct report_cell *cell);

#endif
