/* files.h - the simulator's disk for the copies of a trial: started, stopped, copied from. */
#ifndef SLUICE_TESTS_NTH_FILES_H
#define SLUICE_TESTS_NTH_FILES_H

#include "client/core/replica.h"
#include "common/link/secret.h"

void files_start(void);
void files_stop(void);
/* Where placeholders of simulated files stand. */
const char *files_folder(void);
/* What a power cut leaves depends on it. */
void files_seed(uint64_t seed);
/* There is no such file, and no journal of it. */
void files_remove(const char *path);
/* Another file with the same contents, opened; NULL when it cannot be. One at a time. */
struct replica *files_duplicate(const char *path, const struct secret32 *key);

#endif
