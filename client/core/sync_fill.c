/* sync_fill.c - a snapshot on its way into a new generation. See sync_inside.h.
 *
 *   pages --> fill: as much as may be held --turned, sorted--> put: a slice in a transaction
 *
 * While a slice after the other is put, more is received: neither the network nor other processes
 * that write wait for longer than one slice. Nobody sees the generation before it is complete, so
 * where a transaction ends does not matter. With the last slice it is noted how far all of it goes: a
 * snapshot that breaks off goes on there.
 *
 * Rows are also put that are above that, or were read when rows up to there had moved on already. Such
 * a copy is right only together with what follows in the same history. So the newest head that any row
 * can have been read at is noted before the row is there, and the server goes on only if it knows it. */
#include "client/core/sync_inside.h"

#include "common/base/bounds.h"

#include "common/base/banned.h"

void sync_fill_page(struct sync *sync, const struct page *page)
{
    if (page->head_seq < sync->top_seq) return;
    sync->top_seq = page->head_seq;
    for (size_t i = 0; i < MARK_BYTES; i++) sync->top_mark[i] = page->head_mark[i];
}

void sync_fill_page_end(struct sync *sync, const struct page *page)
{
    /* Answers that are awaited are kept in memory only: it goes on from before the first of them. */
    if (sync->kept.count == 0) sync->filled_seq = page->to_seq;
}

enum fault sync_fill_note(struct sync *sync, uint64_t seq)
{
    struct replica *replica = sync->replica;
    struct identity identity;
    arena_reset(&sync->scratch);
    enum fault fault = replica->f->identity_load(replica, &sync->scratch, &identity);
    if (fault) return fault;
    identity.fill_generation = seq > 0 ? sync->generation : 0;
    identity.fill_seq = seq;
    identity.fill_top_seq = sync->top_seq;
    for (size_t i = 0; i < MARK_BYTES; i++) identity.fill_top_mark[i] = sync->top_mark[i];
    return replica->f->identity_store(replica, &identity);
}

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
    /* In order of seq only together: a part of it is nothing to go on from, but was read at the top. */
    uint64_t seq = end == put->count ? sync->put_seq : sync->noted_seq;
    if (!fault && seq > 0) fault = sync_fill_note(sync, seq);
    if (!fault) fault = replica->f->commit(replica);
    else replica->f->rollback(replica);
    if (fault) return fault;
    sync->noted_seq = seq;
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
    sync->put_seq = sync->filled_seq;
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

void sync_fill_keep(struct sync *sync)
{
    if (!sync_in_session(sync) || !sync->snapshot) return;
    enum fault fault = FAULT_NONE;
    while (!fault && sync->put.count + sync->fill.count > 0) fault = sync_fill_step(sync);
    (void)fault; /* then it is fetched again */
}
