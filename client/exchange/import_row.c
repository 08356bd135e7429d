/* import_row.c - one record of a foreign table, cell by cell, into parts. Called by import.c.
 *
 * Invariant: a cell that cannot be read rejects its row; all reasons are told at once. */
#include "client/exchange/import_inside.h"

#include <string.h>

#include "client/exchange/import_cell.h"

struct cell_place { /* where we are, and what is wrong with the row so far */
    struct importer *im;
    struct row_parts *parts;
    const struct column *column;
    struct str cell;
    struct str *why;
};

static void row_wrong(const struct cell_place *place, struct str why)
{
    *place->why = arena_format(place->im->arena, "%.*s%s%.*s", STR_ARGS(*place->why),
                               place->why->n ? "; " : "", STR_ARGS(why));
}

static void cell_wrong(const struct cell_place *place, const char *expected)
{
    struct str cell = place->cell;
    if (cell.n > 80) cell = text_clip(cell, 80);
    row_wrong(place, arena_format(place->im->arena, "%.*s: \"%.*s\" is not %s",
                                  STR_ARGS(place->column->header), STR_ARGS(cell), expected));
}

void import_row_edit(struct row_parts *parts, const char *name, struct value want)
{
    const struct field *field = field_by_name(ENTITY_DEAL, str_from(name));
    if (parts->edit_count == ROW_EDITS_MAX) return; /* a deal has fewer fields */
    parts->edits[parts->edit_count++] = (struct edit){.tag = field->tag,
                                                      .field = field,
                                                      .base = value_absent(field->type),
                                                      .want = want};
}

static const char *date_expected(const struct importer *im)
{
    switch (im->date_order) {
    case DATE_ORDER_AUTO:
    case DATE_ORDER_YMD: return "a date like 2027-03-01 (or say --dates dmy or mdy)";
    case DATE_ORDER_DMY: return "a date like 01.03.2027";
    case DATE_ORDER_MDY: return "a date like 03/01/2027";
    }
    return "a date";
}

/* An instant of an export is kept to the millisecond; a day is noon where the team is. */
static bool moment_read(const struct importer *im, struct str cell, struct optional *out)
{
    int64_t days;
    out->has = true;
    if (instant_parse(cell, &out->v) == FAULT_NONE) return true;
    if (import_date(cell, im->date_order, &days) != FAULT_NONE) return false;
    out->v = zone_noon(&im->zone, days);
    return true;
}

static void moment_cell(const struct cell_place *place)
{
    struct row_parts *parts = place->parts;
    struct optional at;
    if (!moment_read(place->im, place->cell, &at)) {
        cell_wrong(place, date_expected(place->im));
        return;
    }
    if (place->column->role == COLUMN_CREATED) parts->created = at;
    if (place->column->role == COLUMN_CLOSED) parts->closed = at;
    if (place->column->role == COLUMN_ENTERED && parts->entry_count < STAGES_MAX) {
        parts->entries[parts->entry_count++] = (struct entry){place->column->stage, at.v};
    }
}

/* The currency of the row: its own cell, a sign beside the amount, else what was said for all. */
static const struct currency *row_currency(const struct cell_place *place,
                                           const struct amount *amount)
{
    struct importer *im = place->im;
    struct row_parts *parts = place->parts;
    bool fits;
    const struct currency *expected = parts->currency ? parts->currency : im->currency;
    const struct currency *named =
        import_amount_currency(&im->chunk, amount->token, expected, &fits);
    if (named && !parts->currency) return named;
    if (fits) return expected;
    row_wrong(place, arena_format(im->arena, "%.*s: \"%.*s\" is not an amount in %s",
                                  STR_ARGS(place->column->header), STR_ARGS(place->cell),
                                  expected->code));
    return NULL;
}

static enum fault money_cell(const struct cell_place *place)
{
    struct importer *im = place->im;
    struct amount amount;
    int64_t minor = 0;
    enum fault fault = import_amount(&im->chunk, place->cell, &amount);
    if (fault == FAULT_FORMAT) cell_wrong(place, "an amount");
    if (fault) return fault == FAULT_FORMAT ? FAULT_NONE : fault;
    const struct currency *currency = row_currency(place, &amount);
    if (!currency) return FAULT_NONE;
    unsigned signs = import_amount_decimals(&amount);
    enum decimal_sign decimal = im->decimal;
    if (decimal == DECIMAL_AUTO) {
        decimal = signs == 1u << DECIMAL_COMMA ? DECIMAL_COMMA : DECIMAL_POINT;
    }
    fault = import_amount_value(&im->chunk, &amount, decimal, currency, &minor);
    if (fault == FAULT_MEMORY) return fault;
    if (fault == FAULT_LIMIT || (!fault && minor > MONEY_MAX)) {
        cell_wrong(place, "an amount Sluice can hold (at most 10,000,000,000,000)");
    } else if (fault) {
        cell_wrong(place, decimal == DECIMAL_COMMA ? "an amount like 1.234,56 (see --decimal)"
                                                   : "an amount like 1,234.56 (see --decimal)");
    } else if (minor < 0) {
        cell_wrong(place, "an amount of a deal: it is below zero");
    } else {
        import_row_edit(place->parts, "value", value_number(VALUE_NUMBER, minor));
        place->parts->currency = currency;
        place->parts->has_value = true;
    }
    return FAULT_NONE;
}

static enum fault set_cell(const struct cell_place *place)
{
    struct importer *im = place->im;
    struct row_parts *parts = place->parts;
    const struct field *field = place->column->field;
    struct str items[SET_ITEMS_MAX], part, rest = place->cell;
    size_t count = 0;
    char between = str_find(rest, ',') < rest.n ? ',' : ';';
    while (str_split(&rest, between, &part)) {
        if (count == SET_ITEMS_MAX) {
            cell_wrong(place, "a list: it has more than 50 entries");
            return FAULT_NONE;
        }
        items[count++] = str_trim(part);
    }
    struct text_set set;
    enum fault fault = text_set_make(&im->chunk, items, count, &set);
    if (fault || parts->edit_count == ROW_EDITS_MAX) return fault;
    parts->edits[parts->edit_count++] = (struct edit){.tag = field->tag, .field = field,
                                                      .base = value_absent(field->type),
                                                      .want = value_absent(field->type),
                                                      .add = set};
    return fault;
}

/* "60", "60 %"; 0.6 may be either and is told. */
static bool percent_read(struct str cell, int64_t *out)
{
    if (cell.n > 0 && cell.p[cell.n - 1] == '%') cell = str_trim(str_slice(cell, 0, cell.n - 1));
    size_t point = str_find(cell, '.');
    for (size_t i = point + 1; i < cell.n; i++) {
        if (cell.p[i] != '0') return false;
    }
    return str_to_int64(str_slice(cell, 0, point), out) == FAULT_NONE && *out >= 0 && *out <= 100;
}

/* A text, date or number cell of a deal field that has no special part to play. */
static enum fault plain_cell(const struct cell_place *place)
{
    struct importer *im = place->im;
    const struct field *field = place->column->field;
    struct value value = value_absent(field->type);
    int64_t number;
    if (field->type == VALUE_SET) return set_cell(place);
    if (field->type == VALUE_DATE) {
        if (import_date(place->cell, im->date_order, &number)) {
            cell_wrong(place, date_expected(im));
            return FAULT_NONE;
        }
        value = value_number(VALUE_DATE, number);
    } else if (strcmp(field->name, "probability") == 0) {
        if (!percent_read(place->cell, &number)) {
            cell_wrong(place, "a percentage from 0 to 100");
            return FAULT_NONE;
        }
        value = value_number(VALUE_NUMBER, number);
    } else if (value_parse(&im->chunk, field->type, place->cell, &value) || !value.present) {
        cell_wrong(place, "a value of that field");
        return FAULT_NONE;
    }
    import_row_edit(place->parts, field->name, value);
    return FAULT_NONE;
}

static enum fault field_cell(const struct cell_place *place)
{
    struct row_parts *parts = place->parts;
    const struct {
        const char *name;
        struct str *part;
    } apart[] = {
        {"title", &parts->title},          {"org", &parts->organisation},
        {"contact", &parts->contact},      {"owner", &parts->owner},
        {"external_id", &parts->external_id}, {"stage", &parts->stage_cell},
        {"status", &parts->status_cell},   {"pipeline", &parts->pipeline_cell},
    };
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        if (!column_is(place->column, apart[i].name)) continue;
        *apart[i].part = place->cell;
        return FAULT_NONE;
    }
    if (column_is(place->column, "currency")) return FAULT_NONE; /* read before */
    if (column_is(place->column, "value")) return money_cell(place);
    return plain_cell(place);
}

static enum fault cell_read(const struct cell_place *place)
{
    struct row_parts *parts = place->parts;
    switch (place->column->role) {
    case COLUMN_UNMAPPED:
        parts->rest = parts->rest.n ? arena_format(&place->im->chunk, "%.*s %.*s",
                                                   STR_ARGS(parts->rest), STR_ARGS(place->cell))
                                    : place->cell;
        return FAULT_NONE;
    case COLUMN_FIELD: return field_cell(place);
    case COLUMN_ID: parts->own_id = place->cell; return FAULT_NONE;
    case COLUMN_CREATED:
    case COLUMN_CLOSED:
    case COLUMN_ENTERED: moment_cell(place); return FAULT_NONE;
    case COLUMN_HISTORY: parts->history_cell = place->cell; return FAULT_NONE;
    case COLUMN_EMAIL: parts->email = place->cell; return FAULT_NONE;
    case COLUMN_PHONE: parts->phone = place->cell; return FAULT_NONE;
    case COLUMN_NOTE: parts->note = place->cell; return FAULT_NONE;
    case COLUMN_PASSED: return FAULT_NONE;
    }
    return FAULT_NONE;
}

static void currency_read(struct cell_place *place, const struct csv_record *record)
{
    struct importer *im = place->im;
    for (size_t i = 0; i < record->count && i < im->column_count; i++) {
        if (!column_is(&im->columns[i], "currency") || record->cells[i].n == 0) continue;
        place->column = &im->columns[i];
        place->cell = record->cells[i];
        place->parts->currency = currency_find(record->cells[i]);
        if (!place->parts->currency) cell_wrong(place, "a currency; use a code like EUR");
    }
}

/* --- what the row says together --- */

static const struct column *column_of(const struct importer *im, const char *field)
{
    for (size_t i = 0; i < im->column_count; i++) {
        if (column_is(&im->columns[i], field)) return &im->columns[i];
    }
    return NULL;
}

static enum fault place_read(struct cell_place *place)
{
    struct importer *im = place->im;
    struct row_parts *parts = place->parts;
    parts->pipeline = im->pipeline;
    if (parts->pipeline_cell.n > 0) {
        parts->pipeline = definition_pipeline_named(im->arena, &im->definition,
                                                    parts->pipeline_cell);
        place->column = column_of(im, "pipeline");
        place->cell = parts->pipeline_cell;
        if (!parts->pipeline) cell_wrong(place, "one of our pipelines");
    }
    if (parts->status_cell.n > 0) {
        const struct field *field = field_by_name(ENTITY_DEAL, STR("status"));
        parts->status = field_choice_value(field, parts->status_cell);
        place->column = column_of(im, "status");
        place->cell = parts->status_cell;
        if (parts->status == 0) cell_wrong(place, "open, won, lost, iced or discarded");
    }
    if (!parts->pipeline || parts->history_cell.n > 0) return FAULT_NONE;
    if (parts->stage_cell.n == 0) {
        row_wrong(place, STR("no stage"));
        return FAULT_NONE;
    }
    enum fault fault = import_stage_find(im, parts->pipeline, parts->stage_cell, &parts->stage);
    if (fault || parts->stage) return fault;
    place->column = column_of(im, "stage");
    place->cell = parts->stage_cell;
    cell_wrong(place, "one of our stages (see --map-stage)");
    return FAULT_NONE;
}

/* "contact@2027-01-02 contact:iced@2027-02-01T10:00:00.000Z won@?" */
static enum fault history_read(struct cell_place *place)
{
    struct importer *im = place->im;
    struct row_parts *parts = place->parts;
    const struct field *status = field_by_name(ENTITY_DEAL, STR("status"));
    struct str rest = parts->history_cell, word;
    if (rest.n == 0 || !parts->pipeline) return FAULT_NONE;
    parts->stands = arena_array(&im->chunk, MUTATION_HISTORY_MAX, sizeof *parts->stands);
    if (!parts->stands) return FAULT_MEMORY;
    while (str_split(&rest, ' ', &word)) {
        size_t at = str_find(word, '@');
        struct str where = str_slice(word, 0, at), since = str_slice(word, at + 1, word.n);
        size_t colon = str_find(where, ':');
        const struct stage *stage =
            pipeline_stage_named(im->arena, parts->pipeline, str_slice(where, 0, colon));
        struct stand stand = {.status = STATUS_OPEN};
        bool good = stage && at < word.n && parts->stand_count < MUTATION_HISTORY_MAX;
        if (good) stand.stage = stage->key;
        if (good && stage->kind == STAGE_WON) stand.status = STATUS_WON;
        if (good && stage->kind == STAGE_LOST) stand.status = STATUS_LOST;
        if (colon < where.n) {
            stand.status = field_choice_value(status, str_slice(where, colon + 1, where.n));
            good = good && stand.status != 0;
        }
        if (good && !str_equal(since, STR("?"))) good = moment_read(im, since, &stand.since);
        if (!good) {
            row_wrong(place, arena_format(im->arena, "history: \"%.*s\" is not STAGE@DATE",
                                          STR_ARGS(word)));
            return FAULT_NONE;
        }
        parts->stage = stage;
        parts->status = stand.status;
        parts->stands[parts->stand_count++] = stand;
    }
    return FAULT_NONE;
}

/* Line ends and tabs within a cell are blanks, but in notes. */
static struct str cell_flatten(struct importer *im, const struct column *column, struct str cell)
{
    cell = csv_unguard(cell);
    bool lines = column->role == COLUMN_NOTE;
    size_t i = 0;
    while (i < cell.n && cell.p[i] != '\n' && cell.p[i] != '\r' && cell.p[i] != '\t') i++;
    if (i == cell.n) return cell;
    char *copy = arena_alloc(&im->chunk, cell.n + 1);
    if (!copy) return cell;
    size_t n = 0;
    for (i = 0; i < cell.n; i++) {
        char byte = cell.p[i];
        if (lines && byte == '\r') continue;
        copy[n++] = !lines && (byte == '\n' || byte == '\r' || byte == '\t') ? ' ' : byte;
    }
    return str_trim((struct str){copy, n});
}

enum fault import_row_read(struct importer *im, const struct csv_record *record,
                           struct row_parts *parts, struct str *why)
{
    struct cell_place place = {.im = im, .parts = parts, .why = why};
    enum fault fault = FAULT_NONE;
    *why = STR_NONE;
    if (record->oversized) *why = STR("the row is too large to be one deal");
    else if (!text_is_utf8(record->raw)) *why = STR("the row is not UTF-8 text");
    if (why->n) return FAULT_NONE;
    currency_read(&place, record);
    for (size_t i = 0; !fault && i < record->count; i++) {
        if (record->cells[i].n == 0) continue;
        if (i >= im->column_count) {
            row_wrong(&place, STR("more cells than the header has columns"));
            break;
        }
        place.column = &im->columns[i];
        place.cell = cell_flatten(im, place.column, record->cells[i]);
        fault = cell_read(&place);
    }
    if (!fault) fault = place_read(&place);
    if (!fault) fault = history_read(&place);
    if (parts->created.has && parts->closed.has && parts->closed.v < parts->created.v) {
        parts->backwards = true; /* durations made of nonsense help nobody; when it closed counts */
        parts->created.has = false;
    }
    return fault ? fault : arena_fault(im->arena);
}
