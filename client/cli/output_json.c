/* output_json.c - answers as JSON, and errors. Part of output.c. */
#include "client/cli/output_inside.h"

#include "common/base/banned.h"

static void json_reasons(struct buffer *out, const struct reason_said *reasons, size_t count)
{
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        const struct reason_said *reason = &reasons[i];
        buffer_format(out, "%s{\"code\": \"%s\", \"message\": ", i > 0 ? ", " : "", reason->code);
        output_json_text(out, reason->message);
        for (size_t k = 0; k < reason->part_count; k++) {
            buffer_format(out, ", \"%s\": ", reason->parts[k].name);
            output_json_text(out, reason->parts[k].value);
        }
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
}

static void json_parts(struct buffer *out, const struct part *parts, size_t count)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        buffer_format(out, "%s\"%s\": ", i > 0 ? ", " : "", parts[i].name);
        if (parts[i].value.p) output_json_text(out, parts[i].value);
        else buffer_append_str(out, STR("null"));
    }
    buffer_append_byte(out, '}');
}

static void json_cell(struct buffer *out, const struct cell *cell)
{
    switch (cell->type) {
    case CELL_NONE: buffer_append_str(out, STR("null")); return;
    case CELL_TEXT:
    case CELL_MONEY: output_json_text(out, cell->text); return;
    case CELL_NUMBER:
    case CELL_FLAG: buffer_append_str(out, cell->text); return;
    case CELL_LIST:
        buffer_append_byte(out, '[');
        for (size_t i = 0; i < cell->list.count; i++) {
            if (i > 0) buffer_append_str(out, STR(", "));
            output_json_text(out, cell->list.items[i]);
        }
        buffer_append_byte(out, ']');
        return;
    case CELL_REASONS: json_reasons(out, cell->reasons, cell->reason_count); return;
    case CELL_PARTS: json_parts(out, cell->parts, cell->part_count); return;
    }
}

static void json_row(struct buffer *out, const struct answer *answer, const struct choice *choice,
                     size_t row)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < choice->count; i++) {
        if (i > 0) buffer_append_str(out, STR(", "));
        buffer_format(out, "\"%s\": ", answer->columns[choice->index[i]].name);
        json_cell(out, output_cell(answer, row, choice->index[i]));
    }
    buffer_append_byte(out, '}');
}

static void json_rows(struct buffer *out, const struct answer *answer,
                      const struct choice *choice, size_t count)
{
    buffer_append_byte(out, '[');
    for (size_t row = 0; row < count; row++) {
        buffer_append_str(out, row > 0 ? STR(",\n ") : STR(""));
        json_row(out, answer, choice, row);
    }
    buffer_append_byte(out, ']');
}

/* What it is about, then the rows, then what sums them up. */
static void json_whole(struct buffer *out, const struct answer *answer,
                       const struct choice *choice)
{
    size_t count = answer->row_count - (answer->totals ? 1 : 0);
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < answer->about_count; i++) {
        buffer_format(out, "\"%s\": ", answer->about_columns[i].name);
        json_cell(out, &answer->about[i]);
        buffer_append_str(out, i + 1 < answer->about_count ? STR(", ") : STR(",\n "));
    }
    buffer_append_str(out, STR("\"rows\": "));
    json_rows(out, answer, choice, count);
    buffer_append_str(out, STR(",\n \"totals\": "));
    if (answer->totals) json_row(out, answer, choice, count);
    else buffer_append_str(out, STR("null"));
    buffer_append_byte(out, '}');
}

static void json_table(struct buffer *out, const struct answer *answer,
                       const struct choice *choice)
{
    if (answer->shape == SHAPE_RECORD && answer->row_count == 1) {
        json_row(out, answer, choice, 0);
        return;
    }
    json_rows(out, answer, choice, answer->row_count);
}

void output_json_error(struct buffer *out, enum error_code error, struct str message,
                       const struct reason_said *reasons, size_t count)
{
    buffer_format(out, "{\"error\": {\"code\": \"%s\", \"exit\": %d, \"message\": ",
                  error_code_word(error), (int)error_code_exit(error));
    output_json_text(out, message);
    buffer_append_str(out, STR(", \"reasons\": "));
    json_reasons(out, reasons, count);
    buffer_append_str(out, STR("}}\n"));
}

enum fault output_json(const struct answer *answer, const struct output_options *options,
                           struct buffer *out, struct str *unknown)
{
    struct choice choice;
    bool several = answer->name != NULL;
    if (several) buffer_append_byte(out, '{');
    for (const struct answer *table = answer; table; table = table->next) {
        if (!output_choose(table, options, &choice, unknown)) return FAULT_NONE;
        if (several) buffer_format(out, "%s\"%s\": ", table != answer ? ",\n" : "", table->name);
        if (table->about && options->fields.n == 0) json_whole(out, table, &choice);
        else json_table(out, table, &choice);
        if (!several) break;
    }
    if (several) buffer_append_byte(out, '}');
    buffer_append_byte(out, '\n');
    return buffer_fault(out);
}

enum fault output_lines(const struct answer *answer, const struct output_options *options,
                             struct buffer *out, struct str *unknown)
{
    struct choice choice;
    for (const struct answer *table = answer; table; table = table->next) {
        if (!output_choose(table, options, &choice, unknown)) return FAULT_NONE;
        for (size_t row = 0; row < table->row_count; row++) {
            buffer_format(out, "{\"kind\": \"%s\"", table->name ? table->name : "row");
            for (size_t i = 0; i < choice.count; i++) {
                buffer_format(out, ", \"%s\": ", table->columns[choice.index[i]].name);
                json_cell(out, output_cell(table, row, choice.index[i]));
            }
            buffer_append_str(out, STR("}\n"));
        }
    }
    return buffer_fault(out);
}
