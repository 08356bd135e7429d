/* administration.h - what an administrator does beside the loop: init, invite, invitations, migrate,
 * status.
 *
 * Called by main, after service_user and configuration. Blocking; progress on stderr, results on
 * stdout; whatever is written goes through the store port and the rule book like anything else. */
#ifndef SLUICE_SERVER_EDGE_ADMINISTRATION_H
#define SLUICE_SERVER_EDGE_ADMINISTRATION_H

#include "common/domain/entity.h"
#include "server/edge/configuration.h"

struct administration_init {
    const char *data, *team, *owner, *listen, *database, *database_app, *zone, *currency;
    const char *address; /* what invitations say; empty: listen */
};

/* Each prints what it has to say and leaves its sentence in `trouble` when it fails. */
MUST_USE enum fault administration_init(const struct administration_init *wanted,
                                        struct trouble *trouble);
/* role ROLE_NONE: that of a known member, rep for a new one. */
MUST_USE enum fault administration_invite(const struct configuration *configuration,
                                          const char *name, enum role role,
                                          struct trouble *trouble);
/* Lists those that nobody has used; or takes back those of that member, or of that id. */
MUST_USE enum fault administration_invitations(const struct configuration *configuration,
                                               const char *revoke, struct trouble *trouble);
MUST_USE enum fault administration_migrate(const struct configuration *configuration,
                                           struct trouble *trouble);
MUST_USE enum fault administration_status(const struct configuration *configuration,
                                          struct trouble *trouble);

#endif
