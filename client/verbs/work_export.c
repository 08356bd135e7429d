/* work_export.c - everything out again: one table per kind, every field of the field table.
 *
 * Deals name their organisation and contact, and carry where they stood and when, so that a table
 * of them can be imported by another team and gives the same figures there. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/metrics/history.h"

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

/* --- what a table of deals has beside its fields --- */

static const struct column deal_extras[] = {
    {"org_id", "Organisation's id", COLUMN_SHOWN}, {"contact_id", "Contact's id", COLUMN_SHOWN},
    {"email", "E-mail", COLUMN_SHOWN},             {"phone", "Telephone", COLUMN_SHOWN},
    {"history", "History", COLUMN_SHOWN},
};
enum { DEAL_EXTRAS = sizeof deal_extras / sizeof deal_extras[0] };

static struct cell id_cell(struct work *work, struct uuid id)
{
    char text[UUID_TEXT_LENGTH + 1];
    if (uuid_is_zero(id)) return (struct cell){.type = CELL_NONE};
    uuid_format(id, text);
    return cell_text(arena_str(work->arena, str_from(text)));
}

/* "lead@2027-01-02T11:00:00.000Z contact:iced@2027-02-01T09:00:00.000Z won@?": what the reports
 * count, in today's stages. The stages of another pipeline have no place in it. */
static enum fault history_text(struct work *work, const struct deal *deal, struct past past,
                               struct history *h, struct str *out)
{
    const struct field *status = field_by_name(ENTITY_DEAL, STR("status"));
    const struct pipeline *pipeline = definition_pipeline(&work->definition, deal->pipeline);
    enum fault fault = history_mark_undone(h, work->arena, past.rows, past.count);
    *out = STR("");
    for (size_t i = 0; !fault && i < past.count; i++) {
        const struct event *event = past.rows[i].entity;
        if (!event_places(event) || event->to_stage.n == 0 || h->undone[i]) continue;
        if (event->pipeline.n > 0 && !str_equal(event->pipeline, deal->pipeline)) continue;
        const struct stage *stage =
            pipeline ? pipeline_stage_today(pipeline, event->to_stage) : NULL;
        struct str key = stage ? stage->key : event->to_stage;
        bool ends = stage && (stage->kind == STAGE_WON || stage->kind == STAGE_LOST);
        const char *name = field_choice_name(status, event->to_status);
        bool named = !ends && name && event->to_status != STATUS_OPEN;
        char since[25] = "?";
        if (event->happened_at.has) instant_format(event->happened_at.v, since);
        *out = arena_format(work->arena, "%.*s%s%.*s%s%s@%s", STR_ARGS(*out), out->n ? " " : "",
                            STR_ARGS(key), named ? ":" : "", named ? name : "", since);
    }
    return fault;
}

static enum fault deal_extra_cells(struct work *work, const struct deal *deal,
                                   const struct pasts *pasts, struct history *h,
                                   struct cell *cells)
{
    const void *person;
    struct str history;
    cells[0] = id_cell(work, deal->organisation);
    cells[1] = id_cell(work, deal->contact);
    enum fault fault = FAULT_NOT_FOUND;
    if (!uuid_is_zero(deal->contact)) {
        fault = work->replica->f->entity(work->replica, work->arena, ENTITY_PERSON, deal->contact,
                                         false, &person);
    }
    if (!fault) {
        const struct person *contact = person;
        if (contact->email.n) cells[2] = cell_text(contact->email);
        if (contact->phone.n) cells[3] = cell_text(contact->phone);
    }
    if (fault && fault != FAULT_NOT_FOUND) return fault;
    fault = history_text(work, deal, past_of(pasts, deal->id), h, &history);
    if (!fault && history.n) cells[4] = cell_text(history);
    return fault;
}

/* By name, for people and for another team; the ids stand beside. */
static bool field_is_a_name(enum entity_kind kind, const struct field *field)
{
    return kind == ENTITY_DEAL && field->type == VALUE_REFERENCE &&
           (field->refers == ENTITY_ORGANISATION || field->refers == ENTITY_PERSON);
}

static struct cell table_cell(struct work *work, enum entity_kind kind, const struct field *field,
                              const void *row)
{
    if (!field_is_a_name(kind, field)) return export_cell(work, field, row);
    struct str name = name_of(work, field->refers, field_get(field, row).id);
    return name.n ? cell_text(name) : (struct cell){.type = CELL_NONE};
}

static enum fault export_table(struct work *work, const struct exported *what,
                               struct answer *answer)
{
    size_t field_count, count, column_count = 0, fields_shown;
    const void *const *rows;
    struct pasts pasts;
    struct history history = {.count = 0};
    bool deals = what->kind == ENTITY_DEAL;
    const struct field *fields = fields_of(what->kind, &field_count);
    struct column *columns = arena_array(work->arena, field_count + DEAL_EXTRAS, sizeof *columns);
    if (!columns) return FAULT_MEMORY;
    for (size_t i = 0; i < field_count; i++) {
        if (fields[i].type == VALUE_BYTES) continue;
        columns[column_count++] = (struct column){fields[i].name, fields[i].label, COLUMN_SHOWN};
    }
    fields_shown = column_count;
    for (size_t i = 0; deals && i < DEAL_EXTRAS; i++) columns[column_count++] = deal_extras[i];
    answer->name = what->name;
    answer_table(answer, SHAPE_TABLE, columns, column_count);
    enum fault fault = rows_load(work, what->kind, &rows, &count);
    if (!fault && deals) fault = pasts_load(work, (struct uuid){{0}}, &pasts);
    for (size_t i = 0; i < count && !fault; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        for (size_t k = 0, at = 0; k < field_count; k++) {
            if (fields[k].type == VALUE_BYTES) continue;
            cells[at++] = table_cell(work, what->kind, &fields[k], rows[i]);
        }
        if (deals) fault = deal_extra_cells(work, rows[i], &pasts, &history, cells + fields_shown);
        work_say_progress(work, "Exporting: {done} of {all} rows", i + 1, count);
    }
    return fault;
}

enum fault export_run(struct work *work, const struct request *request, struct answer *answer)
{
    enum fault fault = FAULT_NONE;
    bool found = request->argument_count == 0;
    bool lines = request_option(request, "lines") != NULL;
    if (!request->machine && !lines) {
        answer_fail(answer, ERROR_NOT_FOR_MACHINES,
                    "say how: `sluice export --json`, `--csv` or `--lines`");
        return FAULT_NONE;
    }
    if (request->csv && !lines && request->argument_count == 0) {
        answer_fail(
            answer, ERROR_ARGUMENT_MISSING,
            "a CSV file holds one table; say which, for example `sluice export deals --csv`");
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
        FAIL(answer, ERROR_UNKNOWN_KIND,
             "there is no \"{word}\" to export; see `sluice export --help`",
             {"word", request->arguments[0]});
    }
    /* One kind alone is a plain array; a line says of itself what it is. */
    if (request->argument_count > 0 && !lines) answer->name = NULL;
    return fault;
}
