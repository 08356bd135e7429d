/* check_effect_make.c - what creations, imports and restores leave: what was wanted, what follows from
 * it, and nothing else. */
#include "tests/simulation/check_effect.h"

#include <string.h>

#include "tests/simulation/check_inside.h"
#include "tests/simulation/world.h"

#include "common/base/banned.h"

static const struct edit *edit_of(const struct deed *e, const struct field *field)
{
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        if (e->mutation->edits[i].field == field) return &e->mutation->edits[i];
    }
    return NULL;
}

static bool is_one_of(const struct field *field, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(field->name, names[i]) == 0) return true;
    }
    return false;
}

/* Filled in when nobody says it. */
static bool is_implied(const struct deed *e, const struct field *field)
{
    static const char *const of_deal[] = {"pipeline", "stage", "status", "currency",
                                          "probability_by_hand"};
    static const char *const of_import[] = {"lost_reason", "wake_date"};
    if (e->kind == ENTITY_ACTIVITY) return strcmp(field->name, "happened_at") == 0;
    if (e->kind != ENTITY_DEAL) return false;
    if (e->mutation->kind == MUTATION_IMPORT && is_one_of(field, of_import, 2)) return true;
    return is_one_of(field, of_deal, 5);
}

/* Whose it is when nobody says. */
static bool is_actors(const struct deed *e, const struct field *field)
{
    if (e->kind == ENTITY_DEAL && e->mutation->kind == MUTATION_CREATE)
        return strcmp(field->name, "owner") == 0;
    return e->kind == ENTITY_ACTIVITY && strcmp(field->name, "member") == 0;
}

static struct str wish_of(struct deed *e, const struct field *field, const struct edit *edit)
{
    struct value want = edit->want;
    if (field->type == VALUE_SET) want = value_set(edit->add);
    int64_t recorded = e->outcome->recorded_at.v;
    if (field->type == VALUE_TIME && want.present && want.number > recorded) want.number = recorded;
    return effect_text(e, field, want);
}

static void field_judge(struct deed *e, const struct field *field, const void *entity)
{
    const struct edit *edit = edit_of(e, field);
    struct str holds = effect_text(e, field, field_get(field, entity));
    bool wished = edit && (edit->want.present || edit->add.count > 0);
    if (wished && !(e->mutation->kind == MUTATION_IMPORT && is_implied(e, field))) {
        if (strcmp(field->name, "probability_by_hand") == 0) return;
        if (!effect_same(holds, wish_of(e, field, edit)))
            effect_fail(e, "made otherwise than was wanted", str_from(field->name));
        return;
    }
    if (wished || is_implied(e, field)) return;
    struct str due = STR_NONE;
    if (is_actors(e, field) && !edit)
        due = effect_text(e, field, value_reference(e->outcome->member));
    if (!effect_same(holds, due))
        effect_fail(e, "made with something nobody said", str_from(field->name));
}

static void row_judge(struct deed *e, const void *entity)
{
    size_t count;
    const struct field *fields = fields_of(e->kind, &count);
    for (size_t i = 0; i < count && !e->world->failed; i++) {
        if (fields[i].flags & (FIELD_EDITABLE | FIELD_IMPORTED))
            field_judge(e, &fields[i], entity);
        bool by = strcmp(fields[i].name, "created_by") == 0;
        if (by && !uuid_equal(field_get(&fields[i], entity).id, e->outcome->member))
            effect_fail(e, "made by somebody else", STR("created_by"));
    }
    if (e->mutation->kind != MUTATION_IMPORT || e->mutation->stand_count == 0) return;
    const struct stand *last = &e->mutation->stands[e->mutation->stand_count - 1];
    bool stays = last->status == STATUS_OPEN || last->status == STATUS_NONE;
    if (stays && !effect_same(((const struct deal *)entity)->stage, last->stage))
        effect_fail(e, "imported to another stage", last->stage);
}

/* It is there already, and the same: nothing to do. Another thing under its id: refused. */
static void same_judge(struct deed *e)
{
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        const struct edit *edit = &e->mutation->edits[i];
        if (edit->field->type == VALUE_SET || is_implied(e, edit->field)) continue;
        struct stand_text before = effect_before(e, edit->field);
        if (before.known && !effect_same(before.text, wish_of(e, edit->field, edit)))
            effect_fail(e, "made, and something else stands there", str_from(edit->field->name));
    }
}

void effect_create(struct deed *e)
{
    bool known, later, stood = effect_stands(e, &known);
    if (effect_parked(e)) return;
    bool import = e->mutation->kind == MUTATION_IMPORT;
    const struct event *event = effect_event(e, import ? EVENT_IMPORTED : EVENT_CREATED);
    const struct row *row = effect_row(e, e->kind, e->mutation->target, &later);
    if (stood && (event || row)) effect_fail(e, "made over what stands there", STR_NONE);
    if (stood) {
        same_judge(e);
        return;
    }
    if (!event) effect_fail(e, "answered, and nothing was made", STR_NONE);
    if (!later && (!row || row->removed)) effect_fail(e, "answered, and it is not there", STR_NONE);
    if (row && !row->removed) row_judge(e, row->entity);
}

/* All of it, as it was when it was deleted. */
void effect_restore(struct deed *e)
{
    bool known, later, stood = effect_stands(e, &known);
    if (effect_parked(e)) return;
    const struct event *event = effect_event(e, EVENT_CREATED);
    const struct row *row = effect_row(e, e->kind, e->mutation->target, &later);
    if (stood && (event || row)) effect_fail(e, "brought back over what stands there", STR_NONE);
    if (stood) return;
    if (!event || !uuid_equal(event->undoes, e->mutation->undoes))
        effect_fail(e, "answered, and nothing came back", STR_NONE);
    if (!row || row->removed) {
        if (!later) effect_fail(e, "answered, and it is not back", STR_NONE);
        return;
    }
    size_t count;
    const struct field *fields = fields_of(e->kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (!(fields[i].flags & FIELD_EDITABLE)) continue;
        struct stand_text before = effect_before(e, &fields[i]);
        struct str holds = effect_text(e, &fields[i], field_get(&fields[i], row->entity));
        if (before.known && !effect_same(before.text, holds))
            effect_fail(e, "came back otherwise than it went", str_from(fields[i].name));
    }
}
