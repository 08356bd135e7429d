/* output_table.c - tables and records drawn for people, into the room there is. Part of output.c. */
#include "client/cli/output_inside.h"

#include <string.h>

#include "common/base/banned.h"

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
    return text_width(line_of(output_cell(answer, row, column)->shown));
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
        rests[i] = row > 0 ? output_cell(answer, row - 1, choice->index[i])->shown
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
            if (row > 0) colour = role_colour(output_cell(answer, row - 1, choice->index[i])->role);
            size_t width = widths[i], own = text_width(pieces[i]);
            if (i > 0) spaces(out, 2);
            if (i + 1 == end && !right && own < width) width = own;
            cell_draw(out, pieces[i], options->colours ? colour : NULL, width, right);
        }
        buffer_append_byte(out, '\n');
    } while (cells_left(rests, choice->count));
}

void output_table(struct buffer *out, const struct answer *answer, struct choice *choice,
                       const struct output_options *options)
{
    size_t widths[COLUMNS_MAX];
    if (answer->row_count == 0) return;
    widths_fit(answer, choice, options, widths);
    for (size_t row = options->no_headers ? 1 : 0; row <= answer->row_count; row++) {
        table_row(out, answer, choice, options, widths, row);
    }
}

void output_record(struct buffer *out, const struct answer *answer,
                        const struct choice *choice)
{
    size_t width = 0;
    for (size_t i = 0; i < choice->count; i++) {
        size_t own = text_width(str_from(answer->columns[choice->index[i]].heading));
        if (own > width) width = own;
    }
    for (size_t i = 0; i < choice->count; i++) {
        struct str heading = str_from(answer->columns[choice->index[i]].heading);
        const struct cell *cell = output_cell(answer, 0, choice->index[i]);
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
