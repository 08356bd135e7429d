/* import_survey.c - the whole file is read once before anything is written. Called by import.c.
 *
 * Finds what one row cannot tell: whether every quote closes, how many rows there are, in which
 * order dates are written and which sign is the decimal one, and which stages nobody mapped.
 * Invariant: a meaning is only taken when no cell of the file speaks against it. */
#include "client/exchange/import_inside.h"

#include <string.h>

#include "client/exchange/import_cell.h"

enum { BOTH = 0x7fffffff };

/* What is left of the possible meanings, and an example of a cell that has more than one. */
struct evidence {
    unsigned possible; /* of all cells that matter */
    bool any;
    size_t line; /* of the example, and of the first cell that matters */
    struct str example;
};

struct survey {
    struct evidence dates, decimals;
    size_t rows, stages_known;
};

static void evidence_add(struct evidence *evidence, unsigned meanings, size_t line, struct str cell)
{
    if (meanings == 0) return;
    if (!evidence->any) evidence->possible = BOTH;
    bool ambiguous = (meanings & (meanings - 1)) != 0;
    if (ambiguous && evidence->example.n == 0) {
        evidence->example = cell;
        evidence->line = line;
    }
    evidence->any = true;
    evidence->possible &= meanings;
}

static bool is_date(const struct column *column)
{
    if (column->role == COLUMN_FIELD) return column->field->type == VALUE_DATE;
    return column->role == COLUMN_CREATED || column->role == COLUMN_CLOSED ||
           column->role == COLUMN_ENTERED;
}

enum fault import_stage_find(struct importer *im, const struct pipeline *pipeline, struct str cell,
                             const struct stage **out)
{
    struct str ours = cell;
    *out = NULL;
    (void)import_text_has(im, &im->options->stages, cell, &ours);
    *out = pipeline_stage_named(&im->chunk, pipeline, ours);
    return arena_fault(&im->chunk);
}

static enum fault stage_look(struct importer *im, struct survey *survey, struct str cell)
{
    const struct stage *stage;
    enum fault fault = import_stage_find(im, im->pipeline, cell, &stage);
    if (fault) return fault;
    if (stage) {
        survey->stages_known++;
        return FAULT_NONE;
    }
    struct unknown_stage *unknown = map_get(&im->stages_unknown, cell);
    if (!unknown) {
        unknown = arena_alloc(im->arena, sizeof *unknown);
        if (!unknown) return FAULT_MEMORY;
        unknown->name = arena_str(im->arena, cell);
        fault = map_put(&im->stages_unknown, cell, unknown);
    }
    unknown->count++;
    return fault;
}

static enum fault record_look(struct importer *im, struct survey *survey,
                              const struct csv_record *record)
{
    enum fault fault = FAULT_NONE;
    if (record->oversized) return FAULT_NONE;
    bool history = false;
    for (size_t i = 0; i < record->count && i < im->column_count; i++) {
        history |= im->columns[i].role == COLUMN_HISTORY && record->cells[i].n > 0;
    }
    for (size_t i = 0; !fault && i < record->count && i < im->column_count; i++) {
        const struct column *column = &im->columns[i];
        struct str cell = record->cells[i];
        if (cell.n == 0 || !text_is_utf8(cell)) continue;
        if (is_date(column)) {
            evidence_add(&survey->dates, import_date_orders(cell), record->line, cell);
        } else if (column_is(column, "value")) {
            struct amount amount;
            fault = import_amount(&im->chunk, cell, &amount);
            unsigned decimals = fault ? 0 : import_amount_decimals(&amount);
            if (fault == FAULT_FORMAT) fault = FAULT_NONE; /* the row will be rejected */
            evidence_add(&survey->decimals, decimals, record->line, cell);
        } else if (column_is(column, "stage") && !history) {
            fault = stage_look(im, survey, cell);
        }
    }
    return fault;
}

static enum fault dates_settle(struct importer *im, const struct evidence *dates)
{
    im->date_order = im->options->date_order;
    if (im->date_order != DATE_ORDER_AUTO || !dates->any) return FAULT_NONE;
    if (dates->possible == 1u << DATE_ORDER_DMY)
        im->date_order = DATE_ORDER_DMY;
    else if (dates->possible == 1u << DATE_ORDER_MDY)
        im->date_order = DATE_ORDER_MDY;
    else if (dates->possible == 0) {
        return import_mistake(im,
                              STR("dates in this file are written both day first and month first; "
                                  "mend them, or say --dates dmy or --dates mdy, and the others "
                                  "will be rejected by line"));
    } else {
        return import_mistake(im,
                              arena_format(im->arena,
                                           "line %zu: \"%.*s\" can be read day first or "
                                           "month first, and no other date in the file tells; say "
                                           "--dates dmy or --dates mdy",
                                           dates->line, STR_ARGS(dates->example)));
    }
    im->report->read_as = im->date_order == DATE_ORDER_DMY
                              ? STR("dates day first (--dates says otherwise)")
                              : STR("dates month first (--dates says otherwise)");
    return FAULT_NONE;
}

static enum fault decimals_settle(struct importer *im, const struct evidence *decimals)
{
    im->decimal = im->options->decimal;
    if (im->decimal != DECIMAL_AUTO || !decimals->any) return FAULT_NONE;
    if (decimals->possible == 1u << DECIMAL_POINT)
        im->decimal = DECIMAL_POINT;
    else if (decimals->possible == 1u << DECIMAL_COMMA)
        im->decimal = DECIMAL_COMMA;
    else if (decimals->example.n > 0) {
        return import_mistake(im,
                              arena_format(im->arena,
                                           "line %zu: in \"%.*s\" the sign may group "
                                           "thousands or begin decimals, and the other amounts do "
                                           "not tell; say --decimal point or --decimal comma",
                                           decimals->line, STR_ARGS(decimals->example)));
    } /* else each cell tells for itself */
    if (im->decimal != DECIMAL_COMMA) return FAULT_NONE;
    im->report->read_as =
        arena_format(im->arena,
                     "%.*s%samounts with a decimal comma (--decimal "
                     "says otherwise)",
                     STR_ARGS(im->report->read_as), im->report->read_as.n ? "; " : "");
    return FAULT_NONE;
}

/* --- stages nobody mapped --- */

/* The nearest guess, to be edited: words other programs use, else the first proper stage. */
static const struct stage *stage_guess(struct importer *im, struct str name)
{
    static const struct {
        const char *word;
        enum stage_kind kind;
        int nth; /* of the proper stages; negative: from the end */
    } words[] = {
        {"lost", STAGE_LOST, 0},    {"verloren", STAGE_LOST, 0}, {"przegran", STAGE_LOST, 0},
        {"reject", STAGE_LOST, 0},  {"won", STAGE_WON, 0},       {"gewonnen", STAGE_WON, 0},
        {"wygran", STAGE_WON, 0},   {"closed", STAGE_WON, 0},    {"lead", STAGE_LEAD, 0},
        {"new", STAGE_LEAD, 0},     {"qualif", STAGE_OPEN, 1},   {"engag", STAGE_OPEN, 1},
        {"demo", STAGE_OPEN, 1},    {"negotiat", STAGE_OPEN, -1}, {"propos", STAGE_OPEN, -1},
        {"quote", STAGE_OPEN, -1},  {"offer", STAGE_OPEN, -1},   {"contract", STAGE_OPEN, -1},
    };
    struct str folded;
    enum stage_kind kind = STAGE_OPEN;
    int nth = 0;
    if (text_fold(im->arena, name, &folded)) return NULL;
    for (size_t i = sizeof words / sizeof words[0]; i-- > 0;) {
        struct str word = str_from(words[i].word);
        for (size_t k = 0; k + word.n <= folded.n; k++) {
            if (memcmp(folded.p + k, word.p, word.n) != 0) continue;
            kind = words[i].kind;
            nth = words[i].nth;
        }
    }
    const struct stage *found[STAGES_MAX];
    int count = 0;
    for (size_t i = 0; i < im->pipeline->stage_count && count < STAGES_MAX; i++) {
        const struct stage *stage = &im->pipeline->stages[i];
        if (!stage->removed && stage->kind == kind) found[count++] = stage;
    }
    if (count == 0) return pipeline_stage_of_kind(im->pipeline, STAGE_OPEN);
    if (nth < 0) nth += count;
    return found[nth < count ? nth : count - 1];
}

static struct str stages_list(struct importer *im)
{
    struct str list = STR("");
    for (size_t i = 0; i < im->pipeline->stage_count; i++) {
        const struct stage *stage = &im->pipeline->stages[i];
        if (stage->removed) continue;
        list = arena_format(im->arena, "%.*s%s%.*s", STR_ARGS(list), list.n ? ", " : "",
                            STR_ARGS(stage->name));
    }
    return list;
}

static enum fault stage_maps_check(struct importer *im)
{
    const struct import_maps *maps = &im->options->stages;
    for (size_t i = 0; i < maps->count; i++) {
        if (pipeline_stage_named(im->arena, im->pipeline, maps->items[i].ours)) continue;
        return import_mistake(im, arena_format(im->arena,
                                               "--map-stage: there is no stage \"%.*s\"; "
                                               "there are: %.*s",
                                               STR_ARGS(maps->items[i].ours),
                                               STR_ARGS(stages_list(im))));
    }
    return FAULT_NONE;
}

static enum fault stages_suggest(struct importer *im, const struct survey *survey)
{
    const struct map *unknown = &im->stages_unknown;
    struct str names = STR("");
    if (unknown->count == 0) return FAULT_NONE;
    for (size_t i = 0; i < unknown->count && i < PLACES_CHOICES; i++) {
        const struct unknown_stage *stage = unknown->entries[i].value;
        const struct stage *guess = stage_guess(im, stage->name);
        names = arena_format(im->arena, "%.*s%s\"%.*s\" (%zu)", STR_ARGS(names), i ? ", " : "",
                             STR_ARGS(stage->name), stage->count);
        if (!guess) continue;
        im->report->suggestions = arena_format(
            im->arena, "%.*s%s--map-stage '%.*s=%.*s'", STR_ARGS(im->report->suggestions),
            im->report->suggestions.n ? "\n" : "", STR_ARGS(stage->name), STR_ARGS(guess->name));
    }
    if (survey->stages_known > 0) return arena_fault(im->arena);
    return import_mistake(im, arena_format(im->arena,
                                           "none of the stages in the file is one of ours: "
                                           "%.*s; ours are: %.*s",
                                           STR_ARGS(names), STR_ARGS(stages_list(im))));
}

enum fault import_survey(struct importer *im, struct csv_reader reader, struct csv_record *record,
                         size_t *rows)
{
    struct survey survey = {.rows = 0};
    enum fault fault = stage_maps_check(im);
    while (!fault) {
        fault = csv_next(&reader, &im->chunk, record);
        if (fault) break;
        survey.rows++;
        fault = record_look(im, &survey, record);
        if (survey.rows % 256 == 0) arena_reset(&im->chunk);
    }
    arena_reset(&im->chunk);
    if (fault == FAULT_FORMAT && !im->report->mistake.n) {
        return import_mistake(im,
                              arena_format(im->arena,
                                           "a quote that opens in the row of line %zu is "
                                           "never closed; everything behind it would be one cell",
                                           reader.line));
    }
    if (fault != FAULT_NOT_FOUND) return fault;
    *rows = survey.rows;
    fault = dates_settle(im, &survey.dates);
    if (!fault) fault = decimals_settle(im, &survey.decimals);
    if (!fault) fault = stages_suggest(im, &survey);
    return fault ? fault : arena_fault(im->arena);
}
