/* import_header.c - what the columns of a foreign table mean. Called by import.c.
 *
 * Our own names and labels are understood; others are mapped by the person. Invariant: no field is
 * filled from two columns; a heading that merely looks like a field is a suggestion, never used. */
#include "client/exchange/import_inside.h"

#include <string.h>

#include "client/exchange/import_cell.h"

struct word { /* a heading, folded, and what it is */
    const char *heading, *ours;
};

/* Ours, under the names our template, our exports and our lists give them. */
static const struct word known[] = {
    {"deal", "title"},       {"organisation", "org"},     {"organization", "org"},
    {"close", "expected_close"},                          {"next step due", "due"},
    {"e-mail", "email"},     {"telephone", "phone"},      {"created at", "created"},
    {"closed at", "closed"}, {"why", "-"},                {"org id", "-"},
    {"contact id", "-"},     {"created by", "-"},         {"attention", "-"},
    {"stage entered at", "-"}, {"stage changed at", "-"}, {"push count", "-"},
    {"probability by hand", "-"}, {"age days", "-"},      {"is", "-"},
};

/* What headings of other programs usually are; the first row that fits is suggested. `ours` may
 * appear several times; every word of `heading` must stand in theirs. */
static const struct word likely[] = {
    {"currency", "currency"},        {"waluta", "currency"},        {"wahrung", "currency"},
    {"expected close", "expected_close"}, {"expected closing", "expected_close"},
    {"close value", "value"},        {"revenue", "value"},          {"amount", "value"},
    {"value", "value"},              {"wartosc", "value"},          {"betrag", "value"},
    {"reason", "lost_reason"},       {"probability", "probability"}, {"status", "status"},
    {"won time", "closed"},          {"lost time", "closed"},       {"closed on", "closed"},
    {"close date", "closed"},        {"closed", "closed"},          {"create date", "created"},
    {"created", "created"},          {"creation", "created"},       {"engage date", "created"},
    {"start date", "created"},       {"stage change", "-"},         {"stage name", "stage"},
    {"stagename", "stage"},          {"list name", "stage"},        {"stage", "stage"},
    {"phase", "stage"},              {"etap", "stage"},             {"contact person", "contact"},
    {"contact", "contact"},          {"kontakt", "contact"},        {"mail", "email"},
    {"phone", "phone"},              {"telefon", "phone"},          {"next step", "next_step"},
    {"owner", "owner"},              {"agent", "owner"},            {"salesperson", "owner"},
    {"handlowiec", "owner"},         {"opiekun", "owner"},          {"rep", "owner"},
    {"record id", "id"},             {"opportunity id", "id"},      {"card id", "id"},
    {"deal id", "id"},               {"deal - id", "id"},           {"external id", "id"},
    {"opportunity name", "title"},   {"deal name", "title"},        {"card name", "title"},
    {"deal - title", "title"},       {"opportunity", "title"},      {"nazwa", "title"},
    {"account", "org"},              {"company", "org"},            {"customer", "org"},
    {"organization", "org"},         {"organisation", "org"},       {"firma", "org"},
    {"kunde", "org"},                {"source", "source"},          {"label", "tags"},
    {"description", "note"},         {"note", "note"},              {"name", "title"},
    {"id", "id"},
};

bool column_is(const struct column *column, const char *field)
{
    return column->role == COLUMN_FIELD && strcmp(column->field->name, field) == 0;
}

static bool named(struct str s, const char *name)
{
    return str_equal(s, str_from(name));
}

/* The role a name of ours stands for; UNMAPPED if it is none. */
static enum fault role_find(struct importer *im, struct str name, struct column *column)
{
    static const struct {
        const char *name;
        enum column_role role;
    } roles[] = {
        {"id", COLUMN_ID},         {"created", COLUMN_CREATED}, {"closed", COLUMN_CLOSED},
        {"history", COLUMN_HISTORY}, {"email", COLUMN_EMAIL},   {"phone", COLUMN_PHONE},
        {"note", COLUMN_NOTE},     {"-", COLUMN_PASSED},
    };
    column->role = COLUMN_UNMAPPED;
    char *plain = arena_alloc(im->arena, name.n + 1);
    if (!plain) return FAULT_MEMORY;
    for (size_t i = 0; i < name.n; i++) {
        bool blank = name.n > 1 && (name.p[i] == ' ' || name.p[i] == '-');
        plain[i] = blank ? '_' : name.p[i];
    }
    struct str ours = {plain, name.n};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (named(name, known[i].heading)) ours = str_from(known[i].ours);
    }
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (named(ours, roles[i].name)) column->role = roles[i].role;
    }
    if (column->role != COLUMN_UNMAPPED) return FAULT_NONE;
    if (str_starts_with(ours, STR("entered_"))) {
        struct str stage = str_slice(ours, sizeof "entered_" - 1, ours.n);
        column->stage = pipeline_stage_named(im->arena, im->pipeline, stage);
        if (column->stage) column->role = COLUMN_ENTERED;
        return FAULT_NONE;
    }
    column->field = field_by_name(ENTITY_DEAL, ours);
    if (column->field && (column->field->flags & (FIELD_EDITABLE | FIELD_IMPORTED))) {
        column->role = COLUMN_FIELD;
    }
    /* Exports have it; an import makes it of the probability. */
    if (column_is(column, "probability_by_hand")) column->role = COLUMN_PASSED;
    return FAULT_NONE;
}

static enum fault column_map(struct importer *im, struct column *column)
{
    struct str header, theirs, name = STR_NONE;
    enum fault fault = import_header_fold(im->arena, column->header, &header);
    const struct import_maps *maps = &im->options->columns;
    for (size_t i = 0; !fault && i < maps->count; i++) {
        fault = import_header_fold(im->arena, maps->items[i].theirs, &theirs);
        if (!fault && str_equal(header, theirs)) name = maps->items[i].ours;
    }
    if (fault) return fault;
    bool mapped = name.p != NULL;
    fault = mapped ? import_header_fold(im->arena, name, &name) : FAULT_NONE;
    if (!fault) fault = role_find(im, mapped ? name : header, column);
    /* "id" told by a person is the foreign system's. */
    if (!fault && mapped && column->role == COLUMN_ID) {
        column->role = COLUMN_FIELD;
        column->field = field_by_name(ENTITY_DEAL, STR("external_id"));
    }
    return fault;
}

static struct str fields_list(struct importer *im)
{
    size_t count;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    struct str list = STR("id, created, closed, email, phone, note");
    for (size_t i = 0; i < count; i++) {
        if (!(fields[i].flags & FIELD_EDITABLE)) continue;
        if (strcmp(fields[i].name, "probability_by_hand") == 0) continue;
        list = arena_format(im->arena, "%.*s, %s", STR_ARGS(list), fields[i].name);
    }
    return list;
}

static struct str headers_list(struct importer *im)
{
    struct str list = STR("");
    for (size_t i = 0; i < im->column_count; i++) {
        list = arena_format(im->arena, "%.*s%s%.*s", STR_ARGS(list), i ? ", " : "",
                            STR_ARGS(im->columns[i].header));
    }
    return list;
}

/* A --map whose left side is no column, or whose right side is no field, is a mistake to tell. */
static enum fault maps_check(struct importer *im)
{
    const struct import_maps *maps = &im->options->columns;
    for (size_t i = 0; i < maps->count; i++) {
        struct str theirs, header;
        const struct column *found = NULL;
        enum fault fault = import_header_fold(im->arena, maps->items[i].theirs, &theirs);
        for (size_t k = 0; !fault && k < im->column_count; k++) {
            fault = import_header_fold(im->arena, im->columns[k].header, &header);
            if (!fault && str_equal(header, theirs)) found = &im->columns[k];
        }
        if (fault) return fault;
        if (!found) {
            return import_mistake(
                im, arena_format(im->arena, "the file has no column \"%.*s\"; it has: %.*s",
                                 STR_ARGS(maps->items[i].theirs), STR_ARGS(headers_list(im))));
        }
        if (found->role == COLUMN_UNMAPPED) {
            return import_mistake(
                im, arena_format(im->arena,
                                 "\"%.*s\" is nothing an import can set; possible are - (leave it "
                                 "out), %.*s, and entered_STAGE for the day of a stage",
                                 STR_ARGS(maps->items[i].ours), STR_ARGS(fields_list(im))));
        }
    }
    return FAULT_NONE;
}

static bool columns_same(const struct column *a, const struct column *b)
{
    if (a->role != b->role) return false;
    if (a->role == COLUMN_UNMAPPED || a->role == COLUMN_PASSED) return false;
    return a->field == b->field && a->stage == b->stage;
}

static enum fault doubles_check(struct importer *im)
{
    for (size_t i = 0; i < im->column_count; i++) {
        for (size_t k = i + 1; k < im->column_count; k++) {
            const struct column *a = &im->columns[i], *b = &im->columns[k];
            if (!columns_same(a, b)) continue;
            return import_mistake(
                im,
                arena_format(im->arena,
                             "columns %zu \"%.*s\" and %zu \"%.*s\" are the same field; leave one "
                             "out by giving it another heading, or with --map 'HEADING=-'",
                             i + 1, STR_ARGS(a->header), k + 1, STR_ARGS(b->header)));
        }
    }
    return FAULT_NONE;
}

/* --- suggestions --- */

/* Every word of `wanted` stands in `text` as a word, or as its beginning. */
static bool words_stand(struct str text, const char *wanted)
{
    struct str rest = str_from(wanted), word;
    while (str_split(&rest, ' ', &word)) {
        bool found = false;
        for (size_t i = 0; !found && i + word.n <= text.n; i++) {
            bool begins = i == 0 || text.p[i - 1] == ' ' || text.p[i - 1] == '-' ||
                          text.p[i - 1] == '.';
            bool whole = word.n > 3 || i + word.n == text.n || text.p[i + word.n] == ' ';
            found = begins && whole && memcmp(text.p + i, word.p, word.n) == 0;
        }
        if (!found) return false;
    }
    return true;
}

static enum fault suggest(struct importer *im, const struct column *column, struct map *taken)
{
    struct str header;
    enum fault fault = import_header_fold(im->arena, column->header, &header);
    for (size_t i = 0; !fault && i < sizeof likely / sizeof likely[0]; i++) {
        if (!words_stand(header, likely[i].heading)) continue;
        struct str ours = str_from(likely[i].ours);
        if (named(ours, "-") || map_get(taken, ours)) return FAULT_NONE;
        im->report->suggestions =
            arena_format(im->arena, "%.*s%s--map '%.*s=%.*s'", STR_ARGS(im->report->suggestions),
                         im->report->suggestions.n ? "\n" : "", STR_ARGS(column->header),
                         STR_ARGS(ours));
        return map_put(taken, ours, im);
    }
    return fault;
}

static enum fault suggestions_make(struct importer *im)
{
    struct map taken;
    map_init(&taken, im->arena);
    enum fault fault = FAULT_NONE;
    static const struct {
        enum column_role role;
        const char *name;
    } roles[] = {{COLUMN_CREATED, "created"}, {COLUMN_CLOSED, "closed"}, {COLUMN_EMAIL, "email"},
                 {COLUMN_PHONE, "phone"},     {COLUMN_NOTE, "note"},     {COLUMN_ID, "id"}};
    for (size_t i = 0; !fault && i < im->column_count; i++) {
        const struct column *column = &im->columns[i];
        if (column_is(column, "external_id")) fault = map_put(&taken, STR("id"), im);
        else if (column->role == COLUMN_FIELD) {
            fault = map_put(&taken, str_from(column->field->name), im);
        }
        for (size_t k = 0; !fault && k < sizeof roles / sizeof roles[0]; k++) {
            if (column->role == roles[k].role) fault = map_put(&taken, str_from(roles[k].name), im);
        }
    }
    for (size_t i = 0; !fault && i < im->column_count; i++) {
        const struct column *column = &im->columns[i];
        if (column->role != COLUMN_UNMAPPED || column->header.n == 0) continue;
        im->report->unmapped = arena_format(
            im->arena, "%.*s%s%.*s", STR_ARGS(im->report->unmapped),
            im->report->unmapped.n ? ", " : "", STR_ARGS(column->header));
        fault = suggest(im, column, &taken);
    }
    return fault;
}

enum fault import_header_read(struct importer *im, const struct csv_record *header)
{
    bool has_stage = false, has_own_id = false, has_id = false;
    enum fault fault = FAULT_NONE;
    im->why_column = CSV_COLUMNS_MAX;
    im->column_count = header->count;
    for (size_t i = 0; !fault && i < header->count; i++) {
        struct column *column = &im->columns[i];
        column->header = header->cells[i];
        fault = column_map(im, column);
        has_stage |= column_is(column, "stage") || column->role == COLUMN_HISTORY;
        has_id |= column_is(column, "external_id");
        has_own_id |= column->role == COLUMN_ID;
        if (named(column->header, "why")) im->why_column = i;
    }
    /* A file's own "id" is its external id, but for exports of ours, which have both. */
    for (size_t i = 0; !fault && has_own_id && !has_id && i < header->count; i++) {
        if (im->columns[i].role != COLUMN_ID) continue;
        im->columns[i].role = COLUMN_FIELD;
        im->columns[i].field = field_by_name(ENTITY_DEAL, STR("external_id"));
    }
    if (!fault) fault = maps_check(im);
    if (!fault) fault = doubles_check(im);
    if (!fault) fault = suggestions_make(im);
    if (!fault && !has_stage) {
        return import_mistake(im, arena_format(im->arena,
                                               "no column is the stage; map one with --map "
                                               "'HEADING=stage'. The file has: %.*s",
                                               STR_ARGS(headers_list(im))));
    }
    return fault ? fault : arena_fault(im->arena);
}
