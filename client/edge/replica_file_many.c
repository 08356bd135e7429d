/* replica_file_many.c - many things of a kind by their ids, as a list of deals asks for the organisations.
 *
 * Looked for in the order of the key: the next one is most often a few rows on, and stepping there costs
 * a tenth of finding the place anew. The overlay first; what it has, removed or not, is not looked for
 * among the server's. */
#include "client/edge/replica_file_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/codec/row.h"

#include "common/base/banned.h"

enum { NEAR = 8 /* rows stepped over rather than looking anew */ };

struct sought {
    struct uuid id;
    size_t index;
    bool settled;
};

static int sought_compare(const void *a, const void *b)
{
    return uuid_compare(((const struct sought *)a)->id, ((const struct sought *)b)->id);
}

/* How the row that is stood on compares with that id: below 0 if it comes before. */
static int row_compare(sqlite3_stmt *statement, struct uuid id)
{
    return uuid_compare(column_id(statement, 0), id);
}

/* Moves on to the first row that is not before the id; *row: is there one. */
static enum fault row_reach(struct replica_file *file, sqlite3_stmt *statement,
                            enum entity_kind kind, const struct uuid *id, bool begun, bool *row)
{
    enum fault fault = FAULT_NONE;
    int steps = begun ? 0 : NEAR;
    while (*row && steps < NEAR && row_compare(statement, *id) < 0) {
        fault = statement_step(file, statement, row);
        if (fault != FAULT_NONE) return fault;
        steps++;
    }
    if (begun && (!*row || row_compare(statement, *id) >= 0)) return FAULT_NONE;
    statement_end(statement);
    bind_number(statement, 1, kind);
    bind_id(statement, 2, id);
    return statement_step(file, statement, row);
}

static enum fault sought_take(sqlite3_stmt *statement, struct arena *arena, enum entity_kind kind,
                              struct sought *sought, const void **out)
{
    void *entity = NULL;
    sought->settled = true;
    if (sqlite3_column_int(statement, 1) != 0) return FAULT_NONE; /* removed */
    enum fault fault =
        codec_entity_unpack(arena, kind, column_bytes(statement, 2), &entity);
    out[sought->index] = entity;
    return fault;
}

static enum fault layer_look(struct replica_file *file, struct arena *arena, enum statement which,
                             enum entity_kind kind, struct sought *sought, size_t count,
                             const void **out)
{
    sqlite3_stmt *statement;
    bool begun = false, row = false;
    enum fault fault = statement_begin(file, which, &statement);
    if (fault != FAULT_NONE) return fault;
    for (size_t i = 0; i < count && fault == FAULT_NONE && (row || !begun); i++) {
        if (sought[i].settled) continue;
        fault = row_reach(file, statement, kind, &sought[i].id, begun, &row);
        begun = true;
        if (fault != FAULT_NONE || !row || row_compare(statement, sought[i].id) != 0) continue;
        fault = sought_take(statement, arena, kind, &sought[i], out);
    }
    statement_end(statement);
    return fault;
}

enum fault replica_file_entities(struct replica *replica, struct arena *arena,
                                 enum entity_kind kind, const struct uuid *ids, size_t count,
                                 const void **out)
{
    struct replica_file *file = replica_file_of(replica);
    struct sought *sought = arena_array(arena, count + 1, sizeof *sought);
    if (sought == NULL) return FAULT_MEMORY;
    size_t n = 0, distinct = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = NULL;
        if (!uuid_is_zero(ids[i])) sought[n++] = (struct sought){.id = ids[i], .index = i};
    }
    if (n == 0) return FAULT_NONE;
    qsort(sought, n, sizeof *sought, sought_compare);
    size_t *first = arena_array(arena, count, sizeof *first); /* of each: who stands for it */
    if (first == NULL) return FAULT_MEMORY;
    for (size_t i = 0; i < n; i++) {
        bool again = distinct > 0 && uuid_equal(sought[distinct - 1].id, sought[i].id);
        first[sought[i].index] = again ? sought[distinct - 1].index : sought[i].index;
        if (!again) sought[distinct++] = sought[i];
    }
    bool own_look = !file->looking && !file->writing;
    enum fault fault = own_look ? replica_file_look_begin(replica) : FAULT_NONE;
    if (fault == FAULT_NONE) {
        fault = layer_look(file, arena, STATEMENT_MANY_SHOWN, kind, sought, distinct, out);
    }
    if (fault == FAULT_NONE) {
        fault = layer_look(file, arena, STATEMENT_MANY_SERVER, kind, sought, distinct, out);
    }
    if (own_look) replica_file_look_end(replica);
    for (size_t i = 0; i < count; i++) {
        if (!uuid_is_zero(ids[i])) out[i] = out[first[i]];
    }
    return fault;
}
