/* private_cluster.h - a PostgreSQL of one's own for a test executable.
 *
 * Made in a temporary folder, listening on a unix socket only, run as `postgres` when the test is
 * root. It ends with the process that started it, however that ends; the folder is removed by
 * private_cluster_stop. One cluster per executable is meant: make databases in it, not clusters.
 *
 * fsync is off: tests kill processes, never the kernel.
 *
 *   static struct private_cluster cluster;
 *   static int group_begin(void **state) { return private_cluster_start(&cluster) ? 0 : -1; }
 *   static int group_end(void **state) { private_cluster_stop(&cluster); return 0; } */
#ifndef SLUICE_TESTS_SUPPORT_PRIVATE_CLUSTER_H
#define SLUICE_TESTS_SUPPORT_PRIVATE_CLUSTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/fault.h"

enum {
    PRIVATE_CLUSTER_PATH_MAX = 80, /* with "/run/.s.PGSQL.5432" it must fit a socket's 107 bytes */
    PRIVATE_CLUSTER_ADDRESS_MAX = 256,
};

/* Zeroed is a valid, stopped cluster. */
struct private_cluster {
    char folder[PRIVATE_CLUSTER_PATH_MAX];
    /* A libpq connection string of the superuser `sluice` to the database `postgres`. */
    char connection[PRIVATE_CLUSTER_ADDRESS_MAX];
    char programs[PRIVATE_CLUSTER_PATH_MAX]; /* where initdb, postgres, psql, pg_dump are */
    pid_t postmaster;                        /* 0 while it does not run */
};

/* Makes a cluster, starts it and waits until it answers. On false the reason is on stderr and
 * nothing is left behind. */
MUST_USE bool private_cluster_start(struct private_cluster *cluster);

/* The connection string of another database of it. False when it does not fit `capacity`. */
MUST_USE bool private_cluster_address(const struct private_cluster *cluster, const char *database,
                                      char *address, size_t capacity);

/* kill -9 of the postmaster; returns when its children are gone too. */
void private_cluster_crash(struct private_cluster *cluster);

/* Ends it as an administrator would, cutting off its clients, and keeps the folder. */
void private_cluster_pause(struct private_cluster *cluster);

/* Starts the same cluster again after a crash or a pause. */
MUST_USE bool private_cluster_resume(struct private_cluster *cluster);

/* Ends it and removes its folder. Safe on a zeroed or already stopped one. */
void private_cluster_stop(struct private_cluster *cluster);

#endif
