/* replica_file.h - the rep's offline copy in one encrypted file (SQLCipher): the replica port.
 *
 * Opened by client/edge/home and by tests. Several processes may have the same file open; each
 * write is one transaction that is durable when commit returns. One struct per thread; never across
 * a fork. */
#ifndef SLUICE_CLIENT_EDGE_REPLICA_FILE_H
#define SLUICE_CLIENT_EDGE_REPLICA_FILE_H

#include "client/core/replica.h"
#include "client/core/sync.h"
#include "common/link/secret.h"

/* Makes the file (0600) with an empty copy, of no identity yet, that holds the device's secret.
 * FAULT_EXISTS when there is a file; after any other fault there is none. */
MUST_USE enum fault replica_file_create(const char *path, const struct secret32 *key,
                                        const struct secret32 *device, struct replica **out);
/* FAULT_NOT_FOUND: no file. FAULT_CRYPTO: another key, damaged, or not a copy. FAULT_FORMAT: made
 * by a newer program. End it with out->f->close. */
MUST_USE enum fault replica_file_open(const char *path, const struct secret32 *key,
                                      struct replica **out);
/* The device's secret key lives inside the copy, so that it is encrypted like everything else. */
MUST_USE enum fault replica_file_device(struct replica *replica, struct secret32 *out);

/* What was revealed after that seq, by seq, at most `limit`: for who looks while another process
 * exchanges. */
MUST_USE enum fault replica_file_revealed(struct replica *replica, uint64_t after, size_t limit,
                                          struct sync_revealed *out, size_t *count);
/* What was shown before the last snapshot is dropped a part at a time, so that who writes meanwhile waits
 * for no more than such a part: drops one, in a transaction of its own that waits for nobody (FAULT_BUSY).
 * *more: call it again, a little later. */
MUST_USE enum fault replica_file_drop_former(struct replica *replica, bool *more);
/* Reads every page: FAULT_CRYPTO when one of them is damaged. */
MUST_USE enum fault replica_file_verify(struct replica *replica);
/* Computes once more what is computed from the rows (indexes, overlay), and keeps it if what stood there
 * is not the same. Takes as long as filling the copy did. */
MUST_USE enum fault replica_file_recompute(struct replica *replica, struct now now,
                                           bool *differed);
/* A copy that is set aside: whoever still waits to write into it fails instead of believing that it
 * was kept. Or back again. Best effort: a copy that is too damaged takes no writes anyway. */
void replica_file_retire(struct replica *replica, bool retire);

#endif
