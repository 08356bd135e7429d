/* import.c - see import.h. Called by the command line.
 *
 *   file -> survey -> for each record: parts -> mutations in a chunk -> outbox -> report
 *
 * Invariant: every record of the file is counted exactly once: created, updated, unchanged,
 * differing or rejected. */
#include "client/exchange/import.h"

#include <string.h>

#include "client/core/outbox.h"
#include "client/exchange/import_cell.h"
#include "client/exchange/import_inside.h"

enum {
    CHUNK_MUTATIONS = 2000, /* one durable transaction, half a second: it rewrites pages all over the
                               copy, and another process must not wait long for its write */
    ROW_MUTATIONS = 6,     /* a deal, its note, and perhaps its owner, organisation and contact */
    CHUNK_ARENA = 256 * 1024 * 1024,
    REJECTS_MAX = 256 * 1024 * 1024,
    PROGRESS_ROWS = 100
};

enum fault import_remark_add(struct importer *im, size_t line, bool rejected, struct str text,
                             struct str detail)
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
    *remark = (struct import_remark){line, rejected, arena_str(im->arena, text),
                                     arena_str(im->arena, detail)};
    return arena_fault(im->arena);
}

void import_chunk_add(struct importer *im, const struct mutation *mutation, enum source_kind kind,
                      const struct csv_record *record)
{
    im->mutations[im->count] = *mutation;
    im->sources[im->count] = (struct import_source){kind, record->line, record->raw};
    im->count++;
}

bool import_text_has(struct importer *im, const struct import_maps *maps, struct str theirs,
                     struct str *ours)
{
    struct str folded, candidate;
    if (maps->count == 0 || text_fold(&im->chunk, theirs, &folded)) return false;
    for (size_t i = 0; i < maps->count; i++) {
        if (text_fold(&im->chunk, maps->items[i].theirs, &candidate)) return false;
        if (!str_equal(folded, candidate)) continue;
        *ours = maps->items[i].ours;
        return true;
    }
    return false;
}

/* --- beginning --- */

static enum fault name_put(struct importer *im, struct map *map, struct str name,
                           const struct uuid *id)
{
    struct str folded;
    struct uuid *kept = arena_copy(im->arena, id, sizeof *id);
    if (!kept) return FAULT_MEMORY;
    enum fault fault = text_fold(im->arena, name, &folded);
    if (fault || folded.n == 0 || map_get(map, folded)) return fault;
    return map_put(map, folded, kept);
}

static enum fault person_put(struct importer *im, const struct person *person)
{
    enum fault fault = name_put(im, &im->emails, person->email, &person->id);
    if (fault || uuid_is_zero(person->organisation)) {
        return fault ? fault : name_put(im, &im->people, person->name, &person->id);
    }
    char organisation[UUID_TEXT_LENGTH + 1];
    uuid_format(person->organisation, organisation);
    struct str key = arena_format(im->arena, "%.*s/%s", STR_ARGS(person->name), organisation);
    return name_put(im, &im->people, key, &person->id);
}

/* Those who have left only where nobody else is called so: a history may credit them. */
static enum fault members_load(struct importer *im, const void *const *all, size_t count)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < 2 * count; i++) {
        const struct member *member = all[i % count];
        if (member->removed != (i >= count)) continue;
        fault = name_put(im, &im->members, member->name, &member->id);
    }
    return fault;
}

static enum fault names_load(struct importer *im, enum entity_kind kind)
{
    const void **all;
    size_t count;
    enum fault fault = im->replica->f->all(im->replica, im->arena, kind, &all, &count);
    if (!fault && kind == ENTITY_MEMBER) return members_load(im, all, count);
    for (size_t i = 0; !fault && i < count; i++) {
        const struct organisation *organisation = all[i];
        fault = kind == ENTITY_PERSON
                    ? person_put(im, all[i])
                    : name_put(im, &im->organisations, organisation->name, &organisation->id);
    }
    return fault;
}

static enum fault mistake_tell(struct importer *im, struct str mistake)
{
    im->report->mistake = mistake;
    return FAULT_FORMAT;
}

static enum fault owners_check(struct importer *im)
{
    const struct import_maps *maps = &im->options->owners;
    for (size_t i = 0; i < maps->count; i++) {
        struct str folded;
        enum fault fault = text_fold(im->arena, maps->items[i].ours, &folded);
        if (fault) return fault;
        if (map_get(&im->members, folded)) continue;
        return mistake_tell(im, arena_format(im->arena, "--map-owner: there is nobody called \"%.*s\" "
                                             "in the team; `sluice member list` shows who is",
                                             STR_ARGS(maps->items[i].ours)));
    }
    return FAULT_NONE;
}

static enum fault pipeline_choose(struct importer *im)
{
    struct str wanted = im->options->pipeline, list = STR("");
    if (im->definition.pipeline_count == 0) return FAULT_NOT_FOUND;
    im->pipeline = &im->definition.pipelines[0];
    if (!wanted.n) return FAULT_NONE;
    im->pipeline = definition_pipeline_named(im->arena, &im->definition, wanted);
    if (im->pipeline) return FAULT_NONE;
    for (size_t i = 0; i < im->definition.pipeline_count; i++) {
        list = arena_format(im->arena, "%.*s%s%.*s", STR_ARGS(list), i ? ", " : "",
                            STR_ARGS(im->definition.pipelines[i].name));
    }
    return mistake_tell(im, arena_format(im->arena, "there is no pipeline \"%.*s\"; there are: %.*s",
                                         STR_ARGS(wanted), STR_ARGS(list)));
}

static enum fault importer_begin(struct importer *im)
{
    struct identity *identity = arena_alloc(im->arena, sizeof *identity);
    struct map *maps[] = {&im->organisations, &im->people, &im->emails, &im->members,
                          &im->seen, &im->stages_unknown, &im->missing, &im->made};
    if (!identity) return FAULT_MEMORY;
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) map_init(maps[i], im->arena);
    enum fault fault = im->replica->f->identity_load(im->replica, im->arena, identity);
    if (!fault) fault = im->replica->f->definition(im->replica, im->arena, &im->definition);
    if (!fault) fault = im->replica->f->team(im->replica, im->arena, &im->team_row);
    if (!fault) fault = pipeline_choose(im);
    if (fault) return fault;
    im->team = identity->team;
    im->me = identity->member;
    /* Of the file: an import that goes on after an interruption is still the same batch. */
    im->batch = uuid_derive(uuid_derive(im->team, STR("import/batch")), im->options->text);
    struct str code = im->options->currency.n ? im->options->currency : im->team_row->currency;
    im->currency = currency_find(code);
    if (!im->currency) return mistake_tell(im, STR("the team has no currency; say --currency"));
    if (im->team_row->zone.n) fault = zone_unpack(im->arena, im->team_row->zone, &im->zone);
    if (!fault) fault = names_load(im, ENTITY_ORGANISATION);
    if (!fault) fault = names_load(im, ENTITY_PERSON);
    if (!fault) fault = names_load(im, ENTITY_MEMBER);
    if (!fault) fault = owners_check(im);
    size_t room = CHUNK_MUTATIONS + ROW_MUTATIONS;
    im->mutations = arena_array(im->arena, room, sizeof *im->mutations);
    im->sources = arena_array(im->arena, room, sizeof *im->sources);
    if (!fault && (!im->mutations || !im->sources)) fault = FAULT_MEMORY;
    return fault;
}

/* --- rejects: what did not land, as it came, with the reasons in a column "why" --- */

static enum fault rejects_record(struct importer *im, const struct csv_record *record,
                                 struct str why)
{
    struct buffer *out = &im->report->rejects;
    /* A rejects file imported again has the column already. */
    if (im->why_column < CSV_COLUMNS_MAX) {
        for (size_t i = 0; i < im->column_count; i++) {
            struct str cell = i < record->count ? record->cells[i] : STR_NONE;
            csv_cell(out, i == im->why_column ? why : cell, im->delimiter, i == 0);
        }
    } else {
        buffer_append_str(out, record->raw);
        for (size_t i = record->count; i < im->column_count; i++) {
            buffer_append_byte(out, (uint8_t)im->delimiter);
        }
        csv_cell(out, why, im->delimiter, false);
    }
    buffer_append_byte(out, '\n');
    return buffer_fault(out);
}

static enum fault row_reject(struct importer *im, const struct csv_record *record, struct str why)
{
    im->report->rejected++;
    enum fault fault = rejects_record(im, record, why);
    return fault ? fault : import_remark_add(im, record->line, true, why, STR_NONE);
}

static enum fault reasons_say(struct importer *im, const struct reasons *reasons, struct str *out)
{
    *out = STR("");
    if (!im->options->reason_say) return reasons_format(im->arena, reasons, out);
    for (size_t i = 0; i < reasons->count; i++) {
        struct str one = im->options->reason_say(im->options->context, im->arena,
                                                 &reasons->items[i]);
        *out = arena_format(im->arena, "%.*s%s%.*s", STR_ARGS(*out), i ? "; " : "", STR_ARGS(one));
    }
    return arena_fault(im->arena);
}

static enum fault source_reject(struct importer *im, const struct import_source *source,
                                const struct reasons *reasons)
{
    struct str why;
    enum fault fault = reasons_say(im, reasons, &why);
    if (fault) return fault;
    if (source->kind == SOURCE_NOTE) {
        return import_remark_add(im, source->line, false, STR("the note was not taken"), why);
    }
    struct csv_record *record = arena_alloc(&im->chunk, sizeof *record);
    if (!record) return FAULT_MEMORY;
    struct csv_reader reader = {.text = source->raw, .delimiter = im->delimiter, .next_line = 1};
    fault = csv_next(&reader, &im->chunk, record);
    record->line = source->line;
    return fault ? fault : row_reject(im, record, why);
}

/* --- the chunk --- */

static bool change_marks_attention(const struct change *change)
{
    for (size_t i = 0; i < change->row_count; i++) {
        if (change->rows[i].kind != ENTITY_DEAL || !change->rows[i].entity) continue;
        const struct deal *deal = change->rows[i].entity;
        if (deal->attention) return true;
    }
    return false;
}

static enum fault change_judge(struct importer *im, const struct import_source *source,
                               const struct change *change)
{
    struct import_report *report = im->report;
    bool parked = change->outcome == OUTCOME_PARKED;
    switch (source->kind) {
    case SOURCE_THING: return FAULT_NONE; /* its deal will say so */
    case SOURCE_NOTE:
        report->notes += !parked && change->row_count > 0;
        return parked ? source_reject(im, source, &change->reasons) : FAULT_NONE;
    case SOURCE_DEAL:
        if (parked) return source_reject(im, source, &change->reasons);
        if (change->row_count == 0) report->unchanged++;
        else report->created++;
        report->attention += change_marks_attention(change);
        return FAULT_NONE;
    case SOURCE_UPDATE:
        if (parked) return source_reject(im, source, &change->reasons);
        report->updated++;
        report->conflicts += change->outcome == OUTCOME_CONFLICT;
        return FAULT_NONE;
    case SOURCE_UPDATE_MORE:
        report->conflicts += change->outcome == OUTCOME_CONFLICT;
        if (!parked) return FAULT_NONE;
        /* The row is counted already: the other half landed. */
        struct str why;
        enum fault fault = reasons_say(im, &change->reasons, &why);
        if (fault) return fault;
        return import_remark_add(im, source->line, false, STR("not all of it was taken"), why);
    }
    return FAULT_NONE;
}

/* What would come of it, and nothing written: things this import would make are kept aside. */
static enum fault mutation_try(struct importer *im, const struct mutation *mutation,
                               struct change *change)
{
    struct state state;
    struct entity_key keys[MUTATION_KEYS_MAX];
    const void *me = NULL;
    enum fault fault = state_init(&state, &im->chunk, im->team_row, &im->definition);
    size_t count = mutation_keys(mutation, im->me, keys);
    for (size_t i = 0; !fault && i < count; i++) {
        const void *entity = map_get(&im->made, (struct str){(const char *)keys[i].id.b, 16});
        if (!entity) {
            fault = im->replica->f->entity(im->replica, &im->chunk, keys[i].kind, keys[i].id, false,
                                           &entity);
        }
        if (fault == FAULT_NOT_FOUND) fault = FAULT_NONE;
        if (!fault) fault = state_put(&state, keys[i].kind, keys[i].id, entity);
    }
    if (!fault) {
        fault = im->replica->f->entity(im->replica, &im->chunk, ENTITY_MEMBER, im->me, false, &me);
    }
    if (!fault) fault = state_put(&state, ENTITY_MEMBER, im->me, me);
    struct decision_context context = {
        .actor = me, .recorded_at = im->now.wall_ms, .predicted = true};
    if (!fault) fault = decide(&im->chunk, &state, &context, mutation, STR_NONE, change);
    for (size_t i = 0; !fault && i < change->row_count; i++) {
        const struct row *row = &change->rows[i];
        bool needed = row->kind == ENTITY_MEMBER || row->kind == ENTITY_ORGANISATION ||
                      row->kind == ENTITY_PERSON || mutation->kind == MUTATION_IMPORT;
        if (!needed || !row->entity || row->kind == ENTITY_EVENT) continue;
        void *kept = entity_copy(im->arena, row->kind, row->entity);
        fault = map_put(&im->made, (struct str){(const char *)row->id.b, 16}, kept);
    }
    return fault;
}

static enum fault chunk_submit(struct importer *im)
{
    enum fault fault = FAULT_NONE;
    if (im->count > 0) {
        struct change *changes = arena_array(&im->chunk, im->count, sizeof *changes);
        if (!changes) return FAULT_MEMORY;
        if (im->options->dry_run) {
            for (size_t i = 0; !fault && i < im->count; i++) {
                fault = mutation_try(im, &im->mutations[i], &changes[i]);
            }
        } else {
            fault = outbox_submit_many(im->replica, &im->chunk, im->mutations, im->count,
                                       STR("import"), im->now, changes);
        }
        for (size_t i = 0; !fault && i < im->count; i++) {
            fault = change_judge(im, &im->sources[i], &changes[i]);
        }
    }
    im->count = 0;
    arena_reset(&im->chunk);
    return fault;
}

/* --- the rows --- */

/* The deal a row means: by its full id if that is one of ours, else by the id it derives. */
static enum fault deal_find(struct importer *im, const struct row_parts *parts, struct str name,
                            struct uuid *id, const void **deal)
{
    enum fault fault = FAULT_NOT_FOUND;
    *deal = NULL;
    if (parts->own_id.n && uuid_parse(parts->own_id, id) == FAULT_NONE) {
        fault = im->replica->f->entity(im->replica, &im->chunk, ENTITY_DEAL, *id, false, deal);
    }
    if (fault != FAULT_NOT_FOUND) return fault;
    struct str key = arena_format(&im->chunk, "import/deal/%.*s", STR_ARGS(name));
    *id = uuid_derive(im->team, key);
    fault = im->replica->f->entity(im->replica, &im->chunk, ENTITY_DEAL, *id, false, deal);
    return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
}

static enum fault seen_check(struct importer *im, const struct csv_record *record, struct str name,
                             bool has_id, struct str *why)
{
    const size_t *earlier = map_get(&im->seen, name);
    if (earlier) {
        *why = arena_format(im->arena, has_id ? "the same id stands on line %zu"
                                              : "the same row stands on line %zu; if it is another "
                                                "deal, give both an id", *earlier);
        return FAULT_NONE;
    }
    size_t *line = arena_alloc(im->arena, sizeof *line);
    if (!line) return FAULT_MEMORY;
    *line = record->line;
    return map_put(&im->seen, name, line);
}

/* Without an id of its own, a row is known by all it says. */
static enum fault row_name(struct importer *im, const struct csv_record *record,
                           const struct row_parts *parts, struct str *name)
{
    struct buffer all;
    *name = parts->external_id.n ? parts->external_id : parts->own_id;
    if (name->n) return FAULT_NONE;
    buffer_init(&all, 2 * CSV_RECORD_BYTES_MAX);
    for (size_t i = 0; i < record->count; i++) {
        /* Reasons of an earlier try are no part of it. */
        if (i != im->why_column) csv_cell(&all, record->cells[i], ',', all.n == 0);
    }
    enum fault fault = buffer_fault(&all);
    *name = arena_str(&im->chunk, buffer_str(&all));
    buffer_finish(&all);
    return fault ? fault : arena_fault(&im->chunk);
}

static enum fault row_run(struct importer *im, const struct csv_record *record)
{
    struct row_parts *parts = arena_alloc(&im->chunk, sizeof *parts);
    struct str why, name;
    struct uuid id;
    const void *deal;
    if (!parts) return FAULT_MEMORY;
    enum fault fault = import_row_read(im, record, parts, &why);
    if (!fault && !why.n) fault = row_name(im, record, parts, &name);
    if (!fault && !why.n) {
        bool has_id = parts->external_id.n > 0 || parts->own_id.n > 0;
        fault = seen_check(im, record, name, has_id, &why);
    }
    if (fault) return fault;
    if (why.n) return row_reject(im, record, why);
    fault = deal_find(im, parts, name, &id, &deal);
    if (fault) return fault;
    if (deal) return import_row_compare(im, record, parts, deal);
    if (!parts->external_id.n && parts->own_id.n) parts->external_id = parts->own_id;
    return import_row_make(im, record, parts, id);
}

static enum fault rows_run(struct importer *im, struct csv_reader *reader,
                           struct csv_record *record, size_t all)
{
    for (;;) {
        enum fault fault = csv_next(reader, &im->chunk, record);
        if (fault == FAULT_NOT_FOUND) break;
        if (fault) return fault;
        im->report->rows++;
        fault = row_run(im, record);
        bool full = im->count >= CHUNK_MUTATIONS || im->chunk.used > CHUNK_ARENA / 2;
        if (!fault && full) fault = chunk_submit(im);
        if (fault) return fault;
        if (im->options->progress && im->report->rows % PROGRESS_ROWS == 0) {
            im->options->progress(im->options->context, im->report->rows, all);
        }
    }
    return chunk_submit(im);
}

static enum fault missing_list(struct importer *im)
{
    struct import_report *report = im->report;
    for (size_t i = 0; i < im->missing.count; i++) {
        struct import_remark *out =
            arena_push(im->arena, (void **)&report->missing, &report->missing_count,
                       &report->missing_cap, sizeof *out);
        if (!out) return FAULT_MEMORY;
        *out = *(const struct import_remark *)im->missing.entries[i].value;
    }
    return FAULT_NONE;
}

/* The reasons added may make another delimiter look likelier to who reads the rejects; then a first
 * line says which it is, as Excel's own hint does. */
static enum fault rejects_delimiter(struct importer *im, struct buffer *rejects)
{
    struct csv_reader reader;
    csv_open(&reader, buffer_str(rejects));
    if (reader.delimiter == im->delimiter) return FAULT_NONE;
    struct str all = arena_str(im->arena, reader.text); /* without the mark at its head */
    if (!all.p) return FAULT_MEMORY;
    buffer_clear(rejects);
    buffer_format(rejects, "\xEF\xBB\xBFsep=%c\n", im->delimiter);
    buffer_append_str(rejects, all);
    return buffer_fault(rejects);
}

static enum fault file_run(struct importer *im, struct csv_record *record)
{
    struct csv_reader reader;
    size_t all = 0;
    csv_open(&reader, im->options->text);
    im->delimiter = reader.delimiter;
    enum fault fault = csv_next(&reader, im->arena, record);
    if (fault == FAULT_NOT_FOUND) {
        return mistake_tell(im, STR("the file is empty; the first line must name the columns"));
    }
    if (fault == FAULT_FORMAT || (!fault && record->oversized)) {
        return mistake_tell(im, STR("the first line does not name columns: a quote is never closed, "
                                    "or it is too long"));
    }
    if (!fault) fault = import_header_read(im, record);
    if (fault) return fault;
    struct buffer *rejects = &im->report->rejects;
    buffer_append_str(rejects, STR("\xEF\xBB\xBF")); /* Excel needs it to see UTF-8 */
    if (im->why_column < CSV_COLUMNS_MAX) buffer_append_str(rejects, record->raw);
    else buffer_format(rejects, "%.*s%cwhy", STR_ARGS(record->raw), im->delimiter);
    buffer_append_byte(rejects, '\n');
    fault = import_survey(im, reader, record, &all);
    if (!fault) fault = rows_run(im, &reader, record, all);
    if (!fault) fault = missing_list(im);
    if (!fault) fault = buffer_fault(rejects);
    return fault ? fault : rejects_delimiter(im, rejects);
}

enum fault import_deals(struct replica *replica, struct arena *arena,
                        const struct import_options *options, struct now now,
                        struct random *random, struct import_report *report)
{
    *report = (struct import_report){0};
    buffer_init(&report->rejects, REJECTS_MAX);
    struct importer *im = arena_alloc(arena, sizeof *im);
    struct csv_record *record = arena_alloc(arena, sizeof *record);
    if (!im || !record) return FAULT_MEMORY;
    *im = (struct importer){.replica = replica, .arena = arena, .options = options, .now = now,
                            .random = random, .report = report};
    arena_init(&im->chunk, CHUNK_ARENA);
    enum fault fault = importer_begin(im);
    if (!fault) fault = file_run(im, record);
    else if (fault == FAULT_NOT_FOUND) {
        report->mistake = STR("this copy has no team yet; run `sluice sync`");
        fault = FAULT_FORMAT;
    }
    arena_finish(&im->chunk);
    return fault;
}
