/* replica_file_targets.c - what the pending entries of the outbox are about: a list asks it of
 * thousands of things, while thousands of entries may wait.
 *
 * Invariant: outbox_target has a row exactly for each pending entry whose payload can be read. */
#include "client/edge/replica_file_inside.h"

#include <stdlib.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

enum fault target_remove(struct replica_file *file, uint64_t number)
{
    sqlite3_stmt *s;
    enum fault fault = statement_begin(file, STATEMENT_TARGET_REMOVE, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, (int64_t)number);
    return statement_run(file, s);
}

static enum fault target_add(struct replica_file *file, uint64_t number, struct str payload)
{
    struct mutation mutation;
    struct arena arena;
    sqlite3_stmt *s;
    arena_init(&arena, WIRE_ARENA_MAX);
    enum fault fault = codec_mutation_unpack(&arena, payload, &mutation);
    arena_finish(&arena);
    /* Another version of ourselves may have packed it: it shows nothing either. */
    if (fault == FAULT_FORMAT) return FAULT_NONE;
    if (fault == FAULT_NONE) fault = statement_begin(file, STATEMENT_TARGET_ADD, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, (int64_t)number);
    bind_id(s, 2, &mutation.target);
    return statement_run(file, s);
}

enum fault target_keep(struct replica_file *file, const struct outbox_entry *entry)
{
    enum fault fault = entry->answered ? target_remove(file, entry->number)
                                       : target_add(file, entry->number, entry->payload);
    return replica_file_failed(file, fault);
}

enum fault replica_file_targets_make(struct replica_file *file)
{
    sqlite3_stmt *s;
    bool row = false;
    enum fault fault = statement_begin(file, STATEMENT_OUTBOX_LIST_PENDING, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, 0);
    bind_number(s, 2, INT64_MAX);
    while ((fault = statement_step(file, s, &row)) == FAULT_NONE && row) {
        fault = target_add(file, (uint64_t)sqlite3_column_int64(s, 0), column_bytes(s, 2));
        if (fault != FAULT_NONE) break;
    }
    statement_end(s);
    return fault;
}

static enum fault target_there(struct replica_file *file, const struct uuid *id, bool *out)
{
    sqlite3_stmt *s;
    enum fault fault = statement_begin(file, STATEMENT_TARGET_THERE, &s);
    if (fault != FAULT_NONE) return fault;
    bind_id(s, 1, id);
    fault = statement_step(file, s, out);
    statement_end(s);
    return fault;
}

/* All of them, in order. */
static enum fault targets_read(struct replica_file *file, struct arena *arena, struct uuid **out,
                               size_t *count)
{
    sqlite3_stmt *s;
    void *targets = NULL;
    size_t cap = 0;
    bool row = false;
    *count = 0;
    enum fault fault = statement_begin(file, STATEMENT_TARGETS, &s);
    if (fault != FAULT_NONE) return fault;
    while ((fault = statement_step(file, s, &row)) == FAULT_NONE && row) {
        struct uuid *target = arena_push(arena, &targets, count, &cap, sizeof *target);
        if (target == NULL) break;
        *target = column_id(s, 0);
    }
    statement_end(s);
    *out = targets;
    return fault == FAULT_NONE ? arena_fault(arena) : fault;
}

static int target_compare(const void *a, const void *b)
{
    return uuid_compare(*(const struct uuid *)a, *(const struct uuid *)b);
}

enum fault replica_file_outbox_waiting(struct replica *replica, struct arena *arena,
                                       const struct uuid *ids, size_t count, bool *waiting)
{
    struct replica_file *file = replica_file_of(replica);
    struct uuid *targets = NULL;
    size_t target_count = 0;
    if (count == 1) return target_there(file, ids, waiting);
    enum fault fault = targets_read(file, arena, &targets, &target_count);
    for (size_t i = 0; i < count && fault == FAULT_NONE; i++) {
        waiting[i] = target_count > 0 && bsearch(&ids[i], targets, target_count, sizeof *targets,
                                                 target_compare) != NULL;
    }
    return fault;
}
