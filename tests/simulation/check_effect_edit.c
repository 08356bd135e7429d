/* check_effect_edit.c - edits, unit by unit: base = what stands -> as wanted; what stands = as wanted ->
 * unchanged; else unchanged and a record of it, or all of it parked. Sets by element. */
#include "tests/simulation/check_effect.h"

#include <string.h>

#include "common/base/check.h"
#include "tests/simulation/check_inside.h"
#include "tests/simulation/world.h"

#include "common/base/banned.h"

enum { UNIT_MAX = 8, SET_MAX = 4096 };

/* --- sets --- */

struct words {
    struct str items[SET_MAX];
    size_t count;
};

static bool words_have(const struct words *words, struct str item)
{
    for (size_t i = 0; i < words->count; i++) {
        if (effect_same(words->items[i], item)) return true;
    }
    return false;
}

static void words_add(struct words *words, struct str item)
{
    if (item.n == 0 || words_have(words, item)) return;
    check(words->count < SET_MAX);
    words->items[words->count++] = item;
}

/* "a,b" with \, and \\ in the elements. */
static struct words *words_read(struct deed *e, struct str text)
{
    struct words *words = arena_alloc(&e->arena, sizeof *words);
    char *plain = arena_alloc(&e->arena, text.n + 1);
    check(words && plain);
    words->count = 0;
    size_t n = 0, start = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i == text.n || text.p[i] == ',') {
            words_add(words, (struct str){plain + start, n - start});
            start = n;
            continue;
        }
        if (text.p[i] == '\\' && i + 1 < text.n) i++;
        plain[n++] = text.p[i];
    }
    return words;
}

static bool set_has(struct text_set set, struct str item)
{
    for (size_t i = 0; i < set.count; i++) {
        if (effect_same(set.items[i], item)) return true;
    }
    return false;
}

/* after == (before and what is added) without what is removed. */
static void set_judge(struct deed *e, const struct edit *edit)
{
    struct stand_text before_text = effect_before(e, edit->field);
    struct stand_text after_text = effect_after(e, edit->field);
    if (!before_text.known) {
        e->unsure = true;
        return;
    }
    const struct words *before = words_read(e, before_text.text);
    const struct words *after = words_read(e, after_text.text);
    struct words *wanted = arena_alloc(&e->arena, sizeof *wanted);
    check(wanted != NULL);
    wanted->count = 0;
    for (size_t i = 0; i < before->count; i++) {
        if (!set_has(edit->remove, before->items[i])) words_add(wanted, before->items[i]);
    }
    for (size_t i = 0; i < edit->add.count; i++) {
        if (words_have(before, edit->add.items[i])) e->already = true;
        if (!set_has(edit->remove, edit->add.items[i])) words_add(wanted, edit->add.items[i]);
    }
    for (size_t i = 0; i < edit->remove.count; i++) {
        if (!words_have(before, edit->remove.items[i])) e->already = true;
    }
    bool same = before->count == wanted->count, right = after->count == wanted->count;
    for (size_t i = 0; i < wanted->count; i++) {
        same = same && words_have(before, wanted->items[i]);
        right = right && words_have(after, wanted->items[i]);
    }
    if (!same) e->taken = true;
    if (effect_parked(e) || right) return;
    effect_fail(e, "a set does not hold what it held, what was added, and nothing else",
                str_from(edit->field->name));
}

/* --- the place of a deal --- */

struct place {
    struct str pipeline, stage, status, reason, wake;
};

static const struct stage *stage_find(const struct deed *e, struct str pipeline, struct str key)
{
    const struct definition *definition = e->world->oracle.definition;
    for (size_t i = 0; definition && i < definition->pipeline_count; i++) {
        const struct pipeline *one = &definition->pipelines[i];
        if (!effect_same(one->key, pipeline)) continue;
        for (size_t k = 0; k < one->stage_count; k++) {
            if (effect_same(one->stages[k].key, key)) return &one->stages[k];
        }
    }
    return NULL;
}

/* Where a removed stage's deals are shown. */
static const struct stage *stage_today(const struct deed *e, struct str pipeline, struct str key)
{
    const struct stage *stage = stage_find(e, pipeline, key);
    for (size_t i = 0; stage && stage->removed && i < 100; i++)
        stage = stage_find(e, pipeline, stage->successor);
    return stage;
}

static bool status_is(struct str status, int64_t number)
{
    return status.n == 1 && status.p[0] == (char)('0' + number);
}

/* `to` holds before and wishes; what follows from them is filled in. False: it goes nowhere. */
static bool place_follow(const struct deed *e, const struct place *before, struct place *to)
{
    bool elsewhere = !effect_same(before->pipeline, to->pipeline);
    bool moved = elsewhere || !effect_same(before->stage, to->stage);
    bool turned = !effect_same(before->status, to->status);
    if (moved && !elsewhere && stage_today(e, to->pipeline, before->stage) ==
                                   stage_today(e, to->pipeline, to->stage)) {
        to->stage = before->stage; /* it is shown there already */
        moved = false;
    } else if (moved && !turned) {
        const struct stage *stage = stage_today(e, to->pipeline, to->stage);
        if (stage && stage->kind == STAGE_WON) to->status = STR("2");
        if (stage && stage->kind == STAGE_LOST) to->status = STR("3");
    } else if (!moved && turned && (status_is(to->status, STATUS_WON) ||
                                    status_is(to->status, STATUS_LOST))) {
        to->stage = STR_NONE; /* the one of its kind: place_judge */
        moved = true;
    }
    turned = !effect_same(before->status, to->status);
    if (!moved && !turned) return false;
    bool reason = status_is(to->status, STATUS_LOST) || status_is(to->status, STATUS_DISCARDED);
    if (!reason) to->reason = STR_NONE;
    if (!status_is(to->status, STATUS_ICED)) to->wake = STR_NONE;
    return true;
}

static struct str after_named(struct deed *e, const char *name)
{
    return effect_after(e, field_by_name(ENTITY_DEAL, str_from(name))).text;
}

static struct place place_of(struct deed *e, bool wanted)
{
    static const char *const names[] = {"pipeline", "stage", "status", "lost_reason", "wake_date"};
    struct str texts[5];
    for (size_t i = 0; i < 5; i++) {
        const struct field *field = field_by_name(ENTITY_DEAL, str_from(names[i]));
        struct stand_text before = effect_before(e, field);
        if (!before.known) e->unsure = true;
        texts[i] = before.text;
        for (size_t k = 0; wanted && k < e->mutation->edit_count; k++) {
            const struct edit *edit = &e->mutation->edits[k];
            if (edit->field == field) texts[i] = effect_text(e, field, edit->want);
        }
    }
    return (struct place){texts[0], texts[1], texts[2], texts[3], texts[4]};
}

static void place_judge(struct deed *e)
{
    struct place before = place_of(e, false), to = place_of(e, true);
    if (e->unsure) return;
    struct str wanted_stage = to.stage;
    (void)place_follow(e, &before, &to);
    if (to.stage.n == 0) { /* won or lost, and the stage goes with it if there is such a one */
        to.stage = after_named(e, "stage");
        const struct stage *stage = stage_find(e, to.pipeline, to.stage);
        int64_t kind = status_is(to.status, STATUS_WON) ? STAGE_WON : STAGE_LOST;
        if (!stage || (stage->kind != kind && !effect_same(to.stage, wanted_stage)))
            effect_fail(e, "the stage does not go with the status", to.stage);
    }
    const struct str wishes[] = {to.pipeline, to.stage, to.status, to.reason, to.wake};
    static const char *const names[] = {"pipeline", "stage", "status", "lost_reason", "wake_date"};
    for (size_t i = 0; i < 5; i++) {
        if (!effect_same(after_named(e, names[i]), wishes[i]))
            effect_fail(e, "the deal does not stand where it was put", str_from(names[i]));
    }
}

/* --- units --- */

static bool unit_is_guarded(const struct deed *e, const struct field *leader)
{
    if (e->kind == ENTITY_MEMBER || e->kind == ENTITY_DEVICE) return true;
    if (!uuid_is_zero(e->mutation->undoes)) return true;
    return e->kind == ENTITY_DEAL &&
           (leader->unit == UNIT_STAGE || strcmp(leader->name, "owner") == 0);
}

static bool is_first(const struct deed *e, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (field_same_unit(e->mutation->edits[i].field, e->mutation->edits[at].field))
            return false;
    }
    return true;
}

/* Rules that make more of a wish than it says. */
static struct str wish_of(struct deed *e, const struct edit *edit)
{
    struct value want = edit->want;
    int64_t recorded = e->outcome->recorded_at.v;
    if (edit->field->type == VALUE_TIME && want.present && want.number > recorded)
        want.number = recorded; /* a little ahead is now */
    return effect_text(e, edit->field, want);
}

static void unit_granted(struct deed *e, const struct field *leader)
{
    e->taken = true;
    if (effect_parked(e)) return;
    if (leader->entity == ENTITY_DEAL && leader->unit == UNIT_STAGE) {
        place_judge(e);
        return;
    }
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        const struct edit *edit = &e->mutation->edits[i];
        if (!field_same_unit(edit->field, leader)) continue;
        if (strcmp(edit->field->name, "probability_by_hand") == 0) continue; /* of a percentage */
        if (!effect_same(effect_after(e, edit->field).text, wish_of(e, edit)))
            effect_fail(e, "answered, and not done", str_from(edit->field->name));
    }
}

static void unit_unchanged(struct deed *e, const struct field *leader)
{
    size_t count;
    const struct field *fields = fields_of(e->kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (!field_same_unit(&fields[i], leader)) continue;
        struct stand_text before = effect_before(e, &fields[i]);
        if (before.known && !effect_same(before.text, effect_after(e, &fields[i]).text))
            effect_fail(e, "somebody else's value is overwritten", str_from(fields[i].name));
    }
}

static void unit_judge(struct deed *e, const struct field *leader)
{
    bool wanted = true, seen = true;
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        const struct edit *edit = &e->mutation->edits[i];
        if (!field_same_unit(edit->field, leader)) continue;
        struct stand_text stands = effect_before(e, edit->field);
        if (!stands.known) {
            e->unsure = true;
            return;
        }
        wanted = wanted && effect_same(stands.text, effect_text(e, edit->field, edit->want));
        seen = seen && effect_same(stands.text, effect_text(e, edit->field, edit->base));
    }
    if (seen && !wanted) {
        unit_granted(e, leader);
        return;
    }
    if (!effect_parked(e)) unit_unchanged(e, leader);
    if (wanted) {
        if (!seen) e->already = true;
        return;
    }
    if (unit_is_guarded(e, leader)) {
        e->clashes++;
        return;
    }
    e->conflicts++;
    if (!effect_parked(e)) effect_conflict(e, leader);
}

static const struct field *leader_of(const struct field *field)
{
    size_t count;
    const struct field *fields = fields_of(field->entity, &count);
    for (size_t i = 0; i < count; i++) {
        if (field_same_unit(&fields[i], field)) return &fields[i];
    }
    return field;
}

void effect_edit(struct deed *e)
{
    bool known, stood = effect_stands(e, &known);
    bool made = e->kind != ENTITY_MEMBER && e->kind != ENTITY_DEVICE;
    if (made && !stood) {
        if (!effect_parked(e)) effect_fail(e, "an edit of what is not there", STR_NONE);
        return;
    }
    for (size_t i = 0; i < e->mutation->edit_count && !e->world->failed; i++) {
        const struct edit *edit = &e->mutation->edits[i];
        if (edit->field->type == VALUE_SET)
            set_judge(e, edit);
        else if (is_first(e, i))
            unit_judge(e, leader_of(edit->field));
    }
    if (e->world->failed || effect_parked(e) || e->unsure || !made) return;
    enum outcome_kind right = OUTCOME_APPLIED;
    if (e->taken && e->already) right = OUTCOME_MERGED;
    if (e->conflicts > 0) right = OUTCOME_CONFLICT;
    if (e->clashes == 0 && (enum outcome_kind)e->outcome->kind != right)
        effect_fail(e, "the answer does not say what came of it", STR_NONE);
}
