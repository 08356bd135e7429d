/* work_organisation.c - organisations and people: add, edit, list, show. One code for both kinds,
 * driven by the field table. */
#include "client/verbs/work_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

static const struct column organisation_columns[] = {
    {"id", "ID", COLUMN_SHOWN},
    {"name", "Name", COLUMN_SHOWN | COLUMN_WIDE},
    {"website", "Website", COLUMN_SHOWN | COLUMN_WIDE},
    {"phone", "Phone", COLUMN_SHOWN},
    {"country", "Country", COLUMN_SHOWN},
    {"industry", "Industry", COLUMN_SHOWN},
    {"address", "Address", 0},
    {"note", "Note", 0},
    {"external_id", "External id", 0},
    {"created_at", "Created", 0},
    {"full_id", "Full ID", 0},
};
const struct columns organisation_table = COLUMNS(organisation_columns);
static const struct column person_columns[] = {
    {"id", "ID", COLUMN_SHOWN},
    {"name", "Name", COLUMN_SHOWN | COLUMN_WIDE},
    {"org", "Organisation", COLUMN_SHOWN | COLUMN_WIDE},
    {"position", "Position", COLUMN_SHOWN},
    {"email", "E-mail", COLUMN_SHOWN},
    {"phone", "Phone", COLUMN_SHOWN},
    {"note", "Note", 0},
    {"external_id", "External id", 0},
    {"created_at", "Created", 0},
    {"full_id", "Full ID", 0},
};
const struct columns person_table = COLUMNS(person_columns);

static const struct column *thing_columns(enum entity_kind kind, size_t *count)
{
    if (kind == ENTITY_ORGANISATION) {
        *count = sizeof organisation_columns / sizeof organisation_columns[0];
        return organisation_columns;
    }
    *count = sizeof person_columns / sizeof person_columns[0];
    return person_columns;
}

static void thing_cells(struct work *work, enum entity_kind kind, const void *thing,
                        struct str short_id, struct cell *cells)
{
    size_t count;
    const struct column *columns = thing_columns(kind, &count);
    for (size_t i = 0; i < count; i++) {
        const struct field *field = field_by_name(kind, str_from(columns[i].name));
        if (field) cells[i] = cell_field(work, field, thing);
    }
    char full[UUID_TEXT_LENGTH + 1];
    uuid_format(entity_id(kind, thing), full);
    cells[0] = cell_text(short_id);
    cells[count - 1] = cell_text(arena_str(work->arena, str_from(full)));
}

static enum fault thing_record(struct work *work, enum entity_kind kind, const void *thing,
                               struct answer *answer)
{
    size_t count;
    const struct column *columns = thing_columns(kind, &count);
    answer_table(answer, SHAPE_RECORD, columns, count);
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    thing_cells(work, kind, thing, name_short(work, kind, entity_id(kind, thing)), cells);
    return FAULT_NONE;
}

static enum fault thing_write(struct work *work, const struct request *request, struct wish *wish,
                              const char *verb, struct answer *answer)
{
    bool fine, done;
    const void *shown;
    enum fault fault = wish_options(work, request, wish, answer, &fine);
    if (fault || !fine) return fault;
    if (wish->count == 0) {
        answer_fail(answer, ERROR_NOTHING_TO_CHANGE,
                    "there is nothing to change; name a field, as in `--phone 123`");
        return FAULT_NONE;
    }
    struct str name = wish->current ? entity_title(wish->kind, wish->current)
                                    : request->arguments[0];
    struct str summary = arena_format(work->arena, "%s %s %.*s", entity_name(wish->kind), verb,
                                      STR_ARGS(name));
    fault = wish_submit(work, wish, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    fault = work->replica->f->entity(work->replica, work->arena, wish->kind, wish->target, false,
                                     &shown);
    if (fault) return fault;
    NOTE(answer, done ? NOTE_RESULT : NOTE_TALK,
         !done           ? "{name} is so already; nothing was changed"
         : wish->current ? "Changed {id} {name}"
                         : "Added {id} {name}",
         {"id", name_short(work, wish->kind, wish->target)},
         {"name", entity_title(wish->kind, shown)});
    struct str changes = done ? wish_changes(work, wish, shown) : STR_NONE;
    if (changes.n > 0) NOTE(answer, NOTE_RESULT, "  {changes}", {"changes", changes});
    answer->machine_only = true;
    return thing_record(work, wish->kind, shown, answer);
}

static enum fault thing_add(struct work *work, const struct request *request,
                            enum entity_kind kind, struct answer *answer)
{
    struct wish wish;
    wish_init(&wish, kind, uuid_v7((uint64_t)work->now.wall_ms, work->random), NULL);
    wish_set(&wish, "name", value_text(str_trim(request->arguments[0])));
    return thing_write(work, request, &wish, "add", answer);
}

static enum fault thing_edit(struct work *work, const struct request *request,
                             enum entity_kind kind, struct answer *answer)
{
    const void *found;
    struct wish wish;
    enum fault fault = name_find(work, kind, request->arguments[0], answer, &found);
    if (fault || !found) return fault;
    wish_init(&wish, kind, entity_id(kind, found), found);
    return thing_write(work, request, &wish, "edit", answer);
}

static bool thing_matches(struct work *work, enum entity_kind kind, const void *thing,
                          const struct request *request)
{
    struct str name, wanted;
    if (text_fold(work->arena, entity_title(kind, thing), &name)) return false;
    for (size_t i = 0; i < request->argument_count; i++) {
        if (text_fold(work->arena, request->arguments[i], &wanted)) return false;
        bool has = false;
        for (size_t at = 0; at + wanted.n <= name.n && !has; at++) {
            has = memcmp(name.p + at, wanted.p, wanted.n) == 0;
        }
        if (!has) return false;
    }
    return true;
}

static enum fault thing_list(struct work *work, const struct request *request,
                             enum entity_kind kind, struct answer *answer)
{
    const void **things;
    size_t count, width;
    enum fault fault = work->replica->f->all(work->replica, work->arena, kind, &things, &count);
    if (fault) return fault;
    struct uuid *ids = arena_array(work->arena, count + 1, sizeof *ids);
    struct str *shorts = arena_array(work->arena, count + 1, sizeof *shorts);
    if (!ids || !shorts) return FAULT_MEMORY;
    for (size_t i = 0; i < count; i++) ids[i] = entity_id(kind, things[i]);
    fault = names_short(work->arena, ids, count, shorts);
    const struct column *columns = thing_columns(kind, &width);
    answer_table(answer, SHAPE_TABLE, columns, width);
    for (size_t i = 0; i < count && !fault; i++) {
        if (!thing_matches(work, kind, things[i], request)) continue;
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        thing_cells(work, kind, things[i], shorts[i], cells);
    }
    return fault;
}

static enum fault thing_show(struct work *work, const struct request *request,
                             enum entity_kind kind, struct answer *answer)
{
    const void *found;
    enum fault fault = name_find(work, kind, request->arguments[0], answer, &found);
    if (fault || !found) return fault;
    return thing_record(work, kind, found, answer);
}

#define THING_VERBS(prefix, kind)                                                                  \
    enum fault prefix##_add(struct work *work, const struct request *request,                      \
                            struct answer *answer)                                                 \
    {                                                                                              \
        return thing_add(work, request, kind, answer);                                             \
    }                                                                                              \
    enum fault prefix##_edit(struct work *work, const struct request *request,                     \
                             struct answer *answer)                                                \
    {                                                                                              \
        return thing_edit(work, request, kind, answer);                                            \
    }                                                                                              \
    enum fault prefix##_list(struct work *work, const struct request *request,                     \
                             struct answer *answer)                                                \
    {                                                                                              \
        return thing_list(work, request, kind, answer);                                            \
    }                                                                                              \
    enum fault prefix##_show(struct work *work, const struct request *request,                     \
                             struct answer *answer)                                                \
    {                                                                                              \
        return thing_show(work, request, kind, answer);                                            \
    }

THING_VERBS(organisation, ENTITY_ORGANISATION)
THING_VERBS(person, ENTITY_PERSON)
