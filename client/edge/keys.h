/* keys.h - secrets from the system: random bytes, and the key of the copy's encryption in a file
 * that only its owner can read. */
#ifndef SLUICE_CLIENT_EDGE_KEYS_H
#define SLUICE_CLIENT_EDGE_KEYS_H

#include <stddef.h>

#include "common/base/fault.h"
#include "common/link/secret.h"

void system_random(void *out, size_t n);
/* 32 random bytes into a new file (0600), durable with its folder. FAULT_EXISTS if there is one. */
MUST_USE enum fault key_file_create(const char *folder, const char *path, struct secret32 *out);
/* FAULT_NOT_FOUND; FAULT_DENIED: not ours, or others may read it; FAULT_CRYPTO: not 32 bytes. */
MUST_USE enum fault key_file_read(const char *path, struct secret32 *out);
/* Overwrites what the file holds, under whatever other names too, and removes it. No file: done. */
MUST_USE enum fault key_file_destroy(const char *path);
/* Makes the names in a folder durable. */
MUST_USE enum fault folder_sync(const char *folder);
/* The process keeps secrets from now on: no core dumps, no debugger of the same user. */
void process_harden(void);

#endif
