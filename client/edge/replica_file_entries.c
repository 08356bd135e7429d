/* replica_file_entries.c - the index entries of one row: made, changed and taken away with it.
 *
 * Called by replica_file_rows.c, and for all rows when another program made the indexes. */
#include "client/edge/replica_file_inside.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

enum fault won_changed(struct replica_file *file)
{
    sqlite3_stmt *s;
    if (file->won_changed) return FAULT_NONE;
    enum fault fault = statement_begin(file, STATEMENT_WON_CHANGED, &s);
    if (fault == FAULT_NONE) fault = statement_run(file, s);
    file->won_changed = fault == FAULT_NONE;
    return fault;
}

enum fault won_below(struct replica_file *file, const struct arrival *row)
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
        if (removals[i] == STATEMENT_DEAL_REMOVE_WON) return won_changed(file);
        return row->layer == LAYER_SHOWN ? FAULT_NONE : past_drop(file, row->layer, &row->id);
    }
    return FAULT_NONE;
}

enum fault index_remove(struct replica_file *file, const struct arrival *row)
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
    if (row->layer == LAYER_SHOWN || deal_open(row->entity) != DEAL_OPEN) return fault;
    return fault == FAULT_NONE ? past_make(file, row->layer, &row->id, true) : fault;
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

enum fault index_put(struct replica_file *file, const struct arrival *row)
{
    struct str name, external;
    if (row->entity == NULL || !index_words(row, &name, &external)) return FAULT_NONE;
    enum fault fault = index_write(file, STATEMENT_INDEX_PUT, row, name, external);
    if (fault != FAULT_NONE) return fault;
    if (row->kind == ENTITY_DEAL) return index_put_deal(file, row);
    if (row->kind == ENTITY_ACTIVITY) return index_put_activity(file, row);
    return FAULT_NONE;
}

enum fault index_again(struct replica_file *file, const struct arrival *row)
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
