/* loop.h - runs one sync (client/core/sync) on a libuv loop until it is over. Called by home.c. */
#ifndef SLUICE_CLIENT_EDGE_LOOP_H
#define SLUICE_CLIENT_EDGE_LOOP_H

#include "client/edge/home.h"

struct loop_options {
    struct sync *sync;
    const char *poke; /* the file whose change means: look into the outbox */
    bool live;        /* stay until stopped; else end at the first failure */
    uint32_t timeout_ms; /* without any progress: something new sent or received; 0: none */
    uint32_t limit_ms;   /* in all; 0: none. A live one has neither */
    bool (*changed)(void *context, const struct sync_report *report); /* may be NULL */
    void *context;
    const struct home_look *look; /* may be NULL */
    bool (*leisure)(void *of); /* now and then, for what can wait: is there more? May be NULL */
    void *leisure_of;
};

/* Until it is done, refused, failed (unless live), late, or stopped: SIGINT, SIGTERM, changed().
 * The fault is one of this machine; how the exchange went is in the report. */
MUST_USE enum fault loop_run(const struct loop_options *options, struct sync_report *report);
/* Waits for a poke, for that long at most. */
MUST_USE enum fault loop_linger(const char *poke, uint32_t ms, bool *poked);
/* Asks `look` (may be NULL) as in a live exchange, but without one: see home_wait. */
MUST_USE enum fault loop_wait(const char *poke, const struct home_look *look, uint32_t ms,
                              bool *stopped);

#endif
