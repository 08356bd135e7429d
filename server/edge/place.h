/* place.h - where a data folder with a private database lies, so that a copy of it does not quietly
 * become a second database that drifts apart.
 *
 *   DATA/place   path = where it was served last; machine = whose; second_of = whose database it uses
 *
 * Served where it always was, or moved, or restored from a backup: goes on. A copy beside the folder it
 * was taken from, while that one is served: uses that one's database, as a second server of the team.
 * Called by every command of sluiced that touches the database, once it is the folder's owner. */
#ifndef SLUICE_SERVER_EDGE_PLACE_H
#define SLUICE_SERVER_EDGE_PLACE_H

#include "server/edge/configuration.h"

/* Sets configuration->cluster to the folder whose database is to be used; says on standard error what
 * is not as it was, and remembers it. FAULT_DENIED: a second server whose first does not run. */
MUST_USE enum fault place_settle(struct configuration *configuration, struct trouble *trouble);

/* Before the private cluster of that folder is started: one process of this machine at a time runs a
 * cluster of that identity, whatever its folder is called. *guard: close it when the cluster has
 * stopped; -1 where the system knows no such names. FAULT_DENIED: another copy of it runs. */
MUST_USE enum fault place_guard(const char *data, int *guard, struct trouble *trouble);

#endif
