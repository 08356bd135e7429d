/* replica_file_short.c - how much of its short id tells a thing from all others of its kind.
 *
 * Called for lists: a copy has many more things than a list shows, and hardly any two of them begin
 * alike. Those that do, and those of the overlay, are looked for in the index between their two
 * neighbours; the others need no look at it. The overlay has no such index and is read whole, once. */
#include "client/edge/replica_file_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

enum { FEW = 8 }; /* so many are looked for sooner than it is read which to look for */

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

struct short_list {
    struct short_text *items; /* sorted */
    size_t count;
};

static enum fault shorts_read(struct replica_file *file, struct arena *arena,
                              enum statement which, enum entity_kind kind, struct short_list *out)
{
    sqlite3_stmt *statement;
    void *items = NULL;
    size_t cap = 0;
    bool row = false;
    *out = (struct short_list){NULL, 0};
    enum fault fault = statement_begin(file, which, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_number(statement, 1, kind);
    while ((fault = statement_step(file, statement, &row)) == FAULT_NONE && row) {
        struct short_text *text = arena_push(arena, &items, &out->count, &cap, sizeof *text);
        if (text == NULL) break;
        *text = column_short(statement);
    }
    statement_end(statement);
    if (out->count > 1) qsort(items, out->count, sizeof(struct short_text), short_compare);
    out->items = items;
    return fault == FAULT_NONE ? arena_fault(arena) : fault;
}

/* The first that is not below it. */
static size_t short_place(const struct short_list *list, const char *text)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->items[middle].text, text) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

static bool short_has(const struct short_list *list, const char *text)
{
    size_t at = short_place(list, text);
    return at < list->count && strcmp(list->items[at].text, text) == 0;
}

static size_t length_among(const struct short_list *list, const char *mine, size_t length)
{
    size_t at = short_place(list, mine);
    if (at > 0) length = length_beside(mine, list->items[at - 1].text, length);
    while (at < list->count && strcmp(list->items[at].text, mine) == 0) at++;
    return at < list->count ? length_beside(mine, list->items[at].text, length) : length;
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

/* Can one of the server's things begin as this one? */
static bool length_open(const struct short_list *shown, const struct short_list *shared,
                        const char *mine)
{
    char start[SHORT_ID_LENGTH_MIN + 1] = {0};
    memcpy(start, mine, SHORT_ID_LENGTH_MIN);
    return short_has(shared, start) || short_has(shown, mine);
}

enum fault replica_file_short_lengths(struct replica *replica, struct arena *arena,
                                      enum entity_kind kind, const struct uuid *ids, size_t count,
                                      size_t *lengths)
{
    struct replica_file *file = replica_file_of(replica);
    struct short_list shown = {NULL, 0}, shared = {NULL, 0};
    bool own_look = !file->looking && !file->writing && count > 1;
    enum fault fault = own_look ? replica_file_look_begin(replica) : FAULT_NONE;
    if (fault == FAULT_NONE) {
        fault = shorts_read(file, arena, STATEMENT_SHORTS_SHOWN, kind, &shown);
    }
    if (fault == FAULT_NONE && count > FEW) {
        fault = shorts_read(file, arena, STATEMENT_SHORTS_SHARED, kind, &shared);
    }
    for (size_t i = 0; i < count && fault == FAULT_NONE; i++) {
        char mine[SHORT_ID_LENGTH_MAX + 1];
        uuid_short(ids[i], SHORT_ID_LENGTH_MAX, mine);
        lengths[i] = length_among(&shown, mine, SHORT_ID_LENGTH_MIN);
        if (count <= FEW || length_open(&shown, &shared, mine)) {
            fault = length_indexed(file, kind, mine, &lengths[i]);
        }
    }
    if (own_look) replica_file_look_end(replica);
    return fault;
}
