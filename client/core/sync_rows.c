/* sync_rows.c - rows that came, gathered until they are put. See sync_inside.h.
 *
 * The copy keeps things by kind and id, history by what it is of; rows come in order of seq, which
 * jumps about in that. Put in the copy's own order, each page of it is read and written once. */
#include "client/core/sync_inside.h"

#include <stdlib.h>

#include "common/base/banned.h"

void sync_rows_init(struct sync_rows *rows, size_t bytes_max)
{
    *rows = (struct sync_rows){.rows = NULL};
    arena_init(&rows->arena, bytes_max);
}

void sync_rows_finish(struct sync_rows *rows)
{
    arena_finish(&rows->arena);
}

void sync_rows_drop(struct sync_rows *rows)
{
    arena_reset(&rows->arena);
    rows->rows = NULL;
    rows->count = rows->cap = 0;
}

enum fault sync_rows_keep(struct sync_rows *rows, const struct packed_row *row)
{
    struct packed_row *kept = arena_alloc(&rows->arena, sizeof *kept);
    if (!kept) return FAULT_MEMORY;
    *kept = *row;
    kept->body = arena_str(&rows->arena, row->body);
    void *items = rows->rows;
    const struct packed_row **place =
        arena_push(&rows->arena, &items, &rows->count, &rows->cap, sizeof *place);
    if (!place) return FAULT_MEMORY;
    rows->rows = items;
    *place = kept;
    return arena_fault(&rows->arena);
}

/* Of one thing the older one first: it must not stand in the end. */
static int row_compare(const void *left, const void *right)
{
    const struct packed_row *const *a = left, *const *b = right;
    if ((*a)->kind != (*b)->kind) return (*a)->kind < (*b)->kind ? -1 : 1;
    int order = uuid_compare((*a)->id, (*b)->id);
    if (order != 0) return order;
    if ((*a)->seq != (*b)->seq) return (*a)->seq < (*b)->seq ? -1 : 1;
    return (*a)->n < (*b)->n ? -1 : (*a)->n > (*b)->n;
}

void sync_rows_sort(const struct packed_row **rows, size_t count)
{
    if (count > 1) qsort(rows, count, sizeof *rows, row_compare);
}
