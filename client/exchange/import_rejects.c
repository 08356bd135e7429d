/* import_rejects.c - what did not land, as it came, with the reasons in a column "why": to be
 * mended there and imported again. Called by import.c and import_chunk.c. */
#include "client/exchange/import_inside.h"

enum fault import_rejects_begin(struct importer *im, const struct csv_record *header)
{
    struct buffer *rejects = &im->report->rejects;
    buffer_append_str(rejects, STR("\xEF\xBB\xBF")); /* Excel needs it to see UTF-8 */
    if (im->why_column < CSV_COLUMNS_MAX) buffer_append_str(rejects, header->raw);
    else buffer_format(rejects, "%.*s%cwhy", STR_ARGS(header->raw), im->delimiter);
    buffer_append_byte(rejects, '\n');
    return buffer_fault(rejects);
}

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

enum fault import_row_reject(struct importer *im, const struct csv_record *record, struct str why)
{
    im->report->rejected++;
    enum fault fault = rejects_record(im, record, why);
    return fault ? fault : import_remark_add(im, record->line, true, why, STR_NONE);
}

enum fault import_reasons_say(struct importer *im, const struct reasons *reasons, struct str *out)
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

enum fault import_source_reject(struct importer *im, const struct import_source *source,
                                const struct reasons *reasons)
{
    struct str why;
    enum fault fault = import_reasons_say(im, reasons, &why);
    if (fault) return fault;
    if (source->kind == SOURCE_NOTE) {
        return import_remark_add(im, source->line, false, STR("the note was not taken"), why);
    }
    struct csv_record *record = arena_alloc(&im->chunk, sizeof *record);
    if (!record) return FAULT_MEMORY;
    struct csv_reader reader = {.text = source->raw, .delimiter = im->delimiter, .next_line = 1};
    fault = csv_next(&reader, &im->chunk, record);
    record->line = source->line;
    return fault ? fault : import_row_reject(im, record, why);
}

/* The reasons added may make another delimiter look likelier to who reads the rejects; then a first
 * line says which it is, as Excel's own hint does. */
enum fault import_rejects_end(struct importer *im)
{
    struct buffer *rejects = &im->report->rejects;
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
