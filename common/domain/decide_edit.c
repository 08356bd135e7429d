/* decide_edit.c - EDIT and CORRECT, unit by unit.
 *
 *   per unit of what the mutation names:
 *     stands == seen    -> taken
 *     stands == wanted  -> nothing to do
 *     else              -> conflict; guarded unit or an undo: the whole mutation is parked
 *
 * Invariants: what stands and is not as it was seen is never changed; sets never conflict. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/domain/merge.h"

#include "common/base/banned.h"

struct edit_work {
    const void *before;
    void *after;
    bool taken;   /* some unit changes */
    bool already; /* some of it stood already, by somebody else */
    const struct field *leaders[MUTATION_CHANGES_MAX]; /* of units in conflict */
    const struct field *changed[MUTATION_CHANGES_MAX];
    size_t conflict_count;
};

bool edit_makes(enum entity_kind kind)
{
    return kind == ENTITY_DEAL || kind == ENTITY_ACTIVITY || kind == ENTITY_ORGANISATION ||
           kind == ENTITY_PERSON;
}

/* --- merging --- */

static bool unit_is_guarded(const struct field *leader)
{
    const struct field *fields[UNIT_FIELDS_MAX];
    size_t count = unit_fields(leader, fields);
    for (size_t i = 0; i < count; i++) {
        if (fields[i]->flags & FIELD_GUARDED) return true;
    }
    return false;
}

static bool unit_is_first(const struct decision *d, size_t edit)
{
    for (size_t i = 0; i < edit; i++) {
        if (field_same_unit(d->edits[i].field, d->edits[edit].field)) return false;
    }
    return true;
}

static void unit_check_references(struct decision *d, const struct field *leader)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        if (!field_same_unit(edit->field, leader)) continue;
        if (!value_equal(edit->base, edit->want)) content_references(d, edit);
    }
}

static void unit_take(struct decision *d, struct edit_work *work, const struct field *leader)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        if (!field_same_unit(edit->field, leader)) continue;
        field_set(edit->field, work->after, edit->want);
    }
    unit_check_references(d, leader);
    work->taken = true;
}

static void unit_merge(struct decision *d, struct edit_work *work, const struct field *leader)
{
    const struct field *changed;
    switch (merge_unit(leader, d->edits, d->edit_count, work->before, &changed)) {
    case UNIT_TAKE: unit_take(d, work, leader); return;
    case UNIT_SAME:
        if (changed) work->already = true;
        return;
    case UNIT_CHANGED: break;
    }
    if (!unit_is_guarded(leader) && !decision_undoes(d)) {
        unit_check_references(d, leader); /* a record nobody could resolve helps nobody */
        work->leaders[work->conflict_count] = leader;
        work->changed[work->conflict_count++] = changed;
        return;
    }
    struct str stands;
    if (value_format(d->arena, field_get(changed, work->before), &stands)) return;
    decision_refuse(d, decision_changed(d, changed, work->before, stands));
}

static void set_merge(struct decision *d, struct edit_work *work, const struct edit *edit)
{
    struct text_set merged;
    bool taken, already;
    struct value stands = field_get(edit->field, work->before);
    if (merge_set(d->arena, stands.set, edit, &merged, &taken, &already)) return;
    if (already) work->already = true;
    if (!taken) return;
    work->taken = true;
    field_set(edit->field, work->after, value_set(merged));
    if (merged.count <= SET_ITEMS_MAX) return;
    decision_refuse(d, (struct reason){.code = REASON_TOO_MANY,
                                       .field = str_from(edit->field->name),
                                       .value = decision_number(d, SET_ITEMS_MAX)});
}

static void edit_merge(struct decision *d, struct edit_work *work)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct field *field = d->edits[i].field;
        if (field->type == VALUE_SET)
            set_merge(d, work, &d->edits[i]);
        else if (unit_is_first(d, i))
            unit_merge(d, work, field_unit_leader(field));
    }
}

/* --- what an edit may name --- */

static bool field_is_correctable(const struct field *field)
{
    return strcmp(field->name, "value") == 0 || strcmp(field->name, "currency") == 0 ||
           strcmp(field->name, "closed_at") == 0;
}

static void edit_allow_fields(struct decision *d)
{
    bool correct = d->mutation->kind == MUTATION_CORRECT;
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct field *field = d->edits[i].field;
        bool allowed = correct ? field_is_correctable(field) : (field->flags & FIELD_EDITABLE) != 0;
        if (!allowed) decision_refuse_field(d, REASON_FIELD_FIXED, field);
    }
}

static void correct_judge(struct decision *d, const struct deal *before, struct deal *after)
{
    if (!deal_is_closed(before))
        decision_refuse(d, (struct reason){.code = REASON_DEAL_NOT_CLOSED});
    const struct edit *closed = decision_edit(d, "closed_at");
    if (!closed) return;
    if (!after->closed_at.has) decision_refuse_field(d, REASON_REQUIRED, closed->field);
    if (after->closed_at.has && after->closed_at.v > d->recorded + CLAIM_AHEAD_MS) {
        decision_refuse_field(d, REASON_IN_FUTURE, closed->field);
    }
    if (after->closed_at.has && after->closed_at.v > d->recorded) after->closed_at.v = d->recorded;
}

static void edit_judge(struct decision *d, struct edit_work *work)
{
    if (d->kind == ENTITY_DEAL) {
        if (d->mutation->kind == MUTATION_CORRECT) correct_judge(d, work->before, work->after);
        deal_judge(d, work->before, work->after);
    } else if (d->kind == ENTITY_ACTIVITY) {
        activity_judge(d, work->before, work->after);
    }
    content_required(d, work->after, true);
}

void decide_edit(struct decision *d)
{
    bool correct = d->mutation->kind == MUTATION_CORRECT;
    if (!edit_makes(d->kind) || (correct && d->kind != ENTITY_DEAL)) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    bool may = decision_may(d, correct ? ACTION_CORRECT : ACTION_EDIT);
    struct edit_work work = {.before = state_find(d->state, d->kind, d->mutation->target)};
    if (!work.before) decision_gone(d, d->kind, d->mutation->target);
    if (!work.before || !may) return;
    if (d->edit_count == 0 && uuid_is_zero(d->mutation->resolves)) {
        decision_refuse(d, (struct reason){.code = REASON_EMPTY});
        return;
    }
    work.after = entity_clone(d->arena, d->kind, work.before);
    if (!work.after) return;
    edit_allow_fields(d);
    edit_merge(d, &work);
    if (work.taken) edit_judge(d, &work);
    if (d->refused.count > 0) return;
    d->merged = work.taken && work.already;
    if (!entity_equal(d->kind, work.before, work.after)) {
        decision_row(d, d->kind, d->mutation->target, work.after);
        if (d->kind == ENTITY_DEAL) history_stage(d, work.before, work.after);
        history_fields(d, work.before, work.after);
    }
    for (size_t i = 0; i < work.conflict_count; i++) {
        inbox_conflict(d, work.leaders[i], work.changed[i], work.before);
    }
}
