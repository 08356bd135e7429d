/* work_inverse.c - the inverse of one mutation, as a wish. Callers: work_undo.c, work_undo_import.c.
 *
 * What a mutation did is read from its events (the server's or the predicted ones), not from its
 * wish: others may have merged, stages imply statuses. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

static enum fault set_difference(struct work *work, struct str from, struct str without,
                                 struct text_set *out)
{
    struct value a, b;
    struct str items[SET_ITEMS_MAX];
    size_t count = 0;
    enum fault fault = value_parse(work->arena, VALUE_SET, from, &a);
    if (!fault) fault = value_parse(work->arena, VALUE_SET, without, &b);
    for (size_t i = 0; !fault && i < a.set.count && count < SET_ITEMS_MAX; i++) {
        if (!text_set_has(b.set, a.set.items[i])) items[count++] = a.set.items[i];
    }
    return fault ? fault : text_set_make(work->arena, items, count, out);
}

/* Base: what it was changed to. Want: what it was before. */
static void undo_set(struct wish *wish, const char *name, struct value base, struct value want)
{
    const struct field *field = field_by_name(wish->kind, str_from(name));
    wish_set(wish, name, want);
    for (size_t i = 0; i < wish->count; i++) {
        if (wish->edits[i].field == field) wish->edits[i].base = base;
    }
}

static enum fault undo_field(struct work *work, const struct event *event, struct wish *wish)
{
    const struct field *field = field_by_name(wish->kind, event->field);
    /* A correction may set what no edit may; nobody edits members as one edits a deal. */
    bool corrects = field && (strcmp(field->name, "closed_at") == 0 || wish->kind == ENTITY_MEMBER);
    if (!field || !((field->flags & FIELD_EDITABLE) || corrects)) return FAULT_NONE;
    if (field->type == VALUE_SET) {
        struct text_set add, remove;
        enum fault fault = set_difference(work, event->from_value, event->to_value, &add);
        if (!fault) fault = set_difference(work, event->to_value, event->from_value, &remove);
        if (!fault) wish_change_set(wish, field->name, add, remove);
        return fault;
    }
    struct value from, to;
    enum fault fault = value_parse(work->arena, field->type, event->from_value, &from);
    if (!fault) fault = value_parse(work->arena, field->type, event->to_value, &to);
    if (!fault) undo_set(wish, field->name, to, from);
    return fault;
}

static void undo_stage(const struct event *event, struct wish *wish)
{
    undo_set(wish, "stage", value_text(event->to_stage), value_text(event->from_stage));
    undo_set(wish, "status", value_number(VALUE_CHOICE, event->to_status),
             value_number(VALUE_CHOICE, event->from_status));
    if (event->field.n == 0) return;
    undo_set(wish, "pipeline", value_text(event->to_value), value_text(event->from_value));
}

enum fault undo_edits(struct work *work, const struct mutation *mutation, struct wish *wish)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    enum fault fault = work->replica->f->events(work->replica, work->arena, mutation->target,
                                                &events, &seqs, &count);
    for (size_t i = 0; i < count && !fault; i++) {
        if (!uuid_equal(events[i]->mutation, mutation->id)) continue;
        if (events[i]->what == EVENT_STAGE) undo_stage(events[i], wish);
        if (events[i]->what == EVENT_FIELD) fault = undo_field(work, events[i], wish);
    }
    if (!fault) wish_complete_units(wish);
    return fault;
}

void undo_creation(const struct mutation *mutation, struct edit *edits, size_t *count)
{
    for (size_t i = 0; i < mutation->edit_count && *count < MUTATION_CHANGES_MAX; i++) {
        struct edit edit = mutation->edits[i];
        if (!edit.field || edit.field->type == VALUE_SET) continue;
        edit.base = edit.want;
        edit.want = value_absent(edit.field->type);
        edits[(*count)++] = edit;
    }
}

bool batch_is_import(struct uuid batch)
{
    return !uuid_is_zero(batch) && batch.b[6] >> 4 == 8;
}
