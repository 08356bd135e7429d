/* listener.h - the worker: sockets, timers and the store around the server core, on one loop.
 *
 * Called by main in the worker process; returns when the server was told to stop and has. */
#ifndef SLUICE_SERVER_EDGE_LISTENER_H
#define SLUICE_SERVER_EDGE_LISTENER_H

#include "common/link/secret.h"
#include "server/edge/service_user.h"

struct crash_note;

struct listener_options {
    const char *data;     /* the data folder; NULL: nothing is kept outside the database */
    const char *listen;   /* HOST:PORT, port 0: any */
    const char *conninfo; /* of the application role */
    const struct key_pair *key;
    struct crash_note *note; /* in memory that outlives this process */
};

/* Prints "sluiced: ready on HOST:PORT" on stdout once it listens and the database answers; runs
 * until SIGTERM or SIGINT. FAULT_BUSY when the address is in use, FAULT_FORMAT when it is none. */
MUST_USE enum fault listener_run(const struct listener_options *options, struct trouble *trouble);

#endif
