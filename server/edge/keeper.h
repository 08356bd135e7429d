/* keeper.h - the parent of a running server: one worker and, unless the database is somebody
 * else's, one private PostgreSQL; started, restarted and stopped in order. No network.
 *
 * Called by main for `sluiced run`, before any thread exists. */
#ifndef SLUICE_SERVER_EDGE_KEEPER_H
#define SLUICE_SERVER_EDGE_KEEPER_H

#include "server/edge/configuration.h"

/* The lock of a data folder: one server, or one administration that runs the cluster itself.
 * FAULT_BUSY when somebody living holds it; waits for one that is just ending. */
MUST_USE enum fault keeper_lock(const char *data, int *fd);

/* Runs until SIGTERM or SIGINT; returns the exit code of the program. Holds the lock. */
int keeper_run(const struct configuration *configuration, const char *listen);

#endif
