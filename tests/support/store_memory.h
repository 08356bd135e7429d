/* store_memory.h - the store port in memory: what PostgreSQL does, as far as the server can tell.
 *
 * Used by tests of the server core and by the simulator; held to the same as store_postgres by
 * tests/contract. A COMMIT with expected_seq 0 that carries the TEAM row founds a team. */
#ifndef SLUICE_TESTS_SUPPORT_STORE_MEMORY_H
#define SLUICE_TESTS_SUPPORT_STORE_MEMORY_H

#include "server/core/store.h"

struct store_memory;

struct store_memory *store_memory_create(void); /* stops the program when out of memory */
void store_memory_destroy(struct store_memory *store);
/* The whole database as it is now: a backup, a standby. Shares what never changes. */
struct store_memory *store_memory_copy(const struct store_memory *from);
/* Devices and used invitations as they are in the other one: they are kept outside a backup. */
void store_memory_keep_access(struct store_memory *store, const struct store_memory *from);
/* Answers at once. The result lives until it is released. */
const struct store_result *store_memory_run(struct store_memory *store,
                                            const struct store_request *request);
void store_memory_release(struct store_memory *store, const struct store_result *result);
/* What the next requests of that kind come to, instead of what they would: FAILED does nothing,
 * UNKNOWN does it (`done`) or not and says that it does not know. `times` of them. */
void store_memory_fail(struct store_memory *store, enum store_kind kind, enum store_status status,
                       bool done, unsigned times);
/* That many COMMITs take longer than they may. */
void store_memory_slow(struct store_memory *store, unsigned times);
/* Revokes a device by a commit of its own, as another server would. */
void store_memory_revoke(struct store_memory *store, struct uuid device);

#endif
