/* cluster.h - the private PostgreSQL cluster in DATA/postgres: made, started, watched, stopped.
 *
 *   DATA/postgres/data  the cluster      DATA/postgres/run  its socket, 0700
 *   DATA/postgres/log   what it says; DATA/postgres/log.1 what it said before
 *
 * A direct child that gets a fast stop when the process that started it ends, however that ends.
 * Called by administration and the keeper, never by the worker and never as root. */
#ifndef SLUICE_SERVER_EDGE_CLUSTER_H
#define SLUICE_SERVER_EDGE_CLUSTER_H

#include <sys/types.h>

#include "server/edge/configuration.h"

struct cluster {
    char folder[CONFIGURATION_PATH_MAX]; /* DATA/postgres */
    char programs[CONFIGURATION_PATH_MAX];
    pid_t postmaster; /* 0: not ours or not running */
    long log_from;    /* where what it says since its last start begins */
};

/* FAULT_NOT_FOUND when PostgreSQL is not installed (SLUICED_POSTGRES_BINDIR, else the newest in
 * /usr/lib/postgresql). */
MUST_USE enum fault cluster_init(struct cluster *cluster, const char *data,
                                 struct trouble *trouble);
/* initdb beside, then renamed: there whole or not at all. */
MUST_USE enum fault cluster_make(struct cluster *cluster, struct trouble *trouble);
/* Starts and waits until it answers; first ends an orphan of an earlier server and clears its
 * lock file. FAULT_CLOSED: a blocked SIGTERM, SIGINT or SIGHUP came meanwhile and waits still. */
MUST_USE enum fault cluster_start(struct cluster *cluster, struct trouble *trouble);
/* Moves a log that has grown to log.1. To be called now and then. */
void cluster_log_turn(struct cluster *cluster);
void cluster_stop(struct cluster *cluster); /* fast, then immediate; safe when not running */

/* Connection strings for the owning and the application role. FAULT_LIMIT, FAULT_FORMAT. */
MUST_USE enum fault conninfo_owner(const struct configuration *configuration,
                                   char out[CONFIGURATION_VALUE_MAX * 2]);
MUST_USE enum fault conninfo_app(const struct configuration *configuration,
                                 char out[CONFIGURATION_VALUE_MAX * 2]);

#endif
