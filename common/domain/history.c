/* history.c - event rows: who changed what, from, to, when it happened and when it was recorded.
 *
 * Invariant: events are only ever added; their order is seq and n, never a time. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/base/banned.h"

struct event *history_add(struct decision *d, enum event_what what, const struct deal *deal)
{
    struct event *event = arena_alloc(d->arena, sizeof *event);
    if (!event) return NULL;
    const struct mutation *mutation = d->mutation;
    *event = (struct event){
        .subject = mutation->target,
        .subject_kind = d->kind,
        .what = what,
        .who = d->actor,
        .happened_at = {true, decision_happened(d)},
        .recorded_at = {true, d->recorded},
        .claimed_at = d->claimed,
        .mutation = mutation->id,
        .undoes = mutation->undoes,
        .batch = mutation->batch,
    };
    if (deal) {
        event->pipeline = deal->pipeline;
        event->owner = deal->owner;
        event->value = deal->value;
        event->currency = deal->currency;
    }
    decision_row(d, ENTITY_EVENT, mutation->target, event);
    return event;
}

void history_created(struct decision *d, const void *entity)
{
    const struct deal *deal = d->kind == ENTITY_DEAL ? entity : NULL;
    struct event *event = history_add(d, EVENT_CREATED, deal);
    if (!event || !deal) return;
    event->to_stage = deal->stage;
    event->to_status = deal->status;
}

void history_stage(struct decision *d, const struct deal *before, const struct deal *after)
{
    bool pipeline_differs = !str_equal(before->pipeline, after->pipeline);
    if (!pipeline_differs && str_equal(before->stage, after->stage) &&
        before->status == after->status) {
        return;
    }
    struct event *event = history_add(d, EVENT_STAGE, after);
    if (!event) return;
    event->from_stage = before->stage;
    event->to_stage = after->stage;
    event->from_status = before->status;
    event->to_status = after->status;
    event->happened_at = after->stage_changed_at;
    if (!pipeline_differs) return;
    event->field = STR("pipeline");
    event->from_value = before->pipeline;
    event->to_value = after->pipeline;
}

/* Is that field told by FIELD events? Stage and status have their own; stamps are no news. */
static bool field_is_told(const struct field *field)
{
    if (field->entity == ENTITY_MEMBER) { /* nobody edits them as one edits a deal */
        return strcmp(field->name, "id") != 0 && strcmp(field->name, "imported") != 0;
    }
    if (field->entity != ENTITY_DEAL) return (field->flags & FIELD_EDITABLE) != 0;
    if (strcmp(field->name, "closed_at") == 0) return true; /* a correction */
    if (!(field->flags & FIELD_EDITABLE)) return false;
    return strcmp(field->name, "pipeline") != 0 && strcmp(field->name, "stage") != 0 &&
           strcmp(field->name, "status") != 0;
}

void history_fields(struct decision *d, const void *before, const void *after)
{
    size_t count;
    const struct field *fields = fields_of(d->kind, &count);
    const struct deal *deal = d->kind == ENTITY_DEAL ? after : NULL;
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        if (!field_is_told(field)) continue;
        struct value from = field_get(field, before), to = field_get(field, after);
        if (value_equal(from, to)) continue;
        /* Opening and closing move closed_at; only a correction makes that news. */
        if (strcmp(field->name, "closed_at") == 0 && d->mutation->kind != MUTATION_CORRECT)
            continue;
        struct event *event = history_add(d, EVENT_FIELD, deal);
        if (!event) return;
        event->field = str_from(field->name);
        if (value_format(d->arena, from, &event->from_value)) return;
        if (value_format(d->arena, to, &event->to_value)) return;
    }
}
