/* replica_world.h - the team of rule_world.h put into a replica, as if a server had sent it. For
 * tests of replicas, the outbox and sync. */
#ifndef SLUICE_TESTS_SUPPORT_REPLICA_WORLD_H
#define SLUICE_TESTS_SUPPORT_REPLICA_WORLD_H

#include "client/core/replica.h"
#include "tests/support/rule_world.h"

/* The entity as the row a server sends; the body is in the world's arena. NULL: removed. */
struct packed_row world_row(struct rule_world *w, enum entity_kind kind, struct uuid id,
                            uint64_t seq, uint32_t n, const void *entity);
/* Everything of the world: team, definition, members, things. *count rows, all of that seq. */
struct packed_row *world_rows(struct rule_world *w, uint64_t seq, size_t *count);
/* An identity of that member, joined, generation 1, next number 1. */
struct identity world_identity(const char *member);
/* Identity and rows, in one transaction of its own. */
void world_fill(struct rule_world *w, struct replica *replica, const char *member);
/* The shown (or the server's) deal; NULL when there is none. */
const struct deal *replica_deal(struct rule_world *w, struct replica *replica, const char *name,
                                bool server);

#endif
