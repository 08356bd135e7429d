/* csv.h - delimited text as people export it (RFC 4180 and its common deviations).
 *
 * Delimiter told by a first line "sep=X" or sniffed from the header (comma, semicolon, tab, bar); a
 * byte order mark is skipped; quotes double; quoted cells may hold line ends. Cells are borrowed
 * where they need no unquoting. */
#ifndef SLUICE_CLIENT_EXCHANGE_CSV_H
#define SLUICE_CLIENT_EXCHANGE_CSV_H

#include "common/base/arena.h"
#include "common/base/buffer.h"

enum {
    CSV_COLUMNS_MAX = 256,
    CSV_RECORD_BYTES_MAX = 1024 * 1024 /* a deal with a long note is some kB; more is no table */
};

struct csv_reader {
    struct str text;
    size_t at;
    char delimiter;
    size_t line; /* of the record read last, 1 = header */
    size_t next_line;
};

struct csv_record {
    struct str cells[CSV_COLUMNS_MAX];
    size_t count;
    size_t line;
    struct str raw; /* the record as it stands in the file, without its line end */
    bool oversized; /* too many cells or bytes: not all cells were read */
};

/* text must be UTF-8. */
void csv_open(struct csv_reader *reader, struct str text);
/* FAULT_NOT_FOUND at the end; FAULT_FORMAT for a quote that never closes (reader->line: where that
 * record begins). Empty lines are skipped. */
MUST_USE enum fault csv_next(struct csv_reader *reader, struct arena *arena,
                             struct csv_record *out);
/* Appends one cell, quoted where needed. */
void csv_cell(struct buffer *out, struct str cell, char delimiter, bool first);

/* Spreadsheets run a cell that begins with = + - @ as a formula. What is exported gets an
 * apostrophe before it, which they take as "text"; reading takes exactly that one away again. */
bool csv_is_formula(struct str text);
struct str csv_unguard(struct str cell);

#endif
