/* replica_memory_inside.h - what the replica_memory*.c files share. Included by nobody else. */
#ifndef SLUICE_TESTS_SUPPORT_REPLICA_MEMORY_INSIDE_H
#define SLUICE_TESTS_SUPPORT_REPLICA_MEMORY_INSIDE_H

#include "tests/support/replica_memory.h"
#include "tests/support/replica_memory_table.h"

struct replica_memory {
    struct replica port;
    struct memory_state now;
    struct buffer kept[KEPT_MAX];
    bool open, looking;
    size_t writes, fail_after;
    enum fault fail_with;
};

struct replica_memory *memory_of(struct replica *replica);
/* Before each change: counts it, and says whether it is the one that was planned to fail. */
MUST_USE enum fault memory_change(struct replica_memory *memory);

/* --- replica_memory_outbox.c: functions of the port --- */
enum fault memory_outbox_add(struct replica *replica, const struct outbox_entry *entry);
enum fault memory_outbox_list(struct replica *replica, struct arena *arena, uint64_t from,
                              bool answered_too, size_t limit, struct outbox_entry **out,
                              size_t *count);
enum fault memory_outbox_update(struct replica *replica, const struct outbox_entry *entry);
enum fault memory_outbox_remove(struct replica *replica, uint64_t number);
enum fault memory_outbox_find(struct replica *replica, struct arena *arena, struct uuid mutation,
                              struct outbox_entry *out);
enum fault memory_outbox_count(struct replica *replica, size_t *pending);
enum fault memory_outbox_waiting(struct replica *replica, struct arena *arena,
                                 const struct uuid *ids, size_t count, bool *waiting);
enum fault memory_outbox_prune(struct replica *replica, int64_t answered_before);

#endif
