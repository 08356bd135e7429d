/* import.c - see import.h. Called by the command line.
 *
 *   file -> survey -> for each record: parts -> mutations in a chunk -> outbox -> report
 *
 * Invariant: every record of the file is counted exactly once: created, updated, unchanged,
 * differing or rejected. */
#include "client/exchange/import.h"

#include "client/exchange/import_inside.h"

enum { REJECTS_MAX = 256 * 1024 * 1024, PROGRESS_ROWS = 100 };

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
    if (why.n) return import_row_reject(im, record, why);
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
        if (!fault && import_chunk_is_full(im)) fault = import_chunk_submit(im);
        if (fault) return fault;
        if (im->options->progress && im->report->rows % PROGRESS_ROWS == 0) {
            im->options->progress(im->options->context, im->report->rows, all);
        }
    }
    return import_chunk_submit(im);
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

static enum fault file_run(struct importer *im, struct csv_record *record)
{
    struct csv_reader reader;
    size_t all = 0;
    csv_open(&reader, im->options->text);
    im->delimiter = reader.delimiter;
    enum fault fault = csv_next(&reader, im->arena, record);
    if (fault == FAULT_NOT_FOUND) {
        return import_mistake(im, STR("the file is empty; the first line must name the columns"));
    }
    if (fault == FAULT_FORMAT || (!fault && record->oversized)) {
        return import_mistake(im,
                              STR("the first line does not name columns: a quote is never closed, "
                                  "or it is too long"));
    }
    if (!fault) fault = import_header_read(im, record);
    if (fault) return fault;
    fault = import_rejects_begin(im, record);
    if (!fault) fault = import_survey(im, reader, record, &all);
    if (!fault) fault = rows_run(im, &reader, record, all);
    if (!fault) fault = missing_list(im);
    return fault ? fault : import_rejects_end(im);
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
    enum fault fault = import_chunk_init(im);
    if (!fault) fault = import_begin(im);
    if (!fault) fault = file_run(im, record);
    else if (fault == FAULT_NOT_FOUND) {
        report->mistake = STR("this copy has no team yet; run `sluice sync`");
        fault = FAULT_FORMAT;
    }
    import_chunk_finish(im);
    return fault;
}
