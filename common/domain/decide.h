/* decide.h - the rule book. The only function that says what a mutation does, on client and server.
 *
 * decide() reads the rows the mutation names (mutation_keys), the definition and the actor, and
 * returns a change or all reasons against it; it writes nothing. apply() puts a change into the
 * state and cannot fail but for memory. Callers: server/core/commit (final), client/core/outbox
 * (at once, offline), tests. */
#ifndef SLUICE_COMMON_DOMAIN_DECIDE_H
#define SLUICE_COMMON_DOMAIN_DECIDE_H

#include "common/domain/gate.h"
#include "common/domain/mutation.h"
#include "common/domain/reason.h"
#include "common/domain/state.h"

struct decision_context {
    const struct member *actor;
    struct uuid device;  /* it comes from; zero: none of the team's, or not known */
    int64_t recorded_at; /* server: max(now, the team's last); client: its clock */
    bool administration; /* the server itself asks, or who runs it: no replica, no number */
    bool revoked;        /* from a revoked device: parked for the managers, whatever it is */
    bool failed;         /* decide_undecodable: the server broke on it twice, our bug */
    bool predicted;      /* client: times are not yet final, inbox items are not written */
};

/* What a mutation comes to. Rows carry no seq yet: the caller stamps one seq on all of them.
 * Rows appear at most once per (kind, id, n). Everything lives in the arena given to decide. */
struct change {
    enum outcome_kind outcome;
    struct reasons reasons; /* PARKED: why; CONFLICT: CHANGED_MEANWHILE per unit */
    struct row *rows;       /* entities, events (n = 0, 1, ...), inbox items, invitations */
    size_t row_count, row_cap;
    size_t event_count;
};

/* `payload` is the mutation as received; it goes into the inbox when it is parked.
 * FAULT_MEMORY only; every content problem is an outcome. */
MUST_USE enum fault decide(struct arena *arena, const struct state *state,
                           const struct decision_context *context, const struct mutation *mutation,
                           struct str payload, struct change *out);
/* For bytes that could not be read as a mutation, or must not be: parked, payload kept. id: the
 * mutation's own, if that much is known and nothing else has it, else zero. */
MUST_USE enum fault decide_undecodable(struct arena *arena, const struct state *state,
                                       const struct decision_context *context,
                                       struct uuid id, struct str payload,
                                       struct change *out);
/* Is that, what is there or NULL, the notice of what is missing up to that number, open or closed by
 * somebody? One that was closed because all came back says nothing of the next time. */
bool inbox_notice_stands(const struct inbox_item *item, uint64_t last_number);
MUST_USE enum fault apply(struct state *state, const struct change *change);

#endif
