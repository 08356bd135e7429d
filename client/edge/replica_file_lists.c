/* replica_file_lists.c - reading the copy. Each function is one statement, hence one state of the
 * file; order is made here, where names are folded and times unpacked. */
#include "client/edge/replica_file_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/domain/field.h"

#include "common/base/banned.h"

/* --- one --- */

/* Steps once and unpacks (removed, body). */
static enum fault entity_read(struct replica_file *file, sqlite3_stmt *statement,
                              struct arena *arena, enum entity_kind kind, void **out)
{
    bool row = false;
    enum fault fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE && (!row || sqlite3_column_int(statement, 0) != 0)) {
        fault = FAULT_NOT_FOUND;
    }
    if (fault == FAULT_NONE) {
        fault = codec_entity_unpack(arena, kind, column_bytes(statement, 1), out);
    }
    statement_end(statement);
    return fault;
}

enum fault replica_file_entity(struct replica *replica, struct arena *arena, enum entity_kind kind,
                               struct uuid id, bool server, const void **out)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    void *entity = NULL;
    *out = NULL;
    enum fault fault = statement_begin(
        file, server ? STATEMENT_ENTITY_SERVER : STATEMENT_ENTITY_SHOWN, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_number(statement, 1, kind);
    bind_id(statement, 2, &id);
    fault = entity_read(file, statement, arena, kind, &entity);
    if (fault == FAULT_NONE) *out = entity;
    return fault;
}

static enum fault entity_only(struct replica_file *file, struct arena *arena,
                              enum entity_kind kind, void **out)
{
    sqlite3_stmt *statement;
    enum fault fault = statement_begin(file, STATEMENT_ONE_OF_KIND, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_number(statement, 1, kind);
    return entity_read(file, statement, arena, kind, out);
}

enum fault replica_file_definition(struct replica *replica, struct arena *arena,
                                   struct definition *out)
{
    void *definition = NULL;
    enum fault fault =
        entity_only(replica_file_of(replica), arena, ENTITY_DEFINITION, &definition);
    if (fault == FAULT_NONE) *out = *(const struct definition *)definition;
    return fault;
}

enum fault replica_file_team(struct replica *replica, struct arena *arena, const struct team **out)
{
    void *team = NULL;
    *out = NULL;
    enum fault fault = entity_only(replica_file_of(replica), arena, ENTITY_TEAM, &team);
    if (fault == FAULT_NONE) *out = team;
    return fault;
}

/* --- many --- */

/* One thing and what it is ordered by: text, then number, then id. */
struct listed {
    const void *entity;
    struct str text;
    int64_t number;
    struct uuid id;
};

static enum fault listed_key(struct arena *arena, enum entity_kind kind, struct listed *item)
{
    struct str name = STR_NONE;
    if (kind == ENTITY_DEAL) {
        item->id = ((const struct deal *)item->entity)->id;
    } else if (kind == ENTITY_ACTIVITY) {
        const struct activity *activity = item->entity;
        struct optional at = activity->happened_at.has ? activity->happened_at
                                                       : activity->created_at;
        item->number = at.has ? at.v : INT64_MIN;
        item->id = activity->id;
    } else if (kind == ENTITY_INBOX) {
        item->number = ((const struct inbox_item *)item->entity)->number;
        item->id = ((const struct inbox_item *)item->entity)->id;
    } else if (kind == ENTITY_OUTCOME) {
        item->number = ((const struct outcome *)item->entity)->number;
        item->id = ((const struct outcome *)item->entity)->replica;
    } else if (kind == ENTITY_ORGANISATION) {
        name = ((const struct organisation *)item->entity)->name;
        item->id = ((const struct organisation *)item->entity)->id;
    } else if (kind == ENTITY_PERSON) {
        name = ((const struct person *)item->entity)->name;
        item->id = ((const struct person *)item->entity)->id;
    } else if (kind == ENTITY_MEMBER) {
        name = ((const struct member *)item->entity)->name;
        item->id = ((const struct member *)item->entity)->id;
    }
    return name.p ? text_fold(arena, name, &item->text) : FAULT_NONE;
}

static int listed_compare(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int order = str_compare(x->text, y->text);
    if (order != 0) return order;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return uuid_compare(x->id, y->id);
}

/* Most lists come in order: an index is read along its key. */
static void listed_sort(struct listed *items, size_t n)
{
    size_t i = 1;
    while (i < n && listed_compare(&items[i - 1], &items[i]) <= 0) i++;
    if (i < n) qsort(items, n, sizeof *items, listed_compare);
}

/* Steps through bodies of that kind (column 0), unpacks and sorts them, ends the statement. */
static enum fault list_read(struct replica_file *file, sqlite3_stmt *statement,
                            struct arena *arena, enum entity_kind kind, const void ***out,
                            size_t *count)
{
    void *items = NULL;
    size_t n = 0, cap = 0;
    bool row = true;
    enum fault fault = FAULT_NONE;
    *out = NULL;
    *count = 0;
    while (fault == FAULT_NONE) {
        fault = statement_step(file, statement, &row);
        if (fault != FAULT_NONE || !row) break;
        void *entity = NULL;
        fault = codec_entity_unpack(arena, kind, column_bytes(statement, 0), &entity);
        if (fault != FAULT_NONE) break;
        struct listed *item = arena_push(arena, &items, &n, &cap, sizeof *item);
        if (item == NULL) {
            fault = FAULT_MEMORY;
        } else {
            item->entity = entity;
            fault = listed_key(arena, kind, item);
        }
    }
    statement_end(statement);
    if (fault != FAULT_NONE) return fault;
    listed_sort(items, n);
    const void **entities = arena_array(arena, n, sizeof *entities);
    if (entities == NULL) return FAULT_MEMORY;
    for (size_t i = 0; i < n; i++) entities[i] = ((struct listed *)items)[i].entity;
    *out = entities;
    *count = n;
    return FAULT_NONE;
}

enum fault replica_file_all(struct replica *replica, struct arena *arena, enum entity_kind kind,
                            const void ***out, size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    check(kind != ENTITY_DEAL);
    check(kind != ENTITY_ACTIVITY);
    check(kind != ENTITY_EVENT);
    enum fault fault = statement_begin(file, STATEMENT_ALL, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_number(statement, 1, kind);
    return list_read(file, statement, arena, kind, out, count);
}

enum fault replica_file_deals(struct replica *replica, struct arena *arena,
                              const struct deal_filter *filter, const struct deal ***out,
                              size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    const void **items = NULL;
    enum statement which = filter->won   ? STATEMENT_DEALS_WON
                           : filter->all ? STATEMENT_DEALS_ALL
                                         : STATEMENT_DEALS_OPEN;
    if (!uuid_is_zero(filter->organisation)) {
        which = STATEMENT_DEALS_OF_ORGANISATION;
    } else if (!uuid_is_zero(filter->contact)) {
        which = STATEMENT_DEALS_OF_CONTACT;
    }
    *out = NULL;
    enum fault fault = statement_begin(file, which, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_id_or_any(statement, 1, &filter->organisation);
    bind_id_or_any(statement, 2, &filter->contact);
    bind_id_or_any(statement, 3, &filter->owner);
    if (sqlite3_bind_parameter_count(statement) > 3) bind_number(statement, 4, !filter->all);
    fault = list_read(file, statement, arena, ENTITY_DEAL, &items, count);
    if (fault == FAULT_NONE) {
        *out = arena_copy(arena, items, *count * sizeof *items);
        if (*out == NULL) fault = FAULT_MEMORY;
    }
    return fault;
}

enum fault replica_file_activities(struct replica *replica, struct arena *arena,
                                   struct uuid subject, const struct activity ***out,
                                   size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    const void **items = NULL;
    bool all = uuid_is_zero(subject);
    *out = NULL;
    enum fault fault =
        statement_begin(file, all ? STATEMENT_ALL : STATEMENT_ACTIVITIES_OF, &statement);
    if (fault != FAULT_NONE) return fault;
    if (all) {
        bind_number(statement, 1, ENTITY_ACTIVITY);
    } else {
        bind_id(statement, 1, &subject);
    }
    fault = list_read(file, statement, arena, ENTITY_ACTIVITY, &items, count);
    if (fault == FAULT_NONE) {
        *out = arena_copy(arena, items, *count * sizeof *items);
        if (*out == NULL) fault = FAULT_MEMORY;
    }
    return fault;
}

/* --- finding --- */

/* What people type of a short id as the index has it; false when it cannot be one. */
static bool short_prefix(struct str text, char out[SHORT_ID_LENGTH_MAX + 1])
{
    if (text.n == 0 || text.n > SHORT_ID_LENGTH_MAX) return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c == 'i' || c == 'l') c = '1';
        if (c == 'o') c = '0';
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z' && c != 'u'))) return false;
        out[i] = c;
    }
    out[text.n] = 0;
    return true;
}

enum fault replica_file_find(struct replica *replica, struct arena *arena, enum entity_kind kind,
                             struct str text, size_t limit, const void ***out, size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    struct str folded = STR_NONE;
    struct uuid id;
    char from[SHORT_ID_LENGTH_MAX + 1], to[SHORT_ID_LENGTH_MAX + 2];
    *out = NULL;
    *count = 0;
    enum fault fault = text_fold(arena, text, &folded);
    if (fault != FAULT_NONE) return fault;
    fault = statement_begin(file, STATEMENT_FIND, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_number(statement, 1, kind);
    if (short_prefix(text, from)) {
        memcpy(to, from, text.n);
        to[text.n] = '~'; /* above every letter */
        bind_text(statement, 2, str_from(from));
        bind_text(statement, 3, (struct str){to, text.n + 1});
    }
    bind_text(statement, 4, folded);
    bind_text(statement, 5, text);
    if (uuid_parse(text, &id) == FAULT_NONE) bind_id(statement, 6, &id);
    bind_number(statement, 7, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    return list_read(file, statement, arena, kind, out, count);
}

/* --- what is kept --- */

enum fault replica_file_kept_load(struct replica *replica, struct arena *arena, int64_t number,
                                  struct str *out)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    bool row = false;
    *out = STR_NONE;
    enum fault fault = statement_begin(file, STATEMENT_KEPT_LOAD, &statement);
    if (fault != FAULT_NONE) return fault;
    bind_number(statement, 1, number);
    fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE && row) *out = arena_str(arena, column_bytes(statement, 0));
    statement_end(statement);
    return fault == FAULT_NONE ? arena_fault(arena) : fault;
}

/* --- for comparing --- */

enum fault replica_file_marks(struct replica *replica, struct arena *arena, struct row_mark **out,
                              size_t *count)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *s;
    size_t cap = 0;
    bool more = false;
    *out = NULL;
    *count = 0;
    enum fault fault = statement_begin(file, STATEMENT_MARKS, &s);
    if (fault != FAULT_NONE) return fault;
    while ((fault = statement_step(file, s, &more)) == FAULT_NONE && more) {
        void *marks = *out;
        struct packed_row row = {.kind = (uint32_t)sqlite3_column_int64(s, 0),
                                 .id = column_id(s, 1),
                                 .n = (uint32_t)sqlite3_column_int64(s, 2),
                                 .seq = (uint64_t)sqlite3_column_int64(s, 3),
                                 .body = column_bytes(s, 4)};
        struct row_mark *mark = arena_push(arena, &marks, count, &cap, sizeof *mark);
        *out = marks;
        if (mark == NULL) {
            fault = FAULT_MEMORY;
            break;
        }
        *mark = (struct row_mark){.seq = row.seq, .hash = codec_row_hash(&row), .kind = row.kind,
                                  .n = row.n, .id = row.id};
    }
    statement_end(s);
    return fault;
}
