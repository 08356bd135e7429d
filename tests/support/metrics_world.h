/* metrics_world.h - a deal's past written as a few letters, for tests of the metrics. */
#ifndef SLUICE_TESTS_SUPPORT_METRICS_WORLD_H
#define SLUICE_TESTS_SUPPORT_METRICS_WORLD_H

#include "common/metrics/history.h"
#include "common/metrics/report.h"

enum { PAST_EVENTS_MAX = 32 };

struct past_world {
    struct deal deal;
    struct event events[PAST_EVENTS_MAX];
    struct row rows[PAST_EVENTS_MAX];
    size_t count;
};

/* "L0 C1 Q3 I5 T8 W9": Lead, Contact, Qualification, Proposal; Won, lost (X), Iced, Thawed,
 * Discarded, each with its day at noon UTC; '?' is an unknown time; U7 undoes the event before it
 * that is not undone. The deal stands where that leaves it; value in cents of EUR. */
void past_write(struct past_world *past, const char *text, int64_t value);
/* The default definition, all of the days [from, to), in UTC. */
struct question question_about(struct arena *arena, enum report_kind kind, int64_t from, int64_t to);

#endif
