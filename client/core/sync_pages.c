/* sync_pages.c - rows from the server: gathered, put, revealed. See sync_inside.h.
 *
 * Invariants: people see either what stood before or all of a delta; the cursor is written in the
 * transaction that shows what it stands for. A snapshot fills a generation that nobody sees. */
#include "client/core/sync_inside.h"

#include "common/codec/row.h"
#include "common/base/check.h"
#include "common/base/banned.h"

void sync_pages_drop(struct sync *sync)
{
    sync_rows_drop(&sync->kept);
    sync_rows_drop(&sync->fill);
    sync_rows_drop(&sync->put);
    sync->reveal_at = UINT64_MAX;
}

enum fault sync_pages_begin(struct sync *sync, bool snapshot)
{
    struct replica *replica = sync->replica;
    sync_pages_drop(sync);
    pending_forget(&sync->pending); /* numbers may have changed, or a transaction was undone */
    sync->snapshot = snapshot || sync->resume;
    sync->position = snapshot ? 0 : sync->identity.cursor_seq;
    sync->filled_seq = sync->put_seq = sync->noted_seq = sync->top_seq = 0;
    if (sync->resume) {
        const struct identity *identity = &sync->identity;
        sync->generation = identity->fill_generation;
        sync->position = sync->filled_seq = sync->put_seq = sync->noted_seq = identity->fill_seq;
        sync->top_seq = identity->fill_top_seq;
        for (size_t i = 0; i < MARK_BYTES; i++) sync->top_mark[i] = identity->fill_top_mark[i];
    }
    if (!snapshot) return FAULT_NONE;
    sync->generation = sync->identity.generation + 1;
    sync->filling = true;
    enum fault fault = replica->f->begin(replica);
    if (fault) return fault;
    /* What an earlier snapshot left unfinished may be of another history. */
    fault = replica->f->keep_generation(replica, sync->identity.generation);
    if (!fault) fault = sync_fill_note(sync, 0);
    if (!fault) return replica->f->commit(replica);
    replica->f->rollback(replica);
    return fault;
}

/* *answer: what the row says to something pending here, else NULL. FAULT_EXISTS when it answers another
 * mutation under the same number: a clone of this copy was faster, ours is still unanswered. */
static enum fault answer_awaited(struct sync *sync, struct arena *arena,
                                 const struct packed_row *row, const struct outcome **answer)
{
    void *unpacked = NULL;
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    *answer = NULL;
    if (row->kind != ENTITY_OUTCOME || row->removed) return FAULT_NONE;
    if (!uuid_equal(row->id, sync->identity.replica)) return FAULT_NONE;
    enum fault fault = codec_entity_unpack(arena, ENTITY_OUTCOME, row->body, &unpacked);
    if (fault) return fault;
    const struct outcome *outcome = unpacked;
    if (outcome->number <= 0) return FAULT_FORMAT;
    fault = sync->replica->f->outbox_list(sync->replica, arena, (uint64_t)outcome->number, false,
                                          1, &entries, &count);
    if (fault) return fault;
    if (count == 0 || entries[0].number != (uint64_t)outcome->number) return FAULT_NONE;
    *answer = outcome;
    uint8_t hash[32];
    codec_payload_hash(entries[0].payload, hash);
    struct str ours = {(const char *)hash, sizeof hash};
    return str_equal(outcome->payload_hash, ours) ? FAULT_NONE : FAULT_EXISTS;
}

/* --- a page of a snapshot --- */

void sync_pages_anew(struct sync *sync)
{
    sync->force_snapshot = true;
    sync->filling = false; /* and not where that one is */
}

static enum fault snapshot_take(struct sync *sync, const struct page *page)
{
    struct arena one;
    arena_init(&one, SYNC_MESSAGE_BYTES);
    enum fault fault = FAULT_NONE;
    sync_fill_page(sync, page);
    for (size_t i = 0; i < page->count && !fault; i++) {
        const struct packed_row *row = &page->rows[i];
        const struct outcome *answer = NULL;
        if (row->kind != ENTITY_OUTCOME) {
            fault = sync_fill_row(sync, row);
            continue;
        }
        arena_reset(&one);
        fault = answer_awaited(sync, &one, row, &answer);
        if (!fault && answer) fault = sync_rows_keep(&sync->kept, row);
    }
    if (!fault) sync_fill_page_end(sync, page);
    arena_finish(&one);
    return fault;
}

/* --- the reveal --- */

struct reveal_counts {
    size_t answered, conflicts, parked;
};

static struct now server_now(const struct sync *sync, struct now now)
{
    return (struct now){now.boot_ms, sync->server_epoch + (int64_t)now.boot_ms};
}

static enum fault reveal_rows(struct sync *sync, uint64_t generation, struct now now,
                              struct reveal_counts *counts)
{
    struct replica *replica = sync->replica;
    size_t count = sync->kept.count;
    const struct packed_row **rows =
        arena_copy(&sync->scratch, sync->kept.rows, count * sizeof *rows);
    if (!rows) return FAULT_MEMORY;
    sync_rows_sort(rows, count);
    struct arena one;
    arena_init(&one, SYNC_MESSAGE_BYTES);
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < count && !fault; i++) {
        const struct packed_row *row = rows[i];
        const struct outcome *answer = NULL;
        if (row->kind != ENTITY_OUTCOME) {
            fault = replica->f->put_row(replica, generation, row);
            pending_row(&sync->pending, (enum entity_kind)row->kind, row->id);
            continue;
        }
        arena_reset(&one);
        fault = answer_awaited(sync, &one, row, &answer);
        if (!fault && answer) fault = outbox_answer(replica, &one, row, server_now(sync, now));
        if (fault || !answer) continue;
        pending_answered(&sync->pending, (uint64_t)answer->number);
        counts->answered++;
        counts->conflicts += answer->kind == OUTCOME_CONFLICT;
        counts->parked += answer->kind == OUTCOME_PARKED;
    }
    arena_finish(&one);
    return fault;
}

static enum fault reveal_store(struct sync *sync, const struct page *page, struct now now,
                               struct reveal_counts *counts)
{
    struct replica *replica = sync->replica;
    struct identity identity;
    enum fault fault = replica->f->identity_load(replica, &sync->scratch, &identity);
    if (fault) return fault;
    if (sync->snapshot) {
        identity.generation = sync->generation;
        identity.refill = false;
        identity.fill_generation = 0;
    }
    if (sync->resume && !page) { /* all of it had come before it broke off */
        identity.cursor_seq = identity.fill_seq;
        identity.has_mark = identity.fill_top_seq == identity.fill_seq;
        for (size_t i = 0; i < MARK_BYTES; i++)
            identity.cursor_mark[i] = identity.fill_top_mark[i];
    }
    if (page) {
        identity.cursor_seq = page->to_seq;
        identity.has_mark = page->has_mark;
        for (size_t i = 0; i < MARK_BYTES; i++) identity.cursor_mark[i] = page->to_mark[i];
    }
    identity.last_sync_at = now.wall_ms;
    identity.last_failure = STR_NONE;
    fault = replica->f->identity_store(replica, &identity);
    if (!fault && sync->snapshot)
        fault = replica->f->keep_generation(replica, identity.generation);
    if (!fault && !sync->snapshot) fault = pending_learn(&sync->pending, replica);
    if (!fault) fault = reveal_rows(sync, identity.generation, now, counts);
    if (!fault && now.boot_ms >= sync->prune_at) {
        /* The server's time, not ours: a clock that jumps ahead must not empty the journal. */
        int64_t oldest = server_now(sync, now).wall_ms - (int64_t)JOURNAL_DAYS * 24 * 3600 * 1000;
        fault = replica->f->outbox_prune(replica, oldest);
    }
    if (!fault && sync->snapshot) fault = outbox_rebase(replica, &sync->scratch, now);
    if (!fault && !sync->snapshot) {
        fault = outbox_refresh(replica, &sync->scratch, &sync->pending, now);
    }
    return fault;
}

/* Remembers what is news, for who watches. */
static void revealed_note(struct sync *sync)
{
    if (sync->revealed_told) {
        sync->revealed_count = 0;
        sync->revealed_more = false;
        sync->revealed_told = false;
    }
    if (sync->snapshot) sync->revealed_more = true;
    for (size_t i = 0; i < sync->kept.count && !sync->snapshot; i++) {
        const struct packed_row *row = sync->kept.rows[i];
        bool news = row->kind == ENTITY_EVENT || row->kind == ENTITY_ACTIVITY ||
                    row->kind == ENTITY_INBOX;
        if (!news) continue;
        const struct sync_revealed *last =
            sync->revealed_count > 0 ? &sync->revealed[sync->revealed_count - 1] : NULL;
        bool same = last && last->kind == row->kind && last->seq == row->seq &&
                    uuid_equal(last->id, row->id);
        if (same) continue;
        if (sync->revealed_count == SYNC_REVEALED_MAX) {
            sync->revealed_more = true;
            return;
        }
        sync->revealed[sync->revealed_count++] =
            (struct sync_revealed){row->kind, row->id, row->seq};
    }
}

enum fault sync_pages_reveal(struct sync *sync, const struct page *page, struct now now)
{
    struct replica *replica = sync->replica;
    struct reveal_counts counts = {0, 0, 0};
    arena_reset(&sync->scratch);
    enum fault fault = replica->f->begin(replica);
    if (fault) return fault;
    fault = reveal_store(sync, page, now, &counts);
    if (fault) {
        replica->f->rollback(replica);
        return fault;
    }
    fault = replica->f->commit(replica);
    if (fault) return fault;
    if (sync->snapshot || sync->kept.count > 0) {
        sync->changed_due = true;
        revealed_note(sync);
    }
    if (sync->snapshot) sync->force_snapshot = false;
    sync->snapshot = sync->resume = sync->filling = false;
    if (now.boot_ms >= sync->prune_at) sync->prune_at = now.boot_ms + SYNC_PRUNE_MS;
    sync->report.answered += counts.answered;
    sync->report.conflicts += counts.conflicts;
    sync->report.parked += counts.parked;
    sync->failures = sync->rehellos = 0;
    sync->tried = 0;
    sync_pages_drop(sync);
    return FAULT_NONE;
}

/* --- pages as they come --- */

static bool page_fits(const struct sync *sync, const struct page *page)
{
    if (page->from_seq != sync->position || page->to_seq < page->from_seq) return false;
    if (page->head_seq < page->to_seq) return false;
    for (size_t i = 0; i < page->count; i++) {
        uint64_t seq = page->rows[i].seq;
        if (seq <= page->from_seq || seq > page->to_seq) return false;
    }
    return true;
}

/* FAULT_LIMIT: more than a reveal may hold. */
static enum fault delta_take(struct sync *sync, const struct page *page)
{
    if (sync->kept.count + page->count > REVEAL_ROWS_MAX) return FAULT_LIMIT;
    for (size_t i = 0; i < page->count; i++) {
        if (sync_rows_keep(&sync->kept, &page->rows[i])) return FAULT_LIMIT;
    }
    return FAULT_NONE;
}

/* Answers to what was pushed in this session: room for more. */
static void answers_count(struct sync *sync, const struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct packed_row *row = &page->rows[i];
        if (row->kind != ENTITY_OUTCOME || row->removed) continue;
        if (!uuid_equal(row->id, sync->identity.replica)) continue;
        /* The low bits tell it from what the server had at the welcome. */
        bool ours = (int32_t)(row->n - (uint32_t)sync->welcome_last) > 0;
        if (ours && sync->inflight > 0) sync->inflight--;
    }
}

static void tip_keep(struct sync *sync, const struct page *page, struct now now)
{
    sync->tip = *page;
    sync->tip.rows = NULL;
    sync->tip.count = 0;
    if (sync->reveal_at == UINT64_MAX) sync->reveal_at = now.boot_ms + SYNC_REVEAL_MS;
}

enum fault sync_pages_settle(struct sync *sync, bool at_once, struct now now)
{
    if (sync->reveal_at == UINT64_MAX || sync->position < sync->head) return FAULT_NONE;
    bool due = at_once || sync->snapshot || sync->inflight == 0 ||
               sync->kept.count >= SYNC_REVEAL_ROWS || now.boot_ms >= sync->reveal_at;
    if (!due) return FAULT_NONE;
    enum fault fault = sync->snapshot ? sync_fill_step(sync) : FAULT_NONE;
    if (fault || sync_fill_waits(sync)) return fault;
    return sync_pages_reveal(sync, &sync->tip, now);
}

/* Puts or keeps the rows; shows them when that is due. */
enum fault sync_pages_take(struct sync *sync, const struct page *page, struct now now)
{
    if (!sync_in_session(sync) || !page_fits(sync, page)) return FAULT_FORMAT;
    enum fault fault = FAULT_NONE;
    /* A long delta begins: what is complete must not wait for it, nor count against its bound. */
    bool begins = page->to_seq < page->head_seq && !sync->snapshot;
    if (begins) fault = sync_pages_settle(sync, true, now);
    if (fault) return fault;
    fault = sync->snapshot ? snapshot_take(sync, page) : delta_take(sync, page);
    if (fault) return fault;
    answers_count(sync, page);
    sync->position = page->to_seq;
    sync->head = page->head_seq;
    sync->report.rows_received = sync->position;
    sync->report.rows_expected = sync->head;
    sync->progress_due = true;
    if (sync->position < sync->head) return FAULT_NONE;
    tip_keep(sync, page, now);
    return sync_pages_settle(sync, false, now);
}
