/* sync_check.c - the copy compared with the server, span by span, and repaired. See sync_inside.h.
 *
 *   WANTED --at the head, nothing pending--> ASKING --same digest: next span----------> DONE
 *                                              |  \--else: the span with its rows--/
 *                                              +--rows the server has not: everything again, once
 *
 * A span is what one page of the server holds; the server says where it ends. Others may commit
 * meanwhile: a row that moved on looks missing there or here, and is fetched again, which harms
 * nothing. Invariant: repairs are shown in one transaction, pending changes decided again on top. */
#include "client/core/sync_inside.h"

#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/banned.h"

static int mark_compare(const void *left, const void *right)
{
    const struct row_mark *a = left, *b = right;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static enum fault check_ask(struct sync *sync, bool rows)
{
    struct sync_check *check = &sync->check;
    struct message message = {.kind = MESSAGE_CHECK,
                              .check = {.from_seq = check->from, .rows = rows}};
    check->rows = rows;
    return sync_write(sync, &message);
}

static void check_end(struct sync *sync)
{
    struct sync_check *check = &sync->check;
    arena_reset(&check->arena);
    check->marks = NULL;
    check->repairs = NULL;
    check->count = check->at = check->repair_count = check->repair_cap = 0;
}

/* A new session begins it anew. */
static enum fault check_begin(struct sync *sync)
{
    struct sync_check *check = &sync->check;
    check_end(sync);
    check->from = 0;
    check->end = sync->head;
    sync->report.rows_checked = 0;
    enum fault fault =
        sync->replica->f->marks(sync->replica, &check->arena, &check->marks, &check->count);
    if (fault || check->count == 0) return fault;
    qsort(check->marks, check->count, sizeof *check->marks, mark_compare);
    return FAULT_NONE;
}

enum fault sync_check_start(struct sync *sync, bool *goes_on)
{
    struct sync_check *check = &sync->check;
    *goes_on = check->phase == CHECK_WANTED || check->phase == CHECK_ASKING;
    if (check->phase != CHECK_WANTED) return FAULT_NONE;
    enum fault fault = check_begin(sync);
    if (fault) return fault;
    check->phase = CHECK_ASKING;
    return check_ask(sync, false);
}

/* --- a span --- */

/* Marks [at, *end) are those up to that seq. */
static struct digest span_digest(const struct sync_check *check, uint64_t to, size_t *end)
{
    struct digest digest = {0, 0};
    size_t i = check->at;
    for (; i < check->count && check->marks[i].seq <= to; i++) {
        digest.count++;
        digest.sum += check->marks[i].hash;
    }
    *end = i;
    return digest;
}

static bool mark_is(const struct row_mark *mark, const struct packed_row *row)
{
    return mark->seq == row->seq && mark->kind == row->kind && mark->n == row->n &&
           uuid_equal(mark->id, row->id);
}

/* Rows that are missing here or are not the same go to the repairs. *extra: rows here that the server
 * has not. Both are in order of seq; within one the order is anybody's. */
static enum fault span_compare(struct sync_check *check, const struct page *page, size_t end,
                               size_t *extra)
{
    size_t matched = 0, at = check->at;
    for (size_t i = 0; i < page->count; i++) {
        const struct packed_row *row = &page->rows[i];
        const struct row_mark *found = NULL;
        if (row->seq > check->end) break; /* committed since: the delta brings it */
        while (at < end && check->marks[at].seq < row->seq) at++;
        for (size_t k = at; k < end && check->marks[k].seq == row->seq && !found; k++) {
            if (mark_is(&check->marks[k], row)) found = &check->marks[k];
        }
        matched += found != NULL;
        if (found && found->hash == codec_row_hash(row)) continue;
        void *repairs = check->repairs;
        struct packed_row *repair = arena_push(&check->arena, &repairs, &check->repair_count,
                                               &check->repair_cap, sizeof *repair);
        check->repairs = repairs;
        if (!repair) return FAULT_MEMORY;
        *repair = *row;
        repair->body = arena_str(&check->arena, row->body);
    }
    *extra = end - check->at - matched;
    return arena_fault(&check->arena);
}

/* --- repairing --- */

/* All of it once more, into a new generation; then it is compared again, and has to be right. */
static struct sync_ending check_refetch(struct sync *sync)
{
    check_end(sync);
    if (sync->report.was_refetched) {
        sync->check.phase = CHECK_NONE;
        return ending_trouble(SYNC_TROUBLE_PROTOCOL);
    }
    sync->report.was_refetched = true;
    sync->check.phase = CHECK_WANTED;
    sync_pages_anew(sync);
    return ending_again(SYNC_TROUBLE_PROTOCOL);
}

static enum fault repair_store(struct sync *sync)
{
    struct replica *replica = sync->replica;
    const struct sync_check *check = &sync->check;
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < check->repair_count && !fault; i++) {
        fault = replica->f->put_row(replica, sync->identity.generation, &check->repairs[i]);
    }
    return fault;
}

static enum fault check_repair(struct sync *sync, struct now now)
{
    struct replica *replica = sync->replica;
    arena_reset(&sync->scratch);
    /* Another generation may be shown since the welcome: a snapshot switches it. */
    arena_reset(&sync->identity_arena);
    enum fault fault = replica->f->begin(replica);
    if (fault) return fault;
    fault = replica->f->identity_load(replica, &sync->identity_arena, &sync->identity);
    if (!fault) fault = repair_store(sync);
    if (!fault) fault = outbox_rebase(replica, &sync->scratch, now);
    if (!fault) return replica->f->commit(replica);
    replica->f->rollback(replica);
    return fault;
}

static struct sync_ending check_finish(struct sync *sync, struct now now)
{
    struct sync_check *check = &sync->check;
    /* Rows here that are newer than everything. */
    bool beyond = check->at < check->count && check->marks[check->at].seq > sync->head;
    if (beyond || check->repair_count > REVEAL_ROWS_MAX) return check_refetch(sync);
    enum fault fault = check->repair_count > 0 ? check_repair(sync, now) : FAULT_NONE;
    if (fault) return ending_local(fault);
    if (check->repair_count > 0) {
        pending_forget(&sync->pending);
        sync->changed_due = true;
    }
    sync->report.rows_repaired = check->repair_count;
    sync->report.was_checked = true;
    check_end(sync);
    check->phase = CHECK_DONE;
    return SYNC_ENDING_NONE;
}

struct sync_ending sync_check_take(struct sync *sync, const struct message *message,
                                   struct now now)
{
    struct sync_check *check = &sync->check;
    const struct page *page = &message->page;
    bool fits = sync_in_session(sync) && check->phase == CHECK_ASKING &&
                page->from_seq == check->from &&
                (page->to_seq > page->from_seq || page->to_seq == page->head_seq);
    if (!fits) return ending_trouble(SYNC_TROUBLE_PROTOCOL);
    size_t end = 0, extra = 0;
    struct digest ours = span_digest(check, page->to_seq, &end);
    bool same = ours.count == message->digest.count && ours.sum == message->digest.sum;
    if (!same && !check->rows) return ending_local(check_ask(sync, true));
    enum fault fault = same ? FAULT_NONE : span_compare(check, page, end, &extra);
    if (fault) return ending_local(fault);
    if (extra > 0) return check_refetch(sync);
    sync->report.rows_checked += message->digest.count;
    sync->progress_due = true;
    check->at = end;
    check->from = page->to_seq;
    if (check->from < check->end) return ending_local(check_ask(sync, false));
    return check_finish(sync, now);
}
