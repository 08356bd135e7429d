/* outbox_decide.h - one decision on what the copy shows: shared by submit and rebase, private to
 * the outbox_*.c files. */
#ifndef SLUICE_CLIENT_CORE_OUTBOX_DECIDE_H
#define SLUICE_CLIENT_CORE_OUTBOX_DECIDE_H

#include "client/core/outbox.h"

enum {
    OUTBOX_STEP = 64, /* entries looked at in one go: bounds memory, not work */
    OUTBOX_STEP_BYTES = 32 * 1024 * 1024
};

/* What every decision looks at: team, definition, the actor. Loaded when first needed, kept for one
 * transaction, loaded again when a prediction changed it. */
struct outbox_base {
    struct arena arena;
    struct uuid actor;
    bool loaded;
    struct uuid device;          /* this one */
    const struct member *member; /* NULL: not here */
    struct state state;          /* without rows */
};

void outbox_base_init(struct outbox_base *base, struct uuid actor);
void outbox_base_finish(struct outbox_base *base);

/* Loads the rows the mutation names from the shown layer and decides, predicted. FAULT_NOT_FOUND:
 * no definition, team or member here yet. */
MUST_USE enum fault outbox_decide(struct replica *replica, struct arena *arena,
                                  struct outbox_base *base, const struct mutation *mutation,
                                  struct str payload, struct now now, struct change *change);
/* Puts what was decided over the server's rows. */
MUST_USE enum fault outbox_show(struct replica *replica, struct outbox_base *base, uint64_t number,
                                const struct change *change);

#endif
