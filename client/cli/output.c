/* output.c - drawing answers in each of the formats. */
#include "client/cli/output.h"

#include <string.h>

#include "client/exchange/csv.h"

#include "common/base/banned.h"

enum { COLUMNS_MAX = 64 };

/* Indexes into the answer's columns, in the order to print. */
struct choice {
    size_t index[COLUMNS_MAX];
    size_t count;
};

static bool column_find(const struct answer *answer, struct str name, size_t *out)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        const char *own = answer->columns[i].name;
        bool same = strlen(own) == name.n;
        for (size_t k = 0; same && k < name.n; k++) {
            same = own[k] == (name.p[k] == '-' ? '_' : name.p[k]);
        }
        if (same) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* People need no column in which nothing stands. */
static bool column_empty(const struct answer *answer, size_t column)
{
    for (size_t row = 0; row < answer->row_count; row++) {
        if (answer->cells[row * answer->column_count + column].shown.n > 0) return false;
    }
    return answer->row_count > 0;
}

static bool columns_choose(const struct answer *answer, const struct output_options *options,
                           struct choice *choice, struct str *unknown)
{
    bool all = options->format == OUTPUT_JSON || options->format == OUTPUT_CSV ||
               answer->shape == SHAPE_RECORD;
    struct str rest = options->fields, part;
    choice->count = 0;
    if (rest.n == 0) {
        for (size_t i = 0; i < answer->column_count && choice->count < COLUMNS_MAX; i++) {
            if (!all && !(answer->columns[i].flags & COLUMN_SHOWN)) continue;
            bool inside = (answer->columns[i].flags & COLUMN_INSIDE) != 0;
            if (options->format == OUTPUT_TABLE && (inside || column_empty(answer, i))) continue;
            choice->index[choice->count++] = i;
        }
        return true;
    }
    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        size_t index;
        if (part.n == 0) continue;
        if (!column_find(answer, part, &index)) {
            *unknown = part;
            return false;
        }
        if (choice->count < COLUMNS_MAX) choice->index[choice->count++] = index;
    }
    return true;
}

static const struct cell *cell_at(const struct answer *answer, size_t row, size_t column)
{
    return &answer->cells[row * answer->column_count + column];
}

/* --- JSON --- */

/* Bytes of the character that begins here; 1 for what is none. */
static size_t character_length(struct str text, size_t at)
{
    unsigned char c = (unsigned char)text.p[at];
    size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return at + length <= text.n ? length : 1;
}

static bool character_is_clean(struct str character)
{
    return character.n == 1 ? character.p[0] >= 0x20 && character.p[0] < 0x7f
                            : text_is_clean(character, false);
}

struct str output_safe(struct arena *arena, struct str text)
{
    if (text_is_clean(text, true) && str_find(text, '\t') == text.n) return text;
    char *bytes = arena_alloc(arena, text.n * 3 + 1);
    size_t n = 0;
    if (!bytes) return STR_NONE;
    for (size_t at = 0, length; at < text.n; at += length) {
        length = character_length(text, at);
        struct str character = {text.p + at, length};
        if (text.p[at] == '\t') character = STR(" ");
        else if (text.p[at] != '\n' && !character_is_clean(character)) character = STR("\uFFFD");
        memcpy(bytes + n, character.p, character.n);
        n += character.n;
    }
    return (struct str){bytes, n};
}

/* C1 controls and overrides of the direction: valid JSON, but a terminal would obey them. */
static size_t json_escape_wide(struct buffer *out, struct str text, size_t at)
{
    size_t length = character_length(text, at);
    const unsigned char *p = (const unsigned char *)text.p + at;
    if (character_is_clean((struct str){text.p + at, length}) || length > 3 || length < 2) {
        buffer_append_str(out, (struct str){text.p + at, length});
        return length;
    }
    unsigned code = length == 2 ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
                                : (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    buffer_format(out, "\\u%04x", code);
    return length;
}

void output_json_text(struct buffer *out, struct str text)
{
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80) {
            i += json_escape_wide(out, text, i) - 1;
        } else if (c == '"' || c == '\\') {
            buffer_append_byte(out, '\\');
            buffer_append_byte(out, c);
        } else if (c == '\n') {
            buffer_append_str(out, STR("\\n"));
        } else if (c < 0x20 || c == 0x7f) {
            buffer_format(out, "\\u%04x", c);
        } else {
            buffer_append_byte(out, c);
        }
    }
    buffer_append_byte(out, '"');
}

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
    }
}

static void json_row(struct buffer *out, const struct answer *answer, const struct choice *choice,
                     size_t row)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < choice->count; i++) {
        if (i > 0) buffer_append_str(out, STR(", "));
        buffer_format(out, "\"%s\": ", answer->columns[choice->index[i]].name);
        json_cell(out, cell_at(answer, row, choice->index[i]));
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

/* --- CSV and tab-separated --- */

/* `words`: what people typed, which a spreadsheet might take for a formula; numbers are not. */
static void csv_text(struct buffer *out, struct str text, bool words)
{
    bool quote = false, formula = words && csv_is_formula(text);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r') quote = true;
    }
    if (formula && !quote) buffer_append_byte(out, '\'');
    if (!quote) {
        buffer_append_str(out, text);
        return;
    }
    buffer_append_byte(out, '"');
    if (formula) buffer_append_byte(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buffer_append_byte(out, '"');
        buffer_append_byte(out, (uint8_t)text.p[i]);
    }
    buffer_append_byte(out, '"');
}

/* Tabs and line ends would break the line, escapes a terminal: blanks stand for them. */
static void plain_text(struct buffer *out, struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.n; i++) {
        bool end = i == text.n;
        if (!end && (unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f) continue;
        buffer_append_str(out, str_slice(text, from, i));
        if (!end) buffer_append_byte(out, ' ');
        from = i + 1;
    }
}

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
                                       : cell_at(answer, row - 1, column)->text;
            enum cell_type type = row == 0 ? CELL_NONE : cell_at(answer, row - 1, column)->type;
            if (csv) csv_text(out, text, type == CELL_TEXT || type == CELL_LIST ||
                                    type == CELL_REASONS);
            else plain_text(out, text);
        }
        buffer_append_str(out, end);
    }
}

/* --- for people --- */

enum { WIDE_MIN = 12, WRAP_MIN = 24 };

/* One line, whatever stands in the text. */
static struct str line_of(struct str text)
{
    return str_slice(text, 0, str_find(text, '\n'));
}

static void spaces(struct buffer *out, size_t n)
{
    for (size_t i = 0; i < n; i++) buffer_append_byte(out, ' ');
}

static size_t cell_width(const struct answer *answer, size_t row, size_t column)
{
    return text_width(line_of(cell_at(answer, row, column)->shown));
}

/* Returns what the whole line needs. */
static size_t widths_measure(const struct answer *answer, const struct choice *choice,
                             const struct output_options *options, size_t widths[COLUMNS_MAX])
{
    size_t total = 0;
    for (size_t i = 0; i < choice->count; i++) {
        size_t column = choice->index[i];
        widths[i] = options->no_headers ? 0 : text_width(str_from(answer->columns[column].heading));
        for (size_t row = 0; row < answer->row_count; row++) {
            size_t width = cell_width(answer, row, column);
            if (width > widths[i]) widths[i] = width;
        }
        total += widths[i] + (i > 0 ? 2 : 0);
    }
    return total;
}

/* The widest column of those that may give way gives way, a cell at a time; returns what is needed
 * still. */
static size_t widths_shrink(const struct answer *answer, const struct choice *choice, unsigned mask,
                            unsigned flags, size_t total, size_t width, size_t widths[COLUMNS_MAX])
{
    size_t least = (mask & COLUMN_WRAP) ? WRAP_MIN : WIDE_MIN;
    while (total > width) {
        size_t widest = COLUMNS_MAX;
        for (size_t i = 0; i < choice->count; i++) {
            bool gives = (answer->columns[choice->index[i]].flags & mask) == flags;
            if (!gives || widths[i] <= least) continue;
            if (widest == COLUMNS_MAX || widths[i] > widths[widest]) widest = i;
        }
        if (widest == COLUMNS_MAX) break;
        widths[widest]--;
        total--;
    }
    return total;
}

static bool spare_drop(const struct answer *answer, struct choice *choice)
{
    size_t worst = COLUMNS_MAX, rank = 0;
    for (size_t i = 0; i < choice->count; i++) {
        size_t own = answer->columns[choice->index[i]].flags / COLUMN_SPARE;
        if (own <= rank) continue;
        rank = own;
        worst = i;
    }
    if (worst == COLUMNS_MAX) return false;
    choice->count--;
    for (size_t i = worst; i < choice->count; i++) choice->index[i] = choice->index[i + 1];
    return true;
}

/* Makes the table fit: first the wide columns give way, then the spare ones go. What was asked for
 * by name stays. */
static void widths_fit(const struct answer *answer, struct choice *choice,
                       const struct output_options *options, size_t widths[COLUMNS_MAX])
{
    for (;;) {
        size_t total = widths_measure(answer, choice, options, widths);
        if (options->width == 0) return;
        size_t width = options->width;
        const unsigned both = COLUMN_WIDE | COLUMN_WRAP;
        total = widths_shrink(answer, choice, both, COLUMN_WIDE, total, width, widths);
        total = widths_shrink(answer, choice, both, both, total, width, widths);
        total = widths_shrink(answer, choice, COLUMN_WIDE, COLUMN_WIDE, total, width, widths);
        if (total <= width) return;
        if (options->fields.n > 0 || !spare_drop(answer, choice)) return;
    }
}

static void cell_draw(struct buffer *out, struct str text, const char *colour, size_t width,
                      bool right)
{
    text = line_of(text);
    size_t cells = text_width(text);
    bool clipped = cells > width;
    if (clipped && width > 0) {
        text = text_clip(text, width - 1);
        cells = text_width(text) + 1;
    }
    if (right && width > cells) spaces(out, width - cells);
    if (colour) buffer_append_str(out, str_from(colour));
    buffer_append_str(out, text);
    if (clipped) buffer_append_str(out, STR("…"));
    if (colour) buffer_append_str(out, STR("\033[0m"));
    if (!right && width > cells) spaces(out, width - cells);
}

static const char *role_colour(enum cell_role role)
{
    switch (role) {
    case CELL_PLAIN: return NULL;
    case CELL_GOOD: return "\033[32m";
    case CELL_WARNING: return "\033[33m";
    case CELL_BAD: return "\033[31m";
    }
    return NULL;
}

/* What of a cell goes into the next line: all of its line, or the words that fit. */
static struct str cell_take(struct str *rest, size_t width, bool wrap)
{
    struct str line = line_of(*rest);
    if (!wrap) {
        *rest = STR("");
        return line;
    }
    struct str piece = line;
    if (text_width(line) > width) {
        piece = text_clip(line, width);
        size_t blank = piece.n;
        bool between = line.p[piece.n] == ' ';
        while (!between && blank > 0 && piece.p[blank - 1] != ' ') blank--;
        if (blank > 0) piece = str_slice(piece, 0, blank);
        if (piece.n == 0) piece = line; /* nothing fits: too wide is better than for ever */
    }
    *rest = str_slice(*rest, piece.n, rest->n);
    while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\n')) {
        *rest = str_slice(*rest, 1, rest->n);
    }
    return str_trim(piece);
}

static bool cells_left(const struct str *rests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rests[i].n > 0) return true;
    }
    return false;
}

/* Row 0 is the headings. Nothing is drawn behind the last cell in which something stands. */
static void table_row(struct buffer *out, const struct answer *answer,
                      const struct choice *choice, const struct output_options *options,
                      const size_t widths[COLUMNS_MAX], size_t row)
{
    struct str rests[COLUMNS_MAX], pieces[COLUMNS_MAX];
    for (size_t i = 0; i < choice->count; i++) {
        rests[i] = row > 0 ? cell_at(answer, row - 1, choice->index[i])->shown
                           : str_from(answer->columns[choice->index[i]].heading);
    }
    do {
        size_t end = 0;
        for (size_t i = 0; i < choice->count; i++) {
            unsigned flags = answer->columns[choice->index[i]].flags;
            pieces[i] = cell_take(&rests[i], widths[i], (flags & COLUMN_WRAP) != 0);
            if (pieces[i].n > 0) end = i + 1;
        }
        for (size_t i = 0; i < end; i++) {
            bool right = (answer->columns[choice->index[i]].flags & COLUMN_RIGHT) != 0;
            const char *colour = "\033[1m";
            if (row > 0) colour = role_colour(cell_at(answer, row - 1, choice->index[i])->role);
            size_t width = widths[i], own = text_width(pieces[i]);
            if (i > 0) spaces(out, 2);
            if (i + 1 == end && !right && own < width) width = own;
            cell_draw(out, pieces[i], options->colours ? colour : NULL, width, right);
        }
        buffer_append_byte(out, '\n');
    } while (cells_left(rests, choice->count));
}

static void table_draw(struct buffer *out, const struct answer *answer, struct choice *choice,
                       const struct output_options *options)
{
    size_t widths[COLUMNS_MAX];
    if (answer->row_count == 0) return;
    widths_fit(answer, choice, options, widths);
    for (size_t row = options->no_headers ? 1 : 0; row <= answer->row_count; row++) {
        table_row(out, answer, choice, options, widths, row);
    }
}

static void record_draw(struct buffer *out, const struct answer *answer,
                        const struct choice *choice)
{
    size_t width = 0;
    for (size_t i = 0; i < choice->count; i++) {
        size_t own = text_width(str_from(answer->columns[choice->index[i]].heading));
        if (own > width) width = own;
    }
    for (size_t i = 0; i < choice->count; i++) {
        struct str heading = str_from(answer->columns[choice->index[i]].heading);
        const struct cell *cell = cell_at(answer, 0, choice->index[i]);
        if (cell->shown.n == 0) continue;
        buffer_append_str(out, heading);
        spaces(out, width - text_width(heading) + 2);
        struct str rest = cell->shown, part;
        for (bool first = true; str_split(&rest, '\n', &part); first = false) {
            if (!first) spaces(out, width + 2);
            buffer_append_str(out, part);
            buffer_append_byte(out, '\n');
        }
    }
}

void output_fields(const struct answer *answer, struct buffer *out)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        buffer_format(out, "%s\n", answer->columns[i].name);
    }
}

/* Several tables as one object, by name. */
static enum fault json_all(const struct answer *answer, const struct output_options *options,
                           struct buffer *out, struct str *unknown)
{
    struct choice choice;
    bool several = answer->name != NULL;
    if (several) buffer_append_byte(out, '{');
    for (const struct answer *table = answer; table; table = table->next) {
        if (!columns_choose(table, options, &choice, unknown)) return FAULT_NONE;
        if (several) buffer_format(out, "%s\"%s\": ", table != answer ? ",\n" : "", table->name);
        if (table->about && options->fields.n == 0) json_whole(out, table, &choice);
        else json_table(out, table, &choice);
        if (!several) break;
    }
    if (several) buffer_append_byte(out, '}');
    buffer_append_byte(out, '\n');
    return buffer_fault(out);
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

/* A line for each row of each table; several tables lines say which one they are of. */
static enum fault json_lines(const struct answer *answer, const struct output_options *options,
                             struct buffer *out, struct str *unknown)
{
    struct choice choice;
    for (const struct answer *table = answer; table; table = table->next) {
        if (!columns_choose(table, options, &choice, unknown)) return FAULT_NONE;
        for (size_t row = 0; row < table->row_count; row++) {
            buffer_format(out, "{\"kind\": \"%s\"", table->name ? table->name : "row");
            for (size_t i = 0; i < choice.count; i++) {
                buffer_format(out, ", \"%s\": ", table->columns[choice.index[i]].name);
                json_cell(out, cell_at(table, row, choice.index[i]));
            }
            buffer_append_str(out, STR("}\n"));
        }
    }
    return buffer_fault(out);
}

enum fault output_answer(struct arena *arena, const struct answer *answer,
                         const struct output_options *options, struct buffer *out,
                         struct str *unknown)
{
    struct choice choice;
    *unknown = STR_NONE;
    if (options->format == OUTPUT_LINES && answer->columns) {
        return json_lines(answer, options, out, unknown);
    }
    if (options->format == OUTPUT_JSON && answer->columns) {
        return json_all(answer, options, out, unknown);
    }
    if (answer->shape == SHAPE_TEXT) {
        bool own = !answer->columns; /* generated, with its tabs */
        buffer_append_str(out, own ? answer->text : output_safe(arena, answer->text));
        return buffer_fault(out);
    }
    if (answer->shape == SHAPE_NOTHING) return FAULT_NONE;
    if (options->format == OUTPUT_TABLE) answer_make_safe(arena, answer);
    if (!columns_choose(answer, options, &choice, unknown)) return FAULT_NONE;
    if (options->format == OUTPUT_CSV || options->format == OUTPUT_PLAIN) {
        separated(out, answer, &choice, options);
        return buffer_fault(out);
    }
    if (answer->machine_only && options->fields.n == 0) return FAULT_NONE;
    if (answer->shape == SHAPE_RECORD && answer->row_count == 1) {
        record_draw(out, answer, &choice);
    } else {
        table_draw(out, answer, &choice, options);
    }
    struct output_options usual = *options;
    usual.fields = STR_NONE;
    for (const struct answer *more = answer->next; more; more = more->next) {
        if (!columns_choose(more, &usual, &choice, unknown)) break;
        buffer_append_byte(out, '\n');
        table_draw(out, more, &choice, &usual);
    }
    return buffer_fault(out);
}
