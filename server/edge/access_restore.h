/* access_restore.h - puts back, before the server listens, what a restored database forgot: devices
 * that were revoked, members who left, invitations that were used. Called by the keeper. */
#ifndef SLUICE_SERVER_EDGE_ACCESS_RESTORE_H
#define SLUICE_SERVER_EDGE_ACCESS_RESTORE_H

#include "server/edge/configuration.h"

/* First what the access journal has and the database has not goes to the database, an enrolment as it
 * was made and a revocation as a mutation like any other; then the other way round: what another
 * server, or an older program, wrote only there. Says on stderr what it did. */
MUST_USE enum fault access_restore(const struct configuration *configuration,
                                   struct trouble *trouble);

#endif
