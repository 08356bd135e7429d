/* replica_file_rows.c - writing what the server said and what pending mutations predict, and the
 * indexes of both.
 *
 * Invariant: the index rows of a layer and key are those of the entity_row of that layer and key,
 * after every function here. Bodies are kept as received, those of unknown kinds too. */
#include "client/edge/replica_file_inside.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "common/base/check.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

/* One row on its way into a layer; entity NULL: removed, or of a kind that has no index. */
struct arrival {
    int64_t layer;
    uint32_t kind, n;
    struct uuid id;
    uint64_t seq;
    bool removed;
    struct str body;
    const void *entity;
};

/* --- indexes --- */

/* Once in a transaction is enough. */
static enum fault won_changed(struct replica_file *file)
{
    sqlite3_stmt *s;
    if (file->won_changed) return FAULT_NONE;
    enum fault fault = statement_begin(file, STATEMENT_WON_CHANGED, &s);
    if (fault == FAULT_NONE) fault = statement_run(file, s);
    file->won_changed = fault == FAULT_NONE;
    return fault;
}

/* A won deal that the overlay hides, or no longer hides. */
static enum fault won_below(struct replica_file *file, const struct arrival *row)
{
    sqlite3_stmt *s;
    bool won = false;
    if (row->layer != LAYER_SHOWN || row->kind != ENTITY_DEAL || file->won_changed) {
        return FAULT_NONE;
    }
    enum fault fault = statement_begin(file, STATEMENT_WON_BELOW, &s);
    if (fault != FAULT_NONE) return fault;
    bind_id(s, 1, &row->id);
    fault = statement_step(file, s, &won);
    statement_end(s);
    return fault == FAULT_NONE && won ? won_changed(file) : fault;
}

static enum fault index_remove_deal(struct replica_file *file, const struct arrival *row)
{
    static const enum statement removals[] = {STATEMENT_DEAL_REMOVE_WON, STATEMENT_DEAL_REMOVE};
    for (size_t i = 0; i < sizeof removals / sizeof *removals; i++) {
        sqlite3_stmt *s;
        enum fault fault = statement_begin(file, removals[i], &s);
        if (fault != FAULT_NONE) return fault;
        bind_number(s, 1, row->layer);
        bind_id(s, 2, &row->id);
        fault = statement_run(file, s);
        if (fault != FAULT_NONE) return fault;
        if (sqlite3_changes(file->db) == 0) continue;
        return removals[i] == STATEMENT_DEAL_REMOVE_WON ? won_changed(file) : FAULT_NONE;
    }
    return FAULT_NONE;
}

static enum fault index_remove(struct replica_file *file, const struct arrival *row)
{
    sqlite3_stmt *s;
    enum fault fault = statement_begin(file, STATEMENT_INDEX_REMOVE, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_number(s, 2, row->kind);
    bind_id(s, 3, &row->id);
    fault = statement_run(file, s);
    if (fault != FAULT_NONE) return fault;
    if (row->kind == ENTITY_DEAL) return index_remove_deal(file, row);
    if (row->kind != ENTITY_ACTIVITY) return FAULT_NONE;
    fault = statement_begin(file, STATEMENT_ACTIVITY_REMOVE, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_id(s, 2, &row->id);
    return statement_run(file, s);
}

/* Name and external id by which people find that kind; false for kinds nobody looks for. */
static bool index_words(const struct arrival *row, struct str *name, struct str *external)
{
    *name = *external = STR_NONE;
    switch (row->kind) {
    case ENTITY_DEAL: {
        const struct deal *deal = row->entity;
        *name = deal->title;
        *external = deal->external_id;
        return true;
    }
    case ENTITY_ORGANISATION: {
        const struct organisation *organisation = row->entity;
        *name = organisation->name;
        *external = organisation->external_id;
        return true;
    }
    case ENTITY_PERSON: {
        const struct person *person = row->entity;
        *name = person->name;
        *external = person->external_id;
        return true;
    }
    case ENTITY_MEMBER: *name = ((const struct member *)row->entity)->name; return true;
    case ENTITY_ACTIVITY:
    case ENTITY_INBOX: return true;
    default: return false;
    }
}

/* Events of the server's open deals stand in event_open too, and no others. */
static enum fault index_events(struct replica_file *file, const struct arrival *row, bool open)
{
    sqlite3_stmt *s;
    if (row->layer == LAYER_SHOWN) return FAULT_NONE;
    enum fault fault = statement_begin(
        file, open ? STATEMENT_EVENTS_OPEN_COPY : STATEMENT_EVENTS_OPEN_REMOVE, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_id(s, 2, &row->id);
    return statement_run(file, s);
}

static int deal_open(const struct deal *deal)
{
    return deal->status == STATUS_OPEN ? DEAL_OPEN : deal->status == STATUS_WON ? DEAL_WON
                                                                               : DEAL_CLOSED;
}

static enum fault deal_write(struct replica_file *file, enum statement which,
                             const struct arrival *row)
{
    const struct deal *deal = row->entity;
    int open = deal_open(deal);
    sqlite3_stmt *s;
    enum fault fault = open == DEAL_WON ? won_changed(file) : FAULT_NONE;
    if (fault == FAULT_NONE) fault = statement_begin(file, which, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_number(s, 2, open);
    bind_id(s, 3, &row->id);
    bind_id_or_any(s, 4, &deal->organisation);
    bind_id_or_any(s, 5, &deal->contact);
    bind_id_or_any(s, 6, &deal->owner);
    if (open == DEAL_OPEN) bind_bytes(s, 7, row->body.p, row->body.n);
    return statement_run(file, s);
}

static enum fault index_put_deal(struct replica_file *file, const struct arrival *row)
{
    enum fault fault = deal_write(file, STATEMENT_DEAL_PUT, row);
    bool open = deal_open(row->entity) == DEAL_OPEN;
    return fault == FAULT_NONE ? index_events(file, row, open) : fault;
}

/* *done: it stands where it stood, with its events. */
static enum fault index_update_deal(struct replica_file *file, const struct arrival *row,
                                    bool *done)
{
    sqlite3_stmt *s;
    enum fault fault = statement_begin(file, STATEMENT_DEAL_THERE, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_number(s, 2, deal_open(row->entity));
    bind_id(s, 3, &row->id);
    fault = statement_step(file, s, done);
    statement_end(s);
    return fault == FAULT_NONE && *done ? deal_write(file, STATEMENT_DEAL_UPDATE, row) : fault;
}

static enum fault index_put_activity(struct replica_file *file, const struct arrival *row)
{
    const struct activity *activity = row->entity;
    const struct uuid *subjects[] = {&activity->deal, &activity->organisation, &activity->person};
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        if (uuid_is_zero(*subjects[i])) continue;
        sqlite3_stmt *s;
        enum fault fault = statement_begin(file, STATEMENT_ACTIVITY_PUT, &s);
        if (fault != FAULT_NONE) return fault;
        bind_number(s, 1, row->layer);
        bind_id(s, 2, &row->id);
        bind_id(s, 3, subjects[i]);
        fault = statement_run(file, s);
        if (fault != FAULT_NONE) return fault;
    }
    return FAULT_NONE;
}

/* Before it is put: does another one begin as it does? */
static enum fault index_share(struct replica_file *file, const struct arrival *row,
                              const char *id_short)
{
    char end[SHORT_ID_LENGTH_MIN + 1];
    sqlite3_stmt *s;
    if (row->layer == LAYER_SHOWN) return FAULT_NONE;
    enum fault fault = statement_begin(file, STATEMENT_SHORT_SHARE, &s);
    if (fault != FAULT_NONE) return fault;
    memcpy(end, id_short, SHORT_ID_LENGTH_MIN);
    end[SHORT_ID_LENGTH_MIN] = '~'; /* above every letter */
    bind_number(s, 1, row->layer);
    bind_number(s, 2, row->kind);
    bind_text(s, 3, (struct str){id_short, SHORT_ID_LENGTH_MIN});
    bind_text(s, 4, (struct str){end, sizeof end});
    return statement_run(file, s);
}

static enum fault index_write(struct replica_file *file, enum statement which,
                              const struct arrival *row, struct str name, struct str external)
{
    struct str folded = STR_NONE;
    char id_short[SHORT_ID_LENGTH_MAX + 1];
    sqlite3_stmt *s;
    enum fault fault = name.p ? text_fold(&file->scratch, name, &folded) : FAULT_NONE;
    if (fault != FAULT_NONE) return fault;
    uuid_short(row->id, SHORT_ID_LENGTH_MAX, id_short);
    if (which == STATEMENT_INDEX_PUT) fault = index_share(file, row, id_short);
    if (fault == FAULT_NONE) fault = statement_begin(file, which, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_number(s, 2, row->kind);
    bind_id(s, 3, &row->id);
    if (which == STATEMENT_INDEX_PUT) bind_text(s, 4, str_from(id_short));
    bind_text(s, 5, folded);
    bind_text(s, 6, external);
    return statement_run(file, s);
}

static enum fault index_put(struct replica_file *file, const struct arrival *row)
{
    struct str name, external;
    if (row->entity == NULL || !index_words(row, &name, &external)) return FAULT_NONE;
    enum fault fault = index_write(file, STATEMENT_INDEX_PUT, row, name, external);
    if (fault != FAULT_NONE) return fault;
    if (row->kind == ENTITY_DEAL) return index_put_deal(file, row);
    if (row->kind == ENTITY_ACTIVITY) return index_put_activity(file, row);
    return FAULT_NONE;
}

/* Of a row that stood there before as well: most changes leave most of the indexes as they are. */
static enum fault index_again(struct replica_file *file, const struct arrival *row)
{
    struct str name, external;
    bool done = row->kind != ENTITY_DEAL;
    bool updates = row->entity != NULL && index_words(row, &name, &external) &&
                   row->kind != ENTITY_ACTIVITY;
    enum fault fault = FAULT_NONE;
    if (updates && !done) fault = index_update_deal(file, row, &done);
    if (fault != FAULT_NONE) return fault;
    if (updates && done) return index_write(file, STATEMENT_INDEX_UPDATE, row, name, external);
    fault = index_remove(file, row);
    return fault == FAULT_NONE ? index_put(file, row) : fault;
}

enum fault replica_file_index_all(struct replica_file *file)
{
    sqlite3_stmt *s;
    bool more = false;
    enum fault fault = statement_begin(file, STATEMENT_ROWS_INDEXED, &s);
    if (fault != FAULT_NONE) return fault;
    while ((fault = statement_step(file, s, &more)) == FAULT_NONE && more) {
        struct arrival row = {
            .layer = sqlite3_column_int64(s, 0),
            .kind = (uint32_t)sqlite3_column_int64(s, 1),
            .id = column_id(s, 2),
            .body = column_bytes(s, 3),
        };
        void *entity = NULL;
        fault = codec_entity_unpack(&file->scratch, (enum entity_kind)row.kind, row.body, &entity);
        if (fault != FAULT_NONE && fault != FAULT_NOT_FOUND) break;
        row.entity = fault == FAULT_NONE ? entity : NULL;
        fault = index_put(file, &row);
        arena_reset(&file->scratch);
        if (fault != FAULT_NONE) break;
    }
    statement_end(s);
    arena_reset(&file->scratch);
    return fault;
}

/* --- rows --- */

/* What stands where a row is put. */
struct standing {
    bool known, removed;
    uint64_t seq;
};

static enum fault row_index(struct replica_file *file, const struct arrival *row,
                            const struct standing *before)
{
    bool stood = before->known && !before->removed;
    enum fault fault = FAULT_NONE;
    if (stood && !row->removed) return index_again(file, row);
    if (stood) fault = index_remove(file, row);
    if (fault != FAULT_NONE) return fault;
    if (!row->removed) return index_put(file, row);
    return row->kind == ENTITY_DEAL ? index_events(file, row, false) : FAULT_NONE;
}

static enum fault row_store(struct replica_file *file, const struct arrival *row,
                            const struct standing *before)
{
    enum fault fault = won_below(file, row);
    sqlite3_stmt *s;
    if (fault != FAULT_NONE) return fault;
    fault = statement_begin(file, before->known ? STATEMENT_ROW_UPDATE : STATEMENT_ROW_ADD, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_number(s, 2, row->kind);
    bind_id(s, 3, &row->id);
    bind_number(s, 4, row->n);
    bind_number(s, 5, (int64_t)row->seq);
    bind_number(s, 6, row->removed);
    if (!row->removed) bind_bytes(s, 7, row->body.p, row->body.n);
    fault = statement_run(file, s);
    return fault == FAULT_NONE ? row_index(file, row, before) : fault;
}

static enum fault row_standing(struct replica_file *file, const struct arrival *row,
                               struct standing *out)
{
    sqlite3_stmt *s;
    *out = (struct standing){.known = false};
    enum fault fault = statement_begin(file, STATEMENT_ROW_SEQ, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_number(s, 2, row->kind);
    bind_id(s, 3, &row->id);
    bind_number(s, 4, row->n);
    fault = statement_step(file, s, &out->known);
    if (out->known) {
        out->seq = (uint64_t)sqlite3_column_int64(s, 0);
        out->removed = sqlite3_column_int(s, 1) != 0;
    }
    statement_end(s);
    return fault;
}

static enum fault event_write(struct replica_file *file, enum statement which,
                              const struct arrival *row)
{
    sqlite3_stmt *s;
    enum fault fault = statement_begin(file, which, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_id(s, 2, &row->id);
    bind_number(s, 3, (int64_t)row->seq);
    bind_number(s, 4, row->n);
    if (!row->removed) bind_bytes(s, 5, row->body.p, row->body.n);
    return statement_run(file, s);
}

static enum fault event_store(struct replica_file *file, const struct arrival *row)
{
    bool server = row->layer != LAYER_SHOWN;
    enum fault fault;
    if (row->removed) {
        fault = event_write(file, STATEMENT_EVENT_REMOVE, row);
        return fault || !server ? fault : event_write(file, STATEMENT_EVENT_OPEN_REMOVE, row);
    }
    fault = event_write(file, STATEMENT_EVENT_ADD, row);
    if (fault == FAULT_NONE && sqlite3_changes(file->db) == 0) {
        fault = event_write(file, STATEMENT_EVENT_UPDATE, row);
    }
    return fault || !server ? fault : event_write(file, STATEMENT_EVENT_OPEN_ADD, row);
}

static enum fault row_put(struct replica_file *file, struct arrival *row)
{
    if (!row->removed) {
        void *entity = NULL;
        enum fault fault =
            codec_entity_unpack(&file->scratch, (enum entity_kind)row->kind, row->body, &entity);
        if (fault != FAULT_NONE && fault != FAULT_NOT_FOUND) return fault;
        row->entity = fault == FAULT_NONE ? entity : NULL;
    }
    if (row->kind == ENTITY_EVENT) return event_store(file, row);
    struct standing before;
    enum fault fault = row_standing(file, row, &before);
    if (fault != FAULT_NONE) return fault;
    bool older = before.known && row->layer != LAYER_SHOWN && before.seq > row->seq;
    return older ? FAULT_NONE : row_store(file, row, &before);
}

enum fault replica_file_put_row(struct replica *replica, uint64_t generation,
                                const struct packed_row *packed)
{
    struct replica_file *file = replica_file_of(replica);
    check(file->writing);
    if (generation > INT64_MAX || packed->seq > INT64_MAX) return FAULT_FORMAT;
    struct arrival row = {
        .layer = (int64_t)generation,
        .kind = packed->kind,
        .n = packed->n,
        .id = packed->id,
        .seq = packed->seq,
        .removed = packed->removed,
        .body = packed->body,
    };
    enum fault fault = row_put(file, &row);
    arena_reset(&file->scratch);
    return replica_file_failed(file, fault);
}

enum fault replica_file_shown_put(struct replica *replica, const struct row *shown)
{
    struct replica_file *file = replica_file_of(replica);
    struct buffer body;
    enum fault fault = FAULT_NONE;
    check(file->writing);
    buffer_init(&body, FRAME_TO_CLIENT_MAX);
    struct arrival row = {
        .layer = LAYER_SHOWN,
        .kind = (uint32_t)shown->kind,
        .n = shown->n,
        .id = shown->id,
        .seq = shown->seq,
        .removed = shown->removed || shown->entity == NULL,
    };
    if (!row.removed) fault = codec_entity_pack(shown->kind, shown->entity, &body);
    if (fault == FAULT_NONE) {
        row.body = buffer_str(&body);
        fault = row_put(file, &row);
    }
    arena_reset(&file->scratch);
    buffer_finish(&body);
    return replica_file_failed(file, fault);
}

/* --- layers --- */

static enum fault layers_drop(struct replica_file *file, enum statement first, enum statement last,
                              const int64_t *kept)
{
    for (enum statement which = first; which <= last; which++) {
        sqlite3_stmt *s;
        enum fault fault = statement_begin(file, which, &s);
        if (fault == FAULT_NONE && kept != NULL) bind_number(s, 1, *kept);
        if (fault == FAULT_NONE) fault = statement_run(file, s);
        if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    }
    return FAULT_NONE;
}

enum fault replica_file_keep_generation(struct replica *replica, uint64_t generation)
{
    struct replica_file *file = replica_file_of(replica);
    int64_t kept = (int64_t)generation;
    check(file->writing);
    enum fault fault = won_changed(file);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    return layers_drop(file, STATEMENT_KEEP_FIRST, STATEMENT_KEEP_LAST, &kept);
}

enum fault replica_file_shown_clear(struct replica *replica)
{
    struct replica_file *file = replica_file_of(replica);
    check(file->writing);
    enum fault fault = won_changed(file);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    return layers_drop(file, STATEMENT_CLEAR_FIRST, STATEMENT_CLEAR_LAST, NULL);
}

static enum fault shown_remove(struct replica_file *file, enum entity_kind kind, struct uuid id)
{
    const struct arrival row = {.layer = LAYER_SHOWN, .kind = (uint32_t)kind, .id = id};
    sqlite3_stmt *s;
    enum fault fault = statement_begin(file, STATEMENT_SHOWN_DROP, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, kind);
    bind_id(s, 2, &id);
    fault = statement_run(file, s);
    /* Without a row there is no index of it. */
    if (fault == FAULT_NONE && sqlite3_changes(file->db) > 0) {
        fault = index_remove(file, &row);
        if (fault == FAULT_NONE) fault = won_below(file, &row);
    }
    if (fault == FAULT_NONE) fault = statement_begin(file, STATEMENT_SHOWN_DROP_EVENTS, &s);
    if (fault != FAULT_NONE) return fault;
    bind_id(s, 1, &id);
    return statement_run(file, s);
}

enum fault replica_file_shown_drop(struct replica *replica, enum entity_kind kind, struct uuid id)
{
    struct replica_file *file = replica_file_of(replica);
    check(file->writing);
    return replica_file_failed(file, shown_remove(file, kind, id));
}
