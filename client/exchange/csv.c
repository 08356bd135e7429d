/* csv.c - see csv.h. Called by import and export. Invariant: every byte of a record is inside
 * exactly one `raw`, so that a rejected row can be written out as it came. */
#include "client/exchange/csv.h"

#include <string.h>

/* How many delimiters the first record has if it is this one; a quote counts where a cell begins. */
static size_t count_byte(struct str s, char byte)
{
    size_t count = 0;
    bool quoted = false, begins = true;
    for (size_t i = 0; i < s.n; i++) {
        char at = s.p[i];
        bool quote = at == '"' && (begins || quoted);
        begins = false;
        if (quote) quoted = !quoted;
        if (quoted || quote) {
            begins = quote && !quoted && i + 1 < s.n && s.p[i + 1] == '"'; /* doubled */
            continue;
        }
        if (at == '\n' || at == '\r') break;
        begins = at == byte;
        count += begins;
    }
    return count;
}

/* Excel's own hint, a line before the header. */
static bool separator_told(struct csv_reader *reader)
{
    struct str text = reader->text;
    if (!str_starts_with(text, STR("sep=")) || text.n < 6) return false;
    if (text.p[5] != '\n' && text.p[5] != '\r') return false;
    reader->delimiter = text.p[4];
    reader->at = 5;
    return true;
}

void csv_open(struct csv_reader *reader, struct str text)
{
    if (str_starts_with(text, STR("\xEF\xBB\xBF"))) text = str_slice(text, 3, text.n);
    *reader = (struct csv_reader){.text = text, .delimiter = ',', .next_line = 1};
    if (separator_told(reader)) return;
    size_t best = count_byte(text, ',');
    const char others[] = {';', '\t', '|'};
    for (size_t i = 0; i < sizeof others; i++) {
        size_t found = count_byte(text, others[i]);
        if (found > best) {
            best = found;
            reader->delimiter = others[i];
        }
    }
}

/* A quoted cell from the byte behind its opening quote; *at ends behind the closing one. */
static enum fault quoted_cell(struct csv_reader *reader, struct arena *arena, size_t *at,
                              struct str *out)
{
    struct str text = reader->text;
    size_t from = *at, doubles = 0, i = *at;
    for (; i < text.n; i++) {
        if (text.p[i] == '\n') reader->next_line++;
        if (text.p[i] != '"') continue;
        if (i + 1 < text.n && text.p[i + 1] == '"') {
            doubles++;
            i++;
            continue;
        }
        break;
    }
    if (i >= text.n) return FAULT_FORMAT;
    struct str raw = str_slice(text, from, i);
    *at = i + 1;
    if (!doubles || raw.n > CSV_RECORD_BYTES_MAX) {
        *out = raw;
        return FAULT_NONE;
    }
    char *copy = arena_alloc(arena, raw.n);
    if (!copy) return FAULT_MEMORY;
    size_t n = 0;
    for (size_t k = 0; k < raw.n; k++) {
        copy[n++] = raw.p[k];
        if (raw.p[k] == '"') k++;
    }
    *out = (struct str){copy, n};
    return FAULT_NONE;
}

static bool record_ends(const struct csv_reader *reader, size_t at)
{
    return at >= reader->text.n || reader->text.p[at] == '\n' || reader->text.p[at] == '\r';
}

static void line_end_skip(struct csv_reader *reader, size_t *at)
{
    if (*at < reader->text.n && reader->text.p[*at] == '\r') (*at)++;
    if (*at < reader->text.n && reader->text.p[*at] == '\n') (*at)++;
    reader->next_line++;
}

static enum fault cell_read(struct csv_reader *reader, struct arena *arena, size_t *at,
                            struct str *cell)
{
    size_t from = *at;
    if (*at < reader->text.n && reader->text.p[*at] == '"') {
        (*at)++;
        enum fault fault = quoted_cell(reader, arena, at, cell);
        bool closed = record_ends(reader, *at) || reader->text.p[*at] == reader->delimiter;
        if (fault || closed) return fault;
        /* Text behind the closing quote is a deviation some programs write: "Acme" Inc. All of it
         * is the cell then, quotes too. */
    }
    while (!record_ends(reader, *at) && reader->text.p[*at] != reader->delimiter) (*at)++;
    *cell = str_slice(reader->text, from, *at);
    return FAULT_NONE;
}

enum fault csv_next(struct csv_reader *reader, struct arena *arena, struct csv_record *out)
{
    size_t at = reader->at;
    while (at < reader->text.n && record_ends(reader, at)) line_end_skip(reader, &at);
    reader->at = at;
    if (at >= reader->text.n) return FAULT_NOT_FOUND;
    out->count = 0;
    out->line = reader->line = reader->next_line;
    size_t from = at;
    bool oversized = false;
    for (;;) {
        struct str cell = STR_NONE;
        enum fault fault = cell_read(reader, arena, &at, &cell);
        if (fault) return fault;
        if (out->count < CSV_COLUMNS_MAX) out->cells[out->count++] = str_trim(cell);
        else oversized = true;
        if (record_ends(reader, at)) break;
        at++; /* the delimiter */
    }
    out->raw = str_slice(reader->text, from, at);
    out->oversized = oversized || out->raw.n > CSV_RECORD_BYTES_MAX;
    if (at < reader->text.n) line_end_skip(reader, &at);
    reader->at = at;
    return FAULT_NONE;
}

void csv_cell(struct buffer *out, struct str cell, char delimiter, bool first)
{
    if (!first) buffer_append_byte(out, (uint8_t)delimiter);
    bool quote = false;
    for (size_t i = 0; i < cell.n; i++) {
        if ((strchr(",\"\r\n;\t|", cell.p[i]) && cell.p[i]) || cell.p[i] == delimiter) quote = true;
    }
    if (!quote) {
        buffer_append_str(out, cell);
        return;
    }
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < cell.n; i++) {
        if (cell.p[i] == '"') buffer_append_byte(out, '"');
        buffer_append_byte(out, (uint8_t)cell.p[i]);
    }
    buffer_append_byte(out, '"');
}

/* Apostrophes before it do not count, so that a guarded cell can be told from one that began so. */
bool csv_is_formula(struct str text)
{
    size_t i = 0;
    while (i < text.n && text.p[i] == '\'') i++;
    return i < text.n && text.p[i] && strchr("=+-@\t\r", text.p[i]);
}

struct str csv_unguard(struct str cell)
{
    if (cell.n == 0 || cell.p[0] != '\'' || !csv_is_formula(cell)) return cell;
    return str_slice(cell, 1, cell.n);
}
