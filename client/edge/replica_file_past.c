/* replica_file_past.c - the abridged events of open deals, kept up as deals and events are put.
 *
 * Invariant: past_open has a row of a layer and deal exactly while deal_index has that deal of the
 * server's as open there, and its body has each of its events that abridged.h keeps, once, in any
 * order. */
#include "client/edge/replica_file_inside.h"

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "common/codec/row.h"
#include "common/metrics/abridged.h"

#include "common/base/banned.h"

enum { PAST_BYTES_MAX = 256 * 1024 * 1024 /* of one deal: five million events */ };

static enum fault past_statement(struct replica_file *file, enum statement which, int64_t layer,
                                 const struct uuid *deal, sqlite3_stmt **out)
{
    enum fault fault = statement_begin(file, which, out);
    if (fault != FAULT_NONE) return fault;
    bind_number(*out, 1, layer);
    bind_id(*out, 2, deal);
    return FAULT_NONE;
}

static enum fault past_write(struct replica_file *file, enum statement which, int64_t layer,
                             const struct uuid *deal, const struct buffer *body)
{
    sqlite3_stmt *s;
    enum fault fault = buffer_fault(body);
    if (fault == FAULT_NONE) fault = past_statement(file, which, layer, deal, &s);
    if (fault != FAULT_NONE) return fault;
    bind_bytes(s, 3, body->p, body->n);
    return statement_run(file, s);
}

/* What it has so far, behind what is in out. History comes deal by deal, and most deals are closed:
 * it is asked once for all events of one. */
static enum fault past_load(struct replica_file *file, int64_t layer, const struct uuid *deal,
                            struct buffer *out, bool *found)
{
    sqlite3_stmt *s;
    *found = false;
    if (file->without_past && file->without_layer == layer &&
        uuid_equal(file->without_id, *deal)) {
        return FAULT_NONE;
    }
    enum fault fault = past_statement(file, STATEMENT_PAST_LOAD, layer, deal, &s);
    if (fault != FAULT_NONE) return fault;
    fault = statement_step(file, s, found);
    if (*found && out != NULL) buffer_append_str(out, column_bytes(s, 0));
    statement_end(s);
    file->without_past = fault == FAULT_NONE && !*found;
    file->without_layer = layer;
    file->without_id = *deal;
    return fault;
}

static enum fault past_read(struct replica_file *file, int64_t layer, const struct uuid *deal,
                            struct buffer *out)
{
    sqlite3_stmt *s;
    struct arena one;
    bool row = false;
    enum fault fault = past_statement(file, STATEMENT_PAST_EVENTS, layer, deal, &s);
    if (fault != FAULT_NONE) return fault;
    arena_init(&one, WIRE_ARENA_MAX);
    while ((fault = statement_step(file, s, &row)) == FAULT_NONE && row) {
        void *entity = NULL;
        arena_reset(&one);
        fault = codec_entity_unpack(&one, ENTITY_EVENT, column_bytes(s, 2), &entity);
        if (fault != FAULT_NONE) break;
        if (!abridged_keeps(entity)) continue;
        abridged_append(out, (uint64_t)sqlite3_column_int64(s, 0),
                        (uint32_t)sqlite3_column_int64(s, 1), entity);
    }
    statement_end(s);
    arena_finish(&one);
    return fault;
}

enum fault past_make(struct replica_file *file, int64_t layer, const struct uuid *deal,
                     bool begins)
{
    struct buffer body;
    bool found = false;
    enum fault fault = begins ? FAULT_NONE : past_load(file, layer, deal, NULL, &found);
    if (fault != FAULT_NONE || !(begins || found)) return fault;
    buffer_init(&body, PAST_BYTES_MAX);
    fault = past_read(file, layer, deal, &body);
    if (fault == FAULT_NONE) {
        fault = past_write(file, begins ? STATEMENT_PAST_ADD : STATEMENT_PAST_UPDATE, layer, deal,
                           &body);
    }
    buffer_finish(&body);
    if (begins) file->without_past = false;
    return fault;
}

enum fault past_append(struct replica_file *file, const struct arrival *row)
{
    struct buffer body;
    bool found = false;
    if (!abridged_keeps(row->entity)) return FAULT_NONE;
    buffer_init(&body, PAST_BYTES_MAX);
    enum fault fault = past_load(file, row->layer, &row->id, &body, &found);
    if (fault == FAULT_NONE && found) {
        abridged_append(&body, row->seq, row->n, row->entity);
        fault = past_write(file, STATEMENT_PAST_UPDATE, row->layer, &row->id, &body);
    }
    buffer_finish(&body);
    return fault;
}

enum fault past_drop(struct replica_file *file, int64_t layer, const struct uuid *deal)
{
    sqlite3_stmt *s;
    enum fault fault = past_statement(file, STATEMENT_PAST_DROP, layer, deal, &s);
    return fault == FAULT_NONE ? statement_run(file, s) : fault;
}
