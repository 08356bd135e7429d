/* import.c - see import.h. Called by the command line.
 *
 *   file -> csv_next -> import_row -> chunk of mutations -> outbox_submit_many -> report
 *
 * Invariant: every record of the file is counted exactly once: created, unchanged or rejected. */
#include "client/exchange/import.h"

#include <string.h>

#include "client/core/outbox.h"
#include "client/exchange/import_cell.h"
#include "client/exchange/import_row.h"

enum {
    CHUNK_MUTATIONS = 400, /* one durable transaction; another process's write never waits long */
    ROW_MUTATIONS = 4,     /* a deal, and perhaps its owner, organisation and contact */
    CHUNK_ARENA = 64 * 1024 * 1024,
    REJECTS_MAX = 256 * 1024 * 1024
};

static enum fault column_map(struct importer *im, struct column *column)
{
    struct str header, theirs, name = STR_NONE;
    enum fault fault = import_header_fold(im->arena, column->header, &header);
    if (fault) return fault;
    for (size_t i = 0; !fault && i < im->options->column_count; i++) {
        fault = import_header_fold(im->arena, im->options->columns[i].theirs, &theirs);
        if (!fault && str_equal(header, theirs)) name = im->options->columns[i].ours;
    }
    if (fault) return fault;
    if (!name.p) name = header;
    char *plain = arena_copy(im->arena, name.p, name.n);
    if (!plain && name.n) return FAULT_MEMORY;
    for (size_t i = 0; i < name.n; i++) {
        if (plain[i] == ' ' || plain[i] == '-') plain[i] = '_';
    }
    struct str ours = {plain, name.n};
    if (str_equal(ours, STR("id"))) ours = STR("external_id");
    if (str_equal(ours, STR("close"))) ours = STR("expected_close");
    if (str_equal(ours, STR("organisation"))) ours = STR("org");
    if (str_equal(ours, STR("deal"))) ours = STR("title");
    column->role = COLUMN_UNMAPPED;
    if (str_equal(ours, STR("created"))) column->role = COLUMN_CREATED;
    if (str_equal(ours, STR("closed"))) column->role = COLUMN_CLOSED;
    if (str_equal(ours, STR("email"))) column->role = COLUMN_EMAIL;
    if (str_equal(ours, STR("phone"))) column->role = COLUMN_PHONE;
    if (str_starts_with(ours, STR("entered_"))) {
        struct str stage = str_slice(ours, sizeof "entered_" - 1, ours.n);
        column->stage = pipeline_stage_named(im->arena, im->pipeline, stage);
        if (column->stage) column->role = COLUMN_ENTERED;
    }
    if (column->role != COLUMN_UNMAPPED) return FAULT_NONE;
    column->field = field_by_name(ENTITY_DEAL, ours);
    if (column->field && (column->field->flags & (FIELD_EDITABLE | FIELD_IMPORTED))) {
        column->role = COLUMN_FIELD;
    }
    return FAULT_NONE;
}

static bool column_is(const struct column *column, struct str name)
{
    return column->role == COLUMN_FIELD && str_equal(str_from(column->field->name), name);
}

/* A --map whose left side is no column, or whose right side is no field, is a mistake to tell. */
static enum fault maps_check(struct importer *im)
{
    for (size_t i = 0; i < im->options->column_count; i++) {
        const struct import_map *map = &im->options->columns[i];
        struct str theirs, header;
        const struct column *found = NULL;
        enum fault fault = import_header_fold(im->arena, map->theirs, &theirs);
        for (size_t k = 0; !fault && k < im->column_count; k++) {
            fault = import_header_fold(im->arena, im->columns[k].header, &header);
            if (!fault && str_equal(header, theirs)) found = &im->columns[k];
        }
        if (fault) return fault;
        if (!found) {
            im->report->mistake = arena_format(im->arena, "the file has no column \"%.*s\"",
                                               STR_ARGS(map->theirs));
            return FAULT_FORMAT;
        }
        if (found->role == COLUMN_UNMAPPED) {
            im->report->mistake = arena_format(
                im->arena, "\"%.*s\" is no field an import can set; possible are id, created, "
                           "closed and the fields of a deal", STR_ARGS(map->ours));
            return FAULT_FORMAT;
        }
    }
    return FAULT_NONE;
}

static enum fault header_read(struct importer *im, const struct csv_record *header)
{
    bool has_stage = false;
    for (size_t i = 0; i < header->count; i++) {
        struct column *column = &im->columns[i];
        column->header = header->cells[i];
        enum fault fault = column_map(im, column);
        if (fault) return fault;
        has_stage |= column_is(column, STR("stage"));
        if (column->role != COLUMN_UNMAPPED) continue;
        im->report->unmapped =
            im->report->unmapped.n
                ? arena_format(im->arena, "%.*s, %.*s", STR_ARGS(im->report->unmapped),
                               STR_ARGS(column->header))
                : column->header;
    }
    im->column_count = header->count;
    enum fault fault = maps_check(im);
    if (fault) return fault;
    if (!has_stage) {
        im->report->mistake = STR("no column is the stage; map one with --map 'THEIR HEADER=stage'");
        return FAULT_FORMAT;
    }
    buffer_append_str(&im->report->rejects, header->raw);
    buffer_append_str(&im->report->rejects, STR(",why\n"));
    return FAULT_NONE;
}

static enum fault names_load(struct importer *im, enum entity_kind kind, struct map *map)
{
    const void **all;
    size_t count;
    enum fault fault = im->replica->f->all(im->replica, im->arena, kind, &all, &count);
    for (size_t i = 0; !fault && i < count; i++) {
        struct str name, folded;
        struct uuid *id = arena_alloc(im->arena, sizeof *id);
        if (!id) return FAULT_MEMORY;
        if (kind == ENTITY_MEMBER) {
            const struct member *member = all[i];
            if (member->removed) continue;
            *id = member->id;
            name = member->name;
        } else if (kind == ENTITY_PERSON) {
            const struct person *person = all[i];
            *id = person->id;
            name = person->name;
        } else {
            const struct organisation *organisation = all[i];
            *id = organisation->id;
            name = organisation->name;
        }
        fault = text_fold(im->arena, name, &folded);
        if (!fault && !map_get(map, folded)) fault = map_put(map, folded, id);
    }
    return fault;
}

static enum fault importer_begin(struct importer *im)
{
    struct identity *identity = arena_alloc(im->arena, sizeof *identity);
    if (!identity) return FAULT_MEMORY;
    enum fault fault = im->replica->f->identity_load(im->replica, im->arena, identity);
    if (!fault) fault = im->replica->f->definition(im->replica, im->arena, &im->definition);
    if (!fault) fault = im->replica->f->team(im->replica, im->arena, &im->team_row);
    if (fault) return fault;
    im->team = identity->team;
    im->me = identity->member;
    if (im->definition.pipeline_count == 0) return FAULT_NOT_FOUND;
    im->pipeline = &im->definition.pipelines[0];
    if (im->team_row->zone.n) fault = zone_unpack(im->arena, im->team_row->zone, &im->zone);
    map_init(&im->organisations, im->arena);
    map_init(&im->people, im->arena);
    map_init(&im->members, im->arena);
    map_init(&im->seen, im->arena);
    if (!fault) fault = names_load(im, ENTITY_ORGANISATION, &im->organisations);
    if (!fault) fault = names_load(im, ENTITY_PERSON, &im->people);
    if (!fault) fault = names_load(im, ENTITY_MEMBER, &im->members);
    size_t room = CHUNK_MUTATIONS + ROW_MUTATIONS;
    im->mutations = arena_array(im->arena, room, sizeof *im->mutations);
    im->sources = arena_array(im->arena, room, sizeof *im->sources);
    if (!fault && (!im->mutations || !im->sources)) fault = FAULT_MEMORY;
    return fault;
}

static enum fault row_reject(struct importer *im, struct import_source source, struct str why)
{
    im->report->rejected++;
    buffer_append_str(&im->report->rejects, source.raw);
    csv_cell(&im->report->rejects, why, false);
    buffer_append_byte(&im->report->rejects, '\n');
    return import_remark_add(im, source.line, true, why);
}

static bool change_marks_attention(const struct change *change)
{
    for (size_t i = 0; i < change->row_count; i++) {
        if (change->rows[i].kind != ENTITY_DEAL || !change->rows[i].entity) continue;
        const struct deal *deal = change->rows[i].entity;
        if (deal->attention) return true;
    }
    return false;
}

static enum fault chunk_judge(struct importer *im, const struct change *changes)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < im->count; i++) {
        const struct change *change = &changes[i];
        if (im->sources[i].line == 0) continue;
        if (change->outcome == OUTCOME_PARKED) {
            struct str reasons;
            fault = reasons_format(im->arena, &change->reasons, &reasons);
            if (!fault) fault = row_reject(im, im->sources[i], reasons);
        } else if (change->row_count == 0) {
            im->report->unchanged++;
        } else {
            im->report->created++;
            if (change_marks_attention(change)) im->report->attention++;
        }
    }
    return fault;
}

static enum fault chunk_submit(struct importer *im)
{
    if (im->count == 0) return FAULT_NONE;
    struct change *changes = arena_array(&im->chunk, im->count, sizeof *changes);
    enum fault fault = changes ? FAULT_NONE : FAULT_MEMORY;
    if (!fault && im->options->dry_run) {
        for (size_t i = 0; i < im->count; i++) im->report->created += im->sources[i].line > 0;
    } else if (!fault) {
        fault = outbox_submit_many(im->replica, &im->chunk, im->mutations, im->count,
                                   STR("import"), im->now, changes);
        if (!fault) fault = chunk_judge(im, changes);
    }
    im->count = 0;
    arena_reset(&im->chunk);
    return fault;
}

static size_t count_lines(struct str text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.n; i++) lines += text.p[i] == '\n';
    return lines;
}

static enum fault rows_run(struct importer *im, struct csv_reader *reader,
                           struct csv_record *record)
{
    size_t all = count_lines(im->options->text);
    for (;;) {
        enum fault fault = csv_next(reader, &im->chunk, record);
        if (fault == FAULT_NOT_FOUND) break;
        if (fault) {
            im->report->mistake = arena_format(im->arena, "line %zu: a quote is never closed",
                                               reader->next_line);
            return fault;
        }
        im->report->rows++;
        struct str why;
        bool known;
        fault = import_row(im, record, &why, &known);
        struct import_source source = {record->line, record->raw};
        if (!fault && why.n) fault = row_reject(im, source, why);
        else if (!fault && known) im->report->unchanged++;
        if (!fault && im->count >= CHUNK_MUTATIONS) fault = chunk_submit(im);
        if (fault) return fault;
        if (im->options->progress && im->report->rows % 200 == 0) {
            im->options->progress(im->options->context, im->report->rows, all);
        }
    }
    return chunk_submit(im);
}

enum fault import_deals(struct replica *replica, struct arena *arena,
                        const struct import_options *options, struct now now,
                        struct random *random, struct import_report *report)
{
    *report = (struct import_report){0};
    buffer_init(&report->rejects, REJECTS_MAX);
    struct importer *im = arena_alloc(arena, sizeof *im);
    struct csv_record *header = arena_alloc(arena, sizeof *header); /* then each row */
    if (!im || !header) return FAULT_MEMORY;
    *im = (struct importer){.replica = replica, .arena = arena, .options = options, .now = now,
                            .random = random, .report = report};
    arena_init(&im->chunk, CHUNK_ARENA);
    enum fault fault = importer_begin(im);
    struct csv_reader reader;
    csv_open(&reader, options->text);
    if (!fault) fault = csv_next(&reader, arena, header);
    if (fault == FAULT_NOT_FOUND) {
        report->mistake = STR("there is nothing in the file, or this copy has no team yet");
        fault = FAULT_FORMAT;
    }
    if (!fault) fault = header_read(im, header);
    if (!fault) fault = rows_run(im, &reader, header);
    if (!fault) fault = buffer_fault(&report->rejects);
    arena_finish(&im->chunk);
    return fault;
}
