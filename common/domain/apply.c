/* apply.c - puts a decided change into the loaded rows, so that the next decision sees it.
 *
 * Called after decide, by the commit batch and by the client's outbox. The rows are borrowed: the
 * arena given to decide must live as long as the state. Invariant: nothing is judged here. */
#include "common/domain/decide.h"

#include "common/base/banned.h"

enum fault apply(struct state *state, const struct change *change)
{
    for (size_t i = 0; i < change->row_count; i++) {
        const struct row *row = &change->rows[i];
        if (row->kind == ENTITY_OUTCOME) continue; /* only appended */
        if (row->kind == ENTITY_DEFINITION && !row->removed) {
            state->definition = row->entity;
            continue;
        }
        enum fault fault =
            row->kind == ENTITY_EVENT
                ? state_add_event(state, row->entity)
                : state_put(state, row->kind, row->id, row->removed ? NULL : row->entity);
        if (fault) return fault;
        if (row->kind != ENTITY_INBOX || row->removed) continue;
        const struct inbox_item *item = row->entity;
        if (item->number > state->inbox_last) state->inbox_last = item->number;
    }
    return FAULT_NONE;
}
