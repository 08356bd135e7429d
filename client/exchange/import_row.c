/* import_row.c - see import_row.h. Invariant: a cell that cannot be read rejects its row; a cell
 * that is merely missing is a remark, and the row lands. */
#include "client/exchange/import_row.h"

#include "client/exchange/import_cell.h"

enum { ROW_EDITS_MAX = 32 };

struct entry { /* into a stage */
    const struct stage *stage;
    int64_t at;
};

struct row_parts {
    struct edit edits[ROW_EDITS_MAX];
    size_t edit_count;
    struct str title, organisation, contact, email, phone, owner, external_id, rest;
    struct entry entries[STAGES_MAX];
    size_t entry_count;
    const struct stage *stage;
    struct optional created, closed;
    bool has_value;
};

enum fault import_remark_add(struct importer *im, size_t line, bool rejected, struct str text)
{
    struct import_report *report = im->report;
    if (report->remark_count == IMPORT_REMARKS_MAX) {
        report->remarks_dropped++;
        return FAULT_NONE;
    }
    struct import_remark *remark =
        arena_push(im->arena, (void **)&report->remarks, &report->remark_count,
                   &report->remark_cap, sizeof *remark);
    if (!remark) return FAULT_MEMORY;
    *remark = (struct import_remark){line, rejected, arena_str(im->arena, text)};
    return arena_fault(im->arena);
}

static void row_edit(struct row_parts *parts, const struct field *field, struct value want)
{
    if (parts->edit_count == ROW_EDITS_MAX) return; /* a deal has fewer fields */
    parts->edits[parts->edit_count++] = (struct edit){.tag = field->tag,
                                                      .field = field,
                                                      .base = value_absent(field->type),
                                                      .want = want};
}

static struct str row_mistake(struct importer *im, const struct column *column, struct str cell,
                              const char *expected)
{
    return arena_format(im->arena, "%.*s: \"%.*s\" is not %s", STR_ARGS(column->header),
                        STR_ARGS(cell), expected);
}

static const char *date_expected(const struct importer *im)
{
    switch (im->options->date_order) {
    case DATE_ORDER_ISO: return "a date like 2027-03-01 (declare --date-order dmy or mdy)";
    case DATE_ORDER_DMY: return "a date like 01.03.2027";
    case DATE_ORDER_MDY: return "a date like 03/01/2027";
    }
    return "a date";
}

static bool is_named(const struct field *field, struct str name)
{
    return str_equal(str_from(field->name), name);
}

static enum fault row_stage(struct importer *im, struct str cell, const struct stage **out)
{
    struct str folded, theirs, ours = cell;
    enum fault fault = text_fold(&im->chunk, cell, &folded);
    for (size_t i = 0; !fault && i < im->options->stage_count; i++) {
        fault = text_fold(&im->chunk, im->options->stages[i].theirs, &theirs);
        if (!fault && str_equal(folded, theirs)) ours = im->options->stages[i].ours;
    }
    if (!fault) *out = pipeline_stage_named(&im->chunk, im->pipeline, ours);
    return fault;
}

/* A text, date or reference cell of a deal field that has no special part to play. */
static enum fault row_plain_cell(struct importer *im, const struct column *column, struct str cell,
                                 struct row_parts *parts, struct str *why)
{
    const struct field *field = column->field;
    struct value value = value_absent(field->type);
    enum fault fault = FAULT_NONE;
    if (field->type == VALUE_DATE) {
        int64_t days;
        if (import_date(cell, im->options->date_order, &days)) {
            *why = row_mistake(im, column, cell, date_expected(im));
            return FAULT_NONE;
        }
        value = value_number(VALUE_DATE, days);
    } else if (field->type == VALUE_SET) {
        struct str items[SET_ITEMS_MAX], part, rest = cell;
        size_t count = 0;
        while (count < SET_ITEMS_MAX && str_split(&rest, ',', &part)) items[count++] = str_trim(part);
        struct text_set set;
        fault = text_set_make(&im->chunk, items, count, &set);
        if (fault) return fault;
        struct edit edit = {.tag = field->tag, .field = field, .base = value, .want = value,
                            .add = set};
        if (parts->edit_count < ROW_EDITS_MAX) parts->edits[parts->edit_count++] = edit;
        return FAULT_NONE;
    } else {
        if (value_parse(&im->chunk, field->type, cell, &value) || !value.present) {
            *why = row_mistake(im, column, cell, "a value of that field");
            return FAULT_NONE;
        }
    }
    row_edit(parts, field, value);
    return fault;
}

static enum fault row_money_cell(struct importer *im, const struct column *column, struct str cell,
                                 const struct currency *currency, struct row_parts *parts,
                                 struct str *why)
{
    int64_t minor;
    enum fault fault =
        import_money(&im->chunk, cell, im->options->decimal_comma, currency, &minor);
    if (fault == FAULT_MEMORY) return fault;
    if (fault || minor < 0) {
        *why = row_mistake(im, column, cell, "an amount (declare --decimal comma or point)");
        return FAULT_NONE;
    }
    row_edit(parts, column->field, value_number(VALUE_NUMBER, minor));
    parts->has_value = true;
    return FAULT_NONE;
}

static enum fault row_moment_cell(struct importer *im, const struct column *column,
                                  struct str cell, struct row_parts *parts, struct str *why)
{
    int64_t days;
    if (import_date(cell, im->options->date_order, &days)) {
        *why = row_mistake(im, column, cell, date_expected(im));
        return FAULT_NONE;
    }
    struct optional at = {true, zone_noon(&im->zone, days)};
    if (column->role == COLUMN_CREATED) parts->created = at;
    if (column->role == COLUMN_CLOSED) parts->closed = at;
    if (column->role == COLUMN_ENTERED && parts->entry_count < STAGES_MAX) {
        parts->entries[parts->entry_count++] = (struct entry){column->stage, at.v};
    }
    return FAULT_NONE;
}

static enum fault row_field_cell(struct importer *im, const struct column *column, struct str cell,
                                 const struct currency *currency, struct row_parts *parts,
                                 struct str *why)
{
    const struct field *field = column->field;
    if (is_named(field, STR("title"))) parts->title = cell;
    else if (is_named(field, STR("org"))) parts->organisation = cell;
    else if (is_named(field, STR("contact"))) parts->contact = cell;
    else if (is_named(field, STR("owner"))) parts->owner = cell;
    else if (is_named(field, STR("external_id"))) parts->external_id = cell;
    else if (is_named(field, STR("currency"))) return FAULT_NONE; /* read before */
    else if (is_named(field, STR("value"))) {
        return row_money_cell(im, column, cell, currency, parts, why);
    } else if (is_named(field, STR("stage"))) {
        enum fault fault = row_stage(im, cell, &parts->stage);
        if (!fault && !parts->stage) {
            *why = row_mistake(im, column, cell,
                               "one of our stages (map it with --map-stage THEIRS=OURS)");
        }
        return fault;
    } else {
        return row_plain_cell(im, column, cell, parts, why);
    }
    return FAULT_NONE;
}

static enum fault row_cell(struct importer *im, const struct column *column, struct str cell,
                           const struct currency *currency, struct row_parts *parts,
                           struct str *why)
{
    if (column->role == COLUMN_UNMAPPED) {
        parts->rest = parts->rest.n ? arena_format(&im->chunk, "%.*s %.*s", STR_ARGS(parts->rest),
                                                   STR_ARGS(cell))
                                    : cell;
        return FAULT_NONE;
    }
    if (column->role == COLUMN_EMAIL) parts->email = cell;
    else if (column->role == COLUMN_PHONE) parts->phone = cell;
    else if (column->role == COLUMN_FIELD) {
        return row_field_cell(im, column, cell, currency, parts, why);
    } else {
        return row_moment_cell(im, column, cell, parts, why);
    }
    return FAULT_NONE;
}

static const struct currency *row_currency(struct importer *im, const struct csv_record *record)
{
    for (size_t i = 0; i < record->count && i < im->column_count; i++) {
        const struct column *column = &im->columns[i];
        if (column->role == COLUMN_FIELD && is_named(column->field, STR("currency")) &&
            record->cells[i].n) {
            return currency_find(record->cells[i]);
        }
    }
    struct str code = im->options->currency.n ? im->options->currency : im->team_row->currency;
    return currency_find(code);
}

static void chunk_add(struct importer *im, const struct mutation *mutation,
                      struct import_source source)
{
    im->mutations[im->count] = *mutation;
    im->sources[im->count] = source;
    im->count++;
}

static struct mutation mutation_begin(struct importer *im, enum mutation_kind kind,
                                      enum entity_kind entity, struct uuid target)
{
    return (struct mutation){.id = uuid_v7((uint64_t)im->now.wall_ms, im->random),
                             .kind = kind,
                             .entity = entity,
                             .target = target,
                             .acted_at = {true, im->now.wall_ms},
                             .batch = im->options->batch,
                             .definition_version = im->definition.version,
                             .bulk = true};
}

enum { THING_EDITS_MAX = 4 };

/* The thing of that name: known, made earlier in this import, or made now by a CREATE mutation. */
static enum fault named_thing(struct importer *im, enum entity_kind kind, struct str name,
                              struct map *map, struct uuid *out, bool *made)
{
    struct str folded;
    *made = false;
    enum fault fault = text_fold(im->arena, name, &folded);
    if (fault) return fault;
    const struct uuid *known = map_get(map, folded);
    *made = !known;
    if (known) {
        *out = *known;
        return FAULT_NONE;
    }
    struct str key = arena_format(&im->chunk, "import/%s/%.*s", entity_name(kind), STR_ARGS(folded));
    struct uuid *id = arena_alloc(im->arena, sizeof *id);
    struct edit *edits = arena_array(&im->chunk, THING_EDITS_MAX, sizeof *edits);
    if (!id || !edits || !key.p) return FAULT_MEMORY;
    *id = *out = uuid_derive(im->team, key);
    struct mutation mutation = mutation_begin(im, MUTATION_CREATE, kind, *id);
    const struct field *field = field_by_name(kind, STR("name"));
    edits[0] = (struct edit){.tag = field->tag, .field = field,
                             .base = value_absent(field->type),
                             .want = value_text(arena_str(&im->chunk, name))};
    mutation.edits = edits;
    mutation.edit_count = 1;
    if (kind == ENTITY_MEMBER) {
        field = field_by_name(kind, STR("imported"));
        edits[1] = (struct edit){.tag = field->tag, .field = field,
                                 .base = value_absent(field->type),
                                 .want = value_number(VALUE_FLAG, 1)};
        mutation.edit_count = 2;
    }
    chunk_add(im, &mutation, (struct import_source){0, STR_NONE});
    return map_put(map, folded, id);
}

static void thing_edit(struct mutation *mutation, const char *name, struct value want)
{
    const struct field *field = field_by_name((enum entity_kind)mutation->entity, str_from(name));
    mutation->edits[mutation->edit_count++] = (struct edit){
        .tag = field->tag, .field = field, .base = value_absent(field->type), .want = want};
}

static enum fault row_contact(struct importer *im, struct row_parts *parts,
                              struct uuid organisation)
{
    struct uuid id;
    bool made;
    enum fault fault = named_thing(im, ENTITY_PERSON, parts->contact, &im->people, &id, &made);
    if (fault) return fault;
    row_edit(parts, field_by_name(ENTITY_DEAL, STR("contact")), value_reference(id));
    if (!made) return FAULT_NONE;
    struct mutation *mutation = &im->mutations[im->count - 1];
    if (!uuid_is_zero(organisation)) thing_edit(mutation, "org", value_reference(organisation));
    if (parts->email.n) thing_edit(mutation, "email", value_text(parts->email));
    if (parts->phone.n) thing_edit(mutation, "phone", value_text(parts->phone));
    return FAULT_NONE;
}

static enum fault row_references(struct importer *im, const struct csv_record *record,
                                 struct row_parts *parts)
{
    bool made;
    struct uuid id = {{0}};
    enum fault fault = FAULT_NONE;
    if (parts->organisation.n) {
        fault = named_thing(im, ENTITY_ORGANISATION, parts->organisation, &im->organisations, &id,
                            &made);
        if (fault) return fault;
        if (made) im->report->new_organisations++;
        row_edit(parts, field_by_name(ENTITY_DEAL, STR("org")), value_reference(id));
    } else {
        fault = import_remark_add(im, record->line, false, STR("no organisation"));
    }
    if (!fault && parts->contact.n) fault = row_contact(im, parts, id);
    if (fault || !parts->owner.n) {
        return fault ? fault : import_remark_add(im, record->line, false, STR("no owner"));
    }
    fault = named_thing(im, ENTITY_MEMBER, parts->owner, &im->members, &id, &made);
    if (fault) return fault;
    row_edit(parts, field_by_name(ENTITY_DEAL, STR("owner")), value_reference(id));
    if (!made) return FAULT_NONE;
    im->report->new_members++;
    struct str text = arena_format(&im->chunk, "unknown owner %.*s: added as a member without a device",
                                   STR_ARGS(parts->owner));
    return import_remark_add(im, record->line, false, text);
}

static enum fault row_stand_remarks(struct importer *im, size_t line,
                                    const struct row_parts *parts, bool closes)
{
    const struct {
        bool applies;
        struct str text;
    } remarks[] = {
        {!parts->created.has && parts->entry_count == 0,
         STR("no creation date: left out of durations")},
        {closes && !parts->closed.has, STR("closed, but no closing date")},
        {!closes && parts->closed.has, STR("closing date of an open deal ignored")},
        {parts->stage->kind == STAGE_WON && !parts->has_value, STR("won without a value")},
    };
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < sizeof remarks / sizeof remarks[0]; i++) {
        if (remarks[i].applies) fault = import_remark_add(im, line, false, remarks[i].text);
    }
    return fault;
}

static enum fault row_stands(struct importer *im, const struct csv_record *record,
                             struct row_parts *parts, struct mutation *mutation)
{
    struct stand *stands = arena_array(&im->chunk, parts->entry_count + 2, sizeof *stands);
    if (!stands) return FAULT_MEMORY;
    size_t count = 0;
    bool closes = parts->stage->kind == STAGE_WON || parts->stage->kind == STAGE_LOST;
    const struct stage *first = pipeline_stage_of_kind(im->pipeline, STAGE_OPEN);
    for (size_t i = 0; i < parts->entry_count; i++) {
        stands[count++] = (struct stand){parts->entries[i].stage->key, STATUS_OPEN,
                                         {true, parts->entries[i].at}};
    }
    if (count == 0 && closes && parts->created.has && first) {
        /* Where a closed deal stood before is not in such a table; that it was in the pipeline
         * since it was created is. */
        stands[count++] = (struct stand){first->key, STATUS_OPEN, parts->created};
    }
    if (closes) {
        int64_t status = parts->stage->kind == STAGE_WON ? STATUS_WON : STATUS_LOST;
        stands[count++] = (struct stand){parts->stage->key, status, parts->closed};
    } else if (count == 0 || !str_equal(stands[count - 1].stage, parts->stage->key)) {
        struct optional since = count ? (struct optional){false, 0} : parts->created;
        stands[count++] = (struct stand){parts->stage->key, STATUS_OPEN, since};
    }
    mutation->stands = stands;
    mutation->stand_count = count;
    return row_stand_remarks(im, record->line, parts, closes);
}

static enum fault row_title(struct importer *im, struct row_parts *parts)
{
    struct str title = parts->title;
    if (!title.n && parts->organisation.n && parts->rest.n) {
        title = arena_format(&im->chunk, "%.*s: %.*s", STR_ARGS(parts->organisation),
                             STR_ARGS(parts->rest));
    }
    if (!title.n && parts->organisation.n) title = parts->organisation;
    if (!title.n && parts->rest.n) title = parts->rest;
    if (!title.n) title = arena_format(&im->chunk, "Deal %.*s", STR_ARGS(parts->external_id));
    size_t end = title.n < TITLE_BYTES_MAX ? title.n : TITLE_BYTES_MAX;
    while (end < title.n && end > 0 && ((unsigned char)title.p[end] & 0xC0) == 0x80) end--;
    row_edit(parts, field_by_name(ENTITY_DEAL, STR("title")), value_text(str_slice(title, 0, end)));
    return arena_fault(&im->chunk);
}

static enum fault row_read(struct importer *im, struct csv_record *record,
                           const struct currency *currency, struct row_parts *parts,
                           struct str *why)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && !why->n && i < record->count; i++) {
        if (i >= im->column_count) {
            *why = STR("more cells than the header has columns");
        } else if (record->cells[i].n) {
            fault = row_cell(im, &im->columns[i], record->cells[i], currency, parts, why);
        }
    }
    if (!fault && !why->n && !parts->stage) *why = STR("no stage");
    return fault;
}

enum fault import_row(struct importer *im, struct csv_record *record, struct str *why, bool *known)
{
    struct row_parts parts = {.edit_count = 0};
    const struct currency *currency = row_currency(im, record);
    *known = false;
    *why = STR_NONE;
    if (!text_is_utf8(record->raw)) *why = STR("not UTF-8 text");
    else if (!currency) *why = STR("unknown currency");
    if (why->n) return FAULT_NONE;
    enum fault fault = row_read(im, record, currency, &parts, why);
    if (fault || why->n) return fault;
    /* Without an id of its own, a row is known by all it says. */
    struct str name = parts.external_id.n ? parts.external_id : record->raw;
    struct uuid id = uuid_derive(im->team, arena_format(&im->chunk, "import/deal/%.*s",
                                                        STR_ARGS(name)));
    if (map_get(&im->seen, name)) {
        *why = STR("the same id stands on an earlier line");
        return FAULT_NONE;
    }
    fault = map_put(&im->seen, name, im);
    if (fault) return fault;
    const void *existing;
    fault = im->replica->f->entity(im->replica, &im->chunk, ENTITY_DEAL, id, false, &existing);
    *known = fault == FAULT_NONE;
    if (fault != FAULT_NOT_FOUND) return fault;
    if (parts.has_value) {
        row_edit(&parts, field_by_name(ENTITY_DEAL, STR("currency")),
                 value_text(arena_str(&im->chunk, str_from(currency->code))));
    }
    if (parts.external_id.n) {
        row_edit(&parts, field_by_name(ENTITY_DEAL, STR("external_id")),
                 value_text(parts.external_id));
    }
    fault = row_title(im, &parts);
    if (!fault) fault = row_references(im, record, &parts);
    struct mutation mutation = mutation_begin(im, MUTATION_IMPORT, ENTITY_DEAL, id);
    if (!fault) fault = row_stands(im, record, &parts, &mutation);
    if (fault) return fault;
    mutation.edits = arena_copy(&im->chunk, parts.edits, parts.edit_count * sizeof parts.edits[0]);
    mutation.edit_count = parts.edit_count;
    if (!mutation.edits) return FAULT_MEMORY;
    chunk_add(im, &mutation, (struct import_source){record->line, record->raw});
    return FAULT_NONE;
}
