/* output_inside.h - what the output*.c share; included by nobody else. */
#ifndef SLUICE_CLIENT_CLI_OUTPUT_INSIDE_H
#define SLUICE_CLIENT_CLI_OUTPUT_INSIDE_H

#include "client/cli/output.h"

enum { COLUMNS_MAX = 64 };

/* Indexes into the answer's columns, in the order to print. */
struct choice {
    size_t index[COLUMNS_MAX];
    size_t count;
};

/* False: *unknown is none of its columns. */
bool output_choose(const struct answer *answer, const struct output_options *options,
                   struct choice *choice, struct str *unknown);

static inline const struct cell *output_cell(const struct answer *answer, size_t row, size_t column)
{
    return &answer->cells[row * answer->column_count + column];
}

/* `words`: what people typed, which a spreadsheet might take for a formula; numbers are not. */
void output_csv_text(struct buffer *out, struct str text, bool words);
/* Tabs and line ends would break the line, escapes a terminal: blanks stand for them. */
void output_plain_text(struct buffer *out, struct str text);

/* Several tables as one object, by name. */
MUST_USE enum fault output_json(const struct answer *answer, const struct output_options *options,
                                struct buffer *out, struct str *unknown);
/* A line for each row of each table; several tables' lines say which one they are of. */
MUST_USE enum fault output_lines(const struct answer *answer, const struct output_options *options,
                                 struct buffer *out, struct str *unknown);

void output_table(struct buffer *out, const struct answer *answer, struct choice *choice,
                  const struct output_options *options);
void output_record(struct buffer *out, const struct answer *answer, const struct choice *choice);

#endif
