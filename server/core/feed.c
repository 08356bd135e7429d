/* feed.c - what was committed, to every session that may see it, in pages.
 *
 * Recent rows come from the team's ring, older ones and other processes' from the store; both go
 * out through feed_rows. Invariants: a session's cursor moves only over what is in its output; a
 * page ends between two seqs; above the output mark nothing more is made. */
#include "server/core/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/logline.h"
#include "common/codec/row.h"
#include "common/domain/permission.h"

#include "common/base/banned.h"

static bool session_sees(const struct session *session, const struct ring_row *row)
{
    enum entity_kind kind = (enum entity_kind)row->row.kind;
    if (kind == ENTITY_OUTCOME) return uuid_equal(row->row.id, session->hello.replica);
    if (session->revoked) return false;
    const void *judged = row->item ? (const void *)row->item : (const void *)row->device;
    return permission_sees(&session->member, kind, judged);
}

/* --- pages --- */

struct feed_span { /* rows in order; complete for everything up to to_seq */
    const struct ring_row *rows;
    size_t count;
    uint64_t to_seq, head;
    bool has_mark;
    uint8_t mark[MARK_BYTES], head_mark[MARK_BYTES];
};

/* Does that row take from the session what it may, or change what it may see? A copy made under
 * another role starts over: what it must not have any more leaves it, what it lacks comes. What was
 * there when it signed in is known. */
static bool session_ends_by(const struct session *session, uint64_t seq, enum entity_kind kind,
                            const void *entity)
{
    if (session->revoked || !entity || seq <= session->welcome.head_seq) return false;
    if (kind == ENTITY_MEMBER) {
        const struct member *member = entity;
        return uuid_equal(member->id, session->member.id) &&
               (member->removed || member->role != session->member.role);
    }
    if (kind == ENTITY_DEVICE) {
        const struct device *device = entity;
        return uuid_equal(device->id, session->device) && device->revoked;
    }
    return false;
}

void feed_heed(struct server *server, struct team_actor *team, const struct store_request *commit)
{
    for (size_t i = 0; i < commit->row_count; i++) {
        const struct row *row = &commit->rows[i];
        if (row->kind != ENTITY_MEMBER && row->kind != ENTITY_DEVICE) continue;
        struct session *session = team->sessions;
        while (session) {
            struct session *next = session->team_next;
            if (session_ends_by(session, row->seq, row->kind, row->entity)) {
                session_bye(server, session, BYE_REHANDSHAKE);
            }
            session = next;
        }
    }
}

/* Fills page with whole seqs from rows[*at] on, as much as one page takes. False: among them is
 * one that ends the session. */
static bool page_fill(struct session *session, const struct feed_span *span, size_t bytes_max,
                      size_t *at, struct page *page)
{
    size_t bytes = 0, i = *at;
    uint64_t seq = page->from_seq;
    bool ends = false;
    while (i < span->count) {
        size_t end = i, group = 0, group_bytes = 0;
        for (; end < span->count && span->rows[end].row.seq == span->rows[i].row.seq; end++) {
            const struct ring_row *row = &span->rows[end];
            ends = ends || session_ends_by(session, row->row.seq, ENTITY_MEMBER, row->member) ||
                   session_ends_by(session, row->row.seq, ENTITY_DEVICE, row->device);
            if (!session_sees(session, &span->rows[end])) continue;
            group++;
            group_bytes += span->rows[end].bytes;
        }
        bool full = page->count + group > PAGE_ROWS_MAX || bytes + group_bytes > bytes_max;
        if (page->count > 0 && full) break;
        for (size_t k = i; k < end; k++) {
            if (!session_sees(session, &span->rows[k])) continue;
            page->rows[page->count++] = span->rows[k].row;
        }
        seq = span->rows[i].row.seq;
        bytes += group_bytes;
        i = end;
    }
    page->to_seq = i == span->count ? span->to_seq : seq;
    *at = i;
    return !ends;
}

/* The first row after that seq. */
static size_t span_after(const struct feed_span *span, uint64_t seq)
{
    size_t low = 0, high = span->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (span->rows[middle].row.seq > seq) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void feed_rows(struct server *server, struct session *session,
                      const struct feed_span *span)
{
    size_t at = span_after(span, session->cursor), mark = server_output_mark(server);
    size_t bytes_max = mark < PAGE_BYTES_MAX ? mark : PAGE_BYTES_MAX;
    struct packed_row *rows = malloc((span->count - at + 1) * sizeof *rows);
    if (!rows) {
        session_bye(server, session, BYE_SLOW);
        return;
    }
    while (session->state == SESSION_OPEN && session->cursor < span->to_seq &&
           channel_output(&session->channel).n < mark) {
        struct message message = {.kind = MESSAGE_PAGE};
        struct page *page = &message.page;
        page->from_seq = session->cursor;
        page->head_seq = span->head;
        page->rows = rows;
        if (!page_fill(session, span, bytes_max, &at, page)) {
            session_bye(server, session, BYE_REHANDSHAKE);
            break;
        }
        page->has_mark = span->has_mark && page->to_seq == span->to_seq;
        memcpy(page->to_mark, span->mark, MARK_BYTES);
        memcpy(page->head_mark, span->head_mark, MARK_BYTES);
        session_send(server, session, &message);
        session->cursor = page->to_seq;
        session->worked_ms = server->now_ms;
        server->counters.pages++;
        server->counters.rows_out += page->count;
    }
    free(rows);
}

/* Not now: later, and later each time. */
static void page_again(struct server *server, struct session *session, struct str why,
                       struct now now)
{
    uint64_t wait = RETRY_MS;
    for (unsigned i = 0; i < session->page_failures && wait < RETRY_MAX_MS; i++) wait *= 2;
    if (wait > RETRY_MAX_MS) wait = RETRY_MAX_MS;
    session->page_failures++;
    session->page_again_ms = now.boot_ms + wait;
    server_wake(server, session->page_again_ms);
    struct buffer *line = server_log_stranger(server, LOG_FEED, "page_failed");
    if (!line) return;
    logline_number(line, "connection", (int64_t)session->connection);
    logline_number(line, "cursor", (int64_t)session->cursor);
    logline_number(line, "failures", (int64_t)session->page_failures);
    logline_str(line, "trouble", why);
}

static void ask_page(struct server *server, struct session *session, struct now now)
{
    struct job *job = job_new(server, session->connection, session->team->id);
    if (!job) {
        page_again(server, session, STR("out of memory"), now);
        return;
    }
    job->request.kind = STORE_PAGE;
    job->request.replica = session->hello.replica;
    job->request.cursor_seq = session->cursor;
    job->request.row_limit = PAGE_ROWS_MAX;
    belief_name(session->team, &job->request);
    session->page_busy = true;
    job_submit(server, job);
}

void feed_session(struct server *server, struct session *session, struct now now)
{
    const struct team_actor *team = session->team;
    if (session->state != SESSION_OPEN || !team) return;
    if (session->page_busy || session->page_again_ms) return;
    if (session->delivered && session->cursor >= team->head) {
        session_refuse_revoked(server, session);
        return;
    }
    if (session->cursor >= team->head) return;
    if (channel_output(&session->channel).n >= server_output_mark(server)) return;
    const struct ring *ring = &team->ring;
    if (ring->end != team->head || session->cursor < ring->start) {
        ask_page(server, session, now);
        return;
    }
    struct feed_span span = {.rows = ring->rows ? ring->rows + ring->first : NULL,
                             .count = ring->count,
                             .to_seq = ring->end,
                             .head = team->head,
                             .has_mark = true};
    memcpy(span.mark, team->mark, MARK_BYTES);
    memcpy(span.head_mark, team->mark, MARK_BYTES);
    feed_rows(server, session, &span);
    if (session->delivered && session->cursor >= team->head) {
        session_refuse_revoked(server, session);
    }
}

void feed_team(struct server *server, struct team_actor *team, struct now now)
{
    struct session *session = team->sessions;
    while (session) {
        struct session *next = session->team_next;
        feed_session(server, session, now);
        session = next;
    }
}

/* Packs no more than the session can take at once; the rest is asked for again. */
static enum fault page_pack(const struct store_result *result, struct feed_span *span,
                            struct ring_row *rows)
{
    size_t bytes = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        bool begins = i > 0 && result->rows[i].seq != result->rows[i - 1].seq;
        if (begins && bytes > OUTPUT_HIGH) {
            span->to_seq = result->rows[i - 1].seq;
            span->has_mark = false;
            return FAULT_NONE;
        }
        enum fault fault = ring_row_make(&result->rows[i], &rows[span->count]);
        if (fault) return fault;
        bytes += rows[span->count++].bytes;
    }
    return FAULT_NONE;
}

/* --- checks: what a copy should hold, without sending it --- */

void feed_check(struct server *server, struct session *session, const struct check_request *wanted)
{
    if (!session->team || session->revoked || session->check_ticket) {
        session_bad(server, session, "check");
        return;
    }
    struct job *job = job_new(server, session->connection, session->team->id);
    if (!job) {
        session_bye(server, session, BYE_SLOW);
        return;
    }
    job->request.kind = STORE_PAGE;
    job->request.replica = session->hello.replica;
    job->request.cursor_seq = wanted->from_seq;
    job->request.row_limit = PAGE_ROWS_MAX;
    session->check_ticket = job->request.ticket;
    session->check_rows = wanted->rows;
    job_submit(server, job);
}

/* Only rows that a digest is made of. */
static void page_strip(struct page *page)
{
    size_t kept = 0;
    for (size_t i = 0; i < page->count; i++) {
        if (page->rows[i].removed || page->rows[i].kind == ENTITY_OUTCOME) continue;
        page->rows[kept++] = page->rows[i];
    }
    page->count = kept;
}

static bool checked_send(struct server *server, struct session *session,
                         const struct feed_span *span, uint64_t from_seq)
{
    size_t at = 0;
    struct message message = {.kind = MESSAGE_CHECKED,
                              .page = {.from_seq = from_seq, .head_seq = span->head}};
    struct page *page = &message.page;
    page->rows = calloc(span->count + 1, sizeof *page->rows);
    if (!page->rows) return false;
    struct packed_row *rows = page->rows;
    if (page_fill(session, span, PAGE_BYTES_MAX, &at, page)) {
        page_strip(page);
        codec_digest_add(&message.digest, page->rows, page->count);
        session->worked_ms = server->now_ms;
        if (!session->check_rows) page->count = 0;
        session_send(server, session, &message);
    } else {
        session_bye(server, session, BYE_REHANDSHAKE);
    }
    free(rows);
    return true;
}

static void feed_checked(struct server *server, struct session *session,
                         const struct store_result *result, uint64_t from_seq)
{
    session->check_ticket = 0;
    if (session->state != SESSION_OPEN || !session->team) return;
    struct feed_span span = {.to_seq = result->to_seq, .head = result->seq};
    struct ring_row *rows = calloc(result->row_count + 1, sizeof *rows);
    span.rows = rows;
    bool good = result->status == STORE_OK && result->to_seq >= from_seq && rows &&
                page_pack(result, &span, rows) == FAULT_NONE &&
                checked_send(server, session, &span, from_seq);
    for (size_t i = 0; rows && i < span.count; i++) ring_row_finish(&rows[i]);
    free(rows);
    if (!good && session->state == SESSION_OPEN) session_bye(server, session, BYE_SLOW);
}

void feed_page(struct server *server, struct session *session,
               const struct store_request *request, const struct store_result *result,
               struct now now)
{
    if (session->check_ticket == result->ticket) {
        feed_checked(server, session, result, request->cursor_seq);
        return;
    }
    session->page_busy = false;
    if (session->state != SESSION_OPEN || !session->team) return;
    if (result->status != STORE_OK) {
        page_again(server, session, result->trouble, now);
        return;
    }
    struct team_actor *team = session->team;
    enum belief_word word = belief_heard(server, team, request, result);
    if (word == BELIEF_GONE) return;
    belief_learn(team, word, result);
    if (!belief_covers(team, result->seq, result->mark)) {
        /* Where it was read may be lost unnoticed, and with it what took the place of rows that it
         * therefore leaves out. It is read again, when the belief has come that far. */
        if (result->seq > team->head) {
            belief_ask_head(server, team, now);
        } else {
            feed_session(server, session, now);
        }
        return;
    }
    struct feed_span span = {
        .to_seq = result->to_seq, .head = result->seq, .has_mark = result->has_mark};
    memcpy(span.mark, result->to_mark, MARK_BYTES);
    memcpy(span.head_mark, result->mark, MARK_BYTES);
    struct ring_row *rows = calloc(result->row_count + 1, sizeof *rows);
    span.rows = rows;
    uint64_t before = session->cursor;
    if (!rows || page_pack(result, &span, rows)) {
        page_again(server, session, STR("its rows cannot be packed"), now);
    } else {
        feed_rows(server, session, &span);
        bool stuck = session->state == SESSION_OPEN && session->cursor == before;
        if (!stuck) {
            session->page_failures = 0;
        } else if (session->cursor < session->team->head) {
            page_again(server, session, STR("it brought nothing"), now);
        }
    }
    for (size_t i = 0; rows && i < span.count; i++) ring_row_finish(&rows[i]);
    free(rows);
    feed_session(server, session, now);
}
