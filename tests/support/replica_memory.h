/* replica_memory.h - the replica port in memory, with real transactions: rollback restores.
 *
 * For unit tests and the simulator; held to the same as the encrypted file by tests/contract. Rows
 * are immutable and shared between snapshots, so a transaction or a copy costs pointers only. */
#ifndef SLUICE_TESTS_SUPPORT_REPLICA_MEMORY_H
#define SLUICE_TESTS_SUPPORT_REPLICA_MEMORY_H

#include "client/core/replica.h"

/* Empty; NULL when out of memory. Closed by f->close. */
struct replica *replica_memory_open(void);
/* What was committed, as a copy of its own: a cloned laptop, a backup, a reopened file. */
struct replica *replica_memory_copy(const struct replica *replica);
/* Do both show the same over what the server said, byte for byte? */
bool replica_memory_shows_same(const struct replica *a, const struct replica *b);
/* After `calls` more writing calls (begin and commit included) the next one fails with that fault,
 * once. FAULT_NONE takes the plan back. */
void replica_memory_fail(struct replica *replica, size_t calls, enum fault fault);
/* Writing calls so far: to fail each of them in turn. */
size_t replica_memory_writes(const struct replica *replica);
bool replica_memory_in_transaction(const struct replica *replica);

#endif
