/* decide_delete.c - DELETE, and RESTORE of what was deleted.
 *
 * The event of a deletion keeps what was there, as text; a restore names that deletion as what it takes
 * back, and nothing else: so it brings back all of it, stamps included, and reports count as if it had
 * never gone. Invariants: nothing comes back by itself, whatever arrives for it; what comes back is what was
 * deleted last; an organisation or a person goes only when nothing names it; a creation is taken back only
 * while nobody else has worked on what it made. */
#include "common/domain/decision.h"

#include "common/domain/merge.h"
#include "common/domain/use.h"

#include "common/base/banned.h"

/* Whose it is: a deal its owner's, an activity the one's who did it, all else its creator's. The
 * creator may also take back a creation. */
static bool entity_is_own(const struct decision *d, const void *entity)
{
    const char *names[] = {d->kind == ENTITY_DEAL       ? "owner"
                           : d->kind == ENTITY_ACTIVITY ? "member"
                                                        : "created_by",
                           d->kind == ENTITY_DEAL && decision_undoes(d) ? "created_by" : NULL};
    for (size_t i = 0; i < 2 && names[i]; i++) {
        const struct field *field = field_by_name(d->kind, str_from(names[i]));
        if (field && uuid_equal(field_get(field, entity).id, d->actor)) return true;
    }
    return false;
}

/* What others use or have worked on is not taken away with what one made: by whatever device, however
 * old its copy. */
static void delete_judge_use(struct decision *d)
{
    struct use use;
    if (d->context->predicted || !mutation_use(d->mutation, d->actor, &use)) return;
    if (state_use(d->state, d->arena, &use)) return; /* memory: the arena remembers */
    use_reasons(d->arena, &use, d->kind, &d->refused);
}

void decide_delete(struct decision *d)
{
    if (!edit_makes(d->kind)) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    const void *entity = state_find(d->state, d->kind, d->mutation->target);
    if (!entity) {
        /* Gone is what was wanted, unless its creation still waits. */
        (void)decision_may(d, ACTION_DELETE_OWN);
        (void)decision_hangs(d, d->kind, d->mutation->target);
        return;
    }
    (void)decision_may(d, entity_is_own(d, entity) ? ACTION_DELETE_OWN : ACTION_DELETE_ANY);
    /* What it names must still be as it was seen: an undo does not delete others' work. */
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        struct value stands = field_get(edit->field, entity);
        if (edit->field->type == VALUE_SET || value_equal(stands, edit->base)) continue;
        struct str text;
        if (value_format(d->arena, stands, &text)) return;
        decision_refuse(d, decision_changed(d, edit->field, entity, text));
    }
    delete_judge_use(d);
    if (d->refused.count > 0) return;
    decision_row(d, d->kind, d->mutation->target, NULL);
    const struct deal *deal = d->kind == ENTITY_DEAL ? entity : NULL;
    struct event *event = history_add(d, EVENT_DELETED, deal);
    if (!event) return;
    if (deal) {
        event->from_stage = deal->stage;
        event->from_status = deal->status;
    }
    /* What an import brought is in its file still. */
    if (d->mutation->bulk) return;
    if (entity_format(d->arena, d->kind, entity, &event->from_value)) event->from_value = STR_NONE;
}

/* The event of the deletion that is to be taken back; NULL: none, or it kept nothing. */
static const struct event *deletion_find(const struct decision *d)
{
    if (!decision_undoes(d)) return NULL;
    struct uuid id = event_trace_id(d->mutation->undoes, STR_NONE);
    const struct event *event = state_find(d->state, ENTITY_EVENT, id);
    if (!event || event->what != EVENT_DELETED || event->from_value.n == 0) return NULL;
    return uuid_equal(event->subject, d->mutation->target) ? event : NULL;
}

/* Others brought it back meanwhile, perhaps changed it, and deleted it again: what that deletion threw
 * away is not replaced, unseen, by what this one did. */
static bool deleted_again(const struct decision *d, const struct event *deletion)
{
    struct uuid id = event_deletion_id(d->mutation->target);
    const struct event *newest = state_find(d->state, ENTITY_EVENT, id);
    return newest && !uuid_equal(newest->mutation, deletion->mutation);
}

void decide_restore(struct decision *d)
{
    void *entity;
    if (!edit_makes(d->kind)) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    const struct event *deletion = deletion_find(d);
    bool own = deletion && uuid_equal(deletion->who, d->actor);
    if (!decision_may(d, own ? ACTION_DELETE_OWN : ACTION_RESTORE_ANY)) return;
    if (state_find(d->state, d->kind, d->mutation->target)) return; /* it is there: nothing to do */
    if (!deletion || entity_parse(d->arena, d->kind, deletion->from_value, &entity)) {
        decision_gone(d, d->kind, d->mutation->target);
        return;
    }
    if (deleted_again(d, deletion)) {
        decision_refuse(d, (struct reason){.code = REASON_DELETED_AGAIN,
                                           .value = str_from(entity_name(d->kind))});
        return;
    }
    decision_row(d, d->kind, d->mutation->target, entity);
    history_created(d, entity);
}
