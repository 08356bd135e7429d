/* work_export.c - everything out again: one table per kind, every field of the field table. */
#include "client/core/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

struct exported {
    const char *name;
    enum entity_kind kind;
};

static const struct exported exported[] = {
    {"deals", ENTITY_DEAL},
    {"organisations", ENTITY_ORGANISATION},
    {"people", ENTITY_PERSON},
    {"activities", ENTITY_ACTIVITY},
    {"events", ENTITY_EVENT},
    {"members", ENTITY_MEMBER},
};
enum { EXPORTED_COUNT = sizeof exported / sizeof exported[0] };

static enum fault rows_load(struct work *work, enum entity_kind kind, const void *const **out,
                            size_t *count)
{
    const struct replica_functions *f = work->replica->f;
    struct uuid everything = {{0}};
    struct deal_filter filter = {.all = true};
    const struct deal **deals;
    const struct activity **activities;
    const struct event **events;
    uint64_t *seqs;
    const void **rows;
    enum fault fault;
    if (kind == ENTITY_DEAL) {
        fault = f->deals(work->replica, work->arena, &filter, &deals, count);
        *out = (const void *const *)deals;
    } else if (kind == ENTITY_ACTIVITY) {
        fault = f->activities(work->replica, work->arena, everything, &activities, count);
        *out = (const void *const *)activities;
    } else if (kind == ENTITY_EVENT) {
        fault = f->events(work->replica, work->arena, everything, &events, &seqs, count);
        *out = (const void *const *)events;
    } else {
        fault = f->all(work->replica, work->arena, kind, &rows, count);
        *out = rows;
    }
    return fault;
}

/* References by full id and by name; money as decimal text. */
static struct cell export_cell(struct work *work, const struct field *field, const void *row)
{
    if (strcmp(field->name, "value") == 0) {
        const struct field *currency = field_by_name(field->entity, STR("currency"));
        struct optional value = {field_get(field, row).present, field_get(field, row).number};
        return cell_money(work, value, field_get(currency, row).text);
    }
    struct value value = field_get(field, row);
    bool named = field->refers == ENTITY_MEMBER || field->refers == ENTITY_NONE;
    if (field->type == VALUE_REFERENCE && value.present && !named) {
        char text[UUID_TEXT_LENGTH + 1];
        uuid_format(value.id, text);
        return cell_text(arena_str(work->arena, str_from(text)));
    }
    return cell_field(work, field, row);
}

static enum fault export_table(struct work *work, const struct exported *what,
                               struct answer *answer)
{
    size_t field_count, count, column_count = 0;
    const void *const *rows;
    const struct field *fields = fields_of(what->kind, &field_count);
    struct column *columns = arena_array(work->arena, field_count, sizeof *columns);
    if (!columns) return FAULT_MEMORY;
    for (size_t i = 0; i < field_count; i++) {
        if (fields[i].type == VALUE_BYTES) continue;
        columns[column_count++] = (struct column){fields[i].name, fields[i].label, COLUMN_SHOWN};
    }
    answer->name = what->name;
    answer_table(answer, SHAPE_TABLE, columns, column_count);
    enum fault fault = rows_load(work, what->kind, &rows, &count);
    for (size_t i = 0; i < count && !fault; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        for (size_t k = 0, at = 0; k < field_count; k++) {
            if (fields[k].type == VALUE_BYTES) continue;
            cells[at++] = export_cell(work, &fields[k], rows[i]);
        }
    }
    return fault;
}

enum fault export_run(struct work *work, const struct request *request, struct answer *answer)
{
    enum fault fault = FAULT_NONE;
    bool found = request->argument_count == 0;
    if (!request->machine) {
        answer_fail(answer, ANSWER_USAGE, "say how: `sluice export --json` or `--csv`");
        return FAULT_NONE;
    }
    struct answer *table = answer;
    for (size_t i = 0; i < EXPORTED_COUNT && !fault; i++) {
        if (request->argument_count > 0) {
            if (!str_equal(request->arguments[0], str_from(exported[i].name))) continue;
            found = true;
        }
        if (!table) table = answer_more(answer, exported[i].name);
        if (!table) return FAULT_MEMORY;
        fault = export_table(work, &exported[i], table);
        table = NULL;
    }
    if (!found) {
        FAIL(answer, ANSWER_USAGE, "there is no \"{word}\" to export; see `sluice export --help`",
             {"word", request->arguments[0]});
    }
    /* One kind alone is a plain array. */
    if (request->argument_count > 0) answer->name = NULL;
    return fault;
}
