/* output.h - answers as text: a table for people, JSON, CSV, tab-separated. Pure.
 *
 * Callers: client/cli/command, tests. The machine formats are a contract: money as decimal text,
 * unknown is null, one array for lists and one object for a record. */
#ifndef SLUICE_CLIENT_CLI_OUTPUT_H
#define SLUICE_CLIENT_CLI_OUTPUT_H

#include "client/cli/argv.h"
#include "common/base/buffer.h"

struct output_options {
    enum output_format format;
    struct str fields; /* "id,title"; absent: all (JSON, CSV), or the usual ones */
    bool no_headers, colours;
    size_t width; /* of the terminal, 0: do not clip */
};

/* Appends the data of the answer. *unknown: a field that is none of its columns, else absent. */
MUST_USE enum fault output_answer(struct arena *arena, const struct answer *answer,
                                  const struct output_options *options, struct buffer *out,
                                  struct str *unknown);
/* The names of the columns, one a line: what bare --json tells. */
void output_fields(const struct answer *answer, struct buffer *out);
/* A JSON string with its quotes. */
void output_json_text(struct buffer *out, struct str text);
/* {"error": {...}} and a line end. */
void output_json_error(struct buffer *out, enum error_code error, struct str message,
                       const struct reason_said *reasons, size_t count);
/* The text with what may harm a terminal (control characters, overrides of the direction) shown as
 * U+FFFD; tabs become blanks, line ends stay. */
struct str output_safe(struct arena *arena, struct str text);

#endif
