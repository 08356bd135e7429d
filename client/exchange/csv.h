/* csv.h - delimited text as people export it (RFC 4180 and its common deviations).
 *
 * Delimiter sniffed from the header line (comma, semicolon, tab); a byte order mark is skipped;
 * quotes double; quoted cells may hold line ends. Cells are borrowed where they need no unquoting. */
#ifndef SLUICE_CLIENT_EXCHANGE_CSV_H
#define SLUICE_CLIENT_EXCHANGE_CSV_H

#include "common/base/arena.h"
#include "common/base/buffer.h"

enum { CSV_COLUMNS_MAX = 256 };

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
};

/* text must be UTF-8. */
void csv_open(struct csv_reader *reader, struct str text);
/* FAULT_NOT_FOUND at the end; FAULT_FORMAT for a quote that never closes; FAULT_LIMIT for too many
 * columns. Empty lines are skipped. */
MUST_USE enum fault csv_next(struct csv_reader *reader, struct arena *arena,
                             struct csv_record *out);
/* Appends one cell, quoted where needed. A cell beginning with = + - @ is kept as it is: the file
 * is data; spreadsheets are told by the quotes only. */
void csv_cell(struct buffer *out, struct str cell, bool first);

#endif
