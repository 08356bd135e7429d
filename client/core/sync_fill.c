/* sync_fill.c - a snapshot on its way into a new generation. See sync_inside.h.
 *
 *   pages --> fill: as much as may be held --turned, sorted--> put: a slice in a transaction
 *
 * While a slice after the other is put, more is received: neither the network nor other processes
 * that write wait for longer than one slice. Nobody sees the generation before it is complete, so
 * where a transaction ends does not matter. */
#include "client/core/sync_inside.h"

#include "common/base/bounds.h"

#include "common/base/banned.h"

static enum fault slice_put(struct sync *sync)
{
    struct replica *replica = sync->replica;
    struct sync_rows *put = &sync->put;
    size_t end = put->count;
    if (end - sync->put_at > SLICE_ROWS_MAX) end = sync->put_at + SLICE_ROWS_MAX;
    enum fault fault = replica->f->begin(replica);
    if (fault) return fault;
    for (size_t i = sync->put_at; i < end && !fault; i++) {
        fault = replica->f->put_row(replica, sync->generation, put->rows[i]);
    }
    if (!fault) fault = replica->f->commit(replica);
    else replica->f->rollback(replica);
    if (fault) return fault;
    sync->put_at = end;
    if (end == put->count) sync_rows_drop(put);
    sync->progress_due = true;
    return FAULT_NONE;
}

/* What was gathered is put next; what was being put is finished before. */
static enum fault fill_turn(struct sync *sync)
{
    while (sync->put.count > 0) {
        enum fault fault = slice_put(sync);
        if (fault) return fault;
    }
    struct sync_rows empty = sync->put;
    sync->put = sync->fill;
    sync->fill = empty;
    sync->put_at = 0;
    sync_rows_sort(sync->put.rows, sync->put.count);
    return FAULT_NONE;
}

enum fault sync_fill_row(struct sync *sync, const struct packed_row *row)
{
    enum fault fault = sync_rows_keep(&sync->fill, row);
    if (fault || sync->fill.arena.used < sync->fill_bytes) return fault;
    return fill_turn(sync);
}

bool sync_fill_waits(const struct sync *sync)
{
    return sync->put.count > 0 || (sync->fill.count > 0 && sync->position == sync->head);
}

enum fault sync_fill_step(struct sync *sync)
{
    enum fault fault = FAULT_NONE;
    if (sync->put.count == 0) fault = fill_turn(sync);
    return fault || sync->put.count == 0 ? fault : slice_put(sync);
}
