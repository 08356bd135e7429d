/* batch.h - mutations in, one commit out: pure, shared by the commit actor of a running server and
 * by administration beside it (sluiced init, sluiced invite). */
#ifndef SLUICE_SERVER_CORE_BATCH_H
#define SLUICE_SERVER_CORE_BATCH_H

#include "common/base/random.h"
#include "common/domain/decide.h"
#include "server/core/crash_note.h"
#include "server/core/store.h"

struct batch_mutation {
    struct uuid actor, replica;
    struct uuid device; /* it came from; zero: administration. A revoked one's is parked */
    uint64_t number;    /* of that replica; 0 for administration without a replica */
    struct str payload; /* packed mutation, as received */
    bool failed;        /* broke the server twice: parked without being looked at */
    struct crash_note *note; /* told which one is being looked at; may be NULL */
    /* filled by batch_plan */
    struct mutation mutation;
    bool decoded;
    /* filled by batch_decide */
    enum outcome_kind outcome;
    bool answered_before; /* resend: nothing new was decided */
    bool forked;          /* same number, another payload: the session must start over */
    bool gap;             /* a number was left out */
};

/* Decodes, and fills a LOAD request with every key, actor, replica and outcome the batch needs.
 * All memory from the arena. */
MUST_USE enum fault batch_plan(struct arena *arena, struct uuid team,
                               struct batch_mutation *mutations, size_t count,
                               struct store_request *load);
/* Decides each mutation in order on the loaded rows (later ones see earlier ones), and fills a
 * COMMIT request: one seq per mutation, outcome rows, replica numbers. commit->row_count is 0 when
 * nothing needs to be written (all were resends). */
MUST_USE enum fault batch_decide(struct arena *arena, const struct store_result *loaded,
                                 struct batch_mutation *mutations, size_t count, int64_t now_ms,
                                 struct random *random, struct store_request *commit);

#endif
