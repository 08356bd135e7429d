/* memory.h - every allocation of our code, of protobuf-c and of SQLCipher, counted, and the N-th
 * refused.
 *
 * The test programs are linked with malloc and its relatives wrapped (tests/nth/README.md), and
 * SQLCipher is given the same ones. Only what is allocated on behalf of a side is counted: each call
 * into production code says whose it is, what the test does for itself never fails. */
#ifndef SLUICE_TESTS_NTH_MEMORY_H
#define SLUICE_TESTS_NTH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum memory_side { MEMORY_TEST = 0, MEMORY_CLIENT, MEMORY_SERVER };
/* SQLCipher asks a hundred times as often as our code does. */
enum memory_asker { MEMORY_ANYBODY = 0, MEMORY_OURS, MEMORY_LIBRARY };

/* Before anything else uses SQLCipher. Without it, as where there are several threads, allocations
 * are just made. */
void memory_start(void);
/* On whose behalf allocations are made from here on; whose they were. */
enum memory_side memory_enter(enum memory_side side);
/* The n-th allocation of that side and asker from here on (from 1; 0: none) gives nothing; lasting:
 * and none after it. Counting begins anew. */
void memory_arm(enum memory_side side, enum memory_asker asker, uint64_t n, bool lasting);
/* No allocation fails any more; how many there were since. */
uint64_t memory_disarm(void);
/* Was one refused since memory_arm? */
bool memory_struck(void);
/* Blocks made on behalf of a side and not given back yet. */
size_t memory_live(void);

#endif
