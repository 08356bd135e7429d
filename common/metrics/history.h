/* history.h - one deal's events read as visits to stages: what every report is computed from.
 *
 * Called once per deal by the reports. Undone events are left out together with what
 * undid them, ice stops the clock, an unknown time stays unknown. Stages are today's: those of a
 * removed stage are its successor's. */
#ifndef SLUICE_COMMON_METRICS_HISTORY_H
#define SLUICE_COMMON_METRICS_HISTORY_H

#include "common/domain/definition.h"

/* A stay in one stage; ice within it belongs to it. */
struct visit {
    const struct pipeline *pipeline;
    const struct stage *stage;
    struct optional entered, left; /* left.has only when it ended at a known time */
    struct optional iced_since;    /* while on ice */
    struct optional recorded;      /* the entry */
    struct uuid owner;             /* on entry */
    int64_t iced_ms;
    bool ended, iced, time_unknown;
};

struct closing {
    bool has;                 /* the deal is won, lost or discarded by its events */
    int64_t status;
    struct optional at, recorded;
    struct uuid owner;
    const struct stage *from; /* last proper stage before it; NULL: none known */
};

struct history {
    struct visit *visits;
    size_t count, cap;
    bool *undone; /* by event, as given; those of fields too */
    size_t undone_cap, undone_count; /* count: without those of fields */
    struct closing closing;
    int64_t closed_ms; /* time between a closing and the reopening after it */
    bool closed_unknown, saw_lead;
};

/* First entry into a stage. */
struct arrival {
    struct optional at, recorded;
    struct uuid owner;
    bool implied; /* a later stage was entered instead */
};

/* Does it say where a deal stands? Fields and deletions do not. */
bool event_places(const struct event *event);
/* Fills `undone` and its count: what is in no figure, and in nothing that is to give the same
 * figures elsewhere. history_build does it first. */
MUST_USE enum fault history_mark_undone(struct history *h, struct arena *arena,
                                        const struct row *events, size_t count);
/* Reads the events (rows of kind ENTITY_EVENT, by seq and n) of one deal. h is zeroed before the
 * first call and may be used again: its arrays stay in the arena and are filled anew. Events of a
 * stage the definition does not know are skipped. FAULT_FORMAT when rows are out of order. */
MUST_USE enum fault history_build(struct history *h, struct arena *arena,
                                  const struct definition *definition, const struct deal *deal,
                                  const struct row *events, size_t count);
/* False when the deal neither entered that stage nor one behind it, nor stands won there. */
bool history_arrival(const struct history *h, const struct deal *deal,
                     const struct pipeline *pipeline, size_t position, struct arrival *out);
/* The furthest proper stage entered, as position + 1; SIZE_MAX when won; 0 when none. */
size_t history_reach(const struct history *h, const struct deal *deal,
                     const struct pipeline *pipeline);
/* Was it ever an opportunity? True as well for a closed one of which nothing earlier is known. */
bool history_is_proper(const struct history *h, const struct deal *deal);
/* Elapsed in a visit until it ended, or until now; ice not counted. False when not known. */
bool visit_elapsed(const struct visit *visit, int64_t now_ms, int64_t *out_ms);
/* From the first proper stage to `end_ms`, ice and closed time not counted. False: not known. */
bool history_cycle(const struct history *h, int64_t end_ms, int64_t *out_ms);

#endif
