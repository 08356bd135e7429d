/* sync_check.c - the copy compared with the server, span by span, and repaired. See sync_inside.h.
 *
 *   WANTED --at the head, nothing pending--> ASKING --same digest: next span--> JUDGING --> DONE
 *                                              |  \--else: the span with its rows--/
 *
 * A span is what one page of the server holds; the server says where it ends. Others may commit
 * meanwhile. Up to the head that it began at, a row that is missing here, or not the same, is so
 * whatever they do: it is fetched. A row that the server has not may only have moved on since its mark
 * was read here; so that is judged at the end, when all is shown that was committed when the server was
 * asked: what then stands where it stood is not the server's, and is taken out.
 *
 * Invariant: repairs are shown in one transaction, pending changes decided again on top. */
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
    check->extras = NULL;
    check->count = check->at = check->repair_count = check->repair_cap = 0;
    check->extra_count = check->extra_cap = 0;
}

/* Of all rows of the copy, by seq. */
static enum fault marks_load(struct sync *sync, struct arena *arena, struct row_mark **marks,
                             size_t *count)
{
    enum fault fault = sync->replica->f->marks(sync->replica, arena, marks, count);
    if (!fault && *count > 0) qsort(*marks, *count, sizeof **marks, mark_compare);
    return fault;
}

/* A new session begins it anew. */
static enum fault check_begin(struct sync *sync)
{
    struct sync_check *check = &sync->check;
    check_end(sync);
    check->from = 0;
    check->end = check->until = sync->head;
    sync->report.rows_checked = 0;
    enum fault fault = marks_load(sync, &check->arena, &check->marks, &check->count);
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

/* Rows that are missing here or are not the same go to the repairs. Both are in order of seq; within one
 * the order is anybody's. */
static enum fault span_compare(struct sync_check *check, const struct page *page, size_t end)
{
    size_t at = check->at;
    for (size_t i = 0; i < page->count; i++) {
        const struct packed_row *row = &page->rows[i];
        const struct row_mark *found = NULL;
        if (row->seq > check->end) break; /* committed since: the delta brings it */
        while (at < end && check->marks[at].seq < row->seq) at++;
        for (size_t k = at; k < end && check->marks[k].seq == row->seq && !found; k++) {
            if (mark_is(&check->marks[k], row)) found = &check->marks[k];
        }
        if (found && found->hash == codec_row_hash(row)) continue;
        void *repairs = check->repairs;
        struct packed_row *repair = arena_push(&check->arena, &repairs, &check->repair_count,
                                               &check->repair_cap, sizeof *repair);
        check->repairs = repairs;
        if (!repair) return FAULT_MEMORY;
        *repair = *row;
        repair->body = arena_str(&check->arena, row->body);
    }
    return arena_fault(&check->arena);
}

static enum fault extra_add(struct sync_check *check, const struct row_mark *mark)
{
    void *extras = check->extras;
    struct row_mark *extra = arena_push(&check->arena, &extras, &check->extra_count,
                                        &check->extra_cap, sizeof *extra);
    check->extras = extras;
    if (!extra) return FAULT_MEMORY;
    *extra = *mark;
    return FAULT_NONE;
}

/* Rows that are here and not in the server's span go to the extras. */
static enum fault span_extras(struct sync_check *check, const struct page *page, size_t end)
{
    size_t at = 0;
    enum fault fault = FAULT_NONE;
    for (size_t i = check->at; i < end && !fault; i++) {
        const struct row_mark *mark = &check->marks[i];
        bool found = false;
        while (at < page->count && page->rows[at].seq < mark->seq) at++;
        for (size_t k = at; k < page->count && page->rows[k].seq == mark->seq && !found; k++)
            found = mark_is(mark, &page->rows[k]);
        if (!found) fault = extra_add(check, mark);
    }
    return fault;
}

/* --- repairing --- */

/* More is wrong than is shown at once. All of it once more, into a new generation; then it is compared
 * again, and has to be right. */
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
    for (size_t i = 0; i < check->extra_count && !fault; i++) {
        fault = replica->f->drop_row(replica, sync->identity.generation, &check->extras[i]);
    }
    for (size_t i = 0; i < check->repair_count && !fault; i++) {
        /* What stands there under a later seq, a tombstone even, is wrong as well, unless it has come
         * since the server was asked. */
        const struct packed_row *row = &check->repairs[i];
        struct row_mark wrong = {.kind = row->kind, .id = row->id, .n = row->n, .seq = check->end};
        if (row->kind != ENTITY_EVENT)
            fault = replica->f->drop_row(replica, sync->identity.generation, &wrong);
        if (!fault) fault = replica->f->put_row(replica, sync->identity.generation, row);
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

/* Leaves the extras that stand where they stood. Both are in order of seq. */
static enum fault extras_judge(struct sync *sync)
{
    struct sync_check *check = &sync->check;
    struct row_mark *marks = NULL;
    size_t count = 0, at = 0, kept = 0;
    if (check->extra_count == 0) return FAULT_NONE;
    struct arena arena;
    arena_init(&arena, SYNC_CHECK_BYTES);
    enum fault fault = marks_load(sync, &arena, &marks, &count);
    for (size_t i = 0; i < check->extra_count && !fault; i++) {
        const struct row_mark extra = check->extras[i];
        bool stands = false;
        while (at < count && marks[at].seq < extra.seq) at++;
        for (size_t k = at; k < count && marks[k].seq == extra.seq && !stands; k++)
            stands = marks[k].kind == extra.kind && marks[k].n == extra.n &&
                     uuid_equal(marks[k].id, extra.id);
        if (stands) check->extras[kept++] = extra;
    }
    arena_finish(&arena);
    check->extra_count = kept;
    return fault;
}

static struct sync_ending check_finish(struct sync *sync, struct now now)
{
    struct sync_check *check = &sync->check;
    enum fault fault = extras_judge(sync);
    size_t wrong = check->repair_count + check->extra_count;
    if (!fault && wrong > REVEAL_ROWS_MAX) return check_refetch(sync);
    if (!fault && wrong > 0) fault = check_repair(sync, now);
    if (fault) return ending_local(fault);
    if (wrong > 0) {
        pending_forget(&sync->pending);
        sync->changed_due = true;
    }
    sync->report.rows_repaired = wrong;
    sync->report.was_checked = true;
    check_end(sync);
    check->phase = CHECK_DONE;
    return SYNC_ENDING_NONE;
}

struct sync_ending sync_check_step(struct sync *sync, struct now now, bool *goes_on)
{
    struct sync_check *check = &sync->check;
    struct sync_ending ending = SYNC_ENDING_NONE;
    if (check->phase == CHECK_WANTED) {
        ending = ending_local(check_begin(sync));
    } else if (check->phase == CHECK_JUDGING && sync->position >= check->until) {
        ending = check_finish(sync, now);
    }
    *goes_on = check->phase != CHECK_NONE && check->phase != CHECK_DONE;
    return ending;
}

struct sync_ending sync_check_take(struct sync *sync, const struct message *message)
{
    struct sync_check *check = &sync->check;
    const struct page *page = &message->page;
    bool fits = sync_in_session(sync) && check->phase == CHECK_ASKING &&
                page->from_seq == check->from &&
                (page->to_seq > page->from_seq || page->to_seq == page->head_seq);
    if (!fits) return ending_trouble(SYNC_TROUBLE_PROTOCOL);
    size_t end = 0, extras = check->extra_count;
    struct digest ours = span_digest(check, page->to_seq, &end);
    bool same = ours.count == message->digest.count && ours.sum == message->digest.sum;
    if (!same && !check->rows) return ending_local(check_ask(sync, true));
    enum fault fault = same ? FAULT_NONE : span_compare(check, page, end);
    if (!fault && !same) fault = span_extras(check, page, end);
    sync->report.rows_checked += message->digest.count;
    sync->progress_due = true;
    check->at = end;
    check->from = page->to_seq;
    bool asks = check->from < check->end;
    if (!asks) { /* rows here that are newer than everything */
        for (; check->at < check->count && !fault; check->at++)
            fault = extra_add(check, &check->marks[check->at]);
    }
    if (fault) return ending_local(fault);
    if (check->extra_count > extras && page->head_seq > check->until) check->until = page->head_seq;
    if (asks) return ending_local(check_ask(sync, false));
    check->phase = CHECK_JUDGING;
    return SYNC_ENDING_NONE;
}
