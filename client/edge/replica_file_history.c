/* replica_file_history.c - reading what happened: events of one deal or of many, in order.
 *
 * Each function is one statement, hence one state of the file. */
#include "client/edge/replica_file_inside.h"

#include <stdlib.h>

#include "common/codec/row.h"
#include "common/metrics/abridged.h"

#include "common/base/banned.h"

struct history {
    const struct event **events;
    uint64_t *seqs;
};

struct history_row {
    const struct event *event;
    uint64_t seq;
    uint32_t n;
    bool predicted;
};

/* Deal by deal, what is predicted behind what happened. */
static int history_compare(const void *a, const void *b)
{
    const struct history_row *x = a, *y = b;
    int order = uuid_compare(x->event->subject, y->event->subject);
    if (order != 0) return order;
    if (x->predicted != y->predicted) return x->predicted ? 1 : -1;
    if (x->seq != y->seq) return x->seq < y->seq ? -1 : 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

static enum fault history_order(struct arena *arena, struct history_row *rows, size_t count,
                                struct history *out)
{
    size_t i = 1;
    while (i < count && history_compare(&rows[i - 1], &rows[i]) < 0) i++;
    if (i < count) qsort(rows, count, sizeof *rows, history_compare);
    *out = (struct history){arena_array(arena, count, sizeof *out->events),
                            arena_array(arena, count, sizeof *out->seqs)};
    if (arena_fault(arena) != FAULT_NONE) return FAULT_MEMORY;
    for (i = 0; i < count; i++) {
        out->events[i] = rows[i].event;
        out->seqs[i] = rows[i].predicted ? 0 : rows[i].seq;
    }
    return FAULT_NONE;
}

struct history_list {
    struct arena *arena;
    void *rows;
    size_t count, cap;
};

static enum fault history_add(struct history_list *list, const struct event *event, uint64_t seq,
                              uint32_t n, bool predicted)
{
    struct history_row *place =
        arena_push(list->arena, &list->rows, &list->count, &list->cap, sizeof *place);
    if (place == NULL) return FAULT_MEMORY;
    *place = (struct history_row){.event = event, .seq = seq, .n = n, .predicted = predicted};
    return FAULT_NONE;
}

enum history_wanted { WANTED_OF_ANYTHING, WANTED_OF_DEALS, WANTED_ABRIDGED };

static enum fault history_take(struct history_list *list, sqlite3_stmt *statement,
                               enum history_wanted wanted)
{
    void *entity = NULL;
    enum fault fault =
        codec_entity_unpack(list->arena, ENTITY_EVENT, column_bytes(statement, 2), &entity);
    if (fault != FAULT_NONE) return fault;
    const struct event *event = entity;
    if (wanted == WANTED_OF_DEALS && event->subject_kind != ENTITY_DEAL) return FAULT_NONE;
    if (wanted == WANTED_ABRIDGED && !abridged_keeps(event)) return FAULT_NONE;
    return history_add(list, event, (uint64_t)sqlite3_column_int64(statement, 1),
                       (uint32_t)sqlite3_column_int64(statement, 3),
                       sqlite3_column_int64(statement, 0) == LAYER_SHOWN);
}

/* All of a deal, of past_open. */
static enum fault history_take_past(struct history_list *list, sqlite3_stmt *statement)
{
    struct str rest = arena_str(list->arena, column_bytes(statement, 2));
    struct uuid deal = column_id(statement, 4);
    enum fault fault = arena_fault(list->arena);
    while (fault == FAULT_NONE && rest.n > 0) {
        struct abridged next;
        fault = abridged_next(list->arena, deal, &rest, &next);
        if (fault == FAULT_NONE) fault = history_add(list, next.event, next.seq, next.n, false);
    }
    return fault;
}

static enum fault history_read(struct replica_file *file, sqlite3_stmt *statement,
                               struct arena *arena, enum history_wanted wanted,
                               struct history *out, size_t *count)
{
    struct history_list list = {.arena = arena};
    bool row = true;
    enum fault fault = FAULT_NONE;
    while (fault == FAULT_NONE) {
        fault = statement_step(file, statement, &row);
        if (fault != FAULT_NONE || !row) break;
        bool past = sqlite3_column_type(statement, 1) == SQLITE_NULL;
        fault = past ? history_take_past(&list, statement) : history_take(&list, statement, wanted);
    }
    statement_end(statement);
    *count = list.count;
    return fault == FAULT_NONE ? history_order(arena, list.rows, list.count, out) : fault;
}

enum fault replica_file_events(struct replica *replica, struct arena *arena, struct uuid subject,
                               const struct event ***out, uint64_t **seqs, size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    struct history history = {0};
    bool all = uuid_is_zero(subject);
    *count = 0;
    enum fault fault =
        statement_begin(file, all ? STATEMENT_EVENTS_ALL : STATEMENT_EVENTS_OF, &statement);
    if (fault == FAULT_NONE) {
        if (!all) bind_id(statement, 1, &subject);
        fault = history_read(file, statement, arena, all ? WANTED_OF_DEALS : WANTED_OF_ANYTHING,
                             &history, count);
    }
    *out = history.events;
    if (seqs != NULL) *seqs = history.seqs;
    return fault;
}

static enum fault events_of_deals(struct replica *replica, struct arena *arena,
                                  enum statement which, enum history_wanted wanted,
                                  const struct event ***out, size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    struct history history = {0};
    *count = 0;
    enum fault fault = statement_begin(file, which, &statement);
    if (fault == FAULT_NONE) fault = history_read(file, statement, arena, wanted, &history, count);
    *out = history.events;
    return fault;
}

enum fault replica_file_events_open(struct replica *replica, struct arena *arena,
                                    const struct event ***out, size_t *count)
{
    return events_of_deals(replica, arena, STATEMENT_EVENTS_OPEN, WANTED_ABRIDGED, out, count);
}

enum fault replica_file_events_won(struct replica *replica, struct arena *arena,
                                   const struct event ***out, size_t *count)
{
    return events_of_deals(replica, arena, STATEMENT_EVENTS_WON, WANTED_OF_DEALS, out, count);
}

enum fault replica_file_won_mark(struct replica *replica, uint64_t *out)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    bool row = false;
    *out = 0;
    enum fault fault = statement_begin(file, STATEMENT_WON_MARK, &statement);
    if (fault != FAULT_NONE) return fault;
    fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE && row) *out = (uint64_t)sqlite3_column_int64(statement, 0);
    statement_end(statement);
    return fault;
}

/* --- for who looks beside another process --- */

enum fault replica_file_revealed(struct replica *replica, uint64_t after, size_t limit,
                                 struct sync_revealed *out, size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *s;
    bool row = false;
    *count = 0;
    enum fault fault = statement_begin(file, STATEMENT_REVEALED, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, (int64_t)after);
    bind_number(s, 2, (int64_t)limit);
    while (*count < limit && (fault = statement_step(file, s, &row)) == FAULT_NONE && row) {
        out[(*count)++] = (struct sync_revealed){.kind = (uint32_t)sqlite3_column_int64(s, 0),
                                                 .id = column_id(s, 1),
                                                 .seq = (uint64_t)sqlite3_column_int64(s, 2)};
    }
    statement_end(s);
    return fault;
}
