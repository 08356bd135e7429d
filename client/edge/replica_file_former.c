/* replica_file_former.c - rows of generations that are not shown any more, dropped.
 *
 * Called when a new generation is shown, and by whoever exchanges, now and then, until none is left.
 * Dropping all of a large copy takes seconds, and whoever wants to write waits for the end of a
 * transaction: so each drops no more than FORMER_ROWS_MAX, and about as many as that.
 * Invariant: a generation above the shown one is being filled, and is never touched here. */
#include "client/edge/replica_file_inside.h"

#include "common/base/check.h"

#include "common/base/banned.h"

enum { FORMER_ROWS_MAX = 10000, FORMER_TABLES = STATEMENT_FORMER_LAST - STATEMENT_FORMER_FIRST + 1 };

/* A part of one table: the first rows of the oldest generation. *dropped: how many, 0 when there are
 * none of older ones. */
static enum fault former_slice(struct replica_file *file, int table, int64_t generation,
                               int64_t most, int64_t *dropped)
{
    sqlite3_stmt *s;
    bool row = false;
    *dropped = 0;
    enum fault fault =
        statement_begin(file, (enum statement)(STATEMENT_FORMER_FIRST + table), &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, generation);
    fault = statement_step(file, s, &row);
    int64_t layer = row ? sqlite3_column_int64(s, 0) : 0;
    int64_t group = row ? sqlite3_column_int64(s, 1) : 0;
    statement_end(s);
    if (fault != FAULT_NONE || !row) return fault;
    fault = statement_begin(file, (enum statement)(STATEMENT_FORMER_DROP_FIRST + table), &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, layer);
    bind_number(s, 2, group);
    bind_number(s, 3, most - 1);
    fault = statement_run(file, s);
    *dropped = sqlite3_changes(file->db);
    check(fault != FAULT_NONE || *dropped > 0);
    return fault;
}

enum fault former_drop(struct replica_file *file, int64_t generation, bool *more)
{
    int64_t left = FORMER_ROWS_MAX, dropped;
    *more = false;
    for (int table = 0; table < FORMER_TABLES;) {
        enum fault fault = former_slice(file, table, generation, left, &dropped);
        if (fault != FAULT_NONE) return fault;
        if (dropped == 0) table++;
        left -= dropped;
        *more = left <= 0;
        if (*more) return FAULT_NONE;
    }
    return FAULT_NONE;
}

static enum fault former_there(struct replica_file *file, int64_t *generation, bool *there)
{
    sqlite3_stmt *s;
    bool row = false;
    *there = false;
    enum fault fault = statement_begin(file, STATEMENT_FORMER_THERE, &s);
    if (fault != FAULT_NONE) return fault;
    fault = statement_step(file, s, &row);
    if (row) {
        *generation = sqlite3_column_int64(s, 0);
        *there = sqlite3_column_int64(s, 1) != 0;
    }
    statement_end(s);
    return fault;
}

enum fault replica_file_drop_former(struct replica *replica, bool *more)
{
    struct replica_file *file = replica_file_of(replica);
    int64_t generation = 0;
    enum fault fault = former_there(file, &generation, more);
    if (fault != FAULT_NONE || !*more) return fault;
    replica_file_wait(file, false); /* who is at work goes first */
    fault = replica_file_begin(replica);
    if (fault == FAULT_NONE) {
        fault = replica_file_failed(file, former_drop(file, generation, more));
        if (fault == FAULT_NONE) fault = replica_file_commit(replica);
        else replica_file_rollback(replica);
    }
    replica_file_wait(file, true);
    return fault;
}
