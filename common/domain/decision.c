/* decision.c - the small helpers every decide_*.c uses.
 *
 * Invariant: rows of a change are distinct by (kind, id, n). */
#include "common/domain/decision.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/banned.h"

enum { QUOTE_CELLS_MAX = 120 }; /* the whole value is in the inbox item */

void decision_refuse(struct decision *d, struct reason reason)
{
    reasons_add(&d->refused, reason);
}

void decision_refuse_field(struct decision *d, enum reason_code code, const struct field *field)
{
    decision_refuse(d, (struct reason){.code = code, .field = str_from(field->name)});
}

bool decision_may(struct decision *d, enum action action)
{
    const struct member *actor = d->context->actor;
    if (permission_member_allows(actor, action)) return true;
    if (d->context->administration && uuid_is_zero(d->actor)) return true; /* the server itself */
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    const char *name = actor ? field_choice_name(role, actor->role) : NULL;
    decision_refuse(d, (struct reason){.code = REASON_RIGHT_MISSING,
                                       .value = name ? str_from(name) : STR("none"),
                                       .other = str_from(permission_name(action))});
    return false;
}

/* The creation of that thing, when it was refused and waits for somebody. */
static bool creation_waits(const struct decision *d, struct uuid id, struct uuid *creation)
{
    *creation = inbox_creation_id(id);
    const struct inbox_item *item = state_find(d->state, ENTITY_INBOX, *creation);
    return item && item->kind == INBOX_PARKED && item->state == INBOX_OPEN;
}

void decision_group(struct decision *d)
{
    const struct mutation *mutation = d->mutation;
    size_t count = mutation->edit_count;
    struct uuid creation;
    bool makes = mutation->kind != MUTATION_EDIT && mutation->kind != MUTATION_CORRECT &&
                 mutation->kind != MUTATION_DELETE;
    if (!makes && creation_waits(d, mutation->target, &creation)) d->group = creation;
    for (size_t i = 0; i < count && i < MUTATION_CHANGES_MAX && uuid_is_zero(d->group); i++) {
        const struct edit *edit = &mutation->edits[i];
        bool refers = edit->field && edit->field->type == VALUE_REFERENCE && edit->want.present;
        if (refers && creation_waits(d, edit->want.id, &creation)) d->group = creation;
    }
}

bool decision_hangs(struct decision *d, enum entity_kind kind, struct uuid id)
{
    struct uuid creation;
    if (!creation_waits(d, id, &creation)) return false;
    if (uuid_is_zero(d->group)) d->group = creation;
    decision_refuse(
        d, (struct reason){.code = REASON_PARENT_REFUSED, .value = str_from(entity_name(kind))});
    return true;
}

void decision_gone(struct decision *d, enum entity_kind kind, struct uuid id)
{
    if (decision_hangs(d, kind, id)) return;
    decision_refuse(d, (struct reason){.code = REASON_GONE, .value = str_from(entity_name(kind))});
}

const struct edit *decision_edit(const struct decision *d, const char *field)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        if (strcmp(d->edits[i].field->name, field) == 0) return &d->edits[i];
    }
    return NULL;
}

bool decision_undoes(const struct decision *d)
{
    return !uuid_is_zero(d->mutation->undoes);
}

const struct event *decision_trace(const struct decision *d, struct str field)
{
    if (!decision_undoes(d)) return NULL;
    struct uuid id = event_trace_id(d->mutation->undoes, field);
    const struct event *event = state_find(d->state, ENTITY_EVENT, id);
    bool own = event && uuid_equal(event->who, d->actor);
    return own && uuid_equal(event->subject, d->mutation->target) ? event : NULL;
}

struct str decision_quote(struct decision *d, struct str text)
{
    if (!text_is_clean(text, true)) return STR("?");
    struct str clipped = text_clip(text, QUOTE_CELLS_MAX);
    if (clipped.n == text.n) return text;
    return arena_format(d->arena, "%.*s...", STR_ARGS(clipped));
}

struct reason decision_changed(struct decision *d, const struct field *field, const void *row,
                               struct str stands)
{
    struct reason reason = {.code = REASON_CHANGED_MEANWHILE,
                            .field = str_from(field->name),
                            .value = decision_quote(d, stands)};
    bool money = field->entity == ENTITY_DEAL && strcmp(field->name, "value") == 0;
    if (money && row && stands.n > 0) reason.other = ((const struct deal *)row)->currency;
    return reason;
}

struct str decision_number(struct decision *d, int64_t number)
{
    return arena_format(d->arena, "%" PRId64, number);
}

int64_t decision_happened(const struct decision *d)
{
    if (!d->claimed.has || d->claimed.v > d->recorded) return d->recorded;
    const struct field *field = field_by_name(d->kind, STR("created_at"));
    const void *target = field ? state_find(d->state, d->kind, d->mutation->target) : NULL;
    struct value created = target ? field_get(field, target) : value_absent(VALUE_TIME);
    bool before = created.present && created.number > d->claimed.v;
    if (!before) return d->claimed.v;
    return created.number < d->recorded ? created.number : d->recorded;
}

int64_t decision_happened_stage(const struct decision *d, const struct deal *deal)
{
    int64_t happened = decision_happened(d);
    if (deal && deal->stage_changed_at.has && deal->stage_changed_at.v > happened) {
        happened = deal->stage_changed_at.v;
    }
    return happened < d->recorded ? happened : d->recorded;
}

void decision_row(struct decision *d, enum entity_kind kind, struct uuid id, const void *entity)
{
    struct change *change = d->change;
    struct row row = {.kind = kind, .id = id, .removed = entity == NULL, .entity = entity};
    if (kind == ENTITY_EVENT) row.n = (uint32_t)change->event_count;
    for (size_t i = 0; i < change->row_count; i++) {
        struct row *old = &change->rows[i];
        if (old->kind != kind || old->n != row.n || !uuid_equal(old->id, id)) continue;
        *old = row;
        return;
    }
    void *rows = change->rows;
    struct row *added =
        arena_push(d->arena, &rows, &change->row_count, &change->row_cap, sizeof *added);
    change->rows = rows;
    if (!added) return;
    *added = row;
    if (kind == ENTITY_EVENT) change->event_count++;
}

bool decision_creates(enum entity_kind kind)
{
    return kind == ENTITY_DEAL || kind == ENTITY_ACTIVITY || kind == ENTITY_ORGANISATION ||
           kind == ENTITY_PERSON || kind == ENTITY_MEMBER;
}
