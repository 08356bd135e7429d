/* output_columns.c - which columns of an answer are printed. Part of output.c. */
#include "client/cli/output_inside.h"

#include <string.h>

#include "common/base/banned.h"

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

bool output_choose(const struct answer *answer, const struct output_options *options,
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
