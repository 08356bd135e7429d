/* engine.h - what the reports share inside this folder; nobody else includes it. */
#ifndef SLUICE_COMMON_METRICS_ENGINE_H
#define SLUICE_COMMON_METRICS_ENGINE_H

#include "common/base/map.h"
#include "common/metrics/history.h"
#include "common/metrics/report.h"
#include "common/metrics/tally.h"

struct winrate;
struct funnel;

struct metrics {
    struct arena *arena;
    struct question question;
    const struct pipeline *pipeline; /* NULL: all */
    struct history history;          /* of the deal being fed */
    struct winrate *winrate;         /* also reps */
    struct funnel *funnel;
    int64_t notes[NOTE_COUNT];
    struct report_behind *behind;
    size_t behind_count, behind_cap;
};

bool metrics_has_owner(const struct metrics *m, struct uuid owner);
/* Is that instant's local date within the period? */
bool metrics_in_period(const struct metrics *m, int64_t at_ms);
/* Was it recorded after the period had ended? Then it restates what was reported. */
bool metrics_is_late(const struct metrics *m, struct optional recorded);
/* The value when it is in the report's currency; otherwise notes why not and gives false. */
bool metrics_value(struct metrics *m, const struct deal *deal, int64_t *out);
/* Remembers that the deal is behind that count of that row, if anybody wants to know. */
void metrics_behind(struct metrics *m, struct str row, const char *figure, const struct deal *deal);
/* Counts a deal for that note. */
void metrics_note(struct metrics *m, enum report_note note, const struct deal *deal);
/* A row of `columns` cells in the arena; cells NULL when out of memory. */
struct report_row report_row_make(struct arena *arena, struct str key, size_t columns);

MUST_USE enum fault winrate_create(struct metrics *m);
MUST_USE enum fault winrate_feed(struct metrics *m, const struct deal *deal);
MUST_USE enum fault winrate_feed_activity(struct metrics *m, const struct activity *activity);
MUST_USE enum fault winrate_finish(struct metrics *m, struct report *out);
MUST_USE enum fault reps_finish(struct metrics *m, struct report *out);
MUST_USE enum fault funnel_create(struct metrics *m);
MUST_USE enum fault funnel_feed(struct metrics *m, const struct deal *deal);
MUST_USE enum fault funnel_finish(struct metrics *m, struct report *out);

#endif
