/* work_behind.c - `report ... --deals [ROW:]FIGURE`: the deals behind one figure of a report.
 *
 * Called by work_report.c when the figures are made. Each deal once, however often it counts. */
#include "client/verbs/work_report.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

/* "contact:lost", "lost": the row by key or by what it is called. */
struct wanted {
    struct str row, figure; /* row absent: all of them */
};

static bool row_found(const struct report *report, struct str text, struct str *key)
{
    for (size_t i = 0; i < report->row_count; i++) {
        const struct report_row *row = &report->rows[i];
        bool same = str_equal(row->key, text);
        for (size_t c = 0; c < report->column_count && !same; c++) {
            if (report->columns[c].type == COLUMN_TEXT) same = str_equal(row->cells[c].text, text);
        }
        if (!same) continue;
        *key = row->key;
        return true;
    }
    return false;
}

static bool wanted_read(struct work *work, const struct report *report, struct str text,
                        struct wanted *wanted, struct answer *answer)
{
    size_t colon = str_find(text, ':');
    *wanted = (struct wanted){STR_NONE, text};
    if (colon < text.n) {
        wanted->figure = str_slice(text, colon + 1, text.n);
        if (!row_found(report, str_slice(text, 0, colon), &wanted->row)) {
            FAIL(answer, ERROR_NOT_FOUND, "this report has no row \"{row}\"",
                 {"row", str_slice(text, 0, colon)});
            return false;
        }
    }
    if (report_figure_known(report, wanted->figure)) return true;
    struct str list = STR("");
    const char *name;
    for (size_t i = 0; (name = report_figure(report, i)) != NULL; i++) {
        list = arena_format(work->arena, "%.*s%s%s", STR_ARGS(list), i > 0 ? ", " : "", name);
    }
    FAIL(answer, ERROR_UNKNOWN_REPORT,
         "no deals are behind \"{figure}\"; --deals takes, with ROW: before it or not: {list}",
         {"figure", wanted->figure}, {"list", list});
    return false;
}

/* The columns of deals, with those shown that say when and how it ended. */
static const struct column *behind_columns(struct arena *arena)
{
    static const char *const shown[] = {"id", "title", "org", "stage", "value", "owner",
                                        "created_at", "closed_at"};
    struct column *columns = arena_array(arena, deal_column_count, sizeof *columns);
    for (size_t i = 0; columns && i < deal_column_count; i++) {
        columns[i] = deal_columns[i];
        columns[i].flags &= ~(unsigned)COLUMN_SHOWN;
        for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++) {
            if (strcmp(columns[i].name, shown[k]) == 0) columns[i].flags |= COLUMN_SHOWN;
        }
    }
    return columns;
}

static int id_compare(const void *left, const void *right)
{
    return uuid_compare(*(const struct uuid *)left, *(const struct uuid *)right);
}

/* The last to be closed first, then the last to be made, then by id. */
static int deal_compare(const void *left, const void *right)
{
    const struct deal *a = *(const struct deal *const *)left;
    const struct deal *b = *(const struct deal *const *)right;
    if (a->closed_at.has != b->closed_at.has) return a->closed_at.has ? 1 : -1;
    if (a->closed_at.v != b->closed_at.v) return a->closed_at.v > b->closed_at.v ? -1 : 1;
    if (a->created_at.v != b->created_at.v) return a->created_at.v > b->created_at.v ? -1 : 1;
    return uuid_compare(a->id, b->id);
}

static enum fault behind_collect(struct work *work, const struct report *report,
                                 const struct wanted *wanted, const struct report_deals *from,
                                 const struct deal ***out, size_t *count)
{
    size_t ids_count = 0;
    struct uuid *ids = arena_array(work->arena, report->behind_count + 1, sizeof *ids);
    const struct deal **deals = arena_array(work->arena, from->count + 1, sizeof(struct deal *));
    if (!ids || !deals) return FAULT_MEMORY;
    for (size_t i = 0; i < report->behind_count; i++) {
        const struct report_behind *behind = &report->behind[i];
        if (wanted->row.p && !str_equal(wanted->row, behind->row)) continue;
        if (report_behind_is(behind, wanted->figure)) ids[ids_count++] = behind->deal;
    }
    qsort(ids, ids_count, sizeof *ids, id_compare);
    *count = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (bsearch(&from->deals[i]->id, ids, ids_count, sizeof *ids, id_compare)) {
            deals[(*count)++] = from->deals[i];
        }
    }
    qsort(deals, *count, sizeof(struct deal *), deal_compare);
    *out = deals;
    return FAULT_NONE;
}

enum fault report_behind_answer(struct work *work, const struct report *report, struct str text,
                                const struct report_deals *from, struct answer *answer)
{
    struct wanted wanted;
    const struct deal **deals;
    struct deal_view *views;
    size_t count;
    if (!wanted_read(work, report, text, &wanted, answer)) return FAULT_NONE;
    enum fault fault = behind_collect(work, report, &wanted, from, &deals, &count);
    if (!fault) fault = deal_views(work, deals, count, &views);
    if (fault) return fault;
    struct uuid *ids = arena_array(work->arena, from->count + 1, sizeof *ids);
    struct str *shorts = arena_array(work->arena, from->count + 1, sizeof *shorts);
    const struct column *columns = behind_columns(work->arena);
    if (!ids || !shorts || !columns) return FAULT_MEMORY;
    /* Short ids are unique in the whole copy, not just among those listed. */
    for (size_t i = 0; i < from->count; i++) ids[i] = from->deals[i]->id;
    fault = names_short(work->arena, ids, from->count, shorts);
    struct map by_id;
    map_init(&by_id, work->arena);
    for (size_t i = 0; i < from->count && !fault; i++) {
        fault = map_put(&by_id, (struct str){(const char *)ids[i].b, sizeof ids[i].b}, &shorts[i]);
    }
    if (fault) return fault;
    answer_table(answer, SHAPE_TABLE, columns, deal_column_count);
    for (size_t i = 0; i < count; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        const struct uuid *id = &views[i].deal->id;
        const struct str *known = map_get(&by_id, (struct str){(const char *)id->b, sizeof id->b});
        deal_cells(work, &views[i], known ? *known : STR_NONE, cells);
    }
    NOTE(answer, NOTE_TALK, "{count} behind {figure} of {report}",
         {"count", count_of(work->arena, count, "deal", "deals")}, {"figure", text},
         {"report", str_from(report->name)});
    return FAULT_NONE;
}
