/* replica_file_outbox.c - own mutations in the copy, in order of number: pending, or answered and
 * kept as a journal for a server that is restored. */
#include "client/edge/replica_file_inside.h"

#include "common/base/check.h"

#include "common/base/banned.h"

static void outbox_bind(sqlite3_stmt *s, const struct outbox_entry *entry)
{
    bind_number(s, 1, (int64_t)entry->number);
    bind_id(s, 2, &entry->mutation);
    bind_bytes(s, 3, entry->payload.p, entry->payload.n);
    bind_number(s, 4, entry->answered);
    bind_number(s, 5, entry->outcome);
    bind_number(s, 6, (int64_t)entry->seq);
    bind_text(s, 7, entry->reasons);
    bind_number(s, 8, entry->made_at);
    bind_number(s, 9, entry->answered_at);
    bind_text(s, 10, entry->summary);
}

static void outbox_read(sqlite3_stmt *s, struct arena *arena, struct outbox_entry *out)
{
    *out = (struct outbox_entry){
        .number = (uint64_t)sqlite3_column_int64(s, 0),
        .mutation = column_id(s, 1),
        .payload = arena_str(arena, column_bytes(s, 2)),
        .answered = sqlite3_column_int(s, 3) != 0,
        .outcome = sqlite3_column_int64(s, 4),
        .seq = (uint64_t)sqlite3_column_int64(s, 5),
        .reasons = arena_str(arena, column_bytes(s, 6)),
        .made_at = sqlite3_column_int64(s, 7),
        .answered_at = sqlite3_column_int64(s, 8),
        .summary = arena_str(arena, column_bytes(s, 9)),
    };
}

/* Runs a write that must touch one row; `untouched` when it did not. */
static enum fault outbox_write(struct replica_file *file, sqlite3_stmt *statement,
                               enum fault untouched)
{
    enum fault fault = replica_file_failed(file, statement_run(file, statement));
    if (fault == FAULT_NONE && sqlite3_changes(file->db) == 0) return untouched;
    return fault;
}

enum fault replica_file_outbox_add(struct replica *replica, const struct outbox_entry *entry)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    check(file->writing);
    enum fault fault = statement_begin(file, STATEMENT_OUTBOX_ADD, &statement);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    outbox_bind(statement, entry);
    fault = outbox_write(file, statement, FAULT_EXISTS);
    return fault == FAULT_NONE ? target_keep(file, entry) : fault;
}

enum fault replica_file_outbox_update(struct replica *replica, const struct outbox_entry *entry)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    check(file->writing);
    enum fault fault = statement_begin(file, STATEMENT_OUTBOX_UPDATE, &statement);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    outbox_bind(statement, entry);
    fault = outbox_write(file, statement, FAULT_NOT_FOUND);
    return fault == FAULT_NONE ? target_keep(file, entry) : fault;
}

enum fault replica_file_outbox_remove(struct replica *replica, uint64_t number)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    check(file->writing);
    enum fault fault = statement_begin(file, STATEMENT_OUTBOX_REMOVE, &statement);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    bind_number(statement, 1, (int64_t)number);
    fault = outbox_write(file, statement, FAULT_NOT_FOUND);
    return fault == FAULT_NONE ? replica_file_failed(file, target_remove(file, number)) : fault;
}

enum fault replica_file_outbox_prune(struct replica *replica, int64_t answered_before)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    check(file->writing);
    enum fault fault = statement_begin(file, STATEMENT_OUTBOX_PRUNE, &statement);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    bind_number(statement, 1, answered_before);
    return outbox_write(file, statement, FAULT_NONE);
}

enum fault replica_file_outbox_list(struct replica *replica, struct arena *arena, uint64_t from,
                                    bool answered_too, size_t limit, struct outbox_entry **out,
                                    size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *s;
    void *items = NULL;
    size_t cap = 0;
    bool row = false;
    *out = NULL;
    *count = 0;
    enum fault fault = statement_begin(
        file, answered_too ? STATEMENT_OUTBOX_LIST : STATEMENT_OUTBOX_LIST_PENDING, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, from > INT64_MAX ? INT64_MAX : (int64_t)from);
    bind_number(s, 2, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    while (fault == FAULT_NONE) {
        fault = statement_step(file, s, &row);
        if (fault != FAULT_NONE || !row) break;
        struct outbox_entry *entry = arena_push(arena, &items, count, &cap, sizeof *entry);
        if (entry != NULL) outbox_read(s, arena, entry);
        fault = arena_fault(arena);
    }
    statement_end(s);
    *out = items;
    return fault;
}

enum fault replica_file_outbox_find(struct replica *replica, struct arena *arena,
                                    struct uuid mutation, struct outbox_entry *out)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    bool row = false;
    enum fault fault = statement_begin(file, STATEMENT_OUTBOX_FIND, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_id(statement, 1, &mutation);
    fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE && !row) fault = FAULT_NOT_FOUND;
    if (fault == FAULT_NONE) {
        outbox_read(statement, arena, out);
        fault = arena_fault(arena);
    }
    statement_end(statement);
    return fault;
}

enum fault replica_file_outbox_count(struct replica *replica, size_t *pending)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    bool row = false;
    *pending = 0;
    enum fault fault = statement_begin(file, STATEMENT_OUTBOX_COUNT, &statement);
    if (fault != FAULT_NONE) return fault;
    fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE && row) *pending = (size_t)sqlite3_column_int64(statement, 0);
    statement_end(statement);
    return fault;
}
