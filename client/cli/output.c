/* output.c - drawing answers in each of the formats. */
#include "client/cli/output_inside.h"

#include "common/base/banned.h"

/* --- CSV and tab-separated --- */

static void separated(struct buffer *out, const struct answer *answer,
                      const struct choice *choice, const struct output_options *options)
{
    bool csv = options->format == OUTPUT_CSV;
    struct str between = csv ? STR(",") : STR("\t"), end = csv ? STR("\r\n") : STR("\n");
    for (size_t row = 0; row <= answer->row_count; row++) {
        if (row == 0 && options->no_headers) continue;
        for (size_t i = 0; i < choice->count; i++) {
            if (i > 0) buffer_append_str(out, between);
            size_t column = choice->index[i];
            struct str text = row == 0 ? str_from(answer->columns[column].name)
                                       : output_cell(answer, row - 1, column)->text;
            enum cell_type type = row == 0 ? CELL_NONE : output_cell(answer, row - 1, column)->type;
            if (csv) output_csv_text(out, text, type == CELL_TEXT || type == CELL_LIST ||
                                    type == CELL_REASONS || type == CELL_PARTS);
            else output_plain_text(out, text);
        }
        buffer_append_str(out, end);
    }
}

void output_fields(const struct answer *answer, struct buffer *out)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        buffer_format(out, "%s\n", answer->columns[i].name);
    }
}

/* Only the faces for people change, and only where they would harm. */
static void answer_make_safe(struct arena *arena, const struct answer *answer)
{
    for (const struct answer *table = answer; table; table = table->next) {
        for (size_t i = 0; i < table->row_count * table->column_count; i++) {
            table->cells[i].shown = output_safe(arena, table->cells[i].shown);
        }
    }
}

enum fault output_answer(struct arena *arena, const struct answer *answer,
                         const struct output_options *options, struct buffer *out,
                         struct str *unknown)
{
    struct choice choice;
    *unknown = STR_NONE;
    if (options->format == OUTPUT_LINES && answer->columns) {
        return output_lines(answer, options, out, unknown);
    }
    if (options->format == OUTPUT_JSON && answer->columns) {
        return output_json(answer, options, out, unknown);
    }
    if (answer->shape == SHAPE_TEXT) {
        bool own = !answer->columns; /* generated, with its tabs */
        buffer_append_str(out, own ? answer->text : output_safe(arena, answer->text));
        return buffer_fault(out);
    }
    if (answer->shape == SHAPE_NOTHING) return FAULT_NONE;
    if (options->format == OUTPUT_TABLE) answer_make_safe(arena, answer);
    if (!output_choose(answer, options, &choice, unknown)) return FAULT_NONE;
    if (options->format == OUTPUT_CSV || options->format == OUTPUT_PLAIN) {
        separated(out, answer, &choice, options);
        return buffer_fault(out);
    }
    if (answer->machine_only && options->fields.n == 0) return FAULT_NONE;
    if (answer->shape == SHAPE_RECORD && answer->row_count == 1) {
        output_record(out, answer, &choice);
    } else {
        output_table(out, answer, &choice, options);
    }
    struct output_options usual = *options;
    usual.fields = STR_NONE;
    for (const struct answer *more = answer->next; more; more = more->next) {
        if (!output_choose(more, &usual, &choice, unknown)) break;
        buffer_append_byte(out, '\n');
        output_table(out, more, &choice, &usual);
    }
    return buffer_fault(out);
}
