/* state.h - the rows a decision may look at: loaded before, never fetched while deciding. */
#ifndef SLUICE_COMMON_DOMAIN_STATE_H
#define SLUICE_COMMON_DOMAIN_STATE_H

#include "common/base/calendar.h"
#include "common/base/map.h"
#include "common/domain/definition.h"
#include "common/domain/entity.h"

struct state {
    struct arena *arena;
    struct map rows; /* (kind, id) -> entity; present with NULL entity = known not to exist */
    const struct definition *definition;
    const struct team *team;
    struct zone zone; /* unpacked from the team */
    int64_t inbox_last; /* number of the newest inbox item of the team */
    struct map uses;    /* what hangs on things that are to be deleted: use.h */
    const struct event **events; /* that were applied since it was loaded, in order */
    size_t event_count, event_cap;
};

MUST_USE enum fault state_init(struct state *state, struct arena *arena, const struct team *team,
                               const struct definition *definition);
/* Puts a row's present content (NULL: does not exist, or removed). Borrowed. */
MUST_USE enum fault state_put(struct state *state, enum entity_kind kind, struct uuid id,
                              const void *entity);
/* Puts an event where an undo of its mutation looks for it (event_trace_id). */
MUST_USE enum fault state_put_trace(struct state *state, const struct event *event);
/* Notes an event that was applied, where state_use looks, and puts its trace. Borrowed. */
MUST_USE enum fault state_add_event(struct state *state, const struct event *event);
/* NULL: does not exist, or was not loaded (the same thing to a decision, by invariant 10). */
const void *state_find(const struct state *state, enum entity_kind kind, struct uuid id);

#endif
