/* decide_create.c - CREATE: organisations, people, deals, activities, and members who come with an
 * import.
 *
 * Invariant: creating what is there already is nothing to do when it is the same, and refused when
 * it is not; a creation never overwrites. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

/* --- shared with IMPORT --- */

static bool wish_stands(const struct edit *edit, const void *entity)
{
    struct value stands = field_get(edit->field, entity);
    if (edit->field->type != VALUE_SET) return value_equal(stands, edit->want);
    for (size_t i = 0; i < edit->add.count; i++) {
        if (!text_set_has(stands.set, edit->add.items[i])) return false;
    }
    return true;
}

bool create_exists(struct decision *d, bool stands_equal)
{
    const void *entity = state_find(d->state, d->kind, d->mutation->target);
    if (!entity) return false;
    bool same = stands_equal;
    for (size_t i = 0; i < d->edit_count; i++) same = same && wish_stands(&d->edits[i], entity);
    if (!same) {
        decision_refuse(
            d, (struct reason){.code = REASON_EXISTS, .value = str_from(entity_name(d->kind))});
    }
    return true;
}

void create_allow_fields(struct decision *d, unsigned flags)
{
    bool right_asked = false;
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct field *field = d->edits[i].field;
        if (!(field->flags & flags)) decision_refuse_field(d, REASON_FIELD_FIXED, field);
        /* What only an import may set needs the right to import, whatever it comes with. */
        bool imported = !(field->flags & FIELD_EDITABLE) && (field->flags & FIELD_IMPORTED);
        if (imported && !right_asked) {
            right_asked = true;
            (void)decision_may(d, ACTION_IMPORT);
        }
    }
}

void create_fill(struct decision *d, void *entity)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        struct value value = edit->want;
        if (edit->field->type == VALUE_SET) value = value_set(edit->add);
        field_set(edit->field, entity, value);
    }
}

void create_check_references(struct decision *d)
{
    for (size_t i = 0; i < d->edit_count; i++) content_references(d, &d->edits[i]);
}

/* --- by kind --- */

static void create_deal(struct decision *d, struct deal *deal)
{
    if (!decision_edit(d, "owner")) deal->owner = d->actor;
    deal->created_by = d->actor;
    deal->created_at = (struct optional){true, decision_happened(d)};
    deal_judge(d, NULL, deal);
}

static void create_activity(struct decision *d, struct activity *activity)
{
    int64_t happened = decision_happened(d);
    if (!decision_edit(d, "member")) activity->member = d->actor;
    activity->created_at = (struct optional){true, d->recorded};
    if (!activity->happened_at.has) activity->happened_at = (struct optional){true, happened};
    activity_judge(d, NULL, activity);
}

static void create_member(struct decision *d, struct member *member)
{
    member->role = ROLE_REP;
    member->imported = true;
    (void)decision_may(d, ACTION_IMPORT);
}

static void create_by_kind(struct decision *d, void *entity)
{
    struct uuid target = d->mutation->target;
    struct optional now = {true, decision_happened(d)};
    if (d->kind == ENTITY_DEAL) {
        struct deal *deal = entity;
        deal->id = target;
        create_deal(d, deal);
    } else if (d->kind == ENTITY_ACTIVITY) {
        struct activity *activity = entity;
        activity->id = target;
        create_activity(d, activity);
    } else if (d->kind == ENTITY_ORGANISATION) {
        struct organisation *organisation = entity;
        organisation->id = target;
        organisation->created_by = d->actor;
        organisation->created_at = now;
    } else if (d->kind == ENTITY_PERSON) {
        struct person *person = entity;
        person->id = target;
        person->created_by = d->actor;
        person->created_at = now;
    } else {
        check(d->kind == ENTITY_MEMBER);
        struct member *member = entity;
        member->id = target;
        create_member(d, member);
    }
}

void decide_create(struct decision *d)
{
    if (!decision_creates(d->kind)) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    if (d->kind != ENTITY_MEMBER) (void)decision_may(d, ACTION_EDIT);
    if (create_exists(d, true)) return;
    void *entity = arena_alloc(d->arena, entity_size(d->kind));
    if (!entity) return;
    /* A deal's past comes with IMPORT only. */
    create_allow_fields(d,
                        d->kind == ENTITY_DEAL ? FIELD_EDITABLE : FIELD_EDITABLE | FIELD_IMPORTED);
    create_fill(d, entity);
    create_check_references(d);
    create_by_kind(d, entity);
    content_required(d, entity, false);
    if (d->refused.count > 0) return;
    decision_row(d, d->kind, d->mutation->target, entity);
    if (d->kind != ENTITY_MEMBER) history_created(d, entity);
    inbox_creation_settled(d);
}
