/* replica_file_rows.c - writing what the server said and what pending mutations predict.
 *
 * Invariant: the index entries of a layer and key are those of the entity_row of that layer and key,
 * after every function here. Bodies are kept as received, those of unknown kinds too. */
#include "client/edge/replica_file_inside.h"

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "common/base/check.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

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
    return row->removed ? FAULT_NONE : index_put(file, row);
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
    if (row->removed) {
        enum fault removed = event_write(file, STATEMENT_EVENT_REMOVE, row);
        return removed || !server ? removed : past_make(file, row->layer, &row->id, false);
    }
    enum fault fault = event_write(file, STATEMENT_EVENT_ADD, row);
    if (fault != FAULT_NONE) return fault;
    bool added = sqlite3_changes(file->db) > 0;
    if (!added) fault = event_write(file, STATEMENT_EVENT_UPDATE, row);
    if (fault != FAULT_NONE || !server) return fault;
    return added ? past_append(file, row) : past_make(file, row->layer, &row->id, false);
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

/* Removed, with its indexes, and then not there. */
static enum fault row_drop(struct replica_file *file, const struct arrival *row)
{
    struct standing before;
    sqlite3_stmt *s;
    if (row->kind == ENTITY_EVENT) return event_store(file, row);
    enum fault fault = row_standing(file, row, &before);
    bool stands = before.known && before.seq <= row->seq;
    if (fault != FAULT_NONE || !stands) return fault;
    if (!before.removed) fault = row_store(file, row, &before);
    if (fault == FAULT_NONE) fault = statement_begin(file, STATEMENT_ROW_DROP, &s);
    if (fault != FAULT_NONE) return fault;
    bind_number(s, 1, row->layer);
    bind_number(s, 2, row->kind);
    bind_id(s, 3, &row->id);
    bind_number(s, 4, row->n);
    return statement_run(file, s);
}

enum fault replica_file_drop_row(struct replica *replica, uint64_t generation,
                                 const struct row_mark *mark)
{
    struct replica_file *file = replica_file_of(replica);
    check(file->writing);
    struct arrival row = {
        .layer = (int64_t)generation,
        .kind = mark->kind,
        .n = mark->n,
        .id = mark->id,
        .seq = mark->seq,
        .removed = true,
    };
    enum fault fault = row_drop(file, &row);
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
    bool more; /* of older ones: see replica_file_drop_former */
    check(file->writing);
    enum fault fault = won_changed(file);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    fault = layers_drop(file, STATEMENT_KEEP_FIRST, STATEMENT_KEEP_LAST, &kept);
    return fault ? fault : replica_file_failed(file, former_drop(file, kept, &more));
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
