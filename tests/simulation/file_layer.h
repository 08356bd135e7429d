/* file_layer.h - files for the real database code, on a disk that is simulated: what was written
 * and not synced may be lost, torn or kept when the power fails; any operation may fail.
 *
 * Registered as SQLite's default file layer while a world with files runs, so that replica_file
 * runs on it unchanged. A file is known by its path. */
#ifndef SLUICE_TESTS_SIMULATION_FILE_LAYER_H
#define SLUICE_TESTS_SIMULATION_FILE_LAYER_H

#include <stdbool.h>
#include <stddef.h>

struct world;

void file_layer_start(struct world *world);
void file_layer_stop(void);
/* After so many more writes, cuts and syncs of that file or its journal, one fails: `full`, or an
 * input/output error. */
void file_layer_fail(const char *path, size_t operations, bool full);
/* After so many more, it and all that follow fail: the machine is dead. */
void file_layer_tear(const char *path, size_t operations);
bool file_layer_torn(const char *path);
/* The machine starts again. power: what was not synced is as chance wants; else it is there. */
void file_layer_restart(const char *path, bool power);
void file_layer_copy(const char *from, const char *to);

#endif
