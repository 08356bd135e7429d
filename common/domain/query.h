/* query.h - the filter language: one text for CLI, board and reports.
 *
 *   stage:proposal owner:me value>10k due<fri tag:vip -source:web is:slow łódź sort:-value
 *
 * Terms are joined by AND; `a,b` inside a term by OR; a leading '-' negates; a bare word matches
 * title, organisation or contact without case and accents; FIELD: with nothing behind it means
 * "has no value". Numbers and dates take > >= < <= and A..B; before these signs the ':' may be left
 * out. `sort:` orders instead of filtering. Compiled once, evaluated per deal without allocation
 * beyond the arena given. */
#ifndef SLUICE_COMMON_DOMAIN_QUERY_H
#define SLUICE_COMMON_DOMAIN_QUERY_H

#include "common/base/calendar.h"
#include "common/domain/definition.h"
#include "common/domain/field.h"

/* Flags a deal can have that are not fields; bit n of deal_view.is = 1 << n. */
enum deal_is {
    IS_HOT, IS_WARM, IS_COLD, IS_SLOW, IS_QUIET, IS_STALE, IS_OVERDUE, IS_NO_NEXT_STEP, IS_WAITING,
    IS_CONFLICT, IS_ATTENTION, IS_COUNT
};
const char *deal_is_name(enum deal_is is); /* "no-next-step" */

struct health; /* common/metrics/health.h */

/* A deal with what lists show and filters ask beyond its own fields. All borrowed. */
struct deal_view {
    const struct deal *deal;
    struct str organisation, contact, owner; /* names; absent if none */
    const struct stage *stage;               /* today's (successor followed); NULL if unknown */
    const struct pipeline *pipeline;
    int64_t probability;                     /* effective percent */
    int64_t age_days;                        /* -1 unknown */
    uint32_t is;
    uint32_t why;                            /* reasons: bits of enum health_reason */
    const struct health *health;             /* the figures behind them; NULL: not judged */
};

struct query_context {
    const struct definition *definition;
    struct uuid me;
    struct str my_name;
    struct zone zone;
    int64_t today; /* local date */
    const struct member *const *members;
    size_t member_count;
    struct str currency; /* for "value:>10k" */
};

struct query;

/* Parses and resolves names. On a mistake returns FAULT_FORMAT and *mistake says which term, why,
 * and what is possible ("unknown filter \"stge:\"; did you mean stage:?"); of several terms two
 * further lines show the text and point at the place. */
MUST_USE enum fault query_compile(struct arena *arena, struct str text,
                                  const struct query_context *context, struct query **out,
                                  struct str *mistake);
bool query_matches(const struct query *query, const struct deal_view *view);
/* The order asked for by `sort:`; 0 where it leaves both equal, or none was asked for. */
bool query_is_sorted(const struct query *query);
int query_compare(const struct query *query, const struct deal_view *a, const struct deal_view *b);

#endif
