/* health.h - hot, warm or cold; slow, quiet, stale, overdue, without a next step: and why.
 *
 * Called for lists, the board and `today`. Norms are fed with every won deal once; then any deal is
 * judged by its events, its touches and those norms. Temperature, slow, quiet and stale are for
 * open deals in proper stages only. */
#ifndef SLUICE_COMMON_METRICS_HEALTH_H
#define SLUICE_COMMON_METRICS_HEALTH_H

#include "common/base/buffer.h"
#include "common/domain/query.h"

/* Why a deal is what it is; bit n of health.why = 1 << n. */
enum health_reason {
    HEALTH_SLOW_OWN,      /* longer in the stage than the stage's own days */
    HEALTH_SLOW_USUAL,    /* longer than three in four visits of won deals */
    HEALTH_SLOW_EXPECTED, /* longer than the expected days, for want of won deals */
    HEALTH_SLOW_AGE,      /* older than nine in ten won deals were when won */
    HEALTH_QUIET,         /* the last touch is longer ago than the stage's quiet days */
    HEALTH_UNTOUCHED,     /* nobody is known to have touched it ever */
    HEALTH_STEP_SOON,     /* a point: next step within 7 days */
    HEALTH_INBOUND,       /* a point: they wrote within 14 days */
    HEALTH_BRISK,         /* a point: not longer in the stage than half the won deals' visits */
    HEALTH_STEADY,        /* a point: the close was not pushed in 30 days */
    HEALTH_DECIDER,       /* a point: the decision maker is known */
    HEALTH_SILENT,        /* cold, whatever the points: neither next step soon nor inbound touch */
    HEALTH_STEP_OVERDUE,  /* the next step's date has passed */
    HEALTH_CLOSE_OVERDUE, /* the expected close has passed */
    HEALTH_NO_STEP,       /* there is no next step */
    HEALTH_WAITING,       /* these three are not judged here: the copy knows them */
    HEALTH_CONFLICT,
    HEALTH_ATTENTION,
    HEALTH_REASON_COUNT
};
const char *health_reason_name(enum health_reason reason);     /* "slow-usual" */
/* For translation; with places {stay} {bears} {age} {cycle} {silence} {quiet} {due} {close}. */
const char *health_reason_sentence(enum health_reason reason);

enum {
    HEALTH_USUAL_VISITS = 20,  /* below, the p75 of won visits says nothing */
    HEALTH_MEDIAN_VISITS = 10, /* below, their median says nothing */
    HEALTH_CYCLES = 20,        /* below, the p90 of won cycles says nothing */
    HEALTH_QUIET_DAYS = 14,    /* of a stage without its own */
};

struct health_norms;

MUST_USE enum fault health_norms_create(struct arena *arena, const struct definition *definition,
                                        struct health_norms **out);
/* A deal with all its events; those that are not won are passed over. */
MUST_USE enum fault health_norms_feed(struct health_norms *norms, const struct deal *deal,
                                      const struct row *events, size_t count);
/* Once, before the first deal is judged. */
void health_norms_finish(struct health_norms *norms);

/* Norms take the history of every won deal to make. What tells whether kept ones are still right:
 * the mark of the won deals they were made from, and the definition. */
uint64_t health_norms_mark(const struct definition *definition, uint64_t won);
/* After finish. */
MUST_USE enum fault health_norms_pack(const struct health_norms *norms, uint64_t mark,
                                      struct buffer *out);
/* Instead of feed and finish; false when those kept are of another mark, or damaged: then make them
 * anew, from create. */
bool health_norms_unpack(struct health_norms *norms, uint64_t mark, struct str packed);

/* What activities tell of one deal: calls, mails, meetings, notes, whoever recorded them. */
struct touches {
    struct optional last, last_inbound;
};
void touches_add(struct touches *touches, const struct activity *activity, int64_t now_ms);

struct health {
    uint32_t is, why;           /* bits of enum deal_is, of enum health_reason */
    struct optional last_touch; /* by activities and by hand */
    struct optional stage_ms;   /* time in the stage, without ice */
    struct optional bears_ms;   /* what it may take: own, usual or expected */
    struct optional age_ms;     /* since it is an opportunity, without ice and closed time */
    struct optional cycle_ms;   /* what nine in ten won deals took */
    int64_t quiet_days;         /* what the stage bears without a touch */
};

struct health_question {
    int64_t today, now_ms; /* the local date, the instant */
};

/* One deal, with all its events in order. FAULT_FORMAT when they are not. */
MUST_USE enum fault health_judge(struct health_norms *norms, const struct health_question *question,
                                 const struct deal *deal, const struct row *events, size_t count,
                                 const struct touches *touches, struct health *out);

#endif
