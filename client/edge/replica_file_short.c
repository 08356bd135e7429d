/* replica_file_short.c - how much of its short id tells a thing from all others of its kind.
 *
 * Called for lists: a copy has many more things than a list shows, so each of these looks at its two
 * neighbours in the index. The overlay has no such index and is read whole, once. */
#include "client/edge/replica_file_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

struct short_text {
    char text[SHORT_ID_LENGTH_MAX + 1];
};

static int short_compare(const void *a, const void *b)
{
    return strcmp(((const struct short_text *)a)->text, ((const struct short_text *)b)->text);
}

/* Long enough not to be the beginning of the other; the same one does not count. */
static size_t length_beside(const char *mine, const char *other, size_t length)
{
    size_t common = 0;
    while (mine[common] && mine[common] == other[common]) common++;
    if (mine[common] == 0 || common < length) return length;
    return common + 1;
}

static struct short_text column_short(sqlite3_stmt *statement)
{
    struct short_text out = {{0}};
    struct str text = column_bytes(statement, 0);
    memcpy(out.text, text.p, text.n < SHORT_ID_LENGTH_MAX ? text.n : SHORT_ID_LENGTH_MAX);
    return out;
}

static enum fault shown_read(struct replica_file *file, struct arena *arena, enum entity_kind kind,
                             struct short_text **out, size_t *count)
{
    sqlite3_stmt *statement;
    void *items = NULL;
    size_t cap = 0;
    bool row = false;
    *count = 0;
    enum fault fault = statement_begin(file, STATEMENT_SHORTS_SHOWN, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_number(statement, 1, kind);
    while ((fault = statement_step(file, statement, &row)) == FAULT_NONE && row) {
        struct short_text *text = arena_push(arena, &items, count, &cap, sizeof *text);
        if (text == NULL) break;
        *text = column_short(statement);
    }
    statement_end(statement);
    if (*count > 1) qsort(items, *count, sizeof(struct short_text), short_compare);
    *out = items;
    return fault == FAULT_NONE ? arena_fault(arena) : fault;
}

static size_t length_among(const struct short_text *sorted, size_t count, const char *mine,
                           size_t length)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(sorted[middle].text, mine) < 0) low = middle + 1;
        else high = middle;
    }
    if (low > 0) length = length_beside(mine, sorted[low - 1].text, length);
    while (low < count && strcmp(sorted[low].text, mine) == 0) low++;
    return low < count ? length_beside(mine, sorted[low].text, length) : length;
}

static enum fault length_indexed(struct replica_file *file, enum entity_kind kind,
                                 const char *mine, size_t *length)
{
    static const enum statement sides[] = {STATEMENT_SHORT_BEFORE, STATEMENT_SHORT_AFTER};
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < 2 && fault == FAULT_NONE; i++) {
        sqlite3_stmt *statement;
        bool row = false;
        fault = statement_begin(file, sides[i], &statement);
        if (fault != FAULT_NONE) break;
        bind_number(statement, 1, kind);
        bind_text(statement, 2, str_from(mine));
        fault = statement_step(file, statement, &row);
        if (fault == FAULT_NONE && row) {
            *length = length_beside(mine, column_short(statement).text, *length);
        }
        statement_end(statement);
    }
    return fault;
}

enum fault replica_file_short_lengths(struct replica *replica, struct arena *arena,
                                      enum entity_kind kind, const struct uuid *ids, size_t count,
                                      size_t *lengths)
{
    struct replica_file *file = replica_file_of(replica);
    struct short_text *shown = NULL;
    size_t shown_count = 0;
    bool own_look = !file->looking && !file->writing && count > 1;
    enum fault fault = own_look ? replica_file_look_begin(replica) : FAULT_NONE;
    if (fault == FAULT_NONE) fault = shown_read(file, arena, kind, &shown, &shown_count);
    for (size_t i = 0; i < count && fault == FAULT_NONE; i++) {
        char mine[SHORT_ID_LENGTH_MAX + 1];
        uuid_short(ids[i], SHORT_ID_LENGTH_MAX, mine);
        lengths[i] = length_among(shown, shown_count, mine, SHORT_ID_LENGTH_MIN);
        fault = length_indexed(file, kind, mine, &lengths[i]);
    }
    if (own_look) replica_file_look_end(replica);
    return fault;
}
