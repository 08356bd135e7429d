/* abridged.h - a deal's events in as few bytes as judging its health takes.
 *
 * The copy keeps those of each open deal together, as one text: a list judges thousands of deals.
 * Invariant: judged by its abridged events a deal is what it is by all of them. */
#ifndef SLUICE_COMMON_METRICS_ABRIDGED_H
#define SLUICE_COMMON_METRICS_ABRIDGED_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/domain/entity.h"

/* Whoever keeps abridged events makes them anew when this is another number: which events and which
 * of their fields are kept, and how. */
enum { ABRIDGED_FORMAT = 1 };

struct abridged {
    uint64_t seq; /* with n the place among the others of that deal */
    uint32_t n;
    struct event *event; /* without what no judgement reads */
};

/* False for one that says nothing of a deal's health, nor takes back one that does. */
bool abridged_keeps(const struct event *event);
/* Only of those that are kept. */
void abridged_append(struct buffer *out, uint64_t seq, uint32_t n, const struct event *event);
/* Takes the next one off *rest; texts are borrowed from there. FAULT_FORMAT: not of abridged_append. */
MUST_USE enum fault abridged_next(struct arena *arena, struct uuid deal, struct str *rest,
                                  struct abridged *out);

#endif
